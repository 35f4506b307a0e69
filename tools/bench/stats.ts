/** What is told of repeated measurements. */
export interface Spread { readonly median: number; readonly min: number; readonly max: number }

/** Of an even count the median is the mean of the middle two. Throws RangeError when there is none: nothing measured is not a zero. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[middle - 1 + (sorted.length & 1)], sorted[middle]];
  if (low === undefined || high === undefined) throw new RangeError('no values');
  return { median: (low + high) / 2, min: sorted[0]!, max: sorted.at(-1)! };
}
