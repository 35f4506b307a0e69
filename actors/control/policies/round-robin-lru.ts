import { priorityOf } from '../order.ts';
import type { Policy } from '../policy.ts';
import { type Candidate, isRoomFor } from '../placement.ts';
import { pinTier } from '../retention.ts';

/** What a plain load balancer over plain engines does: whoever is next, if it has room; what it holds does not matter, and the least recently used goes first. */
export function roundRobinLru(): Policy {
  let turn = 0;
  /** Workers by name, and where each stood among the candidates: it is asked of the same ones again and again. */
  let sorted: readonly { readonly name: string; readonly at: number }[] = [];
  const areSorted = (candidates: readonly Candidate[]): boolean => candidates.length === sorted.length && sorted.every(({ name, at }) => candidates[at]!.worker === name);
  return {
    name: 'round-robin-lru',
    spills: false,
    order: (ask, remainingS, waitedMs) => priorityOf(ask.class, remainingS, waitedMs),
    mayPlace: isRoomFor,
    place(_ask, candidates) {
      if (!areSorted(candidates)) sorted = candidates.map(({ worker }, at) => ({ name: worker, at })).sort((a, b) => (a.name < b.name ? -1 : 1));
      let able = 0;
      for (const { score } of candidates) if (Number.isFinite(score)) able++;
      let left = turn % Math.max(1, able);
      const next = sorted.find(({ at }) => Number.isFinite(candidates[at]!.score) && left-- === 0);
      const chosen = next === undefined ? null : candidates[next.at]!;
      if (chosen === null || !chosen.hasRoom) return null;
      turn += 1;
      return chosen;
    },
    retain: () => ({ keepValue: 0, demoteAfterMs: null, recallAfterMs: null, why: 'least recently used goes first' }),
    pin: pinTier,
  };
}
