/** Numbers whose distribution is asked for at the end. 8 bytes each, all kept: percentiles are exact. */
export class Samples {
  #values = new Float64Array(1_024);
  #isSorted = true;
  count = 0;
  sum = 0;

  add(value: number): void {
    if (this.count === this.#values.length) {
      const larger = new Float64Array(2 * this.count);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.count++] = value;
    this.sum += value;
    this.#isSorted = false;
  }

  get mean(): number { return this.count === 0 ? 0 : this.sum / this.count; }

  /** Between two values in proportion (type 7 of Hyndman and Fan, The American Statistician 1996); 0 of none. */
  percentile(share: number): number {
    if (this.count === 0) return 0;
    const sorted = this.sorted();
    const at = share * (this.count - 1);
    const below = sorted[Math.floor(at)]!;
    return below + (at - Math.floor(at)) * (sorted[Math.ceil(at)]! - below);
  }

  sorted(): Float64Array {
    const values = this.#values.subarray(0, this.count);
    if (!this.#isSorted) values.sort();
    this.#isSorted = true;
    return values;
  }
}
