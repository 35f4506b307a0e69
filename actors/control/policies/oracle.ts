import { choose } from '../placement.ts';
import type { Policy } from '../policy.ts';
import { pinTier } from '../retention.ts';
import type { Params, Tunables } from '../tunable.ts';
import { copyMs } from './copies.ts';

export const tunables = {
  pressure: { from: 0, to: 1, scale: 'linear', start: 0.5 },
  earlyBy: { from: 1, to: 8, scale: 'log', start: 2 },
} as const satisfies Tunables;

const joinGuessMs = 60_000;

/** What nobody can know: told by a replay, which has the whole trace. */
export interface Future {
  /** The instant of the trace's next step; infinite: there is none, or it waits for children. */
  nextUseMs(trace: string): number;
  /** Accelerator seconds that are left of the trace. */
  remainingS(trace: string): number;
}

/**
 * Knows every gap and every length, and so bounds what a forecast can win; it is no bound on what any policy can: placement is greedy.
 * Memory: the farthest next use goes first (Belady, "A study of replacement algorithms", IBM Systems Journal 1966), from each tier. While more than
 * `pressure` of hbm is used, a prefix whose gap outlasts a copy out and back is demoted at once; each is recalled so as to be back in time, `earlyBy`
 * times as long before as the copy takes. Of a parent it knows no more than others when its children will be done. Order: shortest remaining time (Schrage 1968), with the
 * true one. Placement: the least expected time to the first token, waiting for a prefix where that is sooner than to compute it elsewhere.
 */
export const oracle = ({ pressure, earlyBy }: Params<typeof tunables>, future: Future): Policy => ({
  name: 'oracle',
  spills: true,
  order: ({ trace }) => future.remainingS(trace),
  place: (_ask, candidates, waitedMs, nowMs) => choose(candidates, waitedMs, nowMs),
  retain(ask, view, nowMs) {
    const toldMs = future.nextUseMs(ask.trace);
    const nextMs = toldMs === Number.POSITIVE_INFINITY && ask.children > 0 ? nowMs + joinGuessMs : toldMs;
    if (nextMs === Number.POSITIVE_INFINITY) return { keepValue: -Number.MAX_VALUE, demoteAfterMs: null, recallAfterMs: null, why: 'never used again' };
    const gapMs = Math.max(0, nextMs - nowMs);
    const keepValue = -nextMs;
    if (view === null || view.load.dramBlocks === 0) return { keepValue, demoteAfterMs: null, recallAfterMs: null, why: `used again in ${Math.round(gapMs)} ms` };
    const copy = copyMs(ask.tokens, view);
    const isTight = view.load.hbmUsed / Math.max(1, view.load.hbmBlocks) > pressure;
    const isWorth = isTight && gapMs > (1 + earlyBy) * copy;
    return { keepValue, demoteAfterMs: isWorth ? 0 : null, recallAfterMs: Math.max(0, gapMs - earlyBy * copy), why: `used again in ${Math.round(gapMs)} ms; a copy takes ${Math.round(copy)} ms` };
  },
  pin: pinTier,
});
