import { exponential, generator } from '../../../../infra/replay/random.ts';
import type { Task } from '../../../../infra/replay/tasks.ts';
import { replayBlockTokens, type ReplayStep, type ReplayTrace } from '../../../../schemas/replay-trace.ts';

/** What a number is drawn from. `least` and `most` cut it off, where they are given. */
export type Law = { readonly least?: number; readonly most?: number } & (
  | { readonly law: 'always'; readonly value: number }
  | { readonly law: 'between'; readonly from: number; readonly to: number }
  | { readonly law: 'normal'; readonly mean: number; readonly sd: number }
  /** By mean and standard deviation of the numbers themselves, or by two of their percentiles. */
  | { readonly law: 'lognormal'; readonly mean: number; readonly sd: number }
  | { readonly law: 'percentiles'; readonly p50: number; readonly p95: number }
  /** Of shape 2: the sum of two exponentials. */
  | { readonly law: 'gamma'; readonly mean: number });

/** 95% point of the standard normal. */
const z95 = 1.6449;

/** `draw` is uniform in [0, 1). */
export function drawn(law: Law, draw: () => number): number {
  return Math.min(law.most ?? Number.POSITIVE_INFINITY, Math.max(law.least ?? 0, plain(law, draw)));
}

function plain(law: Law, draw: () => number): number {
  switch (law.law) {
    case 'always': return law.value;
    case 'between': return law.from + (law.to - law.from) * draw();
    case 'normal': return law.mean + law.sd * normal(draw);
    case 'lognormal': {
      const variance = Math.log(1 + (law.sd / law.mean) ** 2);
      return law.mean * Math.exp(Math.sqrt(variance) * normal(draw) - variance / 2);
    }
    case 'percentiles': return law.p50 * Math.exp((Math.log(law.p95 / law.p50) / z95) * normal(draw));
    case 'gamma': return exponential(law.mean / 2, draw) + exponential(law.mean / 2, draw);
  }
}

/** Box and Muller. */
const normal = (draw: () => number): number => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());

export interface Tool { readonly name: string; readonly share: number; readonly gapMs: Law }

/** A kind of agent run: calls of a model, each on all that was said before, and a tool between one and the next. */
export interface ProgramKind {
  readonly share: number;
  readonly calls: Law;
  /** Of the first prompt, its shared part included; and what each tool adds. */
  readonly firstTokens: Law;
  readonly toolTokens: Law;
  readonly outTokens: Law;
  readonly tools: readonly Tool[];
  /** The system prompt that all programs of the kind begin with. */
  readonly sharedTokens: number;
  /** A program whose next call would be longer ends before it. */
  readonly contextMax: number;
}

/** Block ids that no two programs share. */
const span = 1 << 16;

/** So many programs of those kinds, by their shares; the same for the same seed. */
export function programsOf(kinds: readonly ProgramKind[], count: number, seed: number): Task[] {
  const draw = generator(seed);
  return Array.from({ length: count }, (_, i) => {
    const at = pick(kinds, draw), kind = kinds[at]!, steps: ReplayStep[] = [];
    const calls = Math.max(1, Math.round(drawn(kind.calls, draw)));
    let promptTokens = Math.max(kind.sharedTokens + 1, Math.round(drawn(kind.firstTokens, draw)));
    for (let seq = 1; seq <= calls; seq++) {
      const outTokens = Math.max(1, Math.round(drawn(kind.outTokens, draw)));
      if (seq > 1 && promptTokens + outTokens > kind.contextMax) break;
      const tool = kind.tools[pick(kind.tools, draw)];
      steps.push({
        seq, gap_ms: seq === 1 || tool === undefined ? 0 : drawn(tool.gapMs, draw), gap: seq === 1 ? 'start' : 'tool', prompt_tokens: promptTokens,
        blocks: blocksOf(promptTokens, kind.sharedTokens, at, kinds.length + i), out_tokens: outTokens, tool: seq === 1 ? null : tool?.name ?? null, children: [],
      });
      promptTokens += outTokens + Math.round(drawn(kind.toolTokens, draw));
    }
    return taskOf(`made-${i}`, 0, steps);
  });
}

/** Requests of one call each, on prompts of which groups share the beginning; prompts come in turn, at the given instants. */
export function requestsOf(shape: { readonly groups: number; readonly perGroup: number; readonly sharedTokens: number; readonly ownTokens: number; readonly outTokens: number }, atMs: readonly number[]): Task[] {
  const { groups, perGroup, sharedTokens, ownTokens, outTokens } = shape, prompts = groups * perGroup;
  return atMs.map((startMs, i) => {
    const prompt = i % prompts, promptTokens = sharedTokens + ownTokens;
    return taskOf(`request-${i}`, startMs, [{
      seq: 1, gap_ms: 0, gap: 'start', prompt_tokens: promptTokens, blocks: blocksOf(promptTokens, sharedTokens, prompt % groups, groups + prompt), out_tokens: outTokens, tool: null, children: [],
    }]);
  });
}

/** Instants of a Poisson process of that rate. */
export function arrivals(count: number, perS: number, fromMs: number, draw: () => number): number[] {
  let atMs = fromMs;
  return Array.from({ length: count }, () => (atMs += exponential(1000 / perS, draw)));
}

function blocksOf(promptTokens: number, sharedTokens: number, group: number, own: number): [number, number][] {
  const full = Math.floor(promptTokens / replayBlockTokens), shared = Math.min(full, Math.floor(sharedTokens / replayBlockTokens));
  return [...(shared > 0 ? [[group * span, shared] as [number, number]] : []), ...(full > shared ? [[own * span, full - shared] as [number, number]] : [])];
}

function taskOf(name: string, startMs: number, steps: readonly ReplayStep[]): Task {
  const root: ReplayTrace = { v: 1, trace: name, parent: null, start_ms: startMs, model: '', steps };
  return { root, members: new Map([[name, root]]), steps: steps.length, contextTokens: Math.max(...steps.map(({ prompt_tokens, out_tokens }) => prompt_tokens + out_tokens)) };
}

function pick(some: readonly { readonly share: number }[], draw: () => number): number {
  let left = draw() * some.reduce((sum, { share }) => sum + share, 0);
  for (let i = 0; i < some.length; i++) {
    left -= some[i]!.share;
    if (left < 0) return i;
  }
  return some.length - 1;
}
