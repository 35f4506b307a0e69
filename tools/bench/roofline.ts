import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../infra/config.ts';
import type { ModelFacts } from '../../infra/text/model-facts.ts';
import { promptTokens, type Scenario } from './scenarios.ts';

/** What the machine was measured to do with `threads` threads together, as tools/bench/ceilings.cpp prints it; 0 where it cannot. */
export interface Ceilings {
  readonly threads: number;
  /** Bytes read per second, by the size of what is read over and over. */
  readonly readBytesPerS: Readonly<Record<string, number>>;
  readonly fmaPerS: number; readonly dot8PerS: number; readonly dot16PerS: number; readonly tile8PerS: number; readonly tile16PerS: number;
}

/** Numbers of the model that the bounds need. Parameters count multiplications: norms are left out, tied embeddings count once, as the head. */
export interface ModelShape { readonly layers: number; readonly width: number; readonly bodyParams: number; readonly headParams: number; readonly kvBytesPerToken: number; readonly fileBytes: number }

export type Unit = 'int8' | 'int16' | 'float';

/** How a subject's numbers lie and are multiplied: bytes of a weight, and of what kind the numbers are in linear layers and in attention. */
export interface Arithmetic { readonly weightBytes: (shape: ModelShape) => number; readonly linear: Unit; readonly attention: Unit }

