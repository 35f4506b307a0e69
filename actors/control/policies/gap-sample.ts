import type { PlaceAsk } from '../../lib/asks.ts';

/** The most recent of many durations, kept sorted: an empirical distribution. */
export class GapSample {
  readonly #max: number;
  readonly #recent: number[] = [];
  readonly #sorted: number[] = [];
  #next = 0;

  constructor(max: number) { this.#max = max; }

  get size(): number { return this.#recent.length; }

  add(ms: number): void {
    const oldest = this.#recent[this.#next];
    if (this.size === this.#max && oldest !== undefined) this.#sorted.splice(this.#rankOf(oldest), 1);
    this.#recent[this.#next] = ms;
    this.#next = (this.#next + 1) % this.#max;
    this.#sorted.splice(this.#rankOf(ms), 0, ms);
  }

  quantile(share: number): number { return this.#sorted[Math.min(this.size - 1, Math.floor(share * this.size))] ?? 0; }

  /** How long to wait for what is worth `benefitMs` if it comes while one waits: the t with the largest P(gap <= t) x benefit - t; 0: not at all. */
  bestWaitMs(benefitMs: number): number {
    let bestMs = 0, most = 0;
    this.#sorted.forEach((ms, index) => {
      const gain = ((index + 1) / this.size) * benefitMs - ms;
      if (gain > most) [bestMs, most] = [ms, gain];
    });
    return bestMs;
  }

  /** Of the first that is not smaller. */
  #rankOf(ms: number): number {
    let low = 0, high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle] as number) < ms) low = middle + 1; else high = middle;
    }
    return low;
  }
}

/** How long tools take, by the tool and over all of them, as seen from the gaps that traces made. */
export class ToolGaps {
  readonly #open = new Map<string, { readonly tool: string; readonly sinceMs: number }>();
  readonly #byTool = new Map<string, GapSample>();
  readonly #all: GapSample;
  readonly #max: number;

  constructor(samplesMax: number) {
    this.#max = samplesMax;
    this.#all = new GapSample(samplesMax);
  }

  opened(trace: string, tool: string | undefined, nowMs: number): void { this.#open.set(trace, { tool: tool ?? '', sinceMs: nowMs }); }

  /** The trace's next step is here. Null: that was known before, or it is the first. */
  closed({ trace, acceptedAtMs }: PlaceAsk): number | null {
    const gap = this.#open.get(trace);
    if (gap === undefined) return null;
    this.#open.delete(trace);
    const gapMs = Math.max(0, acceptedAtMs - gap.sinceMs);
    let sample = this.#byTool.get(gap.tool);
    if (sample === undefined) this.#byTool.set(gap.tool, (sample = new GapSample(this.#max)));
    sample.add(gapMs);
    this.#all.add(gapMs);
    return gapMs;
  }

  /** The tool's own gaps if more than `least` of them are known, else everybody's if there are more than that, else null. */
  known(tool: string | undefined, least: number): GapSample | null {
    const own = this.#byTool.get(tool ?? '');
    if (own !== undefined && own.size > least) return own;
    return this.#all.size > least ? this.#all : null;
  }

  ended(trace: string): void { this.#open.delete(trace); }
}
