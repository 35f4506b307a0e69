/** `npm run bench -- calibrate`: the fleet model's devices beside what they stand for. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../infra/config.ts';
import { readFleet } from '../../infra/replay/fleet.ts';
import { calibrateCpu, nameOf } from './calibrate-cpu.ts';
import { fitH200, h200Points } from './calibrate-h200.ts';
import { commit } from './commit.ts';
import { defaultModel } from './peers.ts';
import { withGenerated } from './report.ts';
import { UsageError } from './usage-error.ts';

export const calibrateUsage = `npm run bench -- calibrate [--only h200|cpu] [--repeat 5] [--fit-h200] [--write]
  h200       published throughputs of one H200 beside the model's; cpu: iterations of this machine's engine, measured and modelled
  --fit-h200 looks for better rates of devices/h200.yaml (minutes), prints them and changes nothing
  --write    brings docs/benchmarks/calibration.md up to date, with the parts that were run; the rates of the CPU are printed, and stand in devices/cpu-2core.yaml when somebody puts them there`;

export async function benchCalibrate(args: readonly string[]): Promise<void> {
  const { only, repeat, isFitting, isWriting } = read(args);
  const parts: string[] = [];
  if (isFitting) console.log(`h200: ${JSON.stringify(fitH200())}`);
  if (only !== 'cpu') parts.push(h200Part());
  if (only !== 'h200') parts.push(await cpuPart(repeat));
  console.log(parts.join('\n'));
  if (!isWriting) return;
  const file = join(packageRoot(), 'docs', 'benchmarks', 'calibration.md');
  writeFileSync(file, withGenerated(existsSync(file) ? readFileSync(file, 'utf8') : '# How well the fleet model agrees\n', parts.join('\n'), 'calibrate'));
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

async function cpuPart(repeat: number): Promise<string> {
  const { rates, rows, numerics } = await calibrateCpu(defaultModel(), readFleet('laptop').model, repeat, console.error);
  const errors = (use: string): number[] => rows.filter(({ cell }) => cell.use === use).map(({ error }) => Math.abs(error)).sort((a, b) => a - b);
  const tell = (use: string): string => { const all = errors(use); return `median ${percent(all[all.length >> 1]!)}, largest ${percent(all.at(-1)!)}`; };
  return [
    '### The CPU worker: milliseconds of an iteration', '',
    `${cpus()[0]?.model ?? 'unknown'}, 2 threads, ${numerics}, SmolLM2-135M, commit ${commit()}, medians of ${repeat}. Errors: fitted cells ${tell('fitted')}; held out ${tell('held out')}.`,
    `Rates: linear ${engineering(rates['linearFlopsPerS']!)}FLOP/s, attention ${engineering(rates['attentionFlopsPerS']!)}FLOP/s, reads ${engineering(rates['readBytesPerS']!)}B/s, ${rates['overheadMs']!.toFixed(3)} ms an iteration, ${rates['overheadPerSequenceMs']!.toFixed(3)} ms a decoding sequence.`, '',
    '| iteration | measured ms | model ms | error | |', '|---|---|---|---|---|',
    ...rows.map(({ cell, measuredMs, modelMs, error }) => `| ${nameOf(cell)} | ${measuredMs.toFixed(2)} | ${modelMs.toFixed(2)} | ${signed(error)} | ${cell.use} |`), '',
  ].join('\n');
}

function read(args: readonly string[]): { only: 'h200' | 'cpu' | null; repeat: number; isFitting: boolean; isWriting: boolean } {
  let values: { only?: string; repeat?: string; 'fit-h200'?: boolean; write?: boolean };
  try {
    ({ values } = parseArgs({ args: [...args], options: { only: { type: 'string' }, repeat: { type: 'string' }, 'fit-h200': { type: 'boolean' }, write: { type: 'boolean' } } }));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { only = null } = values, repeat = Number(values.repeat ?? 5);
  if (only !== null && only !== 'h200' && only !== 'cpu') throw new UsageError(`--only ${only}: h200 or cpu`);
  if (!Number.isInteger(repeat) || repeat < 1) throw new UsageError(`--repeat ${values.repeat}: a whole number from 1 on`);
  return { only, repeat, isFitting: values['fit-h200'] === true, isWriting: values.write === true };
}

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;
const signed = (share: number): string => `${share < 0 ? '−' : '+'}${percent(Math.abs(share))}`;
const engineering = (value: number): string => (value >= 1e12 ? `${(value / 1e12).toFixed(1)} T` : `${(value / 1e9).toFixed(1)} G`);
