/**
 * `npm run bench -- policy`: recorded agents on a modelled fleet, every regime under every policy with several seeds, beside what no policy can beat.
 * All times are virtual: the same commit, flags and recordings give the same figures on any machine.
 */
import { writeFileSync } from 'node:fs';
import { plain } from '../report.ts';
import { openCrew } from './crew.ts';
import { writeDocuments } from './documents.ts';
import { cellsOf, figuresOf, ndjson } from './figures.ts';
import { type Flags, readFlags } from './flags.ts';
import type { BenchPlan, Job, Outcome } from './job.ts';
import { readPool } from './pool.ts';
import { benchPublished } from './published/published.ts';
import { stampOf } from './stamp.ts';
import { ablation, sensitivity } from './studies.ts';
import { distanceTable, regimeTable, worstTable } from './tables.ts';
import { evaluations, tune, tuningShrink } from './tuning.ts';
import { readTuned, type TunedFile, writeTuned } from './tuned.ts';
import { plainFleet } from './bench-fleet.ts';
import { UsageError } from '../usage-error.ts';
import { InputError } from '../../../infra/replay/input-error.ts';
import { TraceError } from '../../../infra/traces/trace-error.ts';

export async function benchPolicy(args: readonly string[]): Promise<void> {
  try {
    if (args.includes('--published')) await benchPublished(args); else await play(readFlags(args));
  } catch (error) {
    if (error instanceof InputError || error instanceof TraceError) throw new UsageError(error.message);
    throw error;
  }
}

async function play(flags: Flags): Promise<void> {
  const startMs = performance.now();
  const plan: BenchPlan = { files: flags.files, fleet: { name: flags.fleet, memory: flags.memory }, stepsMax: flags.stepsMax, half: 'report', shrink: flags.shrink };
  const fleet = plainFleet({ ...plan.fleet, scaled: {} });
  const pool = await readPool(flags.files, { contextMax: Math.min(fleet.model.contextLength, fleet.capacity.hbm * 64), stepsMax: flags.stepsMax });
  const leftOut = [...pool.leftOut].map(([why, count]) => `${count} × ${why}`).join(', ');
  say(`${pool.tasks.length} tasks${leftOut === '' ? '' : `; left out: ${leftOut}`}; ${fleet.workers} × ${fleet.device.name}, ${fleet.model.name}, ${fleet.capacity.hbm} blocks of hbm each`);
  if (pool.tasks.length === 0) throw new UsageError(`no task of these recordings fits a worker of ${fleet.name}: ${leftOut}`);
  const tuned = flags.isTuning ? await tuneAll(flags, plan) : readTuned();
  const crew = await openCrew(plan, flags.threads);
  try {
    const run = async (jobs: readonly Job[]): Promise<(Outcome | null)[]> => crew.run(jobs, (done) => { if (done % 20 === 0 || done === jobs.length) say(`${jobs[0]!.regime}: ${done} of ${jobs.length} replays, ${minutes(startMs)}`); });
    const jobs = (policy: string, regime: string): Job[] => Array.from({ length: flags.seeds }, (_, i) => ({ regime, policy, params: tuned?.policies[policy]?.params ?? {}, seed: i + 1, scaled: {} }));
    if (flags.study !== 'main') {
      const study = flags.study === 'ablation' ? ablation : sensitivity;
      console.log(plain(await study(run, flags, jobs)));
      say(`took ${minutes(startMs)}`);
      return;
    }
    const stamp = stampOf(), outcomes: (Outcome | null)[] = [];
    for (const [i, regime] of flags.regimes.entries()) {
      outcomes.push(...await run(flags.policies.flatMap((policy) => jobs(policy, regime.id))));
      const cells = cellsOf(outcomes), here = cells.filter((cell) => cell.regime === regime.id);
      if (here.length === 0) { say(`${regime.id}: the recordings have no task for it`); continue; }
      console.log(`\n${regime.id}: ${regime.what} (${here[0]!.load}, ${here[0]!.outcomes[0]!.tasks} tasks)\n${plain(regimeTable(here))}`);
      // After every regime: a run that is broken off has told what it knew.
      if (flags.json !== null) writeFileSync(flags.json, ndjson(figuresOf(cells, stamp)));
      if (flags.isWriting) writeDocuments({ cells, regimes: flags.regimes.slice(0, i + 1), stamp, fleet, pool, flags, tuned, took: minutes(startMs) });
    }
    const cells = cellsOf(outcomes);
    console.log(`\n${plain(distanceTable(cells, flags.regimes))}\n\n${plain(worstTable(cells, flags.regimes))}`);
    const took = minutes(startMs);
    say(`took ${took} on ${flags.threads} threads`);
  } finally {
    await crew.close();
  }
}

async function tuneAll(flags: Flags, plan: BenchPlan): Promise<TunedFile> {
  const crew = await openCrew({ ...plan, half: 'tuning', shrink: tuningShrink }, flags.threads);
  try {
    const policies = await tune(crew, flags.policies, (round) => say(`tuning: ${round} of ${evaluations} settings of every policy`));
    return writeTuned({ ...stampOf(), fleet: flags.fleet, memory: flags.memory, evaluations, policies });
  } finally {
    await crew.close();
  }
}

const minutes = (sinceMs: number): string => `${((performance.now() - sinceMs) / 60_000).toFixed(1)} minutes`;
function say(line: string): void { process.stderr.write(`${line}\n`); }
