import { short } from '../report.ts';
import { type Cell, over, valuesOf } from './figures.ts';
import { type Interval, ratioInterval } from './intervals.ts';
import type { Regime } from './regimes.ts';

type Table = readonly (readonly string[])[];

const isBaseline = (policy: string): boolean => policy !== 'oracle' && !policy.startsWith('slackwater');

/** One regime: a row for each policy, the best mean JCT first, then what no policy can beat. */
export function regimeTable(cells: readonly Cell[]): Table {
  const rows = cells.toSorted((a, b) => over(a, 'jct_mean_s').mean - over(b, 'jct_mean_s').mean);
  const head = ['policy', 'JCT mean s', 'p50', 'p95', 'p99', 'without gaps s', 'p95', 'steps/s', 'hit', 'recalled', 'migrated', 'computed', 'of it avoidable', 'preempted a step', 'accelerator-h a task', '$ a task', 'tasks a $'];
  const bound = rows[0]!;
  return [head, ...rows.map((cell) => {
    const mean = (metric: Parameters<typeof over>[1]): number => over(cell, metric).mean;
    return [
      cell.policy, withHalf(over(cell, 'jct_mean_s')), short(mean('jct_p50_s')), short(mean('jct_p95_s')), short(mean('jct_p99_s')), withHalf(over(cell, 'served_mean_s')), short(mean('served_p95_s')), withHalf(over(cell, 'steps_per_s')),
      percent(mean('hit_rate')), percent(mean('recalled_rate')), percent(mean('migrated_rate')), percent(mean('computed_rate')), percent(mean('avoidable_rate')), percent(mean('preempted_rate')), mean('accelerator_h_per_task').toPrecision(3), mean('usd_per_task').toPrecision(3), short(mean('tasks_per_usd')),
    ];
  }), ['*lower bound*', short(over(bound, 'bound_jct_mean_s').mean), '', '', '', short(over(bound, 'bound_served_mean_s').mean), ...Array.from({ length: 11 }, () => '')]];
}

/** One row for each regime: what there is to win, and where. All of it in seconds without gaps, since nobody can win a gap. */
export function distanceTable(cells: readonly Cell[], chosen: readonly Regime[]): Table {
  const head = ['regime', 'load', 'working set / hbm', 'best baseline', 'its JCT s', 'without gaps s', '/ oracle', '/ lower bound', 'oracle / lower bound', 'slackwater without gaps s', 'best baseline / slackwater: without gaps', 'JCT', 'steps/s, slackwater / best baseline'];
  return [head, ...chosen.flatMap((regime) => {
    const here = cells.filter((cell) => cell.regime === regime.id);
    const best = bestOf(here.filter(({ policy }) => isBaseline(policy)));
    if (best === null) return [];
    const oracle = here.find(({ policy }) => policy === 'oracle'), ours = here.find(({ policy }) => policy === 'slackwater');
    const ratio = (one: Cell | undefined, other: Cell | undefined, metric: Parameters<typeof over>[1], of = metric): string => (one === undefined || other === undefined ? '–' : times(ratioInterval(valuesOf(one, metric), valuesOf(other, of))));
    return [[
      regime.id, best.load, over(best, 'pressure').mean.toFixed(1), best.policy, short(over(best, 'jct_mean_s').mean), short(over(best, 'served_mean_s').mean), ratio(best, oracle, 'served_mean_s'), ratio(best, best, 'served_mean_s', 'bound_served_mean_s'),
      ratio(oracle, oracle, 'served_mean_s', 'bound_served_mean_s'), ours === undefined ? '–' : short(over(ours, 'served_mean_s').mean), ratio(best, ours, 'served_mean_s'), ratio(best, ours, 'jct_mean_s'), ratio(ours, best, 'steps_per_s'),
    ]];
  })];
}

/** Every policy in every regime as JCT over that of the best one there: what is 1.00 everywhere would need no choice. */
export function worstTable(cells: readonly Cell[], chosen: readonly Regime[]): Table {
  const regimesHere = chosen.filter(({ id }) => cells.some(({ regime }) => regime === id));
  const names = [...new Set(cells.map(({ policy }) => policy))];
  const rows = names.map((policy) => {
    const ratios = regimesHere.map(({ id }) => {
      const here = cells.filter(({ regime }) => regime === id), cell = here.find((one) => one.policy === policy), best = bestOf(here.filter((one) => isBaseline(one.policy)));
      return cell === undefined || best === null ? null : over(cell, 'served_mean_s').mean / over(best, 'served_mean_s').mean;
    });
    return { policy, ratios, worst: Math.max(...ratios.map((ratio) => ratio ?? 0)) };
  }).toSorted((a, b) => a.worst - b.worst);
  return [['policy', ...regimesHere.map(({ id }) => id), 'worst'], ...rows.map(({ policy, ratios, worst }) => [policy, ...ratios.map((ratio) => (ratio === null ? '–' : ratio.toFixed(2))), worst.toFixed(2)])];
}

/** Variants over their base: below 1 of seconds, above 1 of steps, is better than the base. */
export function studyTable(rows: readonly { readonly what: string; readonly cells: readonly { readonly base: Cell; readonly cell: Cell }[] }[]): Table {
  const regimesHere = rows[0]?.cells.map(({ base }) => base.regime) ?? [];
  return [['', ...regimesHere.flatMap((id) => [`${id}: without gaps`, `${id}: steps/s`])], ...rows.map(({ what, cells }) => [what, ...cells.flatMap(({ base, cell }) => [
    times(ratioInterval(valuesOf(cell, 'served_mean_s'), valuesOf(base, 'served_mean_s'))), times(ratioInterval(valuesOf(cell, 'steps_per_s'), valuesOf(base, 'steps_per_s'))),
  ])])];
}

export function bestOf(cells: readonly Cell[]): Cell | null {
  return cells.reduce<Cell | null>((best, cell) => (best === null || over(cell, 'jct_mean_s').mean < over(best, 'jct_mean_s').mean ? cell : best), null);
}

const half = ({ mean, high }: Interval): number => high - mean;
const withHalf = (interval: Interval): string => (Number.isFinite(half(interval)) ? `${short(interval.mean)} ± ${short(half(interval))}` : short(interval.mean));
const times = (interval: Interval): string => (Number.isFinite(half(interval)) ? `${interval.mean.toFixed(2)} ± ${half(interval).toFixed(2)}` : interval.mean.toFixed(2));
const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;
