import { blockTokens } from '../../../actors/lib/chain.ts';
import { type Milliseconds, type ReplayDetail, type Report, millisecondsOf, totalsOf } from '../../../schemas/report.ts';
import { type Gathered, reportOf } from '../../demo/report.ts';
import type { Chains } from './chains.ts';
import type { LiveRun } from './run.ts';
import type { LiveStep, LiveTrace } from './trace.ts';

export interface LiveGathered extends Omit<Gathered, 'conversations'> {
  readonly run: LiveRun;
  readonly chains: Chains;
  readonly scaleTokens: number;
  readonly timeScale: number;
  readonly seed: number;
}

/** Traces have the recording's names, so that runs can be compared; their times are what the harness saw. */
export function liveReport(gathered: LiveGathered): Report {
  const { run } = gathered;
  const report = reportOf({ ...gathered, conversations: run.traces });
  const traces = report.traces.map((trace, at) => {
    const live = run.traces[at]!;
    return { ...trace, trace: live.recorded.trace, parent: live.parent?.recorded.trace ?? null, outcome: live.problem !== null ? 'failed' as const : trace.outcome };
  });
  return { ...report, what: 'replay', traces, totals: totalsOf(traces, report.totals), replay: detailOf(gathered, report.wall_ms) };
}

function detailOf({ run, chains, scaleTokens, timeScale, seed }: LiveGathered, wallMs: number): ReplayDetail {
  const broken = new Set(run.traces.filter(({ problem }) => problem !== null).map(({ task }) => task));
  const done = run.tasks.filter((task) => task.overMs !== null && !broken.has(task));
  const steps = run.traces.flatMap((trace) => trace.steps);
  const rounded = ({ mean, p50, p95 }: Milliseconds): Milliseconds => ({ mean: Math.round(mean), p50: Math.round(p50), p95: Math.round(p95) });
  const endedEarly: Record<string, number> = {}, skipped: Record<string, number> = {}, prompts: Record<string, number> = {};
  const count = (counts: Record<string, number>, what: string, by = 1): void => { if (by > 0) counts[what] = (counts[what] ?? 0) + by; };
  for (const { problem } of run.traces) if (problem !== null) count(endedEarly, problem.code);
  for (const { turn, promptTokens, result } of steps) {
    count(prompts, turn);
    if (promptTokens !== null && promptTokens !== result.usage.prompt) count(skipped, 'a prompt of another length than was written for it');
  }
  const recorded = run.tasks.reduce((sum, { task }) => sum + task.steps, 0);
  count(skipped, 'a step that was never asked for', recorded - steps.length - run.traces.filter(({ problem }) => problem !== null).length);
  count(skipped, 'a child without a line', run.childrenMissing);
  return {
    scale_tokens: scaleTokens, time_scale: timeScale, seed, tasks: run.tasks.length, tasks_finished: done.length,
    task_jct_ms: rounded(millisecondsOf(done.map(({ arrivedMs, overMs }) => overMs! - arrivedMs))),
    served_ms: rounded(millisecondsOf(run.traces.filter(({ parent, task }) => parent === null && !broken.has(task)).map(servedMs))),
    first_token_ms: rounded(millisecondsOf(steps.map(({ result }) => result.timing_ms.first_token))),
    outside_worker_ms: rounded(millisecondsOf(steps.map(outsideMs))), seconds_of: secondsOf(steps),
    steps_recorded: recorded, steps_per_s: Math.round((1_000_000 * steps.length) / Math.max(1, wallMs)) / 1_000,
    prompt_tokens_again: tokensAgain(run.traces, chains), prompts, ended_early: endedEarly, skipped,
  };
}

const servedMs = ({ steps }: LiveTrace): number => steps.reduce((sum, { submittedMs, endedMs }) => sum + endedMs - submittedMs, 0);

const outsideMs = ({ submittedMs, endedMs, result }: LiveStep): number => endedMs - submittedMs - result.timing_ms.total;

function secondsOf(steps: readonly LiveStep[]): ReplayDetail['seconds_of'] {
  const seconds = (of: (step: LiveStep) => number): number => Math.round(steps.reduce((sum, step) => sum + of(step), 0)) / 1_000;
  return {
    outside: seconds(outsideMs), queue: seconds(({ result }) => result.timing_ms.queued), recall: seconds(({ result }) => result.timing_ms.recall),
    prefill: seconds(({ result: { timing_ms: { first_token, queued, recall } } }) => first_token - queued - recall), decode: seconds(({ result: { timing_ms: { total, first_token } } }) => total - first_token),
  };
}

/** Of what was computed: tokens of blocks that a step which had ended before had already. */
function tokensAgain(traces: readonly LiveTrace[], chains: Chains): number | null {
  const endedMs = new Map<string, number>();
  const steps = traces.flatMap((trace) => trace.steps);
  for (const step of steps) for (const name of chains.get(step.step) ?? []) endedMs.set(name, Math.min(endedMs.get(name) ?? Infinity, step.endedMs));
  let again = 0;
  for (const { step, submittedMs, result: { usage } } of steps) {
    const names = chains.get(step);
    if (names === undefined) return null;
    const blocks = Math.floor(usage.prompt / blockTokens), unknown = names.slice(0, blocks).findIndex((name) => !(endedMs.get(name)! <= submittedMs));
    again += Math.max(0, (unknown === -1 ? blocks : unknown) * blockTokens - usage.hit - usage.recalled);
  }
  return again;
}
