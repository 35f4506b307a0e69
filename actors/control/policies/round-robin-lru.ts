import { priorityOf } from '../order.ts';
import type { Policy } from '../policy.ts';
import { type Candidate, hasRoom, isEver, withRoom } from '../placement.ts';
import { pinTier } from '../retention.ts';
import type { WaitingStep } from '../types.ts';

/**
 * What a plain load balancer over plain engines does: whoever is next, if it has room; what it holds does not matter, and the least recently used goes first.
 * Published: random routing gives 0.46x the tokens a second of precise prefix scheduling (llm-d, benchmark report "73-capacity", 40 requests/s);
 * here 0.76×: direction only, see docs/benchmarks/policy-published.md.
 */
export function roundRobinLru(): Policy {
  let turn = 0;
  /** Workers by name, and where each stood among the candidates: it is asked of the same ones again and again. */
  let sorted: readonly { readonly name: string; readonly at: number }[] = [];
  const areSorted = (candidates: readonly Candidate[]): boolean => candidates.length === sorted.length && sorted.every(({ name, at }) => candidates[at]!.worker === name);
  return {
    name: 'round-robin-lru',
    spills: false,
    order: (ask, remainingS, waitedMs) => priorityOf(ask.class, remainingS, waitedMs),
    worthALook(waiting, openings) {
      const byName = openings.toSorted((a, b) => (a.view.name < b.view.name ? -1 : 1));
      const isNextFree = ({ ask }: WaitingStep): boolean => {
        const able = byName.filter(({ view }) => isEver(ask, view)), next = able[turn % Math.max(1, able.length)];
        return next !== undefined && hasRoom(ask, next.view, next.claim);
      };
      // The turn moves on only when a step gets one.
      return waiting.some(isNextFree) ? withRoom(waiting, openings) : [];
    },
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
