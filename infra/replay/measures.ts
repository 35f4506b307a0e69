import type { EventQueue } from './simulation/event-queue.ts';
import type { Fleet } from './fleet.ts';
import type { FleetModel, StepInput, StepOutcome } from './simulation/fleet-model.ts';
import type { Links } from './simulation/links.ts';
import { LiveContext } from './live/context.ts';
import { type OverTime, TokensOverTime } from './over-time.ts';

export interface Spread { readonly mean: number; readonly p50: number; readonly p95: number; readonly p99: number; readonly max: number }

/** What a replay found. Seconds are virtual; a task is a trace without a parent, with all that descend from it. */
export interface ReplayResult {
  readonly policy: string;
  readonly fleet: string;
  readonly tasks: number;
  readonly finished: number;
  readonly steps: number;
  /** Until the last task had come: what came after is the emptying of the fleet, and counts in no rate. Where no step had ended by then, as when all come at once, the whole of it. */
  readonly windowS: number;
  /** Until the last task was over. */
  readonly makespanS: number;
  readonly jctS: Spread;
  /** Without the recorded gaps on a task's longest way, which at a join is that of its last child: what the fleet is responsible for. */
  readonly servedS: Spread;
  readonly firstTokenMs: Spread;
  readonly stepsPerS: number;
  readonly tokens: { readonly prompt: number; readonly hit: number; readonly recalled: number; readonly migrated: number; readonly computed: number; readonly avoidable: number; readonly again: number; readonly generated: number };
  /** Seconds of all steps together. */
  readonly secondsOf: { readonly queue: number; readonly recall: number; readonly computeNew: number; readonly computeAvoidable: number; readonly decode: number; readonly gap: number };
  readonly acceleratorHours: number;
  readonly busyShare: number;
  readonly acceleratorHoursPerTask: number;
  readonly usdPerTask: number;
  readonly blocks: { readonly demoted: number; readonly recalled: number; readonly evicted: number; readonly spilled: number };
  /** How often a run gave way to others on its worker: `tokens.again` of what it had was computed again. */
  readonly preempted: number;
  /** KV between workers: how often, the blocks that arrived, and bytes. What was sent arrived, or was on its way when a transfer was broken off. */
  readonly migrations: Links['counters'];
  /** How often an adapter was brought into hbm, and how often one had to go. */
  readonly adapters: { readonly loaded: number; readonly evicted: number };
  readonly decisions: FleetModel['counters'];
  /** Contexts of the traces that were not over, mean over that window: the working set, as tokens. */
  readonly liveTokens: number;
  readonly overTime: OverTime;
  readonly skipped: Readonly<Record<string, number>>;
  /** What was taken otherwise than it stands in the recording. */
  readonly assumed: Readonly<Record<string, number>>;
}

export class Measures {
  readonly #policy: string;
  readonly #fleet: Fleet;
  readonly #events: EventQueue;
  readonly #jctS: number[] = [];
  readonly #servedS: number[] = [];
  readonly #firstTokenMs: number[] = [];
  readonly #tokens = { prompt: 0, hit: 0, recalled: 0, migrated: 0, computed: 0, avoidable: 0, again: 0, generated: 0 };
  readonly #seconds = { queue: 0, recall: 0, computeNew: 0, computeAvoidable: 0, decode: 0, gap: 0 };
  readonly #skipped: Record<string, number> = {};
  readonly #assumed: Record<string, number> = {};
  readonly #live = new LiveContext();
  readonly #overTime = new TokensOverTime();
  #liveTokens = 0;
  #endMs = 0;
  #steps = 0;
  #windowMs = 0;
  #inWindow = 0;
  #isOpen = true;

  constructor(policy: string, fleet: Fleet, events: EventQueue) {
    this.#policy = policy;
    this.#fleet = fleet;
    this.#events = events;
  }

