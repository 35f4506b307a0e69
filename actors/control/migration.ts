import { recomputeMs } from './copies.ts';
import type { Candidate } from './placement.ts';
import type { WorkerView } from './types.ts';
import { blocksOf } from '../lib/chain.ts';

/** KV of a step's prompt that comes from another worker, and is not computed where the step was placed. */
export interface Migration {
  readonly from: string;
  /** As many as are expected to come: what is there beyond what the step's worker holds itself. */
  readonly tokens: number;
  readonly why: string;
}

/** Milliseconds from now until the KV of so many tokens of one worker would be at another, what its line has before it included. Infinite: nothing leads there. */
export function transferMs(tokens: number, from: WorkerView, to: WorkerView): number {
  const { link: sends } = from, { link: receives } = to;
  if (sends === null || receives === null) return Number.POSITIVE_INFINITY;
  const line = sends.region === receives.region ? receives.near : receives.far;
  if (line === null) return Number.POSITIVE_INFINITY;
  return Math.max(sends.sendingMs, receives.receivingMs) + line.latencyMs + (blocksOf(tokens) * to.load.blockBytes * 1000) / line.bytesPerS;
}

/** What `source` has of the prompt beyond what `to` has; null: nothing, or nothing that would be there sooner than computed. */
export function broughtFrom(source: Candidate, to: Candidate): Migration | null {
  const tokens = tokensHeld(source) - tokensHeld(to);
  if (source.worker === to.worker || savesMs(source, to) <= 0) return null;
  return { from: source.worker, tokens, why: `${tokens} tokens come from ${source.worker} in ${Math.round(transferMs(tokens, source.view, to.view))} ms; to compute them takes ${Math.round(recomputeMs(tokens, to.view))} ms` };
}

/** From whom the prompt's KV saves `to` the most time, computing it anew included; null: from nobody. */
export function soonestSource(to: Candidate, candidates: readonly Candidate[]): Candidate | null {
  let best: Candidate | null = null, mostMs = 0;
  for (const source of candidates) {
    const savedMs = savesMs(source, to);
    if (savedMs <= 0 || savedMs < mostMs || (savedMs === mostMs && best !== null && source.worker > best.worker)) continue;
    best = source;
    mostMs = savedMs;
  }
  return best;
}

/** How much sooner than computing it what `source` has more would be at `to`; zero: not at all. */
export function savesMs(source: Candidate, to: Candidate): number {
  const tokens = tokensHeld(source) - tokensHeld(to);
  if (tokens <= 0) return 0;
  return Math.max(0, recomputeMs(tokens, to.view) - transferMs(tokens, source.view, to.view));
}

const tokensHeld = ({ held }: Candidate): number => held.hbmTokens + held.dramTokens;
