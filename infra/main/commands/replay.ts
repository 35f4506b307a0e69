import { writeFileSync } from 'node:fs';
import { policies } from '../../../actors/control/policies/all.ts';
import { readFleet } from '../../replay/fleet.ts';
import { type Arrivals, Replay } from '../../replay/replay.ts';
import type { ReplayResult } from '../../replay/measures.ts';
import { tasksOf } from '../../replay/tasks.ts';
import { readTraces, type TraceOptions } from '../../traces/read.ts';
import { exitCodes } from '../exit-codes.ts';
import { printLine, table } from './reader.ts';
import { tellCounts } from './trace-files.ts';

export interface ReplayFlags { readonly fleet: string; readonly policies: readonly string[]; readonly arrivals: Arrivals; readonly seed: number; readonly json: string | null }

/** Recordings on a modelled fleet, under one policy after the other. */
export async function replayFiles(files: readonly string[], options: TraceOptions, flags: ReplayFlags): Promise<number> {
  const fleet = readFleet(flags.fleet);
  const reading = readTraces(files, options);
  const { tasks, tooLong } = await tasksOf(reading, fleet.model.contextLength);
  tellCounts(reading);
  if (tooLong > 0) process.stderr.write(`slackwater: left out: ${tooLong} × task with a step longer than the ${fleet.model.contextLength} tokens of ${fleet.model.name}\n`);
  if (tasks.length === 0) { process.stderr.write('slackwater: no task is left to replay\n'); return exitCodes.failed; }
  const results: ReplayResult[] = [];
  for (const name of flags.policies) {
    const entry = policies[name as keyof typeof policies];
    results.push(new Replay(tasks, { fleet, policy: (future) => entry.make({}, future), arrivals: flags.arrivals, seed: flags.seed }).run());
  }
  if (flags.json !== null) writeFileSync(flags.json, results.map((result) => `${JSON.stringify(result)}\n`).join(''));
  printLine(`${tasks.length} tasks, ${results[0]!.steps} steps on ${fleet.name}: ${fleet.workers} × ${fleet.device.name}, ${fleet.model.name}, ${fleet.capacity.hbm} blocks of hbm each\n`);
  const hasAdapters = fleet.adapters !== null;
  printLine(table(['policy', 'JCT mean s', 'p95', 'without gaps', 'p95', 'first token ms', 'steps/s', 'hit', 'recalled', 'migrated', 'avoidable', 'preempted', ...(hasAdapters ? ['adapters loaded'] : []), 'busy', 'usd/task'], results.map((result) => {
    const share = (tokens: number): string => `${((100 * tokens) / Math.max(1, result.tokens.prompt)).toFixed(1)}%`;
    return [
      result.policy, result.jctS.mean.toFixed(0), result.jctS.p95.toFixed(0), result.servedS.mean.toFixed(1), result.servedS.p95.toFixed(1), result.firstTokenMs.mean.toFixed(0), result.stepsPerS.toFixed(2),
      share(result.tokens.hit), share(result.tokens.recalled), share(result.tokens.migrated), share(result.tokens.avoidable - result.tokens.again), `${result.preempted}`, ...(hasAdapters ? [`${result.adapters.loaded}`] : []), `${(100 * result.busyShare).toFixed(1)}%`, result.usdPerTask.toFixed(4),
    ];
  })));
  return 0;
}
