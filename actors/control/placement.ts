import type { Claim } from '../../schemas/messages.ts';
import type { PlaceAsk } from '../lib/asks.ts';
import { blockTokens, blocksOf } from '../lib/chain.ts';
import type { Held, WaitingStep, WorkerView } from './types.ts';

export interface Candidate {
  readonly worker: string;
  /** Expected seconds until the first token; infinite: it can never take the step. */
  readonly score: number;
  readonly hasRoom: boolean;
  readonly held: Held;
  readonly tokensToCompute: number;
  readonly queueS: number;
  readonly idleSinceMs: number | null;
  /** What the score was made of: for policies that weigh load and memory otherwise. */
  readonly view: WorkerView;
}

/** A worker as every step finds it, and the oldest claim on it. `blocks`: how large a step without a claim may be to begin there at once; negative: none can. */
export interface Opening { readonly view: WorkerView; readonly claim: Claim | null; readonly blocks: number }

/** Until a worker has measured itself. On a small CPU, from its first bench. */
const prefillGuess = 600, decodeGuess = 60, recallGuess = 2e9;

export const prefillRate = (view: WorkerView): number => view.load.prefillTokensPerS || prefillGuess;
export const decodeRate = (view: WorkerView): number => view.load.decodeTokensPerS || decodeGuess;
export const recallRate = (view: WorkerView): number => view.load.recallBytesPerS || recallGuess;

/** The worst case, which is what a worker grants. */
export const blocksNeeded = (ask: PlaceAsk): number => blocksOf(ask.promptTokens + ask.maxTokens);

/**
 * Scores one worker by when the step's first token would be out there: its queue, what it would recall, what it would compute.
 * `holdings`: of all workers. `claim`: the oldest on this one, which leaves less room to every other step.
 */
export function scoreOf(ask: PlaceAsk, view: WorkerView, holdings: readonly Held[], claim: Claim | null): Candidate {
  const held = heldBy(view.name, holdings);
  const { load } = view;
  const tokensToCompute = Math.max(1, ask.promptTokens - held.hbmTokens - held.dramTokens);
  const queueS = (load.backlogTokens + promisedTo(view, ask.step)) / prefillRate(view);
  const recallS = (held.dramTokens / blockTokens) * load.blockBytes / recallRate(view);
  // Every other running sequence takes its share of each iteration.
  const sharingS = (load.running + view.promisedRuns) * 0.5 / decodeRate(view) * 10;
  // A worker that refused or lost this step is the last resort, not out of question: it may be the only one.
  const avoidS = ask.avoid.includes(view.name) ? 30 : 0;
  return {
    worker: view.name, held, tokensToCompute, queueS, hasRoom: hasRoom(ask, view, claim), idleSinceMs: view.idleSinceMs, view,
    score: isEver(ask, view) ? queueS + recallS + tokensToCompute / prefillRate(view) + sharingS + avoidS + awayS(ask, view) : Number.POSITIVE_INFINITY,
  };
}

/** To a worker of another region the step goes, and from there its answer comes. */
function awayS({ region }: PlaceAsk, { link }: WorkerView): number {
  if (region === undefined || link === null || link.region === region) return 0;
  return link.far === null ? Number.POSITIVE_INFINITY : (2 * link.far.latencyMs) / 1000;
}

/** Tokens to compute of the steps placed on a worker since its last beat, but for one. */
export function promisedTo({ promisedTokens }: WorkerView, apart: string | null): number {
  if (promisedTokens.size === 0) return 0;
  let sum = 0;
  for (const [step, tokens] of promisedTokens) if (step !== apart) sum += tokens;
  return sum;
}

/** What `holdings` say of one worker. */
export function heldBy(worker: string, holdings: readonly Held[]): Held {
  for (const held of holdings) if (held.worker === worker) return held;
  return { worker, hbmTokens: 0, dramTokens: 0 };
}

/** It could take the step if it were empty. */
export const isEver = (ask: PlaceAsk, view: WorkerView): boolean => !lacksModel(ask, view) && !lacksContext(ask, view) && blocksNeeded(ask) <= view.load.hbmBlocks && awayS(ask, view) < Number.POSITIVE_INFINITY;

