import { Heap } from './heap.ts';
import type { Holding, Tier } from './holding.ts';

interface Place { readonly holding: Holding; readonly stamp: number; readonly value: number; readonly lastUseMs: number; readonly depth: number; readonly heldUntilMs: number }

/** Holdings of a tier by what goes first: the smallest value, then the least recently used, then the deepest. A place that is out of date is passed over when it comes up. */
export class EvictionOrder {
  readonly #tier: Tier;
  readonly #places = new Heap<Place>(goesBefore);
  #stamps = 0;

  constructor(tier: Tier) { this.#tier = tier; }

  put(holding: Holding): void {
    const { value, lastUseMs, heldUntilMs } = holding;
    const stamp = ++this.#stamps;
    holding.stamps[this.#tier] = stamp;
    this.#places.push({ holding, stamp, value, lastUseMs, heldUntilMs, depth: holding.segment.depth });
  }

  /** The first that may go and is not held; when all are held the first of those. It has no place afterwards. */
  take(nowMs: number, mayGo: (holding: Holding) => boolean): Holding | undefined {
    const held: Place[] = [];
    let taken: Place | undefined;
    for (let place = this.#places.pop(); place !== undefined; place = this.#places.pop()) {
      if (place.holding.stamps[this.#tier] !== place.stamp || !mayGo(place.holding)) continue;
      if (place.heldUntilMs <= nowMs) { taken = place; break; }
      held.push(place);
    }
    taken ??= held.shift();
    for (const place of held) this.#places.push(place);
    if (taken !== undefined) taken.holding.stamps[this.#tier] = 0;
    return taken?.holding;
  }

  clear(): void { this.#places.clear(); }
}

function goesBefore(a: Place, b: Place): boolean {
  if (a.value !== b.value) return a.value < b.value;
  if (a.lastUseMs !== b.lastUseMs) return a.lastUseMs < b.lastUseMs;
  return a.depth !== b.depth ? a.depth > b.depth : a.stamp < b.stamp;
}
