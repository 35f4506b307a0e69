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
  readonly jct_ms: Milliseconds;
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
  /** Of a replay alone. */
  readonly replay?: ReplayDetail;
}

export interface Milliseconds { readonly mean: number; readonly p50: number; readonly p95: number }

/** What was replayed, and what came of it beside the totals. A task is a trace without a parent, with all that grew from it. */
export interface ReplayDetail {
  readonly scale_tokens: number;
  readonly time_scale: number;
  readonly seed: number;
  readonly tasks: number;
  /** Every step of every trace was answered. The three spreads are of these. */
  readonly tasks_finished: number;
  readonly task_jct_ms: Milliseconds;
  /** Of the root, without gaps: what the fleet is responsible for. */
  readonly served_ms: Milliseconds;
  readonly first_token_ms: Milliseconds;
  /** From a step's submission to its answer, less what its worker had it for: the way through the fleet and back, and the wait for a place. */
  readonly outside_worker_ms: Milliseconds;
  /** Of all steps together, by where they were: outside of a worker, and on one. */
  readonly seconds_of: { readonly outside: number; readonly queue: number; readonly recall: number; readonly prefill: number; readonly decode: number };
  readonly steps_recorded: number;
  readonly steps_per_s: number;
  /** Computed although the fleet had computed it before; null: the fleet's log does not tell any more. */
  readonly prompt_tokens_again: number | null;
  /** How prompts came about: `begins`, `extends`, `repeats`, `text`. */
  readonly prompts: Readonly<Record<string, number>>;
  /** Traces that ended early, by reason; steps that were never asked for; what is not as recorded. */
  readonly ended_early: Readonly<Record<string, number>>;
  readonly skipped: Readonly<Record<string, number>>;
}

/** What `--compare` writes. */
export interface Comparison { readonly runs: readonly Report[] }

/** Sums up the traces; what is not theirs (blocks moved, bytes) comes in `fleet`. A task is a trace without a parent. */
export function totalsOf(traces: readonly TraceReport[], fleet: Pick<ReportTotals, 'blocks' | 'working_set_bytes' | 'hbm_bytes'>): ReportTotals {
  const sum = (of: (trace: TraceReport) => number): number => traces.reduce((total, trace) => total + of(trace), 0);
  const done = traces.filter((trace) => trace.outcome === 'finished');
  const jcts = done.map((trace) => trace.jct_ms);
  const cost = sum((trace) => trace.cost_usd);
  return {
    traces: traces.length,
    finished: done.length,
    steps: sum((trace) => trace.steps),
    jct_ms: millisecondsOf(jcts),
    prompt_tokens: { hit: sum((trace) => trace.prompt_tokens.hit), recalled: sum((trace) => trace.prompt_tokens.recalled), computed: sum((trace) => trace.prompt_tokens.computed) },
    generated_tokens: sum((trace) => trace.generated_tokens),
    accelerator_s: sum((trace) => trace.accelerator_s),
    cost_usd: cost,
    tasks_per_usd: cost > 0 ? done.filter((trace) => trace.parent === null).length / cost : 0,
    ...fleet,
  };
}

export function millisecondsOf(values: readonly number[]): Milliseconds {
  const sorted = [...values].sort((a, b) => a - b);
  return { mean: sorted.length > 0 ? sorted.reduce((a, b) => a + b) / sorted.length : 0, p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95) };
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
