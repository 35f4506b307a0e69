import { Heap } from './heap.ts';
import type { Holding, Place, Tier } from './holding.ts';

/**
 * Holdings of a tier by what goes first: the smallest value, then the least recently used, then the deepest. What is held for a time goes when nothing
 * else is left. A place is put anew only when it may come up earlier; one that has become later is corrected when it comes up. So a use costs nothing,
 * and there are never many more places than holdings.
 */
export class EvictionOrder {
  readonly #tier: Tier;
  readonly #free = new Heap<Place>(goesBefore);
  readonly #held = new Heap<Place>(goesBefore);
  /** The same places as `#held`, by when they are free. */
  readonly #ends = new Heap<Place>((a, b) => a.heldUntilMs < b.heldUntilMs);
  #valid = 0;
  #nowMs = 0;

  constructor(tier: Tier) { this.#tier = tier; }

  get places(): number { return this.#free.size + this.#held.size + this.#ends.size; }

  put(holding: Holding): void {
    const before = holding.places[this.#tier];
    if (before !== null && before.value === holding.value && before.heldUntilMs === holding.heldUntilMs) return;
    this.remove(holding);
    this.#add({ holding, value: holding.value, lastUseMs: holding.lastUseMs, heldUntilMs: holding.heldUntilMs });
    if (this.places > 4 * this.#valid + 64) this.#compact();
  }

  remove(holding: Holding): void {
    if (holding.places[this.#tier] === null) return;
    holding.places[this.#tier] = null;
    this.#valid--;
  }

  /** The first that may go, other than `apart`. It has no place afterwards. */
  take(nowMs: number, mayGo: (holding: Holding) => boolean, apart: Holding | null): Holding | undefined {
    this.#nowMs = nowMs;
    for (let place = this.#ends.first; place !== undefined && place.heldUntilMs <= nowMs; place = this.#ends.first) {
      this.#ends.pop();
      if (this.#isValid(place)) this.#free.push(place);
    }
    const isApart = apart !== null && apart.places[this.#tier] !== null;
    if (isApart) this.remove(apart);
    const taken = this.#first(this.#free, mayGo) ?? this.#first(this.#held, mayGo);
    if (isApart) this.put(apart);
    return taken;
  }

  clear(): void {
    for (const heap of [this.#free, this.#held, this.#ends]) heap.clear();
    this.#valid = 0;
  }

  #first(heap: Heap<Place>, mayGo: (holding: Holding) => boolean): Holding | undefined {
    for (let place = heap.pop(); place !== undefined; place = heap.pop()) {
      const { holding } = place;
      if (!this.#isValid(place) || (heap === this.#held && place.heldUntilMs <= this.#nowMs)) continue;
      this.remove(holding);
      if (!mayGo(holding)) continue;
      if (place.lastUseMs === holding.lastUseMs) return holding;
      this.#add({ ...place, lastUseMs: holding.lastUseMs });
    }
    return undefined;
  }

  #add(place: Place): void {
    place.holding.places[this.#tier] = place;
    this.#valid++;
    if (place.heldUntilMs <= this.#nowMs) { this.#free.push(place); return; }
    this.#held.push(place);
    this.#ends.push(place);
  }

  #isValid(place: Place): boolean { return place.holding.places[this.#tier] === place; }

  #compact(): void { for (const heap of [this.#free, this.#held, this.#ends]) heap.keep((place) => this.#isValid(place)); }
}

function goesBefore(a: Place, b: Place): boolean {
  if (a.value !== b.value) return a.value < b.value;
  if (a.lastUseMs !== b.lastUseMs) return a.lastUseMs < b.lastUseMs;
  const one = a.holding.segment, other = b.holding.segment;
  return one.depth !== other.depth ? one.depth > other.depth : one.first < other.first;
}
