import type { PlaceAsk } from '../../lib/asks.ts';
import type { Policy } from '../policy.ts';
import { pinTier } from '../retention.ts';
import type { Params, Tunables } from '../tunable.ts';
import { able, leastLoaded } from './load.ts';

export const tunables = {
  queues: { from: 2, to: 12, scale: 'whole', start: 7 },
  firstQuantumMs: { from: 50, to: 60_000, scale: 'log', start: 1_000 },
  starvation: { from: 1, to: 64, scale: 'log', start: 8 },
  shortTokens: { from: 64, to: 32_768, scale: 'log', start: 2_048 },
} as const satisfies Tunables;

/** Larger than any instant in milliseconds: levels first, arrival within a level. */
const perLevel = 1e14;

/**
 * Autellix (Luo, Shi, Cai, et al., arXiv:2502.13965): least attained service over whole programs (section 4.2.1, equation 1). A call enters, of
 * several queues, the one that its program's service so far falls into (4.2.2, algorithm 1; that each is twice as wide as the one before is ours);
 * within a queue the first come is served first. A call whose program had waited `starvation` times as long as it was served, when it came, goes to the first queue.
 * Of a program with several threads the service is that of the longest path to the call (ATLAS, equation 2): a subagent starts with what its
 * parent had, and the parent goes on with the most that any of them has.
 * Placement (4.3, algorithm 2): calls of up to `shortTokens` tokens go to the engine with the fewest calls, longer ones to their program's.
 * Unlike theirs, a call that runs is neither moved to a lower queue nor preempted, and one that waits at its engine stays in the queue that it entered: what its
 * program waited counts from the next call on.
 * Published: up to 2x the throughput of vLLM with prefix caching at the same latency on ShareGPT (section 6.3, figure 12);
 * here 1.13×: not reproduced, see docs/benchmarks/policy-published.md.
 */
export function plas({ queues, firstQuantumMs, starvation, shortTokens }: Params<typeof tunables>): Policy {
  const service = new ServicePaths();
  const homes = new Map<string, string>();
  const waited = new Map<string, { readonly ms: number; readonly step: string }>();
  return {
    name: 'plas',
    spills: true,
    order(ask, _remainingS, waitedMs) {
      const servedMs = service.of(ask);
      const isStarved = (waited.get(ask.trace)?.ms ?? 0) + waitedMs >= starvation * Math.max(1, ask.attainedMs) && ask.attainedMs > 0;
      const level = isStarved || servedMs < firstQuantumMs ? 0 : Math.min(queues - 1, 1 + Math.floor(Math.log2(servedMs / firstQuantumMs)));
      return level * perLevel + ask.acceptedAtMs;
    },
    place(ask, candidates) {
      service.of(ask);
      const open = able(ask, candidates);
      const homeName = homes.get(ask.trace) ?? ask.previousWorker ?? (ask.parent === null ? undefined : homes.get(ask.parent));
      const home = open.find(({ worker }) => worker === homeName);
      if (home !== undefined && ask.promptTokens > shortTokens) return home;
      const chosen = leastLoaded(open);
      if (chosen !== null && home === undefined) homes.set(ask.trace, chosen.worker);
      return chosen;
    },
    retain(ask) {
      const before = waited.get(ask.trace);
      if (before?.step !== ask.step) waited.set(ask.trace, { ms: (before?.ms ?? 0) + (ask.queuedMs ?? 0), step: ask.step });
      return { keepValue: 0, demoteAfterMs: null, recallAfterMs: null, why: 'least recently used falls first' };
    },
    pin: pinTier,
    ended(trace) {
      service.ended(trace);
      homes.delete(trace);
      waited.delete(trace);
    },
  };
}

/** Accelerator milliseconds on the longest path of a program up to each trace's next call. */
class ServicePaths {
  /** Of each trace: what it starts from beyond its own service, what it has in all, and the most that a subagent of it has. */
  readonly #startMs = new Map<string, number>();
  readonly #pathMs = new Map<string, number>();
  readonly #joinedMs = new Map<string, number>();

  of({ trace, parent, attainedMs }: PlaceAsk): number {
    const startMs = this.#startMs.get(trace) ?? (parent === null ? 0 : this.#pathMs.get(parent) ?? 0);
    // What follows a join comes on top of the longest of what was joined.
    const lateMs = Math.max(0, (this.#joinedMs.get(trace) ?? 0) - (startMs + attainedMs));
    this.#startMs.set(trace, startMs + lateMs);
    const pathMs = startMs + lateMs + attainedMs;
    this.#pathMs.set(trace, pathMs);
    if (parent !== null) this.#joinedMs.set(parent, Math.max(pathMs, this.#joinedMs.get(parent) ?? 0));
    return pathMs;
  }

  ended(trace: string): void { for (const map of [this.#startMs, this.#pathMs, this.#joinedMs]) map.delete(trace); }
}
