import type { Policy } from '../policy.ts';
import { pinTier } from '../retention.ts';
import { blockTokens } from '../../lib/chain.ts';
import type { Params, Tunables } from '../tunable.ts';
import type { WorkerView } from '../types.ts';
import { copyMs, recomputeMs } from '../copies.ts';
import { activeBlocks } from './load.ts';
import { Arrivals } from './programs.ts';
import { prefixRoute, usualRoute } from './router.ts';

export const tunables = {
  stall: { from: 0, to: 1, scale: 'linear', start: 0.1 },
  patience: { from: 0.25, to: 8, scale: 'log', start: 1 },
} as const satisfies Tunables;

/**
 * InferCept (Abhyankar, He, Srivatsa, Zhang, Zhang: ICML 2024, arXiv:2402.01869): of preserving, swapping and discarding a context during an
 * interception the one that wastes the least memory x time. Equations 1 to 3, and 4 in section 4.2, say what each wastes; section 4.4 takes as the
 * length of an interception the time that it has lasted (sections as two reviews of the paper quote them). So a context is preserved until that time makes preserving the dearest,
 * and since only that grows, when that is follows from the others at once. Programs are served in the order in which they first came (4.3).
 *
 * `stall`: the part of a copy that others have to wait for, after pipelining and chunking hid the rest (4.1). `patience` stretches the switch; both are ours.
 * Published: 1.6-2x the load of vLLM at the same latency (abstract; 1.6x with GPT-J-6B, figure 2);
 * here 3.97×: direction only, see docs/benchmarks/policy-published.md.
 */
export function infercept(params: Params<typeof tunables>): Policy {
  const arrivals = new Arrivals();
  return {
    name: 'infercept',
    spills: true,
    order: (ask) => arrivals.of(ask),
    place(ask, candidates) {
      arrivals.of(ask);
      return prefixRoute(ask, candidates, usualRoute);
    },
    retain(ask, view) {
      if (view === null) return { keepValue: 0, demoteAfterMs: null, recallAfterMs: null, why: 'worker not seen' };
      const { swapMs, discardMs } = switchTimes(ask.tokens, view, params.stall);
      const doesSwap = view.load.dramBlocks > 0 && swapMs <= discardMs;
      const afterMs = params.patience * (doesSwap ? swapMs : discardMs);
      const why = `preserving wastes the least for ${Math.round(afterMs)} ms, then ${doesSwap ? 'swapping' : 'discarding'} does`;
      return { keepValue: 0, demoteAfterMs: doesSwap ? afterMs : null, recallAfterMs: null, holdMs: afterMs, ...(doesSwap ? {} : { dropAfterMs: afterMs }), why };
    },
    pin: pinTier,
    ended: (trace) => arrivals.ended(trace),
  };
}

/**
 * After how long preserving has wasted what a swap does, and what chunked recomputation does. All three are in tokens held x milliseconds:
 * preserving t x C; a swap 2 copies x (C + stall x others); recomputation, spread over chunks that fill what the batch leaves, T(C) x (C / 2 + others).
 */
function switchTimes(tokens: number, view: WorkerView, stall: number): { readonly swapMs: number; readonly discardMs: number } {
  const others = activeBlocks(view) * blockTokens;
  return {
    swapMs: 2 * copyMs(tokens, view) * (1 + (stall * others) / tokens),
    discardMs: recomputeMs(tokens, view) * (0.5 + others / tokens),
  };
}
