import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { policies } from '../../../actors/control/policies/all.ts';
import { type Fleet, readFleet } from '../../replay/fleet.ts';
import { type Arrivals, Replay } from '../../replay/replay.ts';
import type { ReplayResult } from '../../replay/measures.ts';
import { type Task, tasksOf } from '../../replay/tasks.ts';
import { readTraces, type TraceOptions } from '../../traces/read.ts';
import { exitCodes } from '../exit-codes.ts';
import { printLine, table } from './reader.ts';
import { tellCounts } from './trace-files.ts';

export interface ReplayFlags { readonly fleet: string; readonly policies: readonly string[]; readonly arrivals: Arrivals; readonly seed: number; readonly json: string | null }

/** A line of `--json`: what was replayed, under which policy, and what was found. `skipped` counts what reading left out too. */
interface ReplayReport extends ReplayResult {
  /** Without their folders. */
  readonly files: readonly string[];
  readonly seed: number;
  readonly arrivals: Arrivals;
  /** Tasks that start at 0 because their recording says so, or does not say when; null unless they come as recorded. */
  readonly startAtZero: number | null;
}

/** Recordings on a modelled fleet, under one policy after the other. */
export async function replayFiles(files: readonly string[], options: TraceOptions, flags: ReplayFlags): Promise<number> {
  const fleet = readFleet(flags.fleet);
  const reading = readTraces(files, options);
  const { tasks, tooLong } = await tasksOf(reading, fleet.model.contextLength);
  const leftOut = new Map(reading.skipped);
  if (tooLong > 0) leftOut.set(`task with a step longer than the ${fleet.model.contextLength} tokens of ${fleet.model.name}`, tooLong);
  tellCounts({ skipped: leftOut, assumed: reading.assumed });
  if (tasks.length === 0) { process.stderr.write('slackwater: no task is left to replay\n'); return exitCodes.failed; }
  const startAtZero = flags.arrivals.kind === 'recorded' ? startingAtZero(tasks) : null;
  if (startAtZero !== null && startAtZero > 1) process.stderr.write(`slackwater: ${togetherLine(startAtZero, tasks.length)}\n`);
  const { arrivals, seed } = flags, about = { files: files.map((file) => basename(file)), seed, arrivals, startAtZero };
  const reports: ReplayReport[] = [];
  for (const name of flags.policies) {
    const entry = policies[name as keyof typeof policies];
    const result = new Replay(tasks, { fleet, policy: (future) => entry.make({}, future), arrivals, seed }).run();
    const told = (counts: Readonly<Record<string, number>>): Map<string, number> => new Map(Object.entries(counts).map(([what, count]) => [`${what} (${result.policy})`, count]));
    tellCounts({ skipped: told(result.skipped), assumed: told(result.assumed) });
    reports.push({ ...about, ...result, skipped: { ...Object.fromEntries(leftOut), ...result.skipped }, assumed: { ...Object.fromEntries(reading.assumed), ...result.assumed } });
  }
  printLine(`${tasks.length} tasks, ${reports[0]!.steps} steps on ${fleet.name}: ${fleet.workers} × ${fleet.device.name}, ${fleet.model.name}, ${fleet.capacity.hbm} blocks of hbm each`);
  printLine(`${aboutLine(reports[0]!, leftOut)}\n`);
  printLine(replayTable(reports, fleet));
  if (flags.json !== null) writeFileSync(flags.json, reports.map((report) => `${JSON.stringify(report)}\n`).join(''));
  return exitCodes.ok;
}

/** Those without an arrival time, and the first of those that have one: in the normal form both have 0. */
export const startingAtZero = (tasks: readonly Task[]): number => tasks.filter(({ root }) => root.start_ms === 0).length;
export const togetherLine = (startAtZero: number, tasks: number): string => `--as-recorded: ${startAtZero} of ${tasks} tasks have no arrival time, or that of the first: they start at 0`;

/** `a.jsonl; 16 tasks at once, seed 1; left out 82, assumed 3`: by reason they are on stderr and in the JSON. */
function aboutLine({ files, arrivals, seed, tasks, startAtZero, assumed }: ReplayReport, leftOut: ReadonlyMap<string, number>): string {
  const coming = arrivals.kind === 'closed' ? `${arrivals.concurrency} tasks at once` : arrivals.kind === 'open' ? `${arrivals.tasksPerHour} tasks an hour` : `tasks as recorded, ${startAtZero} of ${tasks} at 0`;
  const sum = (counts: Iterable<number>): number => [...counts].reduce((all, count) => all + count, 0);
  return `${files.join(', ')}; ${coming}, seed ${seed}; left out ${sum(leftOut.values())}, assumed ${sum(Object.values(assumed))}`;
}

/** For `--help`: what stands in the tables of a replay. */
export const replayColumns = `Columns of the table, a row a policy, in the fleet's time; --json has more of each:
  JCT              s, from a task's arrival to its end: mean, and what 95% of the tasks stay below
  without gaps     s, the same less the recorded gaps on the task's longest way: what the fleet is responsible for
  first token      ms, from a step's arrival: mean
  steps/s          while tasks come: until the last one has
  hit              % of prompt tokens whose KV was in hbm
  recalled         % whose KV was in a tier below
  migrated         % whose KV came from another worker; the rest of 100% was computed
  avoidable        % that was computed although some worker had computed it before, less what a preempted run repeats
  preempted        how often a run gave way to others on its worker
  adapters loaded  how often one was brought into hbm (where a fleet has adapters)
  busy             % of the workers' time
  usd/task         US dollars: the workers' hours, by the fleet's prices, over the tasks that ended
Live, without gaps is of the steps of a task's root, steps/s of the whole run; and there are
  finished         of how many tasks every step was answered
  again            % of prompt tokens that were computed although the fleet had computed them before
  billed usd/task  US dollars: what the steps were billed, over the tasks that finished`;

function replayTable(reports: readonly ReplayReport[], fleet: Fleet): string {
  const hasAdapters = fleet.adapters !== null;
  return table(['policy', 'JCT mean s', 'p95', 'without gaps', 'p95', 'first token ms', 'steps/s', 'hit', 'recalled', 'migrated', 'avoidable', 'preempted', ...(hasAdapters ? ['adapters loaded'] : []), 'busy', 'usd/task'], reports.map((result) => {
    const share = (tokens: number): string => `${((100 * tokens) / Math.max(1, result.tokens.prompt)).toFixed(1)}%`;
    return [
      result.policy, result.jctS.mean.toFixed(0), result.jctS.p95.toFixed(0), result.servedS.mean.toFixed(1), result.servedS.p95.toFixed(1), result.firstTokenMs.mean.toFixed(0), result.stepsPerS.toFixed(2),
      share(result.tokens.hit), share(result.tokens.recalled), share(result.tokens.migrated), share(result.tokens.avoidable - result.tokens.again), `${result.preempted}`, ...(hasAdapters ? [`${result.adapters.loaded}`] : []), `${(100 * result.busyShare).toFixed(1)}%`, result.usdPerTask.toFixed(4),
    ];
  }));
}
