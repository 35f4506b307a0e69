import type { Policy } from '../policy.ts';
import { pinTier } from '../retention.ts';
import type { Params, Tunables } from '../tunable.ts';
import { copyMs } from '../copies.ts';
import { prefixRoute, usualRoute } from './router.ts';

export const tunables = { swaps: { from: 0.25, to: 16, scale: 'log', start: 1 } } as const satisfies Tunables;

/**
 * A prefix stays as long as copying it out and back would take, and is demoted then: the time to rent before one buys, at most twice the cost of
 * who knew the gap (ski rental: Karlin, Manasse, Rudolph, Sleator, "Competitive snoopy caching", Algorithmica 1988). `swaps`: how many such
 * round trips it stays. Where there is no lower tier nothing is demoted.
 * Published: that bound of 2 on the cost of holding and copying;
 * here 1.50×: reproduced, see docs/benchmarks/policy-published.md.
 */
export const swapTtl = ({ swaps }: Params<typeof tunables>): Policy => ({
  name: 'swap-ttl',
  spills: true,
  order: ({ acceptedAtMs }) => acceptedAtMs,
  place: (ask, candidates) => prefixRoute(ask, candidates, usualRoute),
  retain(ask, view) {
    if (view === null || view.load.dramBlocks === 0) return { keepValue: 0, demoteAfterMs: null, recallAfterMs: null, why: 'no lower tier' };
    const ttlMs = swaps * 2 * copyMs(ask.tokens, view);
    return { keepValue: 0, demoteAfterMs: ttlMs, recallAfterMs: null, holdMs: ttlMs, why: `out and back takes ${Math.round(2 * copyMs(ask.tokens, view))} ms` };
  },
  pin: pinTier,
});