  allHaveCome(): void { this.#isOpen = false; this.#windowMs = this.#events.nowMs; this.#liveTokens = this.#live.mean(this.#windowMs); }
  skipped(why: string): void { this.#skipped[why] = (this.#skipped[why] ?? 0) + 1; }
  assumed(what: string): void { this.#assumed[what] = (this.#assumed[what] ?? 0) + 1; }
  gap(ms: number): void { this.#seconds.gap += ms / 1000; }

  stepEnded(step: StepInput, { end, waitedMs }: StepOutcome): void {
    this.#steps++;
    if (this.#isOpen) this.#inWindow++;
    const { usage } = end, tokens = this.#tokens, seconds = this.#seconds;
    tokens.prompt += step.promptTokens;
    tokens.hit += usage.hit;
    tokens.recalled += usage.recalled;
    tokens.migrated += usage.migrated;
    tokens.computed += usage.computed;
    tokens.avoidable += usage.avoidable;
    tokens.again += usage.again;
    tokens.generated += step.outTokens;
    const queueMs = waitedMs + end.queuedMs, avoidable = usage.computed === 0 ? 0 : usage.avoidable / usage.computed;
    seconds.queue += queueMs / 1000;
    seconds.recall += end.recallMs / 1000;
    seconds.computeAvoidable += (end.prefillMs * avoidable) / 1000;
    seconds.computeNew += (end.prefillMs * (1 - avoidable)) / 1000;
    seconds.decode += end.decodeMs / 1000;
    this.#overTime.add(this.#events.nowMs, usage);
    this.#live.set(step.trace, step.promptTokens + step.outTokens, this.#events.nowMs);
    this.#firstTokenMs.push(waitedMs + end.firstTokenMs);
  }

  traceEnded(trace: string): void { this.#live.set(trace, 0, this.#events.nowMs); }

  /** `gapsMs`: those on its longest way. */
  taskEnded(arrivedMs: number, gapsMs: number): void {
    this.#endMs = this.#events.nowMs;
    this.#jctS.push((this.#endMs - arrivedMs) / 1000);
    this.#servedS.push((this.#endMs - arrivedMs - gapsMs) / 1000);
  }

  result(regions: readonly FleetModel[], tasks: number): ReplayResult {
    const finished = this.#jctS.length, hasWindow = this.#inWindow > 0;
    // Timers of gaps that nobody comes back from are due later still: no worker is there for them.
    const endMs = finished < tasks ? this.#events.nowMs : this.#endMs;
    const makespanS = endMs / 1000, windowS = hasWindow ? this.#windowMs / 1000 : makespanS;
    const workerMs = regions.reduce((total, region) => total + region.workerMs(endMs), 0), acceleratorHours = workerMs / 3_600_000;
    const sum = (of: (worker: FleetModel['workers'][number]) => number): number => regions.reduce((all, { allWorkers }) => all + allWorkers.reduce((total, worker) => total + of(worker), 0), 0);
    if (finished < tasks) this.#skipped['a task that was not over when nothing was due any more'] = tasks - finished;
    return {
      policy: this.#policy, fleet: this.#fleet.name, tasks, finished, steps: this.#steps, windowS, makespanS, jctS: spreadOf(this.#jctS), servedS: spreadOf(this.#servedS), firstTokenMs: spreadOf(this.#firstTokenMs),
      stepsPerS: (hasWindow ? this.#inWindow : this.#steps) / Math.max(1e-9, windowS), tokens: this.#tokens, secondsOf: this.#seconds, acceleratorHours, busyShare: sum(({ busyMs }) => busyMs) / Math.max(1e-9, workerMs),
      acceleratorHoursPerTask: acceleratorHours / Math.max(1, finished), usdPerTask: ((this.#fleet.usdPerHour / this.#fleet.workers) * acceleratorHours) / Math.max(1, finished),
      blocks: { demoted: sum(({ memory }) => memory.counters.demoted), recalled: sum(({ memory }) => memory.counters.recalled), evicted: sum(({ memory }) => memory.counters.evicted), spilled: sum(({ memory }) => memory.counters.spilled) }, preempted: sum(({ preempted }) => preempted),
      migrations: sumsOf([noMigrations, ...regions.flatMap(({ links }) => (links === null ? [] : [links.counters]))]),
      adapters: { loaded: sum(({ adapters }) => adapters?.counters.loaded ?? 0), evicted: sum(({ adapters }) => adapters?.counters.evicted ?? 0) },
      decisions: sumsOf(regions.map(({ counters }) => counters)), liveTokens: hasWindow ? this.#liveTokens : this.#live.mean(endMs), overTime: this.#overTime.result, skipped: this.#skipped, assumed: this.#assumed,
    };
  }
}

const noMigrations: Links['counters'] = { transfers: 0, blocks: 0, sentBytes: 0, receivedBytes: 0, lostBytes: 0 };

function sumsOf<Counters extends Readonly<Record<string, number>>>(all: readonly Counters[]): Counters {
  const sums: Record<string, number> = {};
  for (const counters of all) for (const [name, count] of Object.entries(counters)) sums[name] = (sums[name] ?? 0) + count;
  return sums as Counters;
}

export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) return { mean: 0, p50: 0, p95: 0, p99: 0, max: 0 };
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  return { mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: sorted.at(-1)! };
}
