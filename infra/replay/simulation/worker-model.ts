import { blockTokens } from '../../../actors/lib/chain.ts';
import type { AdapterMemory } from './adapter-memory.ts';
import { Admission } from './admission.ts';
import { type Phase, batchOf, iterationsBegun, spanMs, timesOf } from './batch.ts';
import { type Device, type ModelShape, hbmBlocks, iterationMs } from './engine-model.ts';
import type { EventQueue } from './event-queue.ts';
import { lastOf, leaversFor } from './giving-way.ts';
import type { KvMemory } from './kv-memory.ts';
import { Run, type RunEnd, type RunRequest, type RunUsage, firstOf } from './run.ts';
import type { TierLines } from './transfer-line.ts';

export interface WorkerEvents {
  onFirstToken(request: RunRequest, usage: RunUsage): void;
  onEnded(end: RunEnd): void;
  /** A run has ended: somebody may wait for its room. */
  onChange(): void;
  /** Nothing else runs, and yet there is no room for the next run or token: what is pinned has to give way, as it does in production. */
  onNoRoom(): void;
}

/**
 * One engine on one device: continuous batching with chunked prefill. Between events whole iterations are taken at once.
 *
 * Admission `prompt`: a run starts when there are blocks for its prompt, and grows; where none is left for the next tokens, the last in order gives way, leaves what
 * it has computed as cache, queues again and computes what the cache has lost (Kwon et al., SOSP 2023, "PagedAttention", section 4.5, recomputation). Admission
 * `whole`: a run starts when there are blocks for all of it, so none has to give way, but where a better one needs its blocks or its place (as `kernels/engine` does).
 */
export class WorkerModel {
  readonly name: string;
  readonly device: Device;
  readonly model: ModelShape;
  readonly #events: EventQueue;
  readonly #listener: WorkerEvents;
  readonly #admission: Admission;
  readonly #waiting: Run[] = [];
  readonly #recalling = new Set<Run>();
  readonly #prefilling: Run[] = [];
  #decoding: Run[] = [];
  #decodeContext = 0;
  #phase: Phase | null = null;
  /** The phase was cut short so that those who wait can be looked at again. */
  #isAsked = false;
  #submitted = 0;
  #busyMs = 0;
  #iterations = 0;
  #preempted = 0;
  #isAlive = true;

  constructor(name: string, device: Device, model: ModelShape, capacity: { readonly hbm?: number; readonly dram: number; readonly nvme: number; readonly adapterBytes?: number | null }, spills: boolean, events: EventQueue, listener: WorkerEvents) {
    this.name = name;
    this.device = device;
    this.model = model;
    this.#events = events;
    this.#listener = listener;
    this.#admission = new Admission(device, model, { hbm: capacity.hbm ?? hbmBlocks(device, model), dram: capacity.dram, nvme: capacity.nvme }, capacity.adapterBytes ?? null, spills);
    this.decodeTokensPerS = 1000 / iterationMs(device, model, { prefillTokens: 0, prefillContext: 0, decodes: 1, decodeContext: 8_192 });
  }

