import type { Policy } from '../policy.ts';
import { pinTier } from '../retention.ts';
import type { Tunables } from '../tunable.ts';
import { able, leastLoaded } from './load.ts';

export const tunables = {} as const satisfies Tunables;

/** A load balancer that counts requests, over plain engines: each step to the worker with the fewest, served in order of arrival, and the least recently used goes first. */
export const leastLoadedLru = (): Policy => ({
  name: 'least-loaded-lru',
  spills: false,
  order: ({ acceptedAtMs }) => acceptedAtMs,
  place: (ask, candidates) => leastLoaded(able(ask, candidates)),
  retain: () => ({ keepValue: 0, demoteAfterMs: null, recallAfterMs: null, why: 'least recently used goes first' }),
  pin: pinTier,
});
