import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { packageRoot } from '../../infra/config.ts';
import type { SubjectPlan } from './subject.ts';

export const peerNames = ['llamacpp', 'vllm', 'torch', 'openvino'] as const;
export type PeerName = (typeof peerNames)[number];

/** Where peers are installed and their models lie; ignored by git, never part of the product. */
export const peersFolder = (): string => join(cacheFolder(), 'peers');
/** The file that set-up brings. */
export const defaultModel = (): string => join(cacheFolder(), 'models', 'SmolLM2-135M-Instruct.Q4_1.gguf');

const cacheFolder = (): string => process.env['SLACKWATER_CACHE'] ?? join(packageRoot(), '.cache');

const scripts = (): string => join(packageRoot(), 'tools', 'peers');
const python = (peer: PeerName): string => join(peersFolder(), peer, 'venv', 'bin', 'python');
const model = (name: string): string => join(peersFolder(), 'models', name);
/** What a peer reads instead of the GGUF has the GGUF's name in its own, so that nobody is measured on another model's weights. */
export const copyOf = (ggufPath: string, form: string): string => `${basename(ggufPath, '.gguf')}-${form}`;

/** The variants of a peer that can run here: a variant whose program or model is not there is left out; none at all means "not installed". */
export function peerPlans(peer: PeerName, ggufPath: string, threads: number): readonly SubjectPlan[] {
  const plan = (variant: string, command: readonly string[], modelPath: string, more: Partial<SubjectPlan> = {}): SubjectPlan =>
    ({ name: peer, variant, command, model: modelPath, openDeadlineMs: 60_000, ...more });
  const all: Readonly<Record<PeerName, () => readonly SubjectPlan[]>> = {
    // Its fast kernels know no Q4_1: without tiles the file runs at a third of what the same weights reach as Q8_0.
    llamacpp: () => [ggufPath, model(copyOf(ggufPath, 'Q8_0.gguf'))].map((path) =>
      plan(path === ggufPath ? 'file' : 'q8_0', [process.execPath, join(scripts(), 'llamacpp.mjs'), join(peersFolder(), 'llamacpp')], path)),
    torch: () => ['bfloat16', 'float32'].map((dtype) => plan(dtype, [python('torch'), join(scripts(), 'torch_peer.py')], model(copyOf(ggufPath, 'bf16')))),
    vllm: () => [plan('bfloat16', [python('vllm'), join(scripts(), 'vllm_peer.py')], model(copyOf(ggufPath, 'bf16')), { openDeadlineMs: 400_000, env: vllmEnvironment(threads) })],
    openvino: () => [['fp16', 'f32'], ['fp16', 'bf16'], ['int8', 'f32']].map(([format, precision]) =>
      plan(`${format}/${precision}`, [python('openvino'), join(scripts(), 'openvino_peer.py')], model(copyOf(ggufPath, `ov-${format}`)))),
  };
  const installed: Readonly<Record<PeerName, string>> = {
    llamacpp: join(peersFolder(), 'llamacpp', 'node_modules', 'node-llama-cpp'), torch: python('torch'), vllm: python('vllm'), openvino: python('openvino'),
  };
  return existsSync(installed[peer]) ? all[peer]().filter((subject) => existsSync(subject.model)) : [];
}

/** vLLM pins its threads itself, and wants Intel's OpenMP and tcmalloc before everything else (its own documents say so; without them it is a third slower). */
function vllmEnvironment(threads: number): Record<string, string> {
  const folder = join(peersFolder(), 'vllm');
  const lib = join(folder, 'lib', 'usr', 'lib', 'x86_64-linux-gnu');
  const allocator = existsSync(lib) ? readdirSync(lib).find((name) => /^libtcmalloc_minimal\.so\.\d+$/.test(name)) : undefined;
  const preloaded = [...(allocator === undefined ? [] : [join(lib, allocator)]), join(folder, 'venv', 'lib', 'libiomp5.so')].filter(existsSync);
  return { VLLM_CPU_OMP_THREADS_BIND: threads === 1 ? '0' : `0-${threads - 1}`, VLLM_CPU_KVCACHE_SPACE: '2', VLLM_CACHE_ROOT: join(folder, 'cache'), LD_PRELOAD: preloaded.join(':') };
}
