import type { Policy } from '../policy.ts';
import { pinTier } from '../retention.ts';
import type { Params, Tunables } from '../tunable.ts';
import { prefixRoute } from './router.ts';

export const tunables = {
  prefillScale: { from: 0.25, to: 64, scale: 'log', start: 1 },
  hostWeight: { from: 0, to: 1, scale: 'linear', start: 0.75 },
  affinity: { from: 0, to: 2, scale: 'linear', start: 0.5 },
  loadCap: { from: 1, to: 4, scale: 'log', start: 2 },
} as const satisfies Tunables;

/**
 * What today's routers do that know exactly which blocks each worker has: the cost of a worker is the blocks that are left to prefill there,
 * with what waits for prefill already, plus the blocks that are active there; a hit in host memory counts for less than one in hbm.
 * Source: the cost function of NVIDIA Dynamo's KV router (its documentation, "Router Guide" and "Configuration and Tuning": the weight of a
 * host hit and the scale of prefill are its defaults). Session affinity and load are scorers of llm-d's request scheduler ("Request Scheduler");
 * the cap on load bounds what either may do to one worker. Blocks that are evicted fall to dram, as both offload.
 * No KV moves between workers: Dynamo's transfers lead from prefill to decode workers ("Architecture Flow"), and llm-d's pulls from peers are experimental and off ("P2P KV-Cache Sharing").
 * Published: 2.08x the tokens a second of load-aware routing (llm-d, benchmark report "73-capacity", 40 requests/s);
 * here 1.38×: direction only, see docs/benchmarks/policy-published.md.
 */
export const exactPrefix = (params: Params<typeof tunables>): Policy => ({
  name: 'exact-prefix',
  spills: true,
  order: ({ acceptedAtMs }) => acceptedAtMs,
  place: (ask, candidates) => prefixRoute(ask, candidates, params),
  retain: () => ({ keepValue: 0, demoteAfterMs: null, recallAfterMs: null, why: 'least recently used falls first' }),
  pin: pinTier,
});
