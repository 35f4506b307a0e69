import type { GapKind } from '../../schemas/replay-trace.ts';
import { ReuseMeter } from './reuse.ts';
import { Samples } from './samples.ts';
import { type Family, type TimedStep, timelineOf } from './timeline.ts';

/** Everything that `slackwater trace stats --json` prints. Shares are from 0 to 1. A task is a trace with all that grew from it. */
export interface TraceStats {
  readonly v: 1;
  readonly what: 'trace-stats';
  readonly tasks: number;
  readonly traces: number;
  readonly steps: number;
  readonly steps_per_task: Spread;
  readonly prompt_tokens: number;
  readonly generated_tokens: number;
  /** Prompt tokens for each generated one. */
  readonly prompt_per_generated: number;
  readonly prompt_tokens_per_step: Spread;
  /** By kind, of traces without a parent; `in_children`: all those of child traces. */
  readonly gaps: Readonly<Record<WaitKind | 'in_children' | 'all', GapStats>>;
  /** Gaps by length, those between `from_s` and `to_s` (null: no end), with what they hold of all gaps and of all idle time. */
  readonly idle_by_length: readonly { readonly from_s: number; readonly to_s: number | null; readonly gaps: number; readonly share_of_gaps: number; readonly share_of_idle: number }[];
  /** Where a task's time went, waits of a parent for its children not counted. Null: the recording does not say how long generations took. */
  readonly time: { readonly generating_s: number; readonly idle_s: number; readonly idle_share: number } | null;
  readonly reuse: {
    /** Of the prompts' tokens. */
    readonly infinite_cache: number;
    readonly random_routing: readonly { readonly replicas: number; readonly hit: number }[];
    readonly forgetting: readonly { readonly seconds: number; readonly hit: number }[];
  };
  readonly fan_out: { readonly parents: number; readonly children: number; readonly children_per_parent: Spread };
  /** Generations that ran at once inside of a task, and tasks that lived at once; the latter null where the recording does not say when they began and how long they took. */
  readonly concurrency: { readonly in_task_max: number; readonly tasks: { readonly max: number; readonly mean: number } | null };
  /** Different prefixes in blocks of 64 tokens, as tokens: of the whole recording, and the largest prompt of each task. */
  readonly working_set: { readonly distinct_tokens: number; readonly task_tokens: Spread };
  readonly skipped: Readonly<Record<string, number>>;
  readonly assumed: Readonly<Record<string, number>>;
}

export type WaitKind = Exclude<GapKind, 'start'>;

export interface Spread { readonly mean: number; readonly p50: number; readonly p95: number; readonly p99: number; readonly max: number }

export interface GapStats {
  readonly count: number;
  readonly mean_s: number;
  readonly p50_s: number;
  readonly p95_s: number;
  readonly p99_s: number;
  readonly max_s: number;
  readonly idle_s: number;
  /** Gaps over 60 s: their share of these gaps, and of the time that these gaps take. */
  readonly over_60s: { readonly share_of_gaps: number; readonly share_of_idle: number };
}

const replicas = [8, 32];
const forgetSeconds = [5, 30, 300];
const longMs = 60_000;
const boundsMs = [0, 1_000, 5_000, 30_000, 60_000, 300_000, 3_600_000];

/** Adds up families as they come; kept are numbers of steps and gaps, and 16 bytes a block. */
export class StatsMeter {
  readonly #reuse = new ReuseMeter(replicas, forgetSeconds);
  readonly #stepsOfTask = new Samples();
  readonly #promptTokens = new Samples();
  readonly #largestPrompt = new Samples();
  readonly #fanOut = new Samples();
  readonly #gaps = { tool: new Samples(), human: new Samples(), join: new Samples(), in_children: new Samples(), all: new Samples() };
  readonly #lives: [startMs: number, endMs: number][] = [];
  #traces = 0;
  #generatedTokens = 0;
  #generatingMs = 0;
  #isGeneratingKnown = false;
  #inTaskMax = 0;

  add(family: Family): void {
    const timeline = timelineOf(family);
    this.#traces += family.length;
    this.#stepsOfTask.add(timeline.length);
    this.#largestPrompt.add(timeline.reduce((most, { step }) => Math.max(most, step.prompt_tokens), 0));
    for (const timed of timeline) this.#addStep(timed);
    this.#reuse.family(timeline);
    this.#inTaskMax = Math.max(this.#inTaskMax, mostAtOnce(generationsOf(timeline)));
    this.#lives.push([timeline[0]!.startMs, timeline.reduce((last, { endMs }) => Math.max(last, endMs), 0)]);
  }

