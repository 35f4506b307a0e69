/** A binary heap: the item that `isBefore` puts before all others comes first. */
export class Heap<Item> {
  #items: Item[] = [];
  readonly #isBefore: (a: Item, b: Item) => boolean;

  constructor(isBefore: (a: Item, b: Item) => boolean) { this.#isBefore = isBefore; }

  get size(): number { return this.#items.length; }
  get first(): Item | undefined { return this.#items[0]; }
  clear(): void { this.#items.length = 0; }

  push(item: Item): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    for (; at > 0;) {
      const above = (at - 1) >> 1;
      if (!this.#isBefore(item, items[above]!)) break;
      items[at] = items[above]!;
      at = above;
    }
    items[at] = item;
  }

  pop(): Item | undefined {
    const items = this.#items;
    const first = items[0], last = items.pop();
    if (last === undefined || items.length === 0) return first;
    this.#sink(0, last);
    return first;
  }

  /** Takes out all others. */
  keep(wanted: (item: Item) => boolean): void {
    this.#items = this.#items.filter(wanted);
    for (let at = (this.#items.length >> 1) - 1; at >= 0; at--) this.#sink(at, this.#items[at]!);
  }

  #sink(from: number, item: Item): void {
    const items = this.#items;
    let at = from;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= items.length) break;
      if (below + 1 < items.length && this.#isBefore(items[below + 1]!, items[below]!)) below++;
      if (!this.#isBefore(items[below]!, item)) break;
      items[at] = items[below]!;
      at = below;
    }
    items[at] = item;
  }
}
