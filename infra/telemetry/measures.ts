import type { WorkerSpan } from '../../actors/host/worker-host.ts';
import type { Segment } from '../../actors/trace/types.ts';
import type { StepTold } from '../gateway/step.ts';
import type { Usage } from '../../schemas/messages.ts';
import { Histogram, decisionBounds, secondsBounds } from './histogram.ts';

/** What a worker's runs were like, summed up as they end; its `stats()` has the rest. */
export class RunMeasures {
  readonly tokens = { prompt: 0, hit: 0, recalled: 0, computed: 0, generated: 0 };
  readonly finished: Record<string, number> = {};
  readonly failed: Record<string, number> = {};
  readonly queued = new Histogram(secondsBounds);
  readonly firstToken = new Histogram(secondsBounds);
  readonly total = new Histogram(secondsBounds);
  acceleratorMs = 0;

  note({ report }: WorkerSpan): void {
    if (report.kind === 'stepFailed') { count(this.failed, report.code); return; }
    const { usage, timing, finish, acceleratorMs } = report;
    count(this.finished, finish);
    add(this.tokens, usage);
    this.acceleratorMs += acceleratorMs;
    this.queued.observe(timing.queuedMs / 1_000);
    this.total.observe(timing.totalMs / 1_000);
    if (usage.generated > 0) this.firstToken.observe(timing.firstTokenMs / 1_000);
  }
}

/** What a conductor's traces went through, and how long it took to decide about them. */
export class TraceMeasures {
  readonly tokens = { prompt: 0, hit: 0, recalled: 0, computed: 0, generated: 0 };
  readonly done: Record<string, number> = {};
  readonly decision = new Histogram(decisionBounds);
  readonly segments = new Map<string, Histogram>();
  readonly jct = new Histogram(secondsBounds);

  noteSegment({ state, startMs, endMs, usage, root }: Segment): void {
    let segment = this.segments.get(state);
    if (segment === undefined) this.segments.set(state, segment = new Histogram(secondsBounds));
    segment.observe((endMs - startMs) / 1_000);
    add(this.tokens, usage);
    if (root === null) return;
    count(this.done, root.outcome);
    this.jct.observe((root.endMs - root.startMs) / 1_000);
  }

  noteDecision(ms: number): void { this.decision.observe(ms / 1_000); }
}

/** What a gateway's harnesses saw. */
export class StepMeasures {
  readonly firstDelta = new Histogram(secondsBounds);
  readonly total = new Histogram(secondsBounds);

  note({ startMs, firstDeltaMs, endMs, end }: StepTold): void {
    if (firstDeltaMs !== null) this.firstDelta.observe((firstDeltaMs - startMs) / 1_000);
    if (end?.kind === 'result') this.total.observe((endMs - startMs) / 1_000);
  }
}

function count(counts: Record<string, number>, what: string): void { counts[what] = (counts[what] ?? 0) + 1; }

function add(sum: { -readonly [Part in keyof Usage]: number }, more: Usage): void {
  for (const part of Object.keys(sum) as (keyof Usage)[]) sum[part] += more[part];
}
