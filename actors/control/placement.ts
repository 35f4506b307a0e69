import type { Claim } from '../../schemas/messages.ts';
import type { PlaceAsk } from '../lib/asks.ts';
import { blockTokens, blocksOf } from '../lib/chain.ts';
import type { Held, WorkerView } from './types.ts';

export interface Candidate {
  readonly worker: string;
  /** Expected seconds until the first token; infinite: it can never take the step. */
  readonly score: number;
  readonly hasRoom: boolean;
  readonly held: Held;
  readonly tokensToCompute: number;
  readonly queueS: number;
  /** Why it has no room, or never will. */
  readonly lacks: string;
  readonly idleSinceMs: number | null;
  /** What the score was made of: for policies that weigh load and memory otherwise. */
  readonly view: WorkerView;
}

/** Until a worker has measured itself. On a small CPU, from its first bench. */
const prefillGuess = 600, decodeGuess = 60, recallGuess = 2e9;

export const prefillRate = (view: WorkerView): number => view.load.prefillTokensPerS || prefillGuess;
export const decodeRate = (view: WorkerView): number => view.load.decodeTokensPerS || decodeGuess;

/** The worst case, which is what a worker grants. */
export const blocksNeeded = (ask: PlaceAsk): number => blocksOf(ask.promptTokens + ask.maxTokens);

/**
 * Scores one worker by when the step's first token would be out there: its queue, what it would recall, what it would compute.
 * `holdings`: of all workers. `claim`: the oldest on this one, which leaves less room to every other step.
 */
export function scoreOf(ask: PlaceAsk, view: WorkerView, holdings: readonly Held[], claim: Claim | null): Candidate {
  const held = holdings.find(({ worker }) => worker === view.name) ?? { worker: view.name, hbmTokens: 0, dramTokens: 0 };
  const { load } = view;
  const tokensToCompute = Math.max(1, ask.promptTokens - held.hbmTokens - held.dramTokens);
  const promisedTokens = [...view.promisedTokens].reduce((sum, [step, tokens]) => sum + (step === ask.step ? 0 : tokens), 0);
  const queueS = (load.backlogTokens + promisedTokens) / prefillRate(view);
  const recallS = (held.dramTokens / blockTokens) * load.blockBytes / (load.recallBytesPerS || recallGuess);
  // Every other running sequence takes its share of each iteration.
  const sharingS = (load.running + view.promisedRuns) * 0.5 / decodeRate(view) * 10;
  const blocks = blocksNeeded(ask);
  const lacks = lackOf(ask, view, blocks, claim?.step === ask.step ? null : claim);
  const never = load.model !== ask.model || ask.promptTokens >= load.contextLength || blocks > load.hbmBlocks;
  // A worker that refused or lost this step is the last resort, not out of question: it may be the only one.
  const avoidS = ask.avoid.includes(view.name) ? 30 : 0;
  return {
    worker: view.name, held, tokensToCompute, queueS, lacks, hasRoom: lacks === '', idleSinceMs: view.idleSinceMs, view,
    score: never ? Number.POSITIVE_INFINITY : queueS + recallS + tokensToCompute / prefillRate(view) + sharingS + avoidS,
  };
}

function lackOf(ask: PlaceAsk, view: WorkerView, blocks: number, kept: Claim | null): string {
  const { load } = view;
  if (load.model !== ask.model) return `serves ${load.model}`;
  if (ask.promptTokens >= load.contextLength) return `takes ${load.contextLength} tokens`;
  const runs = load.running + load.waiting + view.promisedRuns;
  // Nothing runs there: what is promised are pins, and the worker makes them give way to a run. A child would wait for them, and they for it.
  const room = runs === 0 && kept === null ? load.hbmBlocks : load.hbmGrantable - view.promisedBlocks - (kept?.blocks ?? 0);
  const keptFor = kept === null ? '' : `, ${kept.blocks} kept for ${kept.step}`;
  if (blocks > room) return `${Math.max(0, load.hbmGrantable - view.promisedBlocks)} of ${load.hbmBlocks} blocks are free${keptFor}, ${blocks} needed`;
  if (runs + (kept === null ? 0 : 1) >= load.runsMax) return `${runs} of ${load.runsMax} runs${keptFor}`;
  return '';
}

/** A worker that has been idle for less may be about to get a step that belongs there, from whichever conductor. */
const idleLeastMs = 200;
/** How often over a step waits what a move would save, before it moves to a worker that is busy as well. */
const patience = 4;

/**
 * Strict locality under cost: the worker with the least expected time to the first token, among those with room now.
 *
 * A step whose prefix is at a full worker waits, until it has waited as long as computing the prefix anew elsewhere takes,
 * and then moves only to a worker that has nothing to do. When all are busy a move makes nobody faster: it adds the
 * recompute to the work of all, and whoever it displaces moves in turn. Waiting is bounded all the same.
 */
export function choose(candidates: readonly Candidate[], waitedMs: number, nowMs: number): Candidate | null {
  const byScore = bestFirst(candidates);
  const best = byScore[0];
  if (best === undefined || best.hasRoom) return best ?? null;
  return byScore.find(({ hasRoom, score, idleSinceMs }) => {
    const savedMs = (score - best.score) * 1_000;
    const isIdle = idleSinceMs !== null && nowMs - idleSinceMs >= idleLeastMs;
    return hasRoom && waitedMs >= savedMs * (isIdle ? 1 : patience);
  }) ?? null;
}

/** Those that could take the step, at once or later. */
export const bestFirst = (candidates: readonly Candidate[]): readonly Candidate[] =>
  candidates.filter(({ score }) => Number.isFinite(score)).toSorted((a, b) => a.score - b.score || (a.worker < b.worker ? -1 : 1));
