/**
 * The work of the engine bench, as data that every subject can interpret: traces that run at once over a shared prefix, each a list of
 * steps that follow one another. What a scenario's figure is computed from stands beside it.
 */
import { words } from '../../infra/replay/random.ts';

/** One model call of a trace: `append` new prompt tokens after all that came before, then `generate` greedy tokens, none of which ends it. */
export interface WorkStep { readonly append: readonly number[]; readonly generate: number }

/** `warm`: the prefix is in the subject's cache before the clock starts. Else it is a part of the first step of every trace. */
export interface Work { readonly prefix: readonly number[]; readonly warm: boolean; readonly traces: readonly { readonly steps: readonly WorkStep[] }[] }

/** What the clock is read for. `prefill`: prompt tokens until every trace has its first token. `decode`: tokens after that moment. */
export type Phase = 'prefill' | 'decode' | 'wall' | 'ready';

export interface Scenario {
  readonly id: string;
  readonly phase: Phase;
  readonly what: string;
  readonly prefixTokens: number; readonly isWarm: boolean;
  readonly traces: number; readonly steps: number; readonly appendTokens: number; readonly generate: number;
  /** Beside a foreign process that keeps one core busy. `of`: the same without it. */
  readonly foreign?: { readonly of: string };
  /** The goal, as a ratio of medians to the best peer of the same run (of `wall` and `ready`: how many times faster). */
  readonly goals: Readonly<Partial<Record<Mode | 'any', number>>>;
}

export const modes = ['exact', 'compact', 'fast'] as const;
export type Mode = (typeof modes)[number];

const one = { prefixTokens: 0, isWarm: false, traces: 1, steps: 1, generate: 1 } as const;
const decode = { ...one, phase: 'decode', appendTokens: 128, generate: 64 } as const;

/** The table of the goals: one prompt, appends on a cached prefix, decode alone and together, a fan-out, four agents, start. */
export const scenarios: readonly Scenario[] = [
  { ...one, id: 'prefill-512', phase: 'prefill', appendTokens: 512, what: 'one prompt of 512', goals: { exact: 1.6, fast: 2.9 } },
  { ...one, id: 'prefill-2048', phase: 'prefill', appendTokens: 2048, what: 'one prompt of 2,048', goals: { exact: 1.6, fast: 2.9 } },
  { ...one, id: 'append-256@2k', phase: 'prefill', prefixTokens: 2048, isWarm: true, appendTokens: 256, what: '256 new tokens on a cached prefix of 2,048', goals: { exact: 2.5, fast: 3.5 } },
  { ...one, id: 'append-256@7k', phase: 'prefill', prefixTokens: 7168, isWarm: true, appendTokens: 256, what: '256 new tokens on a cached prefix of 7,168', goals: { exact: 2.5, fast: 3.5 } },
  { ...decode, id: 'decode-1', generate: 128, what: 'one sequence, 128 after 128', goals: { compact: 1.3 } },
  { ...decode, id: 'decode-16', traces: 16, what: '16 sequences, 64 after distinct prompts of 128', goals: { exact: 2.5, fast: 5 } },
  { ...decode, id: 'decode-32', traces: 32, what: '32 sequences, 64 after distinct prompts of 128', goals: { exact: 2.5, fast: 5 } },
  { ...decode, id: 'decode-1@7k', prefixTokens: 7168, isWarm: true, appendTokens: 16, what: 'one sequence, 64 after 7,184', goals: { exact: 2, fast: 2.7 } },
  { ...decode, id: 'fanout-16@2k', prefixTokens: 2048, isWarm: true, traces: 16, appendTokens: 64, what: '16 sequences over one cached prefix of 2,048, each with 64 of its own: 64 generated each', goals: { exact: 3.3, fast: 5 } },
  { id: 'agents-4', phase: 'wall', prefixTokens: 1500, isWarm: false, traces: 4, steps: 10, appendTokens: 300, generate: 48, what: '4 traces at once: system prompt of 1,500 in common, 10 steps of +300, 48 generated each', goals: { exact: 3.5, fast: 5 } },
  { ...one, id: 'ready', phase: 'ready', appendTokens: 16, what: 'a process starts, opens the model, gives the first token of a prompt of 16', goals: {} },
  { ...one, id: 'prefill-512+foreign', phase: 'prefill', appendTokens: 512, foreign: { of: 'prefill-512' }, what: 'prefill-512 beside a foreign busy thread', goals: {} },
  { ...decode, id: 'decode-1+foreign', generate: 128, foreign: { of: 'decode-1' }, what: 'decode-1 beside a foreign busy thread', goals: {} },
];

/**
 * The tokens of one repeat, the same for every subject. No repeat shares a prompt with another: all subjects have prefix caches.
 * Ids below `firstToken` are left out, for control tokens are there.
 */
export function workOf(scenario: Scenario, repeat: number, vocab: number): Work {
  const draw = words(hash(`${scenario.foreign?.of ?? scenario.id}/${repeat}${scenario.foreign === undefined ? '' : '/foreign'}`));
  const tokens = (count: number): number[] => Array.from({ length: count }, () => firstToken + (draw() % (vocab - firstToken)));
  const prefix = tokens(scenario.prefixTokens);
  const traces = Array.from({ length: scenario.traces }, () => ({
    steps: Array.from({ length: scenario.steps }, () => ({ append: tokens(scenario.appendTokens), generate: scenario.generate })),
  }));
  return { prefix, warm: scenario.isWarm, traces };
}

/** Prompt tokens inside the measured time. */
export const promptTokens = (scenario: Scenario): number => (scenario.isWarm ? 0 : scenario.prefixTokens) + scenario.traces * scenario.steps * scenario.appendTokens;

const firstToken = 100;

/** FNV-1a of the characters. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; ++i) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