/** Those of the waiting steps that some worker could begin at once. Past the knee that is hardly one of a hundred, and most need more than the roomiest worker has. */
export function withRoom(waiting: readonly WaitingStep[], openings: readonly Opening[]): readonly WaitingStep[] {
  const most = Math.max(...openings.map(({ blocks }) => blocks)), claimed = openings.flatMap(({ claim }) => (claim === null ? [] : [claim.step]));
  return waiting.filter(({ ask }) => (blocksNeeded(ask) <= most || claimed.includes(ask.step)) && openings.some(({ view, claim }) => hasRoom(ask, view, claim)));
}

export const openingOf = (view: WorkerView, claim: Claim | null): Opening => ({ view, claim, blocks: lacksRuns(nobody, view, claim) ? -1 : roomFor(nobody, view, claim) });

/** Has no claim. */
const nobody: Pick<PlaceAsk, 'step'> = { step: '' };

/** The worker could begin the step at once. */
export const hasRoom = (ask: PlaceAsk, view: WorkerView, claim: Claim | null): boolean =>
  !lacksModel(ask, view) && !lacksContext(ask, view) && blocksNeeded(ask) <= roomFor(ask, view, claim) && !lacksRuns(ask, view, claim);

/** Why the worker has no room for the step, or never will; empty: it has. Apart from the score, which is made far more often than anybody asks why. */
export function lackOf(ask: PlaceAsk, view: WorkerView, claim: Claim | null): string {
  const { load } = view, blocks = blocksNeeded(ask);
  if (lacksModel(ask, view)) return `serves ${load.model}`;
  if (lacksContext(ask, view)) return `takes ${load.contextLength} tokens`;
  const kept = keptFrom(ask, claim), keptFor = kept === null ? '' : `, ${kept.blocks} kept for ${kept.step}`;
  if (blocks > roomFor(ask, view, claim)) return `${Math.max(0, load.hbmGrantable - view.promisedBlocks)} of ${load.hbmBlocks} blocks are free${keptFor}, ${blocks} needed`;
  return lacksRuns(ask, view, claim) ? `${runsOf(view)} of ${load.runsMax} runs${keptFor}` : '';
}

const lacksModel = (ask: PlaceAsk, { load }: WorkerView): boolean => load.model !== ask.model;
const lacksContext = (ask: PlaceAsk, { load }: WorkerView): boolean => ask.promptTokens >= load.contextLength;
/** Steps that a worker runs, or has in its queue, or was given since its last beat. */
export const runsOf = ({ load, promisedRuns }: WorkerView): number => load.running + load.waiting + promisedRuns;
const lacksRuns = (ask: Pick<PlaceAsk, 'step'>, view: WorkerView, claim: Claim | null): boolean => runsOf(view) + (keptFrom(ask, claim) === null ? 0 : 1) >= view.load.runsMax;
/** A claim leaves its room to everybody but the step that it is for. */
const keptFrom = (ask: Pick<PlaceAsk, 'step'>, claim: Claim | null): Claim | null => (claim?.step === ask.step ? null : claim);

function roomFor(ask: Pick<PlaceAsk, 'step'>, view: WorkerView, claim: Claim | null): number {
  const { load } = view, kept = keptFrom(ask, claim);
  // Nothing runs there: what is promised are pins, and the worker makes them give way to a run. A child would wait for them, and they for it.
  return runsOf(view) === 0 && kept === null ? load.hbmBlocks : load.hbmGrantable - view.promisedBlocks - (kept?.blocks ?? 0);
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
  const best = firstOf(candidates, () => true);
  if (best === null || best.hasRoom) return best;
  return firstOf(candidates, ({ hasRoom, score, idleSinceMs }) => {
    const savedMs = (score - best.score) * 1_000;
    const isIdle = idleSinceMs !== null && nowMs - idleSinceMs >= idleLeastMs;
    return hasRoom && waitedMs >= savedMs * (isIdle ? 1 : patience);
  });
}

/** The first in the order of `bestFirst`. */
function firstOf(candidates: readonly Candidate[], isAble: (candidate: Candidate) => boolean): Candidate | null {
  let first: Candidate | null = null;
  for (const candidate of candidates) {
    if (Number.isFinite(candidate.score) && (first === null || goesBefore(candidate, first)) && isAble(candidate)) first = candidate;
  }
  return first;
}

/** Those that could take the step, at once or later. */
export const bestFirst = (candidates: readonly Candidate[]): readonly Candidate[] =>
  candidates.filter(({ score }) => Number.isFinite(score)).toSorted((a, b) => (goesBefore(a, b) ? -1 : 1));

const goesBefore = (a: Candidate, b: Candidate): boolean => (a.score === b.score ? a.worker < b.worker : a.score < b.score);
