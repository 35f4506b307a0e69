import { candidatesOf, controlLogic, controlStart } from '../../../actors/control/control.ts';
import type { Policy } from '../../../actors/control/policy.ts';
import type { Held } from '../../../actors/control/types.ts';
import type { Ask, Decided } from '../../../actors/lib/asks.ts';
import { blockTokens } from '../../../actors/lib/chain.ts';
import type { Instant } from '../../../actors/lib/logic.ts';
import { traceLogic, type TraceActor } from '../../../actors/trace/trace.ts';
import type { TraceEffect, TraceEvent } from '../../../actors/trace/types.ts';
import type { WorkerLoad } from '../../../schemas/messages.ts';
import type { EventQueue } from './event-queue.ts';
import type { Fleet } from '../fleet.ts';
import { type Path, emptyPath } from './prefix-tree.ts';
import { type RunEnd, type RunRequest, WorkerModel } from './worker-model.ts';

/** One step of a replayed trace, as it comes to the fleet. */
export interface StepInput {
  readonly trace: string;
  readonly parent: string | null;
  readonly seq: number;
  readonly prompt: Path;
  readonly promptTokens: number;
  readonly outTokens: number;
  readonly after: Path;
  readonly tool: string | null;
}

export interface StepOutcome { readonly worker: string; readonly end: RunEnd; readonly waitedMs: number }

export interface FleetListener {
  onStepEnded(step: StepInput, outcome: StepOutcome): void;
}

interface Seat { readonly worker: WorkerModel; readonly index: number; seq: number; beatDue: boolean; lastBeatMs: number; readonly lanes: Map<string, Path>; readonly pins: Map<string, Path>; readonly gaps: Map<string, number> }
/** `found`: by the index of a seat. */
interface Live { actor: TraceActor | null; step: StepInput | null; askedAtMs: number; queuedMs: number; worker: string | null; readonly found: (Known | undefined)[] }
/** What a worker had of the step's prompt, when its memory was at that version. */
interface Known { readonly version: number; readonly held: Held }

/** Nothing that a replay measures may be a deadline's doing: traces wait as long as they must. */
const endless = { attemptMs: 1e15, attemptsMax: 1e9, idleMs: 1e15, sideCallsMax: 8, childrenMax: 1e9 };
const controlLimits = { beatLostMs: 1e15, waitingMax: 1e9, candidatesMax: 256, claimAfterMs: 60_000 };
const beatMs = 250, soonMs = 10;
/** For each step that waits, up to so much in all. */
const lookMs = 10, queueMsMax = 2_000;
const starvedMs = 7 * 24 * 3_600_000;
/** Of bus, saving and order, as measured on a small fleet: what lies between a step and the worker that runs it. */
const orderMs = 2;

/**
 * A fleet in virtual time: the trace machine and the control actor are those of production, called as its hosts call them; the bus, the saved state
 * and the directory are taken as working, and workers are models. What a worker holds is known to control when it asks.
 */
export class FleetModel {
  readonly events: EventQueue;
  readonly #policy: Policy;
  readonly #control: ReturnType<typeof controlLogic>;
  readonly #state = controlStart();
  readonly #machine = traceLogic(endless);
  readonly #seats = new Map<string, Seat>();
  readonly #traces = new Map<string, Live>();
  readonly #listener: FleetListener;
  readonly #tokensMax: number;
  /** Of all gaps: one that ended is never taken for a later one. */
  #gaps = 0;
  #busyAtMs = 0;
  #isTicking = false;
  readonly #lost: { readonly worker: WorkerModel; readonly atMs: number }[] = [];
  readonly counters = { placed: 0, deferred: 0, moved: 0, demotions: 0, recalls: 0 };

  constructor(fleet: Fleet, policy: Policy, events: EventQueue, listener: FleetListener) {
    this.events = events;
    this.#policy = policy;
    this.#listener = listener;
    this.#control = controlLogic(policy, controlLimits);
    this.#tokensMax = fleet.capacity.hbm * blockTokens;
    for (let i = 1; i <= fleet.workers; i++) this.#addWorker(`w${i}`, fleet);
  }

