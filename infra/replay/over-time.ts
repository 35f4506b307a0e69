import type { RunUsage } from './simulation/run.ts';

/** Where prompt tokens came from, in spans of `everyS` from the beginning on; what was recomputed that had been there is a part of `computed`. */
export interface OverTime { readonly everyS: number; readonly spans: readonly Span[] }
export interface Span { hit: number; recalled: number; migrated: number; computed: number; avoidable: number }

const spansMax = 96;

/** Sums by time, in few numbers whatever the length: when there are too many spans each two become one. */
export class TokensOverTime {
  #everyMs = 1_000;
  #spans: Span[] = [];

  add(atMs: number, { hit, recalled, migrated, computed, avoidable }: Omit<RunUsage, 'again'>): void {
    while (atMs >= this.#everyMs * spansMax) this.#halve();
    const at = Math.floor(atMs / this.#everyMs);
    while (this.#spans.length <= at) this.#spans.push(nothing());
    addTo(this.#spans[at]!, { hit, recalled, migrated, computed, avoidable });
  }

  get result(): OverTime { return { everyS: this.#everyMs / 1_000, spans: this.#spans }; }

  #halve(): void {
    this.#everyMs *= 2;
    const wider: Span[] = [];
    for (const [i, span] of this.#spans.entries()) {
      if (i % 2 === 0) wider.push(nothing());
      addTo(wider.at(-1)!, span);
    }
    this.#spans = wider;
  }
}

const nothing = (): Span => ({ hit: 0, recalled: 0, migrated: 0, computed: 0, avoidable: 0 });

function addTo(sum: Span, more: Span): void {
  sum.hit += more.hit;
  sum.recalled += more.recalled;
  sum.migrated += more.migrated;
  sum.computed += more.computed;
  sum.avoidable += more.avoidable;
}
