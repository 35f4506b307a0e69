/** `npm run bench -- calibrate`: the fleet model's devices beside what they stand for. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../infra/config.ts';
import { readFleet } from '../../infra/replay/fleet.ts';
import type { Rate } from '../../infra/replay/simulation/rate.ts';
import { calibrateCpu, type CpuTimes, type Engines, measureCpu, nameOf } from './calibrate-cpu.ts';
import { fitH200, h200Points } from './calibrate-h200.ts';
import { calibrateJct } from './calibrate-jct.ts';
import { jctPart } from './calibrate-jct-part.ts';
import { commit } from './commit.ts';
import { percent, signed, whole } from './numbers.ts';
import { defaultModel } from './peers.ts';
import { generatedOf, withGenerated } from './report.ts';
import { type Spread, spread } from './stats.ts';
import { UsageError } from './usage-error.ts';

export const calibrateUsage = `npm run bench -- calibrate [--only h200|cpu|jct] [--rounds N] [--again|--more] [--traces FILE] [--fit-h200] [--write]
  h200       published throughputs of one H200 beside the model's
  cpu        iterations of this machine's engine, measured and modelled: one engine on two threads, then two at once on one each (minutes; 6 rounds)
  jct        the same work live under two policies by turns, and simulated (minutes; 2 rounds); of the recordings of --traces
  --again    measures nothing: fits and simulates all rounds that were measured; --more: measures --rounds further ones behind them, and reports all
  --fit-h200 looks for better rates of devices/h200.yaml (minutes), prints them and changes nothing
  --write    brings docs/benchmarks/calibration.md up to date, with the parts that were run; the rates of the CPU are printed, and stand in devices/cpu-*.yaml when somebody puts them there`;

const parts = ['h200', 'cpu', 'jct'] as const;
type Part = (typeof parts)[number];

export async function benchCalibrate(args: readonly string[]): Promise<void> {
  const { only, rounds, again, isMore, traces, isFitting, isWriting } = read(args);
  if (isFitting) console.log(`h200: ${JSON.stringify(fitH200())}`);
  const run: Readonly<Record<Part, () => Promise<string>>> = {
    h200: async () => h200Part(),
    cpu: async () => [await cpuPart({ device: 'cpu-2core', count: 1, threads: 2 }, rounds ?? 6, again, isMore), await cpuPart({ device: 'cpu-1core', count: 2, threads: 1 }, rounds ?? 6, again, isMore)].join('\n'),
    jct: async () => jctPart(await calibrateJct(traces, rounds ?? 2, again ? 'again' : isMore ? 'more' : 'anew', console.error), commit()),
  };
  const made: string[] = [];
  for (const part of only === null ? parts : [only]) made.push(await run[part]());
  console.log(made.join('\n'));
  if (!isWriting) return;
  const file = join(packageRoot(), 'docs', 'benchmarks', 'calibration.md');
  const document = existsSync(file) ? readFileSync(file, 'utf8') : '# How well the fleet model agrees\n';
  writeFileSync(file, withGenerated(document, mergedSections(generatedOf(document, 'calibrate'), made.join('\n')), 'calibrate'));
}

/** Sections begin with "### ": those of `next` take the place of those with the same title, the others stay. */
export function mergedSections(last: string, next: string): string {
  const sections = new Map<string, string>();
  for (const section of [...last.split(/^(?=### )/m), ...next.split(/^(?=### )/m)]) if (section.startsWith('### ')) sections.set(section.split('\n')[0]!, section.trim());
  return [...sections.values()].join('\n\n');
}

function h200Part(): string {
  const points = h200Points();
  const worst = (use: string): string => percent(Math.max(...points.filter((point) => point.use === use).map(({ error }) => Math.abs(error))));
  return [
    '### One H200, fp8: output tokens a second', '',
    'Published: NVIDIA, TensorRT-LLM 1.0, "Performance overview", Llama 3.1 8B and Llama 3.3 70B, column H200 TP1, all requests queued at once. Model: one worker of `devices/h200.yaml`.',
    `Rows of less than 5,000 input tokens were fitted (five rates to ${points.filter(({ use }) => use === 'fitted').length} rows); the longest were not. Largest error: fitted ${worst('fitted')}, held out ${worst('held out')}, the three points that count ${worst('judged')}.`, '',
    '| model, input/output | published | model | error | sequences that fit | |', '|---|---|---|---|---|---|',
    ...points.map(({ name, published, model, error, sequences, use }) => `| ${name} | ${whole(published)} | ${whole(model)} | ${signed(error)} | ${whole(sequences)} | ${use} |`), '',
  ].join('\n');
}

async function cpuPart(engines: Engines, rounds: number, again: boolean, isMore: boolean): Promise<string> {
  const folder = join(packageRoot(), '.cache', 'calibrate'), file = join(folder, `${engines.device}.json`);
  if (again && !existsSync(file)) throw new UsageError(`--again: ${file} is not there: nothing was measured`);
  mkdirSync(folder, { recursive: true });
  const earlier = (again || isMore) && existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as CpuTimes) : null;
  const times = again ? earlier! : await measureCpu(defaultModel(), engines, rounds, commit(), earlier, (made) => {
    writeFileSync(file, JSON.stringify(made));
    console.error(`  ${engines.device}, round ${made.times.length}: the reference took ${told(spread(made.references.at(-1)!))} ms`);
  });
  const { device, rows, referenceMs } = calibrateCpu(times, readFleet('laptop').model);
  const errors = (use: string, of: 'modelMs' | 'fileMs'): string => {
    const { median, max } = spread(rows.filter(({ cell }) => cell.use === use).map((row) => Math.abs(row[of] / row.measuredMs - 1)));
    return `median ${percent(median)}, largest ${percent(max)}`;
  };
  const table = (rate: Rate): string => (typeof rate === 'number' ? rate.toExponential(3) : `[${rate.points.map(([rows, perS]) => `[${rows}, ${perS.toExponential(3)}]`).join(', ')}]`);
  return [
    `### The CPU worker, ${engines.device}: milliseconds of an iteration`, '',
    `${cpus()[0]?.model ?? 'unknown'}, ${engines.count === 1 ? `one engine of ${engines.threads} threads` : `${engines.count} engines at once, ${engines.threads} thread each, the mean of both`}, ${times.numerics}, SmolLM2-135M, commit ${times.commit}, medians of ${times.times.length} rounds. The reference, 128 rows of a prompt, was measured between all cells and took ${told(referenceMs)} ms; each time is divided by the two beside it.`,
    `Errors of this fit: fitted cells ${errors('fitted', 'modelMs')}; **held out ${errors('held out', 'modelMs')}**. Errors of devices/${engines.device}.yaml as it stands: fitted cells ${errors('fitted', 'fileMs')}; held out ${errors('held out', 'fileMs')}.`, '',
    '```', `linear_flops_per_s: { bf16: ${table(device.linearFlopsPerS)}`, `attention_flops_per_s: { bf16: ${table(device.attentionFlopsPerS)}`, `overhead_per_sequence_ms: ${device.overheadPerSequenceMs.toFixed(3)}`, '```', '',
    '| iteration | measured ms | range | model ms | error | by the file | |', '|---|---|---|---|---|---|---|',
    ...rows.map(({ cell, measuredMs, leastMs, mostMs, modelMs, fileMs }) => `| ${nameOf(cell)} | ${measuredMs.toFixed(2)} | ${leastMs.toFixed(2)}–${mostMs.toFixed(2)} | ${modelMs.toFixed(2)} | ${signed(modelMs / measuredMs - 1)} | ${signed(fileMs / measuredMs - 1)} | ${cell.use} |`), '',
  ].join('\n');
}

const told = ({ median, min, max }: Spread): string => `${median.toFixed(1)} (${min.toFixed(1)}–${max.toFixed(1)})`;

interface Flags { readonly only: Part | null; readonly rounds: number | null; readonly again: boolean; readonly isMore: boolean; readonly traces: string; readonly isFitting: boolean; readonly isWriting: boolean }

function read(args: readonly string[]): Flags {
  let values: { only?: string; rounds?: string; again?: boolean; more?: boolean; traces?: string; 'fit-h200'?: boolean; write?: boolean };
  try {
    ({ values } = parseArgs({ args: [...args], options: { only: { type: 'string' }, rounds: { type: 'string' }, again: { type: 'boolean' }, more: { type: 'boolean' }, traces: { type: 'string' }, 'fit-h200': { type: 'boolean' }, write: { type: 'boolean' } } }));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const only = parts.find((part) => part === values.only) ?? null, rounds = values.rounds === undefined ? null : Number(values.rounds);
  if (values.only !== undefined && only === null) throw new UsageError(`--only ${values.only}: ${parts.join(', ')}`);
  if (rounds !== null && (!Number.isInteger(rounds) || rounds < 1)) throw new UsageError(`--rounds ${values.rounds}: a whole number from 1 on`);
  if (values.again && values.more) throw new UsageError('--again measures nothing and --more measures: one of them');
  if (values.again && rounds !== null) throw new UsageError(`--again takes all rounds that were measured: not with --rounds ${rounds}`);
  const traces = resolve(process.env['INIT_CWD'] ?? process.cwd(), values.traces ?? join(packageRoot(), '..', 'shared', 'traces', 'miniswe_deepseek', 'steps_dev.jsonl.gz'));
  return { only, rounds, again: values.again === true, isMore: values.more === true, traces, isFitting: values['fit-h200'] === true, isWriting: values.write === true };
}
