import type { Policy } from '../policy.ts';
import { pinTier } from '../retention.ts';
import type { Tunables } from '../tunable.ts';
import { able, leastLoaded } from './load.ts';

export const tunables = {} as const satisfies Tunables;

/**
 * A load balancer that counts requests, over plain engines: each step to the worker with the fewest, served in order of arrival, and the least recently used goes first.
 * Published: load-aware routing gives 1.04x the tokens a second of random routing (llm-d, benchmark report "73-capacity", 40 requests/s);
 * here 0.96×: not reproduced, see docs/benchmarks/policy-published.md.
 */
export const leastLoadedLru = (): Policy => ({
  name: 'least-loaded-lru',
  spills: false,
  order: ({ acceptedAtMs }) => acceptedAtMs,
  place: (ask, candidates) => leastLoaded(able(ask, candidates)),
  retain: () => ({ keepValue: 0, demoteAfterMs: null, recallAfterMs: null, why: 'least recently used goes first' }),
  pin: pinTier,
});
