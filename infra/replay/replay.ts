import type { Policy } from '../../actors/control/policy.ts';
import type { Future } from '../../actors/control/policies/oracle.ts';
import type { ReplayStep, ReplayTrace } from '../../schemas/replay-trace.ts';
import { adapterOf } from './adapters.ts';
import { EventQueue } from './simulation/event-queue.ts';
import { blockTokens } from '../../actors/lib/chain.ts';
import type { Fleet } from './fleet.ts';
import { FleetModel, type StepInput, type StepOutcome } from './simulation/fleet-model.ts';
import { Measures, type ReplayResult } from './measures.ts';
import { type Path, PrefixTree, type Segment, emptyPath, extendsPath, pathUpTo } from './simulation/prefix-tree.ts';
import { exponential, generator, shuffled } from './random.ts';
import { sharedPrefixes } from './shared-prefixes.ts';
import type { Task } from './tasks.ts';

/** When tasks come. `closed`: as many at once, the next one when one is over. `open`: on average so many an hour, as a Poisson process. `recorded`: as the recording says, its times multiplied by `scale`. */
export type Arrivals =
  | { readonly kind: 'closed'; readonly concurrency: number }
  | { readonly kind: 'open'; readonly tasksPerHour: number }
  | { readonly kind: 'recorded'; readonly scale: number };

export interface ReplayOptions {
  readonly fleet: Fleet;
  /** One instance for each replay: it remembers. Made with a look into the future that only an oracle may use. */
  policy(future: Future): Policy;
  readonly arrivals: Arrivals;
  readonly seed: number;
  /** Tool and human gaps are multiplied by these; 1 leaves them as recorded. */
  readonly toolGapScale?: number;
  readonly humanGapScale?: number;
  /** One worker is lost at this share of the tasks. */
  readonly loseWorkerAt?: number;
  /** Told of each step when it has ended. */
  onStep?(step: StepInput, outcome: StepOutcome, endedAtMs: number): void;
}

/** `gapsMs`: recorded gaps on the longest way from the task's arrival to where the trace is. */
interface Running { readonly trace: ReplayTrace; readonly task: OpenTask; at: number; gapsMs: number; nextUseMs: number; children: number; endedMs: number; prompt: Path; next: Path }
/** A task that has come; `open` of its traces are not over. `named`: by its prompts so far. */
interface OpenTask { readonly task: Task; readonly adapter: number | null; readonly arrivedMs: number; open: number; readonly region: string; readonly domain: FleetModel; readonly named: Set<Segment> }

/**
 * Replays recorded traces on a modelled fleet: every step comes when its recorded gap has passed since the one before ended here, and after the last
 * of its children where it waited for them. The same options give the same result, to the last digit.
 */
export class Replay {
  readonly #options: ReplayOptions;
  readonly #events = new EventQueue();
  /** KV is of a prefix and an adapter: tasks with different ones share no prefix. */
  readonly #trees: ReadonlyMap<number | null, PrefixTree>;
  /** Fleets under one control each. */
  readonly #domains: readonly FleetModel[];
  readonly #drawRegion: () => number;
  readonly #running = new Map<string, Running>();
  readonly #measures: Measures;
  readonly #tasks: readonly Task[];
  #begun = 0;

