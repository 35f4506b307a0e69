/** sfc32 (Chris Doty-Humphrey's small fast counter generator): every bit of a run's chance comes from one integer seed. */
export class Random {
  #a: number;
  #b: number;
  #c = 0x9e3779b9 | 0;
  #counter = 1;

  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 2 ** 32) | 0;
    for (let i = 0; i < 12; i++) this.uint32();
  }

  uint32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** In [0, 1). */
  fraction(): number { return this.uint32() / 2 ** 32; }
  /** A whole number in [0, bound). */
  below(bound: number): number { return Math.floor(this.fraction() * bound); }
  /** A whole number in [from, to]. */
  between(from: number, to: number): number { return from + this.below(to - from + 1); }
  /** Draws nothing for 0, so that a fault that is off leaves the others' chance as it was. */
  chance(ratio: number): boolean { return ratio > 0 && this.fraction() < ratio; }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('pick from nothing');
    return item;
  }

  shuffled<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [result[i], result[j]] = [result[j]!, result[i]!];
    }
    return result;
  }

  /** An independent source: what is drawn from it does not shift what is drawn here afterwards. */
  fork(): Random { return new Random(this.uint32() + this.below(2 ** 20) * 2 ** 32); }
}