/** Compiles (once per change) and runs the measuring program; null, with the reason told, when there is no compiler. */
export function measureCeilings(threads: number, folder: string, say: (line: string) => void): Ceilings | null {
  const source = join(packageRoot(), 'tools', 'bench', 'ceilings.cpp');
  const program = join(folder, 'ceilings');
  try {
    mkdirSync(folder, { recursive: true });
    if ((statSync(program, { throwIfNoEntry: false })?.mtimeMs ?? 0) < statSync(source).mtimeMs) {
      execFileSync(process.env['CXX'] ?? 'c++', ['-O3', '-std=c++20', '-march=native', '-pthread', source, '-o', program], { stdio: ['ignore', 'ignore', 'pipe'], timeout: 120_000 });
    }
    return JSON.parse(execFileSync(program, [String(threads)], { encoding: 'utf8', timeout: 120_000 })) as Ceilings;
  } catch (error) {
    say(`ceilings not measured, no share of the roofline: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
    return null;
  }
}

/** Of a model of the llama family. Throws RangeError for another one, and when the file does not say a size. */
export function shapeOf(gguf: ModelFacts): ModelShape {
  if (gguf.architecture !== 'llama') throw new RangeError(`${gguf.path} is a ${gguf.architecture}; the roofline and the peers' copies are those of llama`);
  const number = (key: string): number => {
    const value = Number(gguf.metadata.get(`${gguf.architecture}.${key}`));
    if (Number.isFinite(value)) return value;
    throw new RangeError(`${gguf.path} does not say ${gguf.architecture}.${key}`);
  };
  const [layers, width, inner, heads, kvHeads] = [number('block_count'), number('embedding_length'), number('feed_forward_length'), number('attention.head_count'), number('attention.head_count_kv')];
  const kvWidth = (width / heads) * kvHeads;
  return {
    layers, width, bodyParams: layers * (2 * width * width + 2 * width * kvWidth + 3 * width * inner), headParams: gguf.tokenizer.tokens.length * width,
    kvBytesPerToken: 2 * layers * kvWidth * 2, fileBytes: gguf.fileBytes,
  };
}

const all = (bytes: number) => (shape: ModelShape): number => bytes * (shape.bodyParams + shape.headParams);
const float = (bytes: number): Arithmetic => ({ weightBytes: all(bytes), linear: 'float', attention: 'float' });

/** By subject and variant; a variant that is not here has no share told. */
export const arithmetics: Readonly<Record<string, Arithmetic>> = {
  'slackwater/exact': { weightBytes: all(2), linear: 'int16', attention: 'int16' },
  'slackwater/compact': { weightBytes: (shape) => shape.fileBytes, linear: 'int16', attention: 'int16' },
  'slackwater/fast': { weightBytes: all(1), linear: 'int8', attention: 'int16' },
  'llamacpp/file': { weightBytes: (shape) => shape.fileBytes, linear: 'int8', attention: 'float' },
  'llamacpp/q8_0': { weightBytes: all(34 / 32), linear: 'int8', attention: 'float' },
  'torch/bfloat16': float(2), 'torch/float32': float(4), 'vllm/bfloat16': float(2),
  'openvino/fp16/f32': float(4), 'openvino/fp16/bf16': float(2), 'openvino/int8/f32': { weightBytes: all(1), linear: 'int8', attention: 'float' },
};

/** Operations a second; numbers of 16 bits on 8-bit tiles take four products each. */
function rateOf(ceilings: Ceilings, unit: Unit): number {
  const { fmaPerS, dot8PerS, dot16PerS, tile8PerS, tile16PerS } = ceilings;
  if (unit === 'int8') return Math.max(tile8PerS, dot8PerS, fmaPerS);
  return unit === 'int16' ? Math.max(tile8PerS / 4, dot16PerS, fmaPerS) : Math.max(tile16PerS, fmaPerS);
}

/** The least seconds that the scenario's measured time could take: prefill t >= max(2 P n / F + attention, weights / BW), a decode step t >= max((weights + unique KV) / BW, flops / F). */
export function boundSeconds(scenario: Scenario, shape: ModelShape, ceilings: Ceilings, arithmetic: Arithmetic): number {
  const multiply = rateOf(ceilings, arithmetic.linear), attention = rateOf(ceilings, arithmetic.attention);
  const weights = arithmetic.weightBytes(shape);
  const prefill = (tokens: number, contextBefore: number, rowsOfHead: number): number => Math.max(
    (2 * (shape.bodyParams * tokens + shape.headParams * rowsOfHead)) / multiply + (4 * shape.layers * shape.width * tokens * (contextBefore + tokens / 2)) / attention,
    weights / readRate(ceilings, weights));
  const step = (sequences: number, sharedContext: number, ownContext: number): number => {
    const bytes = weights + shape.kvBytesPerToken * (sharedContext + sequences * ownContext);
    const flops = (2 * sequences * (shape.bodyParams + shape.headParams)) / multiply + (4 * sequences * shape.layers * shape.width * (sharedContext + ownContext)) / attention;
    return Math.max(bytes / readRate(ceilings, bytes), flops);
  };
  const { traces, steps, appendTokens, generate, prefixTokens } = scenario;
  if (scenario.phase === 'prefill') return prefill(promptTokens(scenario), scenario.isWarm ? prefixTokens : 0, traces);
  if (scenario.phase === 'decode') return (generate - 1) * step(traces, traces > 1 ? prefixTokens : 0, (traces > 1 ? 0 : prefixTokens) + appendTokens + generate / 2);
  if (scenario.phase !== 'wall') return 0;
  let seconds = prefill(prefixTokens, 0, 0);
  for (let i = 0; i < steps; ++i) {
    const before = i * (appendTokens + generate);
    seconds += traces * prefill(appendTokens, prefixTokens + before, 1) + (generate - 1) * step(traces, prefixTokens, before + appendTokens + generate / 2);
  }
  return seconds;
}

/** The share of the bound in what was measured: 1 is the machine's limit. */
export function shareOf(scenario: Scenario, value: number, boundS: number): number {
  if (scenario.phase === 'wall') return boundS / value;
  const tokens = scenario.phase === 'prefill' ? promptTokens(scenario) : scenario.traces * (scenario.generate - 1);
  return boundS / (tokens / value);
}

/** Of the smallest measured size that holds `bytes`, else of the largest. */
function readRate(ceilings: Ceilings, bytes: number): number {
  const sizes = Object.entries(ceilings.readBytesPerS).map(([size, rate]) => ({ size: Number(size), rate })).sort((a, b) => a.size - b.size);
  return (sizes.find(({ size }) => size >= bytes) ?? sizes.at(-1)!).rate;
}
