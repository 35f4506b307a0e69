import { blockTokens } from '../../lib/chain.ts';
import type { PlaceAsk } from '../../lib/asks.ts';
import { type Candidate, runsOf } from '../placement.ts';
import type { WorkerView } from '../types.ts';

/** Those that could take the step, at once or from their queue; one that refused it only where there is no other. */
export function able(ask: PlaceAsk, candidates: readonly Candidate[]): readonly Candidate[] {
  // Most often that is everybody, and no list has to be made.
  const ever = candidates.every(({ score }) => Number.isFinite(score)) ? candidates : candidates.filter(({ score }) => Number.isFinite(score));
  if (ask.avoid.length === 0) return ever;
  const willing = ever.filter(({ worker }) => !ask.avoid.includes(worker));
  return willing.length > 0 ? willing : ever;
}

/** Blocks that running steps were granted, or were promised since the last beat; what is merely cached is not among them. */
export const activeBlocks = ({ load, promisedBlocks }: WorkerView): number => Math.max(0, load.hbmBlocks - load.hbmGrantable) + promisedBlocks;

export const hbmTokens = ({ load }: WorkerView): number => load.hbmBlocks * blockTokens;
export const dramTokens = ({ load }: WorkerView): number => load.dramBlocks * blockTokens;

/** The first of those with the smallest cost, by name: the same whatever the order they come in. */
export function smallest(candidates: readonly Candidate[], cost: (candidate: Candidate) => number): Candidate | null {
  let best: Candidate | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const costs = cost(candidate);
    if (best !== null && (costs > least || (costs === least && candidate.worker > best.worker))) continue;
    best = candidate;
    least = costs;
  }
  return best;
}

export const leastLoaded = (candidates: readonly Candidate[]): Candidate | null => smallest(candidates, ({ view }) => runsOf(view));
