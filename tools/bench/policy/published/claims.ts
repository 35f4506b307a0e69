import type { SetupId } from './setups.ts';
import type { Claimed } from './verdict.ts';

/** What one replay, or one search, gives. `rate`: of programs a second within the bound; `rent`: cost of holding and copying over that of who knows the gaps. */
export const metrics = { outTokensPerS: 'tokens out a second', stepsPerS: 'steps a second', jctS: 'mean JCT', rate: 'programs a second', recomputed: 'tokens computed again', rent: 'cost of holding and copying' } as const;
export type PublishedMetric = keyof typeof metrics;

export interface Claim {
  readonly policy: string;
  /** What it is compared with; null: `rent` has the comparison in it. */
  readonly over: string | null;
  readonly setup: SetupId;
  readonly metric: PublishedMetric;
  /** Times are taken the other way round, so that more than 1 is better wherever more of the metric is not. */
  readonly isInverse?: true;
  readonly claimed: Claimed;
  readonly says: string;
  readonly source: string;
  readonly params?: Readonly<Record<string, number>>;
}

const exactly = (value: number): Claimed => ({ from: value, to: value, isMore: value >= 1 });

/** vLLM before it kept prefixes: what a step computed is forgotten when it ends. */
export const forgetful = 'least-loaded-lru, forgets';

/** One for each baseline. */
export const claims: readonly Claim[] = [
  { policy: 'round-robin-lru', over: 'exact-prefix', setup: 'llm-d', metric: 'outTokensPerS', claimed: exactly(4_773.8 / 10_270.8), says: '0.46× the tokens a second of precise prefix scheduling at 40 requests/s (random routing)', source: 'llm-d, “KV-Cache Wins You Can See”, and its benchmark report “73-capacity”' },
  { policy: 'least-loaded-lru', over: 'round-robin-lru', setup: 'llm-d', metric: 'outTokensPerS', claimed: exactly(4_946.4 / 4_773.8), says: '1.04× the tokens a second of random routing at 40 requests/s', source: 'the same report' },
  { policy: 'exact-prefix', over: 'least-loaded-lru', setup: 'llm-d', metric: 'outTokensPerS', claimed: exactly(10_270.8 / 4_946.4), says: '2.08× the tokens a second of load-aware routing at 40 requests/s (2.05× over all stages)', source: 'the same report' },
  { policy: 'fixed-ttl', over: 'least-loaded-lru', setup: 'swe-bench, B200', metric: 'jctS', isInverse: true, claimed: { from: null, to: null, isMore: true }, says: 'faster than vLLM (with program-level order; a picture, no number)', source: 'Continuum, arXiv:2511.02230v2, section 6.4, figure 16', params: { ttlMs: 2_000 } },
  { policy: 'swap-ttl', over: null, setup: 'augmented', metric: 'rent', claimed: { from: 1, to: 2, isMore: true }, says: 'at most 2× the cost of who knows the gap', source: 'Karlin, Manasse, Rudolph, Sleator, Algorithmica 1988' },
  { policy: 'infercept', over: forgetful, setup: 'augmented', metric: 'rate', claimed: { from: 1.6, to: 2, isMore: true }, says: '1.6–2× the load of vLLM at the same latency (1.6× with GPT-J-6B)', source: 'InferCept, arXiv:2402.01869, abstract and figure 2' },
  { policy: 'continuum', over: 'least-loaded-lru', setup: 'swe-bench, B200', metric: 'jctS', isInverse: true, claimed: { from: 1.12, to: 3.66, isMore: true }, says: '1.12–3.66× shorter delay over all settings, up to 2× against vLLM with the 8B model', source: 'Continuum, arXiv:2511.02230, section 6.2 (v2: the 2×), figure 8' },
  { policy: 'plas', over: 'least-loaded-lru', setup: 'sharegpt', metric: 'rate', claimed: exactly(2), says: 'up to 2× the throughput of vLLM with prefix caching at the same latency (8× without)', source: 'Autellix, arXiv:2502.13965, section 6.3, figure 12' },
  { policy: 'thunder-agent', over: 'least-loaded-lru', setup: 'mini-swe, 8 H100', metric: 'stepsPerS', claimed: exactly(2.65), says: '2.65× the throughput of vLLM (1.48–3.58× over all)', source: 'ThunderAgent, arXiv:2602.13692, figure 4a' },
  { policy: 'saga', over: 'exact-prefix', setup: 'swe-bench, 16 A100', metric: 'jctS', isInverse: true, claimed: exactly(352.1 / 203.4), says: '1.73× shorter task completion than vLLM with prefix caching and affinity routing on SWE-bench (1.64× over both benchmarks)', source: 'SAGA, arXiv:2605.00528, table 3' },
  { policy: 'mori', over: 'thunder-agent', setup: 'claude code, H200', metric: 'outTokensPerS', claimed: exactly(853 / 667), says: '1.28× the tokens a second of ThunderAgent with offloading at 80 programs (1.20–1.71× over all)', source: 'MORI, arXiv:2606.00866, section 6.2' },
  { policy: 'oracle', over: 'saga', setup: 'swe-bench, 16 A100', metric: 'recomputed', claimed: exactly(1 / 1.31), says: 'recomputes 0.76× of what SAGA does: SAGA is within 1.31× of Bélády', source: 'SAGA, arXiv:2605.00528, table 2' },
];