  constructor(tasks: readonly Task[], options: ReplayOptions) {
    this.#options = options;
    const byAdapter = Map.groupBy(tasks, (task) => this.#adapterOf(task));
    // Ids that contradict each other are refused whoever uses which adapter.
    if (byAdapter.size > 1) sharedPrefixes(tasks);
    this.#trees = new Map([...byAdapter].map(([adapter, those]) => [adapter, new PrefixTree(sharedPrefixes(those))]));
    const draw = generator(options.seed);
    this.#tasks = options.arrivals.kind === 'recorded' ? [...tasks].sort((a, b) => a.root.start_ms - b.root.start_ms) : shuffled(tasks, draw);
    const { fleet } = options, future: Future = {
      nextUseMs: (trace) => this.#running.get(trace)?.nextUseMs ?? Number.POSITIVE_INFINITY,
      remainingS: (trace) => this.#remainingS(trace),
    };
    const domains = domainsOf(fleet).map((domain) => ({ fleet: domain, policy: options.policy(future) }));
    this.#measures = new Measures(domains[0]!.policy.name, fleet, this.#events);
    this.#domains = domains.map(({ fleet: domain, policy }) => new FleetModel(domain, policy, this.#events, { onStepEnded: (step, outcome) => this.#onStepEnded(step, outcome) }));
    this.#drawRegion = generator(options.seed + 1);
    this.#arrive(draw);
  }

  run(): ReplayResult {
    while (this.#events.next()) { /* Everything happens in events. */ }
    return this.#measures.result(this.#domains, this.#tasks.length);
  }

  #arrive(draw: () => number): void {
    const { arrivals } = this.#options;
    if (arrivals.kind === 'closed') for (let i = 0; i < Math.min(arrivals.concurrency, this.#tasks.length); i++) this.#events.at(0, () => this.#beginNext());
    else if (arrivals.kind === 'recorded') for (const { root } of this.#tasks) this.#events.at(root.start_ms * arrivals.scale, () => this.#beginNext());
    else {
      let atMs = 0;
      for (let i = 0; i < this.#tasks.length; i++) {
        atMs += exponential(3_600_000 / arrivals.tasksPerHour, draw);
        this.#events.at(atMs, () => this.#beginNext());
      }
    }
  }

  #beginNext(): void {
    const task = this.#tasks[this.#begun];
    if (task === undefined) return;
    this.#begun++;
    const loseAt = this.#options.loseWorkerAt;
    if (loseAt !== undefined && this.#begun === Math.ceil(loseAt * this.#tasks.length)) this.#domains[0]!.lose('w1');
    if (this.#begun === this.#tasks.length) this.#measures.allHaveCome();
    this.#begin(task.root, 0, { task, adapter: this.#adapterOf(task), arrivedMs: this.#events.nowMs, open: 0, ...this.#homeOfNext(), named: new Set() });
  }

  /** A task comes, with all that grows from it, to a region: its home. Only where regions are linked is it served elsewhere. */
  #homeOfNext(): { readonly region: string; readonly domain: FleetModel } {
    const { regions } = this.#options.fleet, at = this.#drawShare(regions);
    return { region: regions[at]!.name, domain: this.#domains[Math.min(at, this.#domains.length - 1)]! };
  }

  #drawShare(regions: Fleet['regions']): number {
    let left = regions.length === 1 ? 0 : this.#drawRegion();
    for (let i = 0; i < regions.length - 1; i++) {
      if (left < regions[i]!.share) return i;
      left -= regions[i]!.share;
    }
    return regions.length - 1;
  }

  #begin(trace: ReplayTrace, gapsMs: number, task: OpenTask): void {
    task.open++;
    this.#running.set(trace.trace, { trace, task, at: 0, gapsMs, nextUseMs: this.#events.nowMs, children: 0, endedMs: 0, prompt: emptyPath, next: this.#path(trace, 0, task) });
    this.#step(trace.trace);
  }

  #adapterOf({ root }: Task): number | null {
    const { adapters } = this.#options.fleet;
    return adapters === null ? null : adapterOf(root.trace, adapters);
  }

  #path(trace: ReplayTrace, at: number, { adapter, named }: OpenTask): Path {
    const step = trace.steps[at];
    if (step === undefined) return emptyPath;
    const path = this.#trees.get(adapter)!.path(step.blocks, `trace ${trace.trace}, step ${step.seq}`);
    for (const segment of path.segments) named.add(segment);
    return path;
  }

  #step(name: string): void {
    const running = this.#running.get(name)!;
    const step = running.trace.steps[running.at];
    if (step === undefined) return this.#endTrace(name, running);
    const prompt = running.next;
    running.prompt = prompt;
    running.next = this.#path(running.trace, running.at + 1, running.task);
    const { domain } = running.task, promptTokens = Math.max(1, step.prompt_tokens), outTokens = Math.max(1, step.out_tokens);
    if (step.prompt_tokens < 1) this.#measures.assumed('a prompt of no tokens has one');
    if (step.out_tokens < 1) this.#measures.assumed('an answer of no tokens has one');
    if (promptTokens + outTokens > domain.tokensMax) this.#measures.assumed('a step larger than the hbm of a worker runs alone, at the speed of one that fits');
    running.nextUseMs = this.#events.nowMs;
    domain.step({
      trace: name, parent: running.trace.parent, region: running.task.region, seq: step.seq, prompt, promptTokens, outTokens, after: after(prompt, running.next, step, outTokens), tool: running.trace.steps[running.at + 1]?.tool ?? null, adapter: running.task.adapter,
    });
  }