  get memory(): KvMemory { return this.#admission.memory; }
  /** Null: nobody asks for one. */
  get adapters(): AdapterMemory | null { return this.#admission.adapters; }
  get lines(): TierLines { return this.#admission.lines; }
  get blockBytes(): number { return this.#admission.blockBytes; }
  get prefillTokensPerS(): number { return this.#admission.prefillTokensPerS; }
  /** Of one sequence. */
  readonly decodeTokensPerS: number;
  get running(): number { return this.#decoding.length + this.#prefilling.length + this.#recalling.size; }
  get waiting(): number { return this.#waiting.length; }
  get busyMs(): number { return this.#busyMs; }
  get iterations(): number { return this.#iterations; }
  /** How often a run gave way. */
  get preempted(): number { return this.#preempted; }
  get isAlive(): boolean { return this.#isAlive; }
  get backlogTokens(): number {
    let tokens = 0;
    for (const run of this.#waiting) tokens += this.#admission.missingTokens(run);
    for (const run of this.#recalling) tokens += run.left;
    for (const run of this.#prefilling) tokens += run.left;
    return tokens;
  }

  /** Room for one more of `blocks` new blocks, if nobody waits before it. */
  get grantableBlocks(): number { return Math.max(0, this.memory.grantable + this.#unusedGrowth() - this.#admission.spareBlocks(this.running === 0)); }

  submit(request: RunRequest): void {
    this.#waiting.push(new Run(request, this.#submitted++, this.#events.nowMs));
    this.#startWaiting();
    this.#goOn();
  }

  /** Blocks came free beside any run of its own: whoever waits may start. Not from within a change of this or another worker, but as an event of its own. */
  lookAgain(): void {
    if (!this.#isAlive) return;
    this.#startWaiting();
    this.#goOn();
    this.#listener.onChange();
  }

  /** Everything that it ran and held is gone; who asked for it hears of that elsewhere. */
  lose(): void {
    this.#isAlive = false;
    if (this.#phase !== null) this.#phase.due.isOff = true;
    this.#phase = null;
    for (const run of this.#recalling) run.stopArrivals();
    this.#waiting.length = 0;
    this.#recalling.clear();
    this.#prefilling.length = 0;
    this.#decoding = [];
    this.#decodeContext = 0;
    this.memory.clear();
  }

  *#running(): Generator<Run> { yield* this.#recalling; yield* this.#prefilling; yield* this.#decoding; }

  /** In order, and nobody overtakes the first: a large run would wait for ever behind small ones. */
  #startWaiting(): void {
    for (let run = firstOf(this.#waiting); run !== undefined; run = firstOf(this.#waiting)) {
      const hasPlace = this.running < this.device.runsMax;
      if (!hasPlace || !this.#start(run)) {
        if (this.#makeWayFor(run, hasPlace)) continue;
        if (this.running > 0) return;
        this.#listener.onNoRoom();
        if (!this.#start(run)) throw new Error(`worker ${this.name} is empty and has no room for step ${run.request.step}`);
      }
      this.#waiting.splice(this.#waiting.indexOf(run), 1);
    }
  }

  #start(run: Run): boolean {
    const { nowMs } = this.#events, letIn = this.#admission.tryLetIn(run, this.running === 0, nowMs);
    if (letIn === null) return false;
    const { waitMs, fetchFrom } = letIn;
    run.enter('recall', nowMs);
    if (waitMs === 0 && fetchFrom === null) { this.#prefill(run); return true; }
    this.#recalling.add(run);
    if (waitMs > 0) run.arrival = this.#events.at(nowMs + waitMs, () => { run.arrival = null; this.#arrived(run); });
    if (fetchFrom !== null) run.stopFetch = run.request.source!.fetch(run.reusable, fetchFrom, (blocks) => { run.stopFetch = null; run.brought(blocks * blockTokens); this.#arrived(run); });
    return true;
  }

  #arrived(run: Run): void {
    if (run.arrival !== null || run.stopFetch !== null) return;
    this.#recalling.delete(run);
    this.#prefill(run);
    this.#goOn();
  }

  #prefill(run: Run): void {
    run.enter('prefill', this.#events.nowMs);
    this.#prefilling.push(run);
    this.#cutPhase();
  }

  /** The iteration that is under way ends as it was planned; the next one takes everybody. One that began at this very instant is planned anew: who comes now is a part of it. */
  #cutPhase(): void {
    const phase = this.#phase;
    if (phase === null) return;
    if (phase.startMs === this.#events.nowMs) {
      phase.due.isOff = true;
      this.#phase = null;
      return this.#admission.takeBackGrowth(this.#decoding);
    }
    const begun = iterationsBegun(phase, this.#events.nowMs);
    if (begun >= phase.count) return;
    phase.due.isOff = true;
    phase.count = begun;
    phase.due = this.#events.at(phase.startMs + spanMs(phase, begun), () => this.#endPhase());
  }

  #goOn(): void {
    if (this.#phase !== null || this.#decoding.length + this.#prefilling.length === 0) return;
    const { device, model } = this, startMs = this.#events.nowMs;
    let batch = batchOf(device, this.model, this.#prefilling, this.#decoding, this.#decodeContext), count = this.#admission.grow(this.#decoding, batch.count, startMs);
    while (count === 0) {
      this.#giveWay();
      batch = batchOf(device, this.model, this.#prefilling, this.#decoding, this.#decodeContext);
      count = this.#admission.grow(this.#decoding, batch.count, startMs);
    }
    if (count === Number.POSITIVE_INFINITY) return; // Nobody is left who could go on.
    const planned = count;
    if (this.#isAsked) count = 1;
    const times = timesOf(device, model, batch, count);
    this.#phase = { startMs, ...times, chunks: batch.chunks, planned, count, due: this.#events.at(startMs + spanMs(times, count), () => this.#endPhase()) };
  }

  /** Blocks that were given for iterations which have not begun. */
  #unusedGrowth(): number { return this.#phase === null ? 0 : this.#admission.unusedGrowth(this.#decoding, iterationsBegun(this.#phase, this.#events.nowMs)); }

  /** There is no block for the next token of each: the last in order leaves. Alone it must have room, whatever is pinned. */
  #giveWay(): void {
    if (this.running > 1) {
      this.#preempt(lastOf(this.#running()));
      // What it left may be more than those who stay take.
      this.#isAsked = true;
      return;
    }
    const before = this.memory.grantable;
    this.#listener.onNoRoom();
    if (this.memory.grantable <= before) throw new Error(`worker ${this.name} runs step ${this.#decoding[0]!.request.step} alone and has no room for its next token`);
  }

  /** Takes from those who run what `run` lacks. False: nothing can be had, or not in the middle of an iteration. */
  #makeWayFor(run: Run, hasPlace: boolean): boolean {
    if (this.#admission.isOversized(run)) return false;
    const leavers = this.#admission.grows ? [] : leaversFor(run, this.#running(), hasPlace, (without) => this.#admission.wouldLetIn(run, without));
    if (leavers.length === 0 && (!hasPlace || this.#unusedGrowth() === 0)) return false;
    this.#cutPhase();
    this.#isAsked = this.#phase !== null;
    if (this.#isAsked) return false;
    for (const leaver of leavers) this.#preempt(leaver);
    return true;
  }

  #preempt(run: Run): void {
    if (run.stage === 'recall') {
      this.#recalling.delete(run);
      run.stopArrivals();
    } else if (run.stage === 'prefill') this.#prefilling.splice(this.#prefilling.indexOf(run), 1);
    else {
      this.#decoding.splice(this.#decoding.indexOf(run), 1);
      this.#decodeContext -= run.tokens - 1;
    }
    const { nowMs } = this.#events;
    this.#admission.letGo(run, run.giveWay(nowMs), nowMs);
    this.#preempted++;
    this.#waiting.push(run);
  }

  #endPhase(): void {
    const { count, planned, chunks } = this.#phase!, spentMs = spanMs(this.#phase!, count), { nowMs } = this.#events;
    this.#phase = null;
    this.#busyMs += spentMs;
    this.#iterations += count;
    const shareMs = spentMs / (chunks.length + this.#decoding.length);
    const ended: Run[] = [], drawing: Run[] = [];
    for (const run of this.#decoding) {
      run.outLeft -= count;
      run.acceleratorMs += shareMs;
      this.#decodeContext += count;
      if (run.outLeft === 0) ended.push(run);
    }
    if (count < planned) this.#admission.takeBackGrowth(this.#decoding);
    for (const { run, tokens } of chunks) {
      run.isFresh = false;
      run.left -= tokens * count;
      run.context += tokens * count;
      run.acceleratorMs += shareMs;
      if (run.left === 0) drawing.push(run);
    }
    for (const run of ended) this.#decodeContext -= run.tokens - 1;
    if (ended.length > 0) this.#decoding = this.#decoding.filter((run) => run.outLeft > 0);
    for (const run of drawing) this.#draw(run, ended);
    for (const run of ended) this.#end(run, nowMs);
    if (ended.length > 0 || this.#isAsked) {
      this.#isAsked = false;
      this.#startWaiting();
    }
    this.#goOn();
    if (ended.length > 0) this.#listener.onChange();
  }

  /** All that the run knows is computed: it draws a token. */
  #draw(run: Run, ended: Run[]): void {
    const nowMs = this.#events.nowMs;
    this.#prefilling.splice(this.#prefilling.indexOf(run), 1);
    this.#admission.nameComputed(run);
    const isFirst = run.draw(nowMs);
    run.enter('decode', nowMs);
    if (run.outLeft === 0) ended.push(run);
    else {
      this.#decoding.push(run);
      this.#decodeContext += run.context;
    }
    if (isFirst) this.#listener.onFirstToken(run.request, run.usage);
  }

  #end(run: Run, nowMs: number): void {
    this.#admission.letGo(run, run.request.after, nowMs);
    this.#listener.onEnded(run.end(nowMs));
  }
}
