import type { Policy } from '../policy.ts';
import { pinTier } from '../retention.ts';
import type { Params, Tunables } from '../tunable.ts';
import { prefixRoute, usualRoute } from './router.ts';

export const tunables = { ttlMs: { from: 100, to: 600_000, scale: 'log', start: 10_000 } } as const satisfies Tunables;

/**
 * Every prefix stays resident for the same time after each step, whatever was called, and after that it is evictable as any other.
 * It is what the papers on time to live compare with (Continuum, arXiv:2511.02230, section 4, derives its own from here).
 */
export const fixedTtl = ({ ttlMs }: Params<typeof tunables>): Policy => ({
  name: 'fixed-ttl',
  spills: true,
  order: ({ acceptedAtMs }) => acceptedAtMs,
  place: (ask, candidates) => prefixRoute(ask, candidates, usualRoute),
  retain: () => ({ keepValue: 0, demoteAfterMs: null, recallAfterMs: null, holdMs: ttlMs, why: `kept for ${Math.round(ttlMs)} ms, as everything` }),
  pin: pinTier,
});
