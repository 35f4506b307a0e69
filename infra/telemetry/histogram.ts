import type { Distribution, Labels } from './families.ts';

/** Counts values by bucket, for as long as the process lives. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  /** `bounds` ascend; a value on a bound belongs below it. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    const bucket = this.#bounds.findIndex((bound) => value <= bound);
    const index = bucket === -1 ? this.#bounds.length : bucket;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += value;
  }

  read(labels: Labels = {}): Distribution { return { labels, bounds: this.#bounds, counts: [...this.#counts], sum: this.#sum }; }
}

/** Seconds, from a fast look-up to a long gap: each about twice the one before. */
export const secondsBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800] as const;
/** Seconds of a decision; the goals are 1 ms for half of them and 5 ms for nearly all. */
export const decisionBounds = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1] as const;
