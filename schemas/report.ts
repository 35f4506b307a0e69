/** JSON that people and scripts read: the report of a demo or a replay, and a decision. Field names are those of the contracts. */
import type { Decision as DecisionEvent, Outcome } from './messages.ts';

export interface PromptTokens { readonly hit: number; readonly recalled: number; readonly computed: number }

export interface TraceReport {
  readonly trace: string;
  readonly parent: string | null;
  /** `running`: not over when the report was written. */
  readonly outcome: Outcome | 'running';
  /** Job completion time: from the first step's arrival to the last one's answer. */
  readonly jct_ms: number;
  readonly steps: number;
  readonly prompt_tokens: PromptTokens;
  readonly generated_tokens: number;
  readonly accelerator_s: number;
  readonly cost_usd: number;
}

export interface ReportTotals {
  readonly traces: number;
  readonly finished: number;
  readonly steps: number;
  readonly jct_ms: { readonly mean: number; readonly p50: number; readonly p95: number };
  readonly prompt_tokens: PromptTokens;
  readonly generated_tokens: number;
  readonly accelerator_s: number;
  readonly cost_usd: number;
  readonly tasks_per_usd: number;
  readonly blocks: BlockTotals;
  readonly working_set_bytes: number;
  readonly hbm_bytes: number;
}

export interface BlockTotals { readonly demoted: number; readonly recalled: number; readonly migrated: number; readonly evicted: number }

export interface Report {
  readonly v: 1;
  readonly what: 'demo' | 'replay';
  readonly policy: string;
  readonly model: string;
  readonly workers: number;
  readonly wall_ms: number;
  readonly traces: readonly TraceReport[];
  readonly totals: ReportTotals;
}

/** What `--compare` writes. */
export interface Comparison { readonly runs: readonly Report[] }

/** Sums up the traces; what is not theirs (blocks moved, bytes) comes in `fleet`. A task is a trace without a parent. */
export function totalsOf(traces: readonly TraceReport[], fleet: Pick<ReportTotals, 'blocks' | 'working_set_bytes' | 'hbm_bytes'>): ReportTotals {
  const sum = (of: (trace: TraceReport) => number): number => traces.reduce((total, trace) => total + of(trace), 0);
  const done = traces.filter((trace) => trace.outcome === 'finished');
  const jcts = done.map((trace) => trace.jct_ms).sort((a, b) => a - b);
  const cost = sum((trace) => trace.cost_usd);
  return {
    traces: traces.length,
    finished: done.length,
    steps: sum((trace) => trace.steps),
    jct_ms: { mean: jcts.length > 0 ? jcts.reduce((a, b) => a + b) / jcts.length : 0, p50: percentile(jcts, 0.5), p95: percentile(jcts, 0.95) },
    prompt_tokens: { hit: sum((trace) => trace.prompt_tokens.hit), recalled: sum((trace) => trace.prompt_tokens.recalled), computed: sum((trace) => trace.prompt_tokens.computed) },
    generated_tokens: sum((trace) => trace.generated_tokens),
    accelerator_s: sum((trace) => trace.accelerator_s),
    cost_usd: cost,
    tasks_per_usd: cost > 0 ? done.filter((trace) => trace.parent === null).length / cost : 0,
    ...fleet,
  };
}

/** Nearest rank, of a sorted list; 0 of an empty one. */
function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

/** A decision in `trace show --json`, span events and `.evt.decision`. */
export interface DecisionJson {
  readonly at_ms: number;
  readonly trace: string;
  /** Position in the main chain, or `s<n>` of a side call; null when it is about no step. */
  readonly step: number | string | null;
  readonly what: DecisionEvent['what'];
  readonly choice: string;
  readonly policy: string;
  readonly regime: string;
  readonly why: string;
  readonly alternatives: readonly { readonly choice: string; readonly score: number }[];
  readonly forecast: { readonly resume_ms: { readonly p50: number; readonly p95: number } } | null;
  readonly outcome: { readonly first_token_ms: number; readonly promised_ms: number } | null;
}

/** `startMs`: of the trace, for `at_ms` counts from there. */
export function decisionJson(decision: DecisionEvent, startMs: number): DecisionJson {
  const { forecast, outcome } = decision;
  const number = decision.step.slice(decision.step.lastIndexOf('/') + 1);
  return {
    at_ms: decision.atMs - startMs,
    trace: decision.trace,
    step: number === '' ? null : /^\d+$/.test(number) ? Number(number) : number,
    what: decision.what, choice: decision.choice, policy: decision.policy, regime: decision.regime, why: decision.why,
    alternatives: decision.alternatives,
    forecast: forecast === null ? null : { resume_ms: { p50: forecast.resumeP50Ms, p95: forecast.resumeP95Ms } },
    outcome: outcome === null ? null : { first_token_ms: outcome.firstTokenMs, promised_ms: outcome.promisedMs },
  };
}
