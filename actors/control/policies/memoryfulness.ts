/**
 * How far a program's remaining steps shrink as it goes on: eta = -Corr(k, N - k) over all served k of all programs that ended after N steps
 * (Continuum, arXiv:2511.02230, section 4.1). 1: all programs are equally long; 0: lengths have no memory; below: what ran long runs longer.
 */
export class Memoryfulness {
  readonly #steps = new Map<string, number>();
  #n = 0;
  #x = 0;
  #y = 0;
  #xx = 0;
  #yy = 0;
  #xy = 0;

  served(trace: string, stepsDone: number): void { this.#steps.set(trace, Math.max(stepsDone, this.#steps.get(trace) ?? 0)); }

  ended(trace: string): void {
    const length = this.#steps.get(trace) ?? 0;
    this.#steps.delete(trace);
    for (let k = 1; k < length; k++) {
      const left = length - k;
      this.#n += 1;
      this.#x += k;
      this.#y += left;
      this.#xx += k * k;
      this.#yy += left * left;
      this.#xy += k * left;
    }
  }

  /** 1 until programs of two lengths ended, as the authors assume at the start. */
  get eta(): number {
    const spread = (this.#n * this.#xx - this.#x ** 2) * (this.#n * this.#yy - this.#y ** 2);
    return spread <= 0 ? 1 : -(this.#n * this.#xy - this.#x * this.#y) / Math.sqrt(spread);
  }
}
