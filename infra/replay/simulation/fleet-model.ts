import type { Policy } from '../../../actors/control/policy.ts';
import type { Held } from '../../../actors/control/types.ts';
import type { Ask, Decided } from '../../../actors/lib/asks.ts';
import { blockTokens } from '../../../actors/lib/chain.ts';
import type { Instant } from '../../../actors/lib/logic.ts';
import { traceLogic, type TraceActor } from '../../../actors/trace/trace.ts';
import type { TraceEffect, TraceEvent } from '../../../actors/trace/types.ts';
import { Directory } from './directory.ts';
import type { EventQueue } from './event-queue.ts';
import type { Fleet } from '../fleet.ts';
import { FleetControl } from './fleet-control.ts';
import { Links } from './links.ts';
import type { Path } from './prefix-tree.ts';
import { Seat } from './seat.ts';
import type { RunEnd, RunRequest } from './run.ts';
import { WorkerModel } from './worker-model.ts';

/** One step of a replayed trace, as it comes to the fleet. */
export interface StepInput {
  readonly trace: string;
  readonly parent: string | null;
  /** Where the trace came: its answers go there. */
  readonly region: string;
  readonly seq: number;
  readonly prompt: Path;
  readonly promptTokens: number;
  readonly outTokens: number;
  readonly after: Path;
  readonly tool: string | null;
  readonly adapter: number | null;
}

export interface StepOutcome { readonly worker: string; readonly end: RunEnd; readonly waitedMs: number }

export interface FleetListener {
  onStepEnded(step: StepInput, outcome: StepOutcome): void;
}

interface Live { actor: TraceActor | null; step: StepInput | null; /** That its step asks for. */ maxTokens: number; askedAtMs: number; queuedMs: number; worker: string | null; migrateFrom: string | undefined }

/** Nothing that a replay measures may be a deadline's doing: traces wait as long as they must. */
const endless = { attemptMs: 1e15, attemptsMax: 1e9, idleMs: 1e15, sideCallsMax: 8, childrenMax: 1e9 };
/** Of bus, saving and order, where a fleet says nothing else: what lies between a step and the worker that runs it. */
const orderMs = 2;

/**
 * A fleet in virtual time: the trace machine and the control actor are those of production, called as its hosts call them; the bus, the saved state
 * and the directory are taken as working, and workers are models. What a worker holds is known to control when it asks.
 */
export class FleetModel {
  readonly events: EventQueue;
  readonly #policy: Policy;
  readonly #control: FleetControl;
  readonly #machine = traceLogic(endless);
  readonly #seats = new Map<string, Seat>();
  readonly #directory = new Directory(this.#seats);
  readonly #traces = new Map<string, Live>();
  readonly #listener: FleetListener;
  readonly #fleet: Fleet;
  /** Of a step that fits a worker's hbm. */
  readonly tokensMax: number;
  /** Null: nothing moves from worker to worker. */
  readonly links: Links | null;
  readonly #lost: { readonly worker: WorkerModel; readonly atMs: number }[] = [];
  readonly counters = { placed: 0, deferred: 0, moved: 0, demotions: 0, recalls: 0 };

