/**
 * What a device does in a second, by the rows that it does it for: a number where that makes no difference (or is folded into one number), else points
 * between which logarithms are interpolated; outside of them the nearest holds. Small batches leave a processor's vector units idle, so a rate grows with rows,
 * but never faster than they do: more rows would take less time.
 */
export type Rate = number | RateTable;

/** [rows, per second]. */
export type RatePoint = readonly [rows: number, perS: number];

export class RateTable {
  readonly points: readonly RatePoint[];
  /** By rows, up to the last point: looked up in the simulator's innermost loop. */
  readonly #byRows: Float64Array;

  /** Throws RangeError with what is wrong and its numbers. */
  constructor(points: readonly RatePoint[]) {
    const problem = problemOf(points);
    if (problem !== null) throw new RangeError(problem);
    this.points = points;
    this.#byRows = new Float64Array(points.at(-1)![0] + 1).fill(points[0]![1]);
    for (const [i, [rows, perS]] of points.entries()) {
      const [fromRows, fromPerS] = points[i - 1] ?? [rows, perS];
      const slope = rows === fromRows ? 0 : Math.log(perS / fromPerS) / Math.log(rows / fromRows);
      for (let row = fromRows; row <= rows; row++) this.#byRows[row] = fromPerS * (row / fromRows) ** slope;
    }
  }

  at(rows: number): number { return this.#byRows[Math.min(rows, this.#byRows.length - 1)]!; }
  times(by: number): RateTable { return new RateTable(this.points.map(([rows, perS]) => [rows, perS * by])); }
}

/** `rows`: a whole number. */
export const rateAt = (rate: Rate, rows: number): number => (typeof rate === 'number' ? rate : rate.at(rows));

export const timesRate = (rate: Rate, by: number): Rate => (typeof rate === 'number' ? rate * by : rate.times(by));

/** Nobody measures iterations of more rows, and each costs eight bytes. */
const rowsMax = 65_536;

/** Of a table: null when it is one. */
export function problemOf(points: readonly RatePoint[]): string | null {
  if (points.length === 0) return 'a table of rates has at least one [rows, rate]';
  for (const [i, [rows, perS]] of points.entries()) {
    if (!Number.isInteger(rows) || rows < 1 || rows > rowsMax) return `${rows} rows: a whole number from 1 to ${rowsMax} is expected`;
    if (!(perS > 0) || !Number.isFinite(perS)) return `a rate of ${perS} at ${rows} rows: more than 0 is expected`;
    const before = points[i - 1];
    if (before === undefined) continue;
    if (rows <= before[0]) return `${rows} rows come after ${before[0]}: rows rise`;
    if (perS / before[1] > (rows / before[0]) * (1 + 1e-9)) return `${before[1]} at ${before[0]} rows and ${perS} at ${rows}: a rate that grows faster than rows makes more of them take less time`;
  }
  return null;
}
