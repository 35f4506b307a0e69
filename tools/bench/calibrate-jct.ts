import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { policies } from '../../actors/control/policies/all.ts';
import { packageRoot } from '../../infra/config.ts';
import { type Fleet, readFleet } from '../../infra/replay/fleet.ts';
import type { ReplayResult } from '../../infra/replay/measures.ts';
import { generator, shuffled } from '../../infra/replay/random.ts';
import { Replay } from '../../infra/replay/replay.ts';
import { blockBytes } from '../../infra/replay/simulation/engine-model.ts';
import { tasksOf } from '../../infra/replay/tasks.ts';
import { readTraces } from '../../infra/traces/read.ts';
import { replayLine, type ReplayTrace } from '../../schemas/replay-trace.ts';
import type { Report } from '../../schemas/report.ts';
import { UsageError } from './usage-error.ts';

export const compared = ['slackwater', 'round-robin-lru'] as const;
export type Compared = (typeof compared)[number];

/**
 * The work: the beginnings of recorded tasks, all of which come at once, so that no policy changes when another task comes. The longest prompts come to
 * some two thousand tokens, and all tasks together to about twice what the workers hold.
 */
export const jctWork = { tasks: 8, steps: 24, gapMsMax: 5_000, scaleTokens: 0.15, workers: 2, hbmMib: 256, dramMib: 1024, seed: 1 } as const;

export interface Seconds { readonly queue: number; readonly recall: number; readonly prefill: number; readonly decode: number }
export interface Told { readonly jctS: number; readonly servedS: number; readonly tokens: { readonly hit: number; readonly recalled: number; readonly computed: number; readonly generated: number }; readonly seconds: Seconds; /** Of all workers. */ readonly busyS: number; readonly wallS: number }
export interface JctRun { readonly round: number; readonly policy: Compared; readonly steps: number; readonly outsideMsP50: number; readonly live: Told; readonly simulated: Told }

/** Runs the work under both policies by turns, live, and what was run each time again in the simulator. `again`: nothing is run live, all that there is of earlier calls is simulated; `more`: so many rounds behind those of earlier calls, with which they are returned. */
export async function calibrateJct(traces: string, rounds: number, how: 'anew' | 'again' | 'more', say: (line: string) => void): Promise<readonly JctRun[]> {
  const folder = join(packageRoot(), '.cache', 'calibrate');
  mkdirSync(folder, { recursive: true });
  const work = join(folder, 'work.jsonl'), fleet = fleetOfWork(), runs: JctRun[] = [];
  // Rounds of an earlier call were of another commit: none of them is to be taken for one of this.
  if (how === 'anew') for (const file of readdirSync(folder)) if (/^\d+\..+\.jsonl?$/.test(file)) rmSync(join(folder, file));
  if (how === 'anew' || !existsSync(work)) writeFileSync(work, (await workOf(traces)).map(replayLine).join(''));
  const { earlier, further } = roundsOf(readdirSync(folder), rounds, how);
  for (const round of [...earlier, ...further]) {
    for (const policy of round % 2 === 1 ? compared : compared.toReversed()) {
      const json = join(folder, `${round}.${policy}.json`), record = join(folder, `${round}.${policy}.jsonl`);
      if (further.includes(round)) await runLive(work, policy, json, record, say);
      const missing = [record, json].find((file) => !existsSync(file));
      if (missing !== undefined) { say(`  round ${round}, ${policy}: ${missing} is not there: it was not run live, or not to its end`); continue; }
      const run = { round, policy, ...told(JSON.parse(readFileSync(json, 'utf8')) as Report), simulated: simulated(await simulate(record, policy, fleet), fleet) };
      say(`  round ${round}, ${policy}: ${run.live.jctS.toFixed(1)} s live, ${run.simulated.jctS.toFixed(1)} s simulated`);
      runs.push(run);
    }
  }
  return runs;
}

/** The rounds whose recordings lie among these files, in order, and those that are to be run live now. */
export function roundsOf(files: readonly string[], rounds: number, how: 'anew' | 'again' | 'more'): { readonly earlier: readonly number[]; readonly further: readonly number[] } {
  const recorded = files.filter((file) => compared.some((policy) => /^\d+\./.test(file) && file.endsWith(`.${policy}.jsonl`))).map((file) => Number.parseInt(file, 10));
  const earlier = how === 'anew' ? [] : [...new Set(recorded)].toSorted((a, b) => a - b), last = earlier.at(-1) ?? 0;
  return { earlier, further: how === 'again' ? [] : Array.from({ length: rounds }, (_, i) => last + 1 + i) };
}

