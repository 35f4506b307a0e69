import type { GapStats, Spread, TraceStats } from './stats.ts';

/** Rows of text, for people. */
export interface Block { readonly title: string; readonly header: readonly string[]; readonly rows: readonly (readonly (string | number)[])[] }

/** The figures as small tables, in the order in which one asks for them. */
export function statsBlocks(stats: TraceStats): Block[] {
  const { reuse, fan_out, concurrency, working_set, time } = stats;
  const gapRow = (kind: string, { count, mean_s, p50_s, p95_s, p99_s, max_s, over_60s }: GapStats) =>
    [kind, count, seconds(mean_s), seconds(p50_s), seconds(p95_s), seconds(p99_s), seconds(max_s), percent(over_60s.share_of_gaps), percent(over_60s.share_of_idle)];
  const spreadRow = (what: string, { mean, p50, p95, p99, max }: Spread) => [what, count(mean), count(p50), count(p95), count(p99), count(max)];
  const counted = Object.entries(stats.skipped).map(([reason, times]) => ['left out', reason, times]).concat(Object.entries(stats.assumed).map(([reason, times]) => ['assumed', reason, times]));
  const hasGaps = stats.gaps.all.count > 0;
  return [
    { title: `${stats.tasks} tasks, ${stats.traces} traces, ${stats.steps} steps, ${count(stats.prompt_tokens)} prompt tokens, ${count(stats.generated_tokens)} generated: ${count(stats.prompt_per_generated)} to 1`, header: ['', 'mean', 'p50', 'p95', 'p99', 'max'], rows: [
      spreadRow('steps of a task', stats.steps_per_task), spreadRow('prompt tokens of a step', stats.prompt_tokens_per_step), spreadRow('largest prompt of a task', working_set.task_tokens),
      ...(fan_out.parents === 0 ? [] : [spreadRow('children of a fan-out', fan_out.children_per_parent)]),
    ] },
    ...(!hasGaps ? [] : [
      { title: 'gaps, in seconds', header: ['before the step', 'gaps', 'mean', 'p50', 'p95', 'p99', 'max', 'over 60 s', 'of idle time'], rows:
        (['tool', 'human', 'join', 'in_children', 'all'] as const).filter((kind) => stats.gaps[kind].count > 0).map((kind) => gapRow(kind.replace('_', ' '), stats.gaps[kind])) },
      { title: `where the idle time is${time === null ? '' : `: ${percent(time.idle_share)} of the time is idle (${count(time.idle_s)} s, generating ${count(time.generating_s)} s)`}`, header: ['gap', 'of gaps', 'of idle time'], rows:
        stats.idle_by_length.map((part) => [rangeText(part.from_s, part.to_s), percent(part.share_of_gaps), percent(part.share_of_idle)]) },
    ]),
    { title: 'prompt tokens that a cache would have', header: ['cache', 'hit'], rows: [
      ['remembers everything', percent(reuse.infinite_cache)],
      ...reuse.random_routing.map(({ replicas, hit }) => [`random routing over ${replicas} that do`, percent(hit)]),
      ...reuse.forgetting.map(({ seconds, hit }) => [`forgets after ${seconds} s`, percent(hit)]),
      ['different blocks', `${count(working_set.distinct_tokens)} tokens`],
    ] },
    { title: 'at once', header: ['', 'most', 'mean'], rows: [
      ['generations of one task', concurrency.in_task_max, ''],
      ...(concurrency.tasks === null ? [] : [['tasks', concurrency.tasks.max, count(concurrency.tasks.mean)]]),
    ] },
    ...(counted.length === 0 ? [] : [{ title: 'not as recorded', header: ['', 'what', 'times'], rows: counted }]),
  ];
}

export const percent = (share: number): string => `${(100 * share).toFixed(share > 0 && share < 0.001 ? 2 : 1)}%`;

/** Three digits that count, and thousands by name. */
export function count(value: number): string {
  for (const [size, name] of [[1e9, ' G'], [1e6, ' M'], [1e4, ' k']] as const) if (value >= size) return `${digits(value / (name === ' k' ? 1e3 : size))}${name}`;
  return Number.isInteger(value) ? String(value) : digits(value);
}

export const seconds = (value: number): string => (value >= 1_000 ? String(Math.round(value)) : digits(value));

const digits = (value: number): string => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)).replace(/\.0+$/, '');

export function rangeText(fromS: number, toS: number | null): string {
  const text = (value: number): string => (value >= 3_600 ? `${value / 3_600} h` : value >= 60 ? `${value / 60} min` : `${value} s`);
  return toS === null ? `over ${text(fromS)}` : fromS === 0 ? `up to ${text(toS)}` : `${text(fromS)} to ${text(toS)}`;
}