  result(skipped: ReadonlyMap<string, number> = new Map(), assumed: ReadonlyMap<string, number> = new Map()): TraceStats {
    const reuse = this.#reuse.result();
    const share = (tokens: number): number => (reuse.promptTokens === 0 ? 0 : tokens / reuse.promptTokens);
    const idleS = this.#gaps.all.sum / 1_000, generatingS = this.#generatingMs / 1_000;
    return {
      v: 1, what: 'trace-stats',
      tasks: this.#stepsOfTask.count, traces: this.#traces, steps: this.#promptTokens.count, steps_per_task: spread(this.#stepsOfTask),
      prompt_tokens: this.#promptTokens.sum, generated_tokens: this.#generatedTokens,
      prompt_per_generated: this.#generatedTokens === 0 ? 0 : this.#promptTokens.sum / this.#generatedTokens, prompt_tokens_per_step: spread(this.#promptTokens),
      gaps: { tool: gapStats(this.#gaps.tool), human: gapStats(this.#gaps.human), join: gapStats(this.#gaps.join), in_children: gapStats(this.#gaps.in_children), all: gapStats(this.#gaps.all) },
      idle_by_length: byLength(this.#gaps.all),
      time: this.#isGeneratingKnown ? { generating_s: generatingS, idle_s: idleS, idle_share: idleS / (idleS + generatingS) } : null,
      reuse: {
        infinite_cache: share(reuse.infinite),
        random_routing: [...reuse.random].map(([count, tokens]) => ({ replicas: count, hit: share(tokens) })),
        forgetting: [...reuse.forgetting].map(([seconds, tokens]) => ({ seconds, hit: share(tokens) })),
      },
      fan_out: { parents: this.#fanOut.count, children: this.#fanOut.sum, children_per_parent: spread(this.#fanOut) },
      concurrency: { in_task_max: this.#inTaskMax, tasks: tasksAtOnce(this.#lives) },
      working_set: { distinct_tokens: reuse.distinct, task_tokens: spread(this.#largestPrompt) },
      skipped: Object.fromEntries(skipped), assumed: Object.fromEntries(assumed),
    };
  }

  #addStep({ step, trace }: TimedStep): void {
    this.#promptTokens.add(step.prompt_tokens);
    this.#generatedTokens += step.out_tokens;
    if (step.children.length > 0) this.#fanOut.add(step.children.length);
    if (step.took_ms !== undefined) {
      this.#isGeneratingKnown = true;
      this.#generatingMs += step.took_ms;
    }
    if (step.gap === 'start') return;
    this.#gaps[trace.parent === null ? step.gap : 'in_children'].add(step.gap_ms);
    this.#gaps.all.add(step.gap_ms);
  }
}

function spread(samples: Samples): Spread {
  return { mean: samples.mean, p50: samples.percentile(0.5), p95: samples.percentile(0.95), p99: samples.percentile(0.99), max: samples.percentile(1) };
}

function gapStats(ms: Samples): GapStats {
  const { mean, p50, p95, p99, max } = spread(ms);
  const long = within(ms, longMs, Infinity);
  return {
    count: ms.count, mean_s: mean / 1_000, p50_s: p50 / 1_000, p95_s: p95 / 1_000, p99_s: p99 / 1_000, max_s: max / 1_000, idle_s: ms.sum / 1_000,
    over_60s: { share_of_gaps: long.count / Math.max(1, ms.count), share_of_idle: ms.sum === 0 ? 0 : long.sum / ms.sum },
  };
}

function byLength(ms: Samples): TraceStats['idle_by_length'] {
  return boundsMs.map((from, i) => {
    const to = boundsMs[i + 1] ?? Infinity;
    const part = within(ms, i === 0 ? -1 : from, to);
    return { from_s: from / 1_000, to_s: to === Infinity ? null : to / 1_000, gaps: part.count, share_of_gaps: part.count / Math.max(1, ms.count), share_of_idle: ms.sum === 0 ? 0 : part.sum / ms.sum };
  });
}

/** Those over `from` and up to `to`. */
function within(ms: Samples, from: number, to: number): { readonly count: number; readonly sum: number } {
  let count = 0, sum = 0;
  for (const value of ms.sorted()) {
    if (value <= from || value > to) continue;
    count++;
    sum += value;
  }
  return { count, sum };
}

/** Those of one trace never run at once: where no time is known between them, one is counted. */
function generationsOf(timeline: readonly TimedStep[]): Span[] {
  const lastMs = new Map<unknown, number>();
  const spans: Span[] = [];
  for (const { trace, startMs, endMs } of timeline) {
    if (lastMs.get(trace) !== startMs) spans.push([startMs, endMs]);
    lastMs.set(trace, startMs);
  }
  return spans;
}

type Span = readonly [startMs: number, endMs: number];

/** What ends when another begins is not there at the same time; what takes no time is. */
function mostAtOnce(spans: readonly Span[]): number {
  const ends = spans.map(([start, end]) => Math.max(end, start + 1e-3)).sort((a, b) => a - b);
  const starts = spans.map(([start]) => start).sort((a, b) => a - b);
  let most = 0, ended = 0;
  for (const [begun, start] of starts.entries()) {
    while (ends[ended]! <= start) ended++;
    most = Math.max(most, begun + 1 - ended);
  }
  return most;
}

function tasksAtOnce(lives: readonly Span[]): { readonly max: number; readonly mean: number } | null {
  let begin = Infinity, end = 0, lived = 0;
  for (const [startMs, endMs] of lives) {
    begin = Math.min(begin, startMs);
    end = Math.max(end, endMs);
    lived += endMs - startMs;
  }
  if (lived === 0 || !lives.some(([startMs]) => startMs > begin)) return null;
  return { max: mostAtOnce(lives), mean: end > begin ? lived / (end - begin) : 0 };
}