  constructor(fleet: Fleet, policy: Policy, events: EventQueue, listener: FleetListener) {
    this.events = events;
    this.#policy = policy;
    this.#listener = listener;
    this.#fleet = fleet;
    const links = fleet.network === null ? null : new Links(fleet.network, events), isLinkOfUse = policy.migrate !== undefined || fleet.regions.length > 1;
    this.links = links;
    this.#control = new FleetControl(policy, this.#seats, events, {
      heldOf: (trace) => this.#heldOf(trace), onDecided: (trace, decided) => this.#onDecided(trace, decided), ...(links !== null && isLinkOfUse ? { linkOf: ({ worker }) => links.of(worker) } : {}),
    });
    for (let i = 0; i < fleet.workers; i++) this.#addWorker(`w${i + 1}`, fleet.regions[Math.floor((i * fleet.regions.length) / fleet.workers)]!.name);
    this.tokensMax = (fleet.capacity.hbm - (this.workers[0]!.adapters?.blocks ?? 0)) * blockTokens;
  }

  get workers(): readonly WorkerModel[] { return [...this.#seats.values()].map(({ worker }) => worker); }
  /** Those that were lost as well. */
  get allWorkers(): readonly WorkerModel[] { return [...this.#lost.map(({ worker }) => worker), ...this.workers]; }
  /** Milliseconds that workers were there for until then, of all of them together. */
  workerMs(untilMs: number): number { return this.#lost.reduce((sum, { atMs }) => sum + Math.min(atMs, untilMs), this.#seats.size * untilMs); }

  step(input: StepInput): void {
    const live = this.#traces.get(input.trace) ?? { actor: null, step: null, maxTokens: 0, askedAtMs: 0, queuedMs: 0, worker: null, migrateFrom: undefined };
    this.#traces.set(input.trace, live);
    live.step = input;
    live.askedAtMs = this.events.nowMs;
    // Control would never place what no worker has room for; a recorded step that is larger than its memory runs all the same, and alone.
    const outTokens = Math.min(input.outTokens, Math.max(1, this.tokensMax - 1)), tokens = Math.max(1, Math.min(input.promptTokens, this.tokensMax - outTokens));
    live.maxTokens = Math.max(outTokens, Math.min(this.#fleet.maxTokens ?? outTokens, this.tokensMax - tokens));
    this.#tell(input.trace, {
      kind: 'stepAccepted', trace: input.trace, step: `${input.trace}/${input.seq}`, id: `${input.trace}/${input.seq}`, tenant: 'replay', parent: input.parent, lane: 'main', seq: input.seq, isSeqGiven: true, model: 'model',
      prompt: { pages: [], tail: noTokens, tailChain: noBytes, tokens }, messageChain: '', sampling: { maxTokens: live.maxTokens, temperature: 0, topK: 0, topP: 1, seed: 0n, stop: [], logprobs: 0 },
      class: 'agent', deadlineMs: 1e15, identity: { how: 'explicit', confidence: 1 }, atMs: this.events.nowMs, logSeq: input.seq,
    } as unknown as TraceEvent);
  }

  end(trace: string): void {
    this.#tell(trace, { kind: 'endAsked', trace, outcome: 'finished', logSeq: 0 } as TraceEvent);
    this.#policy.ended?.(trace);
    this.#directory.leave(trace);
    this.#traces.delete(trace);
  }

  /** The worker and all it holds are gone; what it ran is asked for again. When it was the last one, what waits waits for ever: nothing is due any more, and the replay ends with those tasks open. */
  lose(name: string): void {
    const seat = this.#seats.get(name);
    if (seat === undefined) return;
    this.#seats.delete(name);
    seat.worker.lose();
    this.links?.lost(seat.worker);
    this.#lost.push({ worker: seat.worker, atMs: this.events.nowMs });
    this.#control.lost(name);
    this.#directory.lost();
    for (const trace of [...this.#traces.keys()]) this.#tell(trace, { kind: 'workerLost', worker: name });
  }

  #addWorker(name: string, region: string): void {
    const fleet = this.#fleet;
    const worker: WorkerModel = new WorkerModel(name, fleet.device, fleet.model, { ...fleet.capacity, adapterBytes: fleet.adapters?.bytes ?? null }, this.#policy.spills, this.events, {
      onFirstToken: (request, usage) => this.#tell(request.trace, { kind: 'firstToken', trace: request.trace, step: request.step, attempt: request.attempt, hit: usage.hit, recalled: usage.recalled + usage.migrated, computed: usage.computed - usage.again }),
      onEnded: (end) => this.#onEnded(seat, end),
      onChange: () => this.#control.beatSoon(seat),
      onNoRoom: () => { seat.unpinAll(); this.links?.cut(worker); },
    });
    const seat = new Seat(worker, this.#seats.size, region, this.events, this.counters, () => this.#control.beatSoon(seat));
    this.#seats.set(name, seat);
    this.links?.add(worker, region);
    this.#control.beat(seat);
  }

  #tell(trace: string, event: TraceEvent): void {
    const live = this.#traces.get(trace);
    if (live === undefined) return;
    const { state, effects } = this.#machine.step(live.actor, event, this.events.nowMs as Instant);
    live.actor = state;
    for (const effect of effects) this.#perform(trace, live, effect);
  }

  #perform(trace: string, live: Live, effect: TraceEffect): void {
    switch (effect.kind) {
      case 'ask': return this.#ask(trace, effect.ask);
      case 'orderRun': return this.#orderRun(trace, live, effect);
      case 'order': return this.#seats.get(effect.worker)?.perform(trace, effect);
      case 'tell': this.events.at(this.events.nowMs, () => this.#tell(effect.event.trace, { ...effect.event, logSeq: 0 })); return;
      // Timers guard against what does not happen here; the rest is for clients and watchers.
      case 'timerSet': case 'timerClear': case 'announce': case 'answer': case 'evt': case 'segment': return;
    }
  }

  #orderRun(trace: string, live: Live, { worker, step, attempt, priority }: Extract<TraceEffect, { kind: 'orderRun' }>): void {
    const { prompt, promptTokens, outTokens, after, region, adapter } = live.step!, { migrateFrom } = live;
    if (live.worker !== null && live.worker !== worker) this.counters.moved++;
    live.worker = worker;
    const placed = this.#seats.get(worker), far = this.#fleet.network?.far ?? null;
    // There, and its answer back.
    const awayMs = placed === undefined || placed.region === region || far === null ? 0 : 2 * far.latencyMs;
    this.events.at(this.events.nowMs + (this.#fleet.stepOverheadMs ?? orderMs) + awayMs, () => {
      const seat = this.#seats.get(worker), from = migrateFrom === undefined ? undefined : this.#seats.get(migrateFrom);
      if (seat === undefined) return; // Lost in the meantime: the trace has heard of it.
      seat.endGap(trace);
      const laneTokens = this.#fleet.device.keepsTails === true ? seat.laneTokensOf(trace) : undefined;
      const request: RunRequest = { trace, step, attempt, prompt, promptTokens, outTokens, maxTokens: Math.max(outTokens, live.maxTokens), after, priority, adapter, ...(laneTokens === undefined ? {} : { laneTokens }) };
      seat.worker.submit(from === undefined || from === seat || this.links === null ? request : { ...request, source: this.links.source(from.worker, seat.worker) });
    });
  }

  #ask(trace: string, ask: Ask): void {
    const live = this.#traces.get(trace)!, { step } = live;
    if (ask.what === 'retain') return this.#control.ask({ ...ask, ...toolOf(step), queuedMs: live.queuedMs }, []);
    if (ask.what === 'withdraw') this.#directory.leave(trace);
    if (ask.what !== 'place') return this.#control.ask(ask, []);
    this.#control.ask(this.#fleet.regions.length === 1 ? ask : { ...ask, region: step!.region }, this.#directory.holdersOf(step!.prompt, step!.adapter));
  }

  #onDecided(trace: string, decided: Decided): void {
    if (decided.what === 'place') {
      this.counters.placed++;
      this.#directory.leave(trace);
      const live = this.#traces.get(trace);
      if (live !== undefined) live.migrateFrom = decided.migrateFrom;
    }
    if (decided.what === 'defer') this.counters.deferred++;
    if (decided.what === 'retain') this.#seats.get(this.#traces.get(trace)?.actor?.context.worker ?? '')?.beginGap(trace, decided);
    this.#tell(trace, { kind: 'decided', decided });
  }

  #heldOf(trace: string): readonly Held[] {
    const step = this.#traces.get(trace)?.step ?? null;
    return step === null ? [] : this.#directory.holdersFor(trace, step.prompt, step.adapter);
  }

  #onEnded(seat: Seat, end: RunEnd): void {
    const live = this.#traces.get(end.request.trace), { name } = seat.worker;
    if (live === undefined) return;
    const { trace, step, attempt, after, promptTokens, outTokens } = end.request;
    // The KV of the last token is not there yet.
    seat.moveLane(trace, after, promptTokens + outTokens - 1);
    const servedMs = end.queuedMs + end.recallMs + end.prefillMs + end.decodeMs, waitedMs = this.events.nowMs - live.askedAtMs - servedMs;
    live.queuedMs = waitedMs + end.queuedMs;
    // First, so that whoever is asked what to keep could know (an oracle does) when the next step comes.
    this.#listener.onStepEnded(live.step!, { worker: name, end, waitedMs });
    this.#tell(trace, {
      kind: 'stepEnded', trace, step, attempt, worker: name, tokens: noTokens, finish: 'tool_calls', usage: { prompt: promptTokens, hit: end.usage.hit, recalled: end.usage.recalled + end.usage.migrated, computed: end.usage.computed - end.usage.again, generated: outTokens },
      timing: { queuedMs: end.queuedMs, recallMs: end.recallMs, firstTokenMs: end.firstTokenMs, totalMs: end.queuedMs + end.recallMs + end.prefillMs + end.decodeMs },
      acceleratorMs: end.acceleratorMs, logprobs: [], chain: noBytes, logSeq: 0,
    } as unknown as TraceEvent);
  }
}

const noTokens = new Int32Array(0), noBytes = new Uint8Array(0);
const toolOf = (step: StepInput | null): { tool?: string } => (step?.tool == null ? {} : { tool: step.tool });
