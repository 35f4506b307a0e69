import type { PlaceAsk } from '../../lib/asks.ts';
import { broughtFrom, savesMs, soonestSource } from '../migration.ts';
import { type Candidate, prefillRate } from '../placement.ts';
import type { Policy } from '../policy.ts';
import { pinTier } from '../retention.ts';
import type { Params, Tunables } from '../tunable.ts';
import { copyMs } from '../copies.ts';
import { able, activeBlocks, smallest } from './load.ts';

export const tunables = {
  demoteOver: { from: 0, to: 4, scale: 'linear', start: 4 },
  recallUnder: { from: 0, to: 1, scale: 'linear', start: 0.5 },
  earlyBy: { from: 1, to: 16, scale: 'log', start: 4 },
  movePrice: { from: 1, to: 256, scale: 'log', start: 16 },
} as const satisfies Tunables;

const joinGuessMs = 60_000;
/** Above any instant in milliseconds: what is used again has a value over zero, and what is not, zero. */
const beyondAll = 1e14;

/** What nobody can know: told by a replay, which has the whole trace. */
export interface Future {
  /** The instant of the trace's next step; infinite: there is none, or it waits for children. */
  nextUseMs(trace: string): number;
  /** Accelerator seconds that are left of the trace. */
  remainingS(trace: string): number;
}

/**
 * Knows every gap and every length, and so bounds what a forecast can win; it is no bound on what any policy can: placement is greedy.
 * Memory: the farthest next use goes first (Belady, "A study of replacement algorithms", IBM Systems Journal 1966), from each tier. While running
 * steps have, or wait for, more than `demoteOver` of hbm, a prefix whose gap outlasts a copy out and back is demoted at once; while they have less than
 * `recallUnder`, so that there will be room, each is recalled `earlyBy` times as long before it is needed as the copy takes. Of a parent
 * it knows no more than others when its children will be done. Order: shortest remaining time (Schrage 1968), with the true one. Placement: a trace goes where the least work is left of those that are there, and stays, unless another worker would be sooner by
 * `movePrice` times what the move takes. What is missing there is computed, or comes from another worker where that is sooner.
 * Published: Belady recomputes 0.76x of what SAGA does (arXiv:2605.00528, table 2: SAGA is within 1.31x);
 * here 0.41×: direction only, see docs/benchmarks/policy-published.md.
 */
export function oracle({ demoteOver, recallUnder, earlyBy, movePrice }: Params<typeof tunables>, future: Future): Policy {
  const homes = new Map<string, string>();

  function bestOf(ask: PlaceAsk, open: readonly Candidate[], candidates: readonly Candidate[]): Candidate | null {
    const homeName = homes.get(ask.trace) ?? ask.previousWorker;
    if (open.some(({ worker }) => worker === homeName)) {
      return smallest(open, (candidate) => {
        const { worker, score, tokensToCompute, view } = candidate, saved = savedS(candidate, candidates);
        // KV that comes along pushes out what others would have to bring back: it is as dear as computing where runs have all of hbm, and free where there are none.
        const fullness = Math.min(1, activeBlocks(view) / Math.max(1, view.load.hbmBlocks));
        return score - saved + (worker === homeName ? 0 : movePrice * (tokensToCompute / prefillRate(view) - saved * (1 - fullness)));
      });
    }
    const leftS = new Map<string, number>();
    for (const [trace, worker] of homes) leftS.set(worker, (leftS.get(worker) ?? 0) + future.remainingS(trace));
    return smallest(open, (candidate) => candidate.score - savedS(candidate, candidates) + (leftS.get(candidate.worker) ?? 0));
  }

  return {
    name: 'oracle',
    spills: true,
    order: ({ trace }) => future.remainingS(trace),
    place(ask, candidates) {
      const chosen = bestOf(ask, able(ask, candidates), candidates);
      if (chosen !== null) homes.set(ask.trace, chosen.worker);
      return chosen;
    },
    migrate(_ask, to, candidates) {
      const source = soonestSource(to, candidates);
      return source === null ? null : broughtFrom(source, to);
    },
    retain(ask, view, nowMs) {
      const toldMs = future.nextUseMs(ask.trace);
      const nextMs = toldMs === Number.POSITIVE_INFINITY && ask.children > 0 ? nowMs + joinGuessMs : toldMs;
      if (nextMs === Number.POSITIVE_INFINITY) return { keepValue: 0, demoteAfterMs: null, recallAfterMs: null, why: 'never used again' };
      const gapMs = Math.max(0, nextMs - nowMs);
      const keepValue = beyondAll - nextMs;
      if (view === null || view.load.dramBlocks === 0) return { keepValue, demoteAfterMs: null, recallAfterMs: null, why: `used again in ${Math.round(gapMs)} ms` };
      const copy = copyMs(ask.tokens, view);
      const active = activeBlocks(view) / Math.max(1, view.load.hbmBlocks), isLong = gapMs > (1 + earlyBy) * copy;
      const recallAfterMs = active < recallUnder ? Math.max(0, gapMs - earlyBy * copy) : null;
      return { keepValue, demoteAfterMs: isLong && active > demoteOver ? 0 : null, recallAfterMs, why: `used again in ${Math.round(gapMs)} ms; a copy takes ${Math.round(copy)} ms` };
    },
    pin: pinTier,
    ended: (trace) => void homes.delete(trace),
  };
}

/** Seconds that KV of another worker would save here, of those that computing what is missing takes. */
function savedS(to: Candidate, candidates: readonly Candidate[]): number {
  if (to.view.link === null) return 0;
  const source = soonestSource(to, candidates);
  return source === null ? 0 : savesMs(source, to) / 1000;
}