/** The fleet "laptop" with the memory that the live one is given. */
function fleetOfWork(): Fleet {
  const fleet = readFleet('laptop'), bytes = blockBytes(fleet.model), blocks = (mib: number): number => Math.floor((mib * 2 ** 20) / bytes);
  if (fleet.workers !== jctWork.workers) throw new Error(`fleet laptop has ${fleet.workers} workers, the live one ${jctWork.workers}`);
  return { ...fleet, network: null, capacity: { hbm: blocks(jctWork.hbmMib), dram: blocks(jctWork.dramMib), nvme: 0 } };
}

/** The first steps of some tasks that have so many, none with children or a gap so long that it would be most of a completion time. */
async function workOf(file: string): Promise<ReplayTrace[]> {
  if (!existsSync(file)) throw new UsageError(`${file} is not there: --traces FILE names recordings to replay`);
  const { tasks } = await tasksOf(readTraces(file), Number.POSITIVE_INFINITY);
  const { steps, tasks: count, gapMsMax, seed } = jctWork;
  const able = tasks.filter(({ root, members }) => members.size === 1 && root.steps.length >= steps).map(({ root }): ReplayTrace => ({ ...root, start_ms: 0, steps: root.steps.slice(0, steps) }))
    .filter((trace) => trace.steps.every(({ gap_ms }) => gap_ms <= gapMsMax));
  if (able.length < count) throw new UsageError(`${file} has ${able.length} tasks of at least ${steps} steps without children and without gaps over ${gapMsMax / 1000} s: ${count} are needed`);
  return shuffled(able, generator(seed)).slice(0, count);
}

/** What a token is guessed from is text, which no replay has: guessing is off. */
async function runLive(work: string, policy: Compared, json: string, record: string, say: (line: string) => void): Promise<void> {
  const { scaleTokens, workers, hbmMib, dramMib, tasks } = jctWork;
  const args = ['replay', work, '--live', '--policy', policy, '--workers', `${workers}`, '--hbm', `${hbmMib}MiB`, '--dram', `${dramMib}MiB`, '--concurrency', `${tasks}`, '--scale-tokens', `${scaleTokens}`, '--json', json, '--record', record];
  const child = spawn(process.execPath, [join(packageRoot(), 'infra', 'main', 'cli.ts'), ...args], { env: { ...process.env, SLACKWATER_WORKER_SPECULATION: 'off' }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => { said += bytes.toString(); });
  const code = await new Promise<number | null>((resolve, reject) => { child.once('error', reject).once('close', resolve); });
  if (code !== 0) throw new Error(`the live replay under ${policy} ended with ${code}:\n${said}`);
  for (const line of said.split('\n')) if (/not as recorded|not in the record|left out/.test(line)) say(`  ${line}`);
}

async function simulate(record: string, policy: Compared, fleet: Fleet): Promise<ReplayResult> {
  const { tasks } = await tasksOf(readTraces(record), fleet.model.contextLength);
  return new Replay(tasks, { fleet, policy: (future) => policies[policy].make({}, future), arrivals: { kind: 'recorded', scale: 1 }, seed: jctWork.seed }).run();
}

function told({ replay, totals, wall_ms }: Report): Pick<JctRun, 'live' | 'steps' | 'outsideMsP50'> {
  const { task_jct_ms, served_ms, outside_worker_ms, seconds_of: { outside, queue, ...rest } } = replay!;
  const live = {
    jctS: task_jct_ms.mean / 1000, servedS: served_ms.mean / 1000, tokens: { ...totals.prompt_tokens, generated: totals.generated_tokens }, seconds: { queue: outside + queue, ...rest }, busyS: totals.accelerator_s, wallS: wall_ms / 1000,
  };
  return { live, steps: totals.steps, outsideMsP50: outside_worker_ms.p50 };
}

function simulated({ jctS, servedS, tokens: { hit, recalled, computed, generated }, secondsOf, busyShare, makespanS }: ReplayResult, fleet: Fleet): Told {
  const { queue, recall, computeNew, computeAvoidable, decode } = secondsOf;
  return { jctS: jctS.mean, servedS: servedS.mean, tokens: { hit, recalled, computed, generated }, seconds: { queue, recall, prefill: computeNew + computeAvoidable, decode }, busyS: busyShare * makespanS * fleet.workers, wallS: makespanS };
}