  #onStepEnded(input: StepInput, outcome: StepOutcome): void {
    const running = this.#running.get(input.trace)!;
    const step = running.trace.steps[running.at]!;
    this.#measures.stepEnded(input, outcome);
    this.#options.onStep?.(input, outcome, this.#events.nowMs);
    running.at++;
    running.endedMs = this.#events.nowMs;
    for (const child of step.children) {
      const trace = running.task.task.members.get(child);
      if (trace === undefined) { this.#measures.skipped('a child without a line'); continue; }
      running.children++;
      const startMs = trace.start_ms * this.#toolScale, gapsMs = running.gapsMs + startMs;
      this.#events.at(this.#events.nowMs + startMs, () => this.#begin(trace, gapsMs, running.task));
    }
    this.#await(input.trace, running);
  }

  /** The next step, when its gap has passed: from now on, or from the end of the last child. */
  #await(name: string, running: Running): void {
    const next = running.trace.steps[running.at];
    if (next === undefined) {
      running.nextUseMs = Number.POSITIVE_INFINITY;
      if (running.children === 0) this.#events.at(this.#events.nowMs, () => this.#endTrace(name, running));
      return;
    }
    if (next.gap === 'join' && running.children > 0) { running.nextUseMs = Number.POSITIVE_INFINITY; return; }
    const gapMs = this.#gapMs(next);
    running.nextUseMs = this.#events.nowMs + gapMs;
    running.gapsMs += gapMs;
    this.#measures.gap(gapMs);
    this.#events.at(running.nextUseMs, () => this.#step(name));
  }

  #endTrace(name: string, running: Running): void {
    if (!this.#running.delete(name)) return;
    running.task.domain.end(name);
    this.#measures.traceEnded(name);
    running.task.open--;
    const parent = running.trace.parent === null ? undefined : this.#running.get(running.trace.parent);
    if (parent !== undefined) {
      parent.children--;
      const next = parent.trace.steps[parent.at];
      if (parent.children === 0 && (next === undefined || next.gap === 'join')) {
        parent.gapsMs = running.gapsMs;
        this.#await(parent.trace.trace, parent);
      }
    }
    if (running.task.open > 0) return;
    this.#trees.get(running.task.adapter)!.leave(running.task.named);
    this.#measures.taskEnded(running.task.arrivedMs, running.gapsMs);
    if (this.#options.arrivals.kind === 'closed') this.#events.at(this.#events.nowMs, () => this.#beginNext());
  }

  get #toolScale(): number { return this.#options.toolGapScale ?? 1; }
  #gapMs(step: ReplayStep): number { return step.gap_ms * (step.gap === 'human' ? this.#options.humanGapScale ?? 1 : this.#toolScale); }

  /** Alone on one worker, with a cache that forgets nothing. */
  #remainingS(name: string): number {
    const running = this.#running.get(name);
    if (running === undefined) return 0;
    const { steps } = running.trace, worker = running.task.domain.workers[0];
    let outTokens = 0;
    for (let i = running.at; i < steps.length; i++) outTokens += steps[i]!.out_tokens;
    const newTokens = Math.max(0, steps.at(-1)!.prompt_tokens - (steps[running.at - 1]?.prompt_tokens ?? 0));
    return worker === undefined ? 0 : newTokens / worker.prefillTokensPerS + outTokens / worker.decodeTokensPerS;
  }
}

/** Regions that are linked are under one control, the others under one each. */
const domainsOf = (fleet: Fleet): Fleet[] =>
  fleet.regions.length === 1 || (fleet.network?.far ?? null) !== null ? [fleet] : fleet.regions.map((region) => ({ ...fleet, workers: fleet.workers / fleet.regions.length, regions: [region] }));

/** The full blocks that are there when the step has ended: those of the prompt, and those of its answer that the next prompt goes on with. The KV of the last token is not there yet. */
function after(prompt: Path, next: Path, step: ReplayStep, outTokens: number): Path {
  return extendsPath(next, prompt) ? pathUpTo(next, Math.max(prompt.blocks, Math.floor((step.prompt_tokens + outTokens - 1) / blockTokens))) : prompt;
}