  get workers(): readonly WorkerModel[] { return [...this.#seats.values()].map(({ worker }) => worker); }
  /** Those that were lost as well. */
  get allWorkers(): readonly WorkerModel[] { return [...this.#lost.map(({ worker }) => worker), ...this.workers]; }
  /** Milliseconds that workers were there for, of all of them together. */
  get workerMs(): number { return this.#lost.reduce((sum, { atMs }) => sum + atMs, this.#seats.size * this.events.nowMs); }

  step(input: StepInput): void {
    const live = this.#traces.get(input.trace) ?? { actor: null, step: null, askedAtMs: 0, queuedMs: 0, worker: null, found: [] as (Known | undefined)[] };
    this.#traces.set(input.trace, live);
    live.step = input;
    live.askedAtMs = this.events.nowMs;
    live.found.length = 0;
    // Control would never place what no worker has room for; a recorded step that is larger than its memory runs all the same, and alone.
    const maxTokens = Math.min(input.outTokens, Math.max(1, this.#tokensMax - 1)), tokens = Math.max(1, Math.min(input.promptTokens, this.#tokensMax - maxTokens));
    this.#tell(input.trace, {
      kind: 'stepAccepted', trace: input.trace, step: `${input.trace}/${input.seq}`, id: `${input.trace}/${input.seq}`, tenant: 'replay', parent: input.parent, lane: 'main', seq: input.seq, isSeqGiven: true, model: 'model',
      prompt: { pages: [], tail: noTokens, tailChain: noBytes, tokens }, messageChain: '', sampling: { maxTokens, temperature: 0, topK: 0, topP: 1, seed: 0n, stop: [], logprobs: 0 },
      class: 'agent', deadlineMs: 1e15, identity: { how: 'explicit', confidence: 1 }, atMs: this.events.nowMs, logSeq: input.seq,
    } as unknown as TraceEvent);
  }

  end(trace: string): void {
    this.#tell(trace, { kind: 'endAsked', trace, outcome: 'finished', logSeq: 0 } as TraceEvent);
    this.#policy.ended?.(trace);
    this.#traces.delete(trace);
  }

  /** The worker and all it holds are gone; what it ran is asked for again. When it was the last one, what waits waits for ever: nothing is due any more, and the replay ends with those tasks open. */
  lose(name: string): void {
    const seat = this.#seats.get(name);
    if (seat === undefined) return;
    this.#seats.delete(name);
    seat.worker.lose();
    this.#lost.push({ worker: seat.worker, atMs: this.events.nowMs });
    this.#state.workers.delete(name);
    for (const trace of [...this.#traces.keys()]) this.#tell(trace, { kind: 'workerLost', worker: name });
  }

  #addWorker(name: string, fleet: Fleet): void {
    const worker: WorkerModel = new WorkerModel(name, fleet.device, fleet.model, fleet.capacity, this.#policy.spills, this.events, {
      onFirstToken: (request, usage) => this.#tell(request.trace, { kind: 'firstToken', trace: request.trace, step: request.step, attempt: request.attempt, hit: usage.hit, recalled: usage.recalled, computed: usage.computed }),
      onEnded: (end) => this.#onEnded(name, end),
      onChange: () => this.#beatSoon(name),
      onNoRoom: () => {
        const seat = this.#seats.get(name)!;
        for (const trace of [...seat.pins.keys()]) this.#unpin(seat, trace);
      },
    });
    this.#seats.set(name, { worker, index: this.#seats.size, seq: 0, beatDue: false, lastBeatMs: 0, lanes: new Map(), pins: new Map(), gaps: new Map() });
    this.#beat(name);
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
      case 'orderRun': {
        const step = live.step!;
        if (live.worker !== null && live.worker !== effect.worker) this.counters.moved++;
        live.worker = effect.worker;
        const request: RunRequest = { trace, step: effect.step, attempt: effect.attempt, prompt: step.prompt, promptTokens: step.promptTokens, outTokens: step.outTokens, after: step.after, priority: effect.priority };
        this.events.at(this.events.nowMs + orderMs, () => {
          const seat = this.#seats.get(effect.worker);
          if (seat === undefined) return; // Lost in the meantime: the trace has heard of it.
          seat.gaps.delete(trace);
          seat.worker.submit(request);
        });
        return;
      }
      case 'order': return this.#order(trace, effect);
      case 'tell': this.events.at(this.events.nowMs, () => this.#tell(effect.event.trace, { ...effect.event, logSeq: 0 })); return;
      // Timers guard against what does not happen here; the rest is for clients and watchers.
      case 'timerSet': case 'timerClear': case 'announce': case 'answer': case 'evt': case 'segment': return;
    }
  }

  #ask(trace: string, ask: Ask): void {
    const live = this.#traces.get(trace);
    const known = ask.what === 'retain' && live !== undefined ? { ...ask, ...toolOf(live.step), queuedMs: live.queuedMs } : ask;
    this.#step({ kind: 'ask', ask: known, held: ask.what === 'place' ? this.#held(trace) : [] });
    if (ask.what !== 'place' || !this.#state.waiting.has(ask.step)) return;
    if (!this.#isTicking) this.#busyAtMs = this.events.nowMs;
    this.#tickLater();
  }

  #step(event: Parameters<ReturnType<typeof controlLogic>['step']>[1]): void {
    for (const effect of this.#control.step(this.#state, event, this.events.nowMs as Instant).effects) {
      if (effect.kind !== 'decided') continue;
      if (effect.decided.what === 'place') this.counters.placed++;
      if (effect.decided.what === 'defer') this.counters.deferred++;
      if (effect.decided.what === 'retain') this.#retain(effect.trace, effect.decided);
      this.#tell(effect.trace, { kind: 'decided', decided: effect.decided });
    }
  }

  #held(trace: string): Held[] {
    const live = this.#traces.get(trace);
    if (live === undefined || live.step === null) return [];
    const held: Held[] = [];
    for (const { worker, index } of this.#seats.values()) {
      const { name, memory } = worker;
      let known = live.found[index];
      if (known?.version !== memory.version) {
        const { hbm, dram, nvme } = memory.find(live.step.prompt);
        live.found[index] = (known = { version: memory.version, held: { worker: name, hbmTokens: hbm * blockTokens, dramTokens: (dram + nvme) * blockTokens } });
      }
      if (known.held.hbmTokens + known.held.dramTokens > 0) held.push(known.held);
    }
    return held;
  }

  #onEnded(name: string, end: RunEnd): void {
    const live = this.#traces.get(end.request.trace), seat = this.#seats.get(name);
    if (live === undefined || seat === undefined) return;
    const { trace, step, attempt, after, promptTokens, outTokens } = end.request;
    this.#moveLane(seat, trace, after);
    const servedMs = end.queuedMs + end.recallMs + end.prefillMs + end.decodeMs, waitedMs = this.events.nowMs - live.askedAtMs - servedMs;
    live.queuedMs = waitedMs + end.queuedMs;
    // First, so that whoever is asked what to keep could know (an oracle does) when the next step comes.
    this.#listener.onStepEnded(live.step!, { worker: name, end, waitedMs });
    this.#tell(trace, {
      kind: 'stepEnded', trace, step, attempt, worker: name, tokens: noTokens, finish: 'tool_calls', usage: { prompt: promptTokens, hit: end.usage.hit, recalled: end.usage.recalled, computed: end.usage.computed, generated: outTokens },
      timing: { queuedMs: end.queuedMs, recallMs: end.recallMs, firstTokenMs: end.queuedMs + end.recallMs + end.prefillMs, totalMs: end.queuedMs + end.recallMs + end.prefillMs + end.decodeMs },
      acceleratorMs: end.acceleratorMs, logprobs: [], chain: noBytes, logSeq: 0,
    } as unknown as TraceEvent);
  }

  /** The trace's prefix on this worker is another one now. */
  #moveLane(seat: Seat, trace: string, path: Path): void {
    const before = seat.lanes.get(trace);
    seat.worker.memory.addLane(path);
    if (before !== undefined) seat.worker.memory.removeLane(before);
    seat.lanes.set(trace, path);
  }

