import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { blockTokens } from '../../../actors/lib/chain.ts';
import { replayLine } from '../../../schemas/replay-trace.ts';
import type { Report } from '../../../schemas/report.ts';
import type { Config } from '../../config.ts';
import { findBlockBytes } from '../../demo/plan.ts';
import { layoutOf } from '../../replay/live/layout.ts';
import { onLiveFleet } from '../../replay/live/fleet.ts';
import { planLive, workingSetBlocks } from '../../replay/live/plan.ts';
import { type LiveOutcome, replayLive } from '../../replay/live/live.ts';
import type { Arrivals } from '../../replay/replay.ts';
import { tasksOf } from '../../replay/tasks.ts';
import type { ModelFacts } from '../../text/model-facts.ts';
import { readModel } from '../../text/read-model.ts';
import { readTraces, type TraceOptions } from '../../traces/read.ts';
import { exitCodes } from '../exit-codes.ts';
import { printLine, table, withReader } from './reader.ts';
import { startingAtZero, togetherLine } from './replay.ts';
import { tellCounts } from './trace-files.ts';

export interface LiveFlags {
  /** One after the other, each on a fresh fleet; one, and only asked for, where the fleet is not ours. */
  readonly policies: readonly Config['conductor']['policy'][];
  readonly arrivals: Arrivals;
  readonly seed: number;
  readonly tasks: number | null;
  readonly scaleTokens: number | null;
  readonly timeScale: number;
  readonly json: string | null;
  readonly record: string | null;
}

/** Recordings on a fleet that runs, with the real model, in real time. Fails when a trace ended early. */
export async function replayOnFleet(files: readonly string[], options: TraceOptions, flags: LiveFlags, config: Config): Promise<number> {
  const say = (line: string): void => { process.stderr.write(`slackwater: ${line}\n`); };
  const facts = readModel(config.model.path);
  const reading = readTraces(files, { ...options, model: config.model.path, withText: true });
  const { tasks: all } = await tasksOf(reading, Infinity);
  const leftOut = new Map(reading.skipped);
  tellCounts(reading);
  const input = { ...roomOf(facts, config), scale: flags.scaleTokens, timeScale: flags.timeScale, tasks: flags.tasks, seed: flags.seed, isAsRecorded: flags.arrivals.kind === 'recorded' };
  const plan = planLive(all, input);
  if (plan.tooLong > 0) {
    const tooLong = `task with a step longer than the ${input.roomTokens} tokens of ${input.roomOf} at --scale-tokens ${plan.scale}`;
    leftOut.set(tooLong, plan.tooLong);
    say(`left out: ${plan.tooLong} × ${tooLong}`);
  }
  const together = startingAtZero(plan.tasks);
  if (input.isAsRecorded && together > 1) say(togetherLine(together, plan.tasks.length));
  const steps = plan.tasks.reduce((sum, task) => sum + task.steps, 0), atOnce = flags.arrivals.kind === 'closed' ? flags.arrivals.concurrency : plan.tasks.length;
  say(`${plan.tasks.length} of ${all.length} tasks, ${steps} steps; tokens × ${plan.scale.toFixed(4)}, gaps × ${flags.timeScale}: the longest task waits ${(plan.gapMsMax / 1_000).toFixed(0)} s`);
  const work = { tasks: plan.tasks, arrivals: flags.arrivals, scale: plan.scale, timeScale: flags.timeScale, layout: layoutOf(facts), model: config.model.name };
  const about = { seed: flags.seed, workingSetBlocks: workingSetBlocks(plan, atOnce) };
  const folder = join(config.cache, 'replay');
  mkdirSync(folder, { recursive: true });
  const outcomes: LiveOutcome[] = [];
  for (const policy of flags.policies) {
    // A trace that waits for its tool is not over: nor is one that waits for the slowest of its children.
    const settings: Config = { ...config, gateway: { ...config.gateway, port: 0 }, worker: { ...config.worker, metricsPort: null }, conductor: { ...config.conductor, policy, metricsPort: null }, trace: { ...config.trace, idleMs: Math.max(config.trace.idleMs, 2 * plan.pauseMsMax) } };
    say(config.nats.url === null ? `under ${policy}: starting ${config.fleet.workers} workers, ${config.fleet.conductors} conductors and a gateway` : `replaying on the fleet at ${config.nats.url}`);
    // The same draws under every policy.
    const { draw } = planLive(all, input);
    const outcome = await onLiveFleet(settings, join(folder, `${policy}.log`), (fleet) =>
      withReader({ ...settings, nats: { ...settings.nats, url: fleet.natsUrl } }, 'replay', 'fleet', ({ ports }) => replayLive(settings, { ...work, draw }, about, fleet, ports, say)));
    outcomes.push(outcome);
    if (config.nats.url !== null) say(`the policy of that fleet: ${outcome.report.policy}`);
    tell(outcome, say);
    // After each policy: a run is long, and may be ended.
    const reports = outcomes.map(({ report }) => ({ ...report, files: files.map((file) => basename(file)), arrivals: flags.arrivals, left_out: Object.fromEntries(leftOut), assumed: Object.fromEntries(reading.assumed) }));
    if (flags.json !== null) writeFileSync(flags.json, `${JSON.stringify(flags.policies.length === 1 ? reports[0] : { runs: reports }, null, 1)}\n`);
    if (flags.record !== null) writeFileSync(recordFile(flags, outcome.report.policy), outcome.record.traces.map(replayLine).join(''));
    tellCounts({ skipped: new Map(Object.entries(outcome.record.skipped).map(([why, count]) => [`not in the record: ${why}`, count])), assumed: new Map() });
  }
  printLine(liveTable(outcomes.map(({ report }) => report)));
  return outcomes.some(({ problems, faults, disagreements }) => problems.length + faults.length + disagreements.length > 0) ? exitCodes.failed : exitCodes.ok;
}

