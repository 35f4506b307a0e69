import { type Interval, intervalOf } from './intervals.ts';
import { metrics, type Metric, type Outcome } from './job.ts';

/** One line of the NDJSON: one metric of one policy in one regime, over its seeds. `roofline`: of times the share that the lower bound is of them. */
export interface PolicyFigure {
  readonly bench: 'policy'; readonly case: string; readonly subject: string; readonly metric: string;
  readonly median: number; readonly min: number; readonly max: number; readonly mean: number; readonly low: number | null; readonly high: number | null; readonly seeds: number;
  readonly unit: string; readonly goal: number | null; readonly roofline: number | null; readonly commit: string; readonly machine: string; readonly date: string;
}

export interface Stamp { readonly commit: string; readonly machine: string; readonly date: string }

/** All seeds of a policy in a regime. */
export interface Cell { readonly regime: string; readonly load: string; readonly policy: string; readonly outcomes: readonly Outcome[] }

export function cellsOf(outcomes: readonly (Outcome | null)[]): readonly Cell[] {
  const cells = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    if (outcome === null) continue;
    const key = `${outcome.job.regime}\n${outcome.job.policy}`;
    cells.set(key, [...(cells.get(key) ?? []), outcome]);
  }
  return [...cells.values()].map((of) => ({ regime: of[0]!.job.regime, load: of[0]!.load, policy: of[0]!.job.policy, outcomes: of.toSorted((a, b) => a.job.seed - b.job.seed) }));
}

export const valuesOf = (cell: Cell, metric: Metric): readonly number[] => cell.outcomes.map(({ values }) => values[metric]);
export const over = (cell: Cell, metric: Metric): Interval => intervalOf(valuesOf(cell, metric));

const bounds: Partial<Record<Metric, Metric>> = { jct_mean_s: 'bound_jct_mean_s', served_mean_s: 'bound_served_mean_s' };

export function figuresOf(cells: readonly Cell[], stamp: Stamp, chosen: readonly Metric[] = Object.keys(metrics) as Metric[]): readonly PolicyFigure[] {
  return cells.flatMap((cell) => chosen.map((metric): PolicyFigure => {
    const { median, min, max, mean, low, high, n } = over(cell, metric), bound = bounds[metric];
    return {
      bench: 'policy', case: `${cell.regime}/${cell.load}`, subject: cell.policy, metric, median: digits(median), min: digits(min), max: digits(max), mean: digits(mean),
      low: Number.isFinite(low) ? digits(low) : null, high: Number.isFinite(high) ? digits(high) : null, seeds: n, unit: metrics[metric], goal: goalOf(cell, metric, cells),
      roofline: bound === undefined ? null : digits(over(cell, bound).mean / mean), ...stamp,
    };
  }));
}

/** Of ours, past the knee: against exact prefix routing both 1.8 times the JCT and 1.3 times the throughput. */
function goalOf(cell: Cell, metric: Metric, cells: readonly Cell[]): number | null {
  if (cell.policy !== 'slackwater' || !cell.regime.startsWith('past-')) return null;
  const exact = cells.find(({ regime, policy }) => regime === cell.regime && policy === 'exact-prefix');
  if (exact === undefined) return null;
  if (metric === 'jct_mean_s') return digits(over(exact, metric).mean / 1.8);
  return metric === 'steps_per_s' ? digits(over(exact, metric).mean * 1.3) : null;
}

/** Six that count: what is beyond is nobody's. */
const digits = (value: number): number => Number(value.toPrecision(6));

export const ndjson = (figures: readonly PolicyFigure[]): string => figures.map((figure) => `${JSON.stringify(figure)}\n`).join('');