  #order(trace: string, { worker, order }: TraceEffect & { readonly kind: 'order' }): void {
    const seat = this.#seats.get(worker);
    if (seat === undefined) return;
    const nowMs = this.events.nowMs, { memory } = seat.worker;
    switch (order.kind) {
      case 'gap': return; // Done with the decision itself, which says more.
      case 'pin': {
        const path = seat.lanes.get(trace) ?? emptyPath;
        if (seat.pins.has(trace) || order.tier !== 'hbm') return;
        seat.pins.set(trace, path);
        memory.pin(path, nowMs);
        return;
      }
      case 'unpin': return this.#unpin(seat, trace);
      case 'drop': {
        this.#unpin(seat, trace);
        const path = seat.lanes.get(trace);
        seat.gaps.delete(trace);
        if (path === undefined) return;
        memory.setValue(path, -1, 0);
        memory.removeLane(path);
        seat.lanes.delete(trace);
        return;
      }
      case 'cancel': return; // Nobody cancels a recorded step, and a lost worker's has ended with it.
    }
  }

  #unpin(seat: Seat, trace: string): void {
    const path = seat.pins.get(trace);
    if (path === undefined) return;
    seat.pins.delete(trace);
    seat.worker.memory.unpin(path, this.events.nowMs);
  }

  /** A gap begins: what control decided for it, until the next step of the trace is here. */
  #retain(trace: string, decided: Extract<Decided, { what: 'retain' }>): void {
    const live = this.#traces.get(trace), seat = this.#seats.get(live?.actor?.context.worker ?? '');
    const path = seat?.lanes.get(trace);
    if (seat === undefined || path === undefined) return;
    const { memory, lines } = seat.worker, nowMs = this.events.nowMs, gap = ++this.#gaps;
    seat.gaps.set(trace, gap);
    const inGap = (afterMs: number, act: () => void): void => { this.events.at(nowMs + afterMs, () => { if (seat.gaps.get(trace) === gap && seat.worker.isAlive) act(); }); };
    memory.setValue(path, decided.keepValue, decided.holdMs === undefined ? 0 : nowMs + decided.holdMs);
    if (decided.dropAfterMs !== undefined) inGap(decided.dropAfterMs, () => memory.forget(path));
    if (decided.demoteAfterMs !== null && memory.capacity.dram > 0) {
      inGap(decided.demoteAfterMs, () => {
        const blocks = memory.toCopy(path, 'dram');
        this.counters.demotions++;
        // What is being copied stays until it has arrived.
        const endMs = blocks === 0 ? this.events.nowMs : lines.dram.start(blocks * seat.worker.blockBytes, this.events.nowMs);
        inGap(endMs - nowMs, () => { memory.demote(path, 'dram', this.events.nowMs); this.#beatSoon(seat.worker.name); });
      });
    }
    if (decided.recallAfterMs !== null) {
      inGap(decided.recallAfterMs, () => {
        const { dram, nvme } = memory.find(path);
        if (dram + nvme === 0) return;
        this.counters.recalls++;
        const endMs = Math.max(dram > 0 ? lines.dram.start(dram * seat.worker.blockBytes, this.events.nowMs) : 0, nvme > 0 ? lines.nvme.start(nvme * seat.worker.blockBytes, this.events.nowMs) : 0);
        inGap(endMs - nowMs, () => { memory.recall(path, this.events.nowMs); });
      });
    }
  }

  /** At once after a change, but not more often than every 10 ms. */
  #beatSoon(name: string): void {
    const seat = this.#seats.get(name);
    if (seat === undefined || seat.beatDue) return;
    seat.beatDue = true;
    this.events.at(Math.max(this.events.nowMs, seat.lastBeatMs + soonMs), () => {
      seat.beatDue = false;
      if (this.#seats.get(name) !== seat) return;
      this.#beat(name);
      if (this.#state.waiting.size > 0) this.#tick();
    });
  }

  /** Steps wait, no worker has had anything to do for days, and every tick leaves it at that: nothing will ever change. */
  #refuseStarvation(): void {
    const { nowMs } = this.events;
    if ([...this.#seats.values()].some(({ worker }) => worker.running + worker.waiting > 0)) this.#busyAtMs = nowMs;
    if (nowMs - this.#busyAtMs < starvedMs) return;
    const [step] = this.#state.waiting.keys();
    throw new Error(`policy ${this.#policy.name} places none of ${this.#state.waiting.size} waiting steps, ${step} among them, though no worker has run anything for ${Math.round((nowMs - this.#busyAtMs) / 3_600_000)} hours`);
  }

  #beat(name: string): void {
    const seat = this.#seats.get(name)!;
    seat.lastBeatMs = this.events.nowMs;
    this.#step({ kind: 'beat', beat: { kind: 'beat', node: name, role: 'worker', epoch: 1, seq: ++seat.seq, atMs: this.events.nowMs, worker: loadOf(seat.worker), claim: null } as never });
  }

  #tick(): void {
    for (const { ask, held } of candidatesOf(this.#state, this.events.nowMs as Instant, this.#policy, controlLimits)) {
      const found = this.#held(ask.trace);
      if (!areSame(found, held)) this.#step({ kind: 'held', step: ask.step, held: found });
    }
    this.#step({ kind: 'tick' });
  }

  /**
   * While steps wait, waiting itself may change what is decided: looked at when the one that came last has waited a tenth longer. Where all workers are busy
   * the look at a long queue may come later too: whoever makes room is followed by one at once.
   */
  #tickLater(): void {
    if (this.#isTicking || this.#seats.size === 0) return;
    this.#refuseStarvation();
    this.#isTicking = true;
    let sinceMs = 0;
    for (const waiting of this.#state.waiting.values()) sinceMs = Math.max(sinceMs, waiting.sinceMs);
    const isIdle = [...this.#seats.values()].some(({ worker }) => worker.running === 0);
    const queueMs = isIdle ? 0 : Math.min(queueMsMax, lookMs * this.#state.waiting.size);
    this.events.at(this.events.nowMs + Math.max(beatMs, queueMs, (this.events.nowMs - sinceMs) / 10), () => {
      this.#isTicking = false;
      if (this.#state.waiting.size === 0 || this.#seats.size === 0) return;
      for (const name of this.#seats.keys()) this.#beat(name);
      this.#tick();
      if (this.#state.waiting.size > 0) this.#tickLater();
    });
  }
}

const noTokens = new Int32Array(0), noBytes = new Uint8Array(0);
const areSame = (some: readonly Held[], others: readonly Held[]): boolean => some.length === others.length && some.every((held, i) => held === others[i]);
const toolOf = (step: StepInput | null): { tool?: string } => (step?.tool == null ? {} : { tool: step.tool });

function loadOf(worker: WorkerModel): WorkerLoad {
  const { memory, device } = worker;
  return {
    model: 'model', weights: '', numerics: '', contextLength: Number.MAX_SAFE_INTEGER, blockBytes: worker.blockBytes, device: device.name, runsMax: device.runsMax, running: worker.running, waiting: worker.waiting,
    hbmBlocks: memory.capacity.hbm, hbmGrantable: worker.grantableBlocks, hbmUsed: memory.used.hbm, dramBlocks: memory.capacity.dram, dramUsed: memory.used.dram,
    prefillTokensPerS: worker.prefillTokensPerS, decodeTokensPerS: worker.decodeTokensPerS, recallBytesPerS: device.dram.bytesPerS, backlogTokens: worker.backlogTokens,
    counters: { demotedBlocks: 0, recalledBlocks: 0, evictedBlocks: 0, migratedBlocks: 0, promptTokens: 0, generatedTokens: 0, iterations: worker.iterations, busyMs: worker.busyMs },
  };
}
