import type { Policy } from '../policy.ts';
import { pinTier } from '../retention.ts';
import type { Params, Tunables } from '../tunable.ts';
import { prefixRoute, usualRoute } from './router.ts';

export const tunables = { ttlMs: { from: 100, to: 600_000, scale: 'log', start: 10_000 } } as const satisfies Tunables;

/**
 * Every prefix stays resident for the same time after each step, whatever was called, and is demoted then, or forgotten where there is no lower
 * tier. (Were it only evictable from then on, this would be least recently used: what was held first is let go first.)
 * It is the static time to live that Continuum is compared with (arXiv:2511.02230, section 6.4), without its order by program.
 * Published: jobs are done sooner than under vLLM (figure 16, a picture);
 * here 0.96×: not reproduced, see docs/benchmarks/policy-published.md.
 */
export const fixedTtl = ({ ttlMs }: Params<typeof tunables>): Policy => ({
  name: 'fixed-ttl',
  spills: true,
  order: ({ acceptedAtMs }) => acceptedAtMs,
  place: (ask, candidates) => prefixRoute(ask, candidates, usualRoute),
  retain(_ask, view) {
    const why = `kept for ${Math.round(ttlMs)} ms, as everything`;
    const hasBelow = view !== null && view.load.dramBlocks > 0;
    return { keepValue: 0, demoteAfterMs: hasBelow ? ttlMs : null, recallAfterMs: null, holdMs: ttlMs, ...(hasBelow ? {} : { dropAfterMs: ttlMs }), why };
  },
  pin: pinTier,
});
