import type { Policy } from '../policy.ts';
import { pinTier } from '../retention.ts';
import type { Params, Tunables } from '../tunable.ts';
import { copyMs, recomputeMs } from '../copies.ts';
import { ToolGaps } from './gap-sample.ts';
import { Memoryfulness } from './memoryfulness.ts';
import { Arrivals } from './programs.ts';
import { prefixRoute, usualRoute } from './router.ts';

export const tunables = {
  gapsLeast: { from: 5, to: 500, scale: 'log', start: 100 },
  ttlScale: { from: 0.25, to: 8, scale: 'log', start: 1 },
} as const satisfies Tunables;

/** Gaps remembered of each tool, and queueing delays that are averaged. */
const samplesMax = 512, waitsMax = 100;
/** Larger than any instant in milliseconds. */
const behindAllPinned = 1e14;

/**
 * Continuum (Li, Mang, He, et al., arXiv:2511.02230): a generation that calls a tool leaves its context pinned for a time to live, and the queue
 * is first come, first served by program, programs that came back within theirs before all others.
 * Section 4.1 and 4.2, equation 2: the time to live is the t with the largest P(gap <= t) x (T x eta + reload) - t, over the gaps seen of that tool;
 * P is empirical, T the mean queueing delay of steps that came back evicted, eta how far a program's remaining steps shrink as it goes on,
 * reload the copy from dram where there is one, else prefill. With `gapsLeast` gaps or fewer of the tool those of all tools are taken, and with
 * no more of those a tool is taken to last Exp(1 s). Expired prefixes are evictable and fall to dram. The order is that of section 4.3.
 * Published: 1.12-3.66x shorter delay over all settings, up to 2x against vLLM with the 8B model (section 6.2);
 * here 1.33×: reproduced, see docs/benchmarks/policy-published.md.
 */
export function continuum({ gapsLeast, ttlScale }: Params<typeof tunables>): Policy {
  const arrivals = new Arrivals();
  const gaps = new ToolGaps(samplesMax);
  const memoryfulness = new Memoryfulness();
  const pinnedUntilMs = new Map<string, number>();
  /** Of steps under way that came back evicted: the queueing delay that was to be expected, should nobody tell the real one. */
  const evictedWaitMs = new Map<string, number>();
  const waitsMs: number[] = [];

  const isPinned = (trace: string, acceptedAtMs: number): boolean => acceptedAtMs <= (pinnedUntilMs.get(trace) ?? Number.NEGATIVE_INFINITY);
  const meanWaitMs = (): number => (waitsMs.length === 0 ? 0 : waitsMs.reduce((sum, ms) => sum + ms, 0) / waitsMs.length);

  return {
    name: 'continuum',
    spills: true,
    order: (ask) => arrivals.of(ask) + (isPinned(ask.trace, ask.acceptedAtMs) ? 0 : behindAllPinned),
    place(ask, candidates, waitedMs) {
      arrivals.of(ask);
      gaps.closed(ask);
      const chosen = prefixRoute(ask, candidates, usualRoute);
      if (chosen !== null && ask.stepsDone > 0 && !isPinned(ask.trace, ask.acceptedAtMs)) evictedWaitMs.set(ask.trace, waitedMs + chosen.queueS * 1000);
      return chosen;
    },
    retain(ask, view, nowMs) {
      memoryfulness.served(ask.trace, ask.stepsDone);
      const expectedMs = evictedWaitMs.get(ask.trace);
      if (expectedMs !== undefined) {
        evictedWaitMs.delete(ask.trace);
        waitsMs.push(ask.queuedMs ?? expectedMs);
        if (waitsMs.length > waitsMax) waitsMs.shift();
      }
      gaps.opened(ask.trace, ask.tool, nowMs);
      if (view === null) return { keepValue: 0, demoteAfterMs: null, recallAfterMs: null, why: 'worker not seen' };
      const reloadMs = view.load.dramBlocks > 0 ? copyMs(ask.tokens, view) : recomputeMs(ask.tokens, view);
      const sample = gaps.known(ask.tool, gapsLeast);
      // Exp(1 s) and eta = 1: (1 - e^-t) x benefit - t is largest at t = ln(benefit), all in seconds.
      const bestMs = sample === null
        ? 1000 * Math.max(0, Math.log((meanWaitMs() + reloadMs) / 1000))
        : sample.bestWaitMs(meanWaitMs() * memoryfulness.eta + reloadMs);
      const ttlMs = ttlScale * bestMs;
      pinnedUntilMs.set(ask.trace, nowMs + ttlMs);
      const why = `pinned for ${Math.round(ttlMs)} ms: ${Math.round(reloadMs)} ms to reload, ${Math.round(meanWaitMs())} ms of queue, ${sample?.size ?? 'too few'} gaps known`;
      return { keepValue: 0, demoteAfterMs: null, recallAfterMs: null, holdMs: ttlMs, why };
    },
    pin: pinTier,
    ended(trace) {
      memoryfulness.ended(trace);
      arrivals.ended(trace);
      gaps.ended(trace);
      pinnedUntilMs.delete(trace);
      evictedWaitMs.delete(trace);
    },
  };
}