/** Of a fleet of our own a step has to fit a worker's arena too, beside a block that is being copied: else it would wait for room that never comes. */
function roomOf(facts: ModelFacts, { nats, worker, model }: Config): { readonly roomTokens: number; readonly roomOf: string } {
  const blockBytes = findBlockBytes(facts);
  const hbmTokens = nats.url !== null || blockBytes === null ? Infinity : Math.max(0, Math.floor(worker.hbm / blockBytes) - 2) * blockTokens;
  return facts.contextLength <= hbmTokens ? { roomTokens: facts.contextLength, roomOf: model.name } : { roomTokens: hbmTokens, roomOf: `a worker's hbm of ${mib(worker.hbm)}` };
}

function tell({ report, problems, faults, disagreements }: LiveOutcome, say: (line: string) => void): void {
  const { replay } = report;
  for (const [code, count] of Object.entries(replay?.ended_early ?? {})) say(`ended early: ${count} × trace (${code})`);
  for (const [why, count] of Object.entries(replay?.skipped ?? {})) say(`not as recorded: ${count} × ${why}`);
  for (const line of problems) say(line);
  for (const line of faults) say(`FAULT: ${line}`);
  for (const line of disagreements) say(`DISAGREEMENT: ${line}`);
}

/** One file a policy: what was run differs with how long it took. */
function recordFile({ record, policies }: LiveFlags, policy: string): string {
  const suffix = extname(record!);
  return policies.length === 1 ? record! : `${record!.slice(0, record!.length - suffix.length)}.${policy}${suffix}`;
}

/** Columns as those of a modelled fleet. */
function liveTable(reports: readonly Report[]): string {
  const first = reports[0]!;
  const title = `${first.replay!.tasks} tasks, ${first.totals.steps} steps on ${first.workers} workers with ${first.model}, live: a working set of ${mib(first.totals.working_set_bytes)}, ${mib(first.totals.hbm_bytes)} of hbm in all\n`;
  return `${title}\n${table(['policy', 'finished', 'JCT mean s', 'p95', 'without gaps', 'p95', 'first token ms', 'steps/s', 'hit', 'recalled', 'again', 'busy', 'billed usd/task'], reports.map(({ policy, workers, wall_ms, totals, replay }) => {
    const { hit, recalled, computed } = totals.prompt_tokens, detail = replay!;
    const share = (tokens: number): string => `${((100 * tokens) / Math.max(1, hit + recalled + computed)).toFixed(1)}%`;
    const s = (ms: number, digits: number): string => (ms / 1_000).toFixed(digits);
    return [
      policy, `${detail.tasks_finished}/${detail.tasks}`, s(detail.task_jct_ms.mean, 1), s(detail.task_jct_ms.p95, 1), s(detail.served_ms.mean, 1), s(detail.served_ms.p95, 1), detail.first_token_ms.mean.toFixed(0), detail.steps_per_s.toFixed(2),
      share(hit), share(recalled), detail.prompt_tokens_again === null ? '?' : share(detail.prompt_tokens_again), `${((100_000 * totals.accelerator_s) / Math.max(1, workers * wall_ms)).toFixed(1)}%`, (totals.cost_usd / Math.max(1, detail.tasks_finished)).toFixed(6),
    ];
  }))}`;
}

const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
