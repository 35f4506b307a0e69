import { priorityOf } from '../order.ts';
import type { Policy } from '../policy.ts';
import { pinTier } from '../retention.ts';

/** What a plain load balancer over plain engines does: whoever is next, if it has room; what it holds does not matter, and the least recently used goes first. */
export function roundRobinLru(): Policy {
  let turn = 0;
  return {
    name: 'round-robin-lru',
    spills: false,
    needsRoom: true,
    order: (ask, remainingS, waitedMs) => priorityOf(ask.class, remainingS, waitedMs),
    place(_ask, candidates) {
      const able = candidates.filter((candidate) => Number.isFinite(candidate.score)).sort((a, b) => (a.worker < b.worker ? -1 : 1));
      const next = able[turn % Math.max(1, able.length)];
      if (next === undefined || !next.hasRoom) return null;
      turn += 1;
      return next;
    },
    retain: () => ({ keepValue: 0, demoteAfterMs: null, recallAfterMs: null, why: 'least recently used goes first' }),
    pin: pinTier,
  };
}
