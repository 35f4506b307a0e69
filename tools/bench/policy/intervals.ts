/** What is told of one number over several seeds. */
export interface Interval { readonly mean: number; readonly low: number; readonly high: number; readonly min: number; readonly median: number; readonly max: number; readonly n: number }

/** 97.5% points of Student's t by degrees of freedom (NIST/SEMATECH e-Handbook, 1.3.6.7.2); between rows the row below, which is wider. */
const points: readonly (readonly [freedom: number, point: number])[] = [
  [1, 12.706], [2, 4.303], [3, 3.182], [4, 2.776], [5, 2.571], [6, 2.447], [7, 2.365], [8, 2.306], [9, 2.262], [10, 2.228], [12, 2.179], [15, 2.131], [20, 2.086], [30, 2.042], [60, 2.0], [120, 1.98],
];
export const tPoint = (freedom: number): number => points.findLast(([most]) => most <= freedom)?.[1] ?? Number.POSITIVE_INFINITY;

/** The mean and the interval that holds the true one in 95 of 100 such benches, if seeds differ as numbers drawn normally do. Of one value it is without bounds. Throws RangeError of none. */
export function intervalOf(values: readonly number[]): Interval {
  const n = values.length, sorted = values.toSorted((a, b) => a - b);
  if (n === 0) throw new RangeError('no values');
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const variance = n === 1 ? 0 : values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  const half = n === 1 ? Number.POSITIVE_INFINITY : tPoint(n - 1) * Math.sqrt(variance / n);
  const middle = sorted.length >> 1;
  const median = n % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { mean, low: mean - half, high: mean + half, min: sorted[0]!, median, max: sorted.at(-1)!, n };
}

/** Of two subjects on the same seeds, seed by seed: what seeds do to both at once drops out. */
export function ratioInterval(values: readonly number[], of: readonly number[]): Interval {
  if (values.length !== of.length) throw new RangeError(`${values.length} values of one and ${of.length} of the other: there is no pair for each`);
  return intervalOf(values.map((value, i) => value / of[i]!));
}
