import { decodeOrder, decodeSnapshotAsked, encodeBlockEvents, encodeFirstToken, encodeOrderReply, encodeOut } from '../../schemas/codec.ts';
import type { OrderReply, WorkerLoad } from '../../schemas/messages.ts';
import { subjects, type Subjects } from '../../schemas/subjects.ts';
import { namesOf } from '../lib/chain.ts';
import { partitionOf } from '../lib/ids.ts';
import { limits } from '../lib/limits.ts';
import { type Logic, unreachable } from '../lib/logic.ts';
import { BusFault, type Engine, type EngineEvent, type EngineStats, type Message, type Ports, type Subscription } from '../lib/ports.ts';
import { blocksFound } from '../tier/held.ts';
import { newTier, tier } from '../tier/tier.ts';
import type { TierAlarm, TierCounters, TierEffect, TierEvent, TierState } from '../tier/types.ts';
import type { Failure, Report, WorkerEffect, WorkerEvent, WorkerState } from '../worker/types.ts';
import { newWorker, worker, workerLoad } from '../worker/worker.ts';
import { WorkerBeats } from './worker-beats.ts';
import { WorkerPages } from './worker-pages.ts';
import { WorkerReports } from './worker-reports.ts';

export interface WorkerDeps {
  readonly ports: Ports;
  readonly region: string;
  readonly node: string;
  /** Grows with each start of the process. */
  readonly epoch: number;
  readonly model: string;
  /** Hex sha256 of the weights' file. */
  readonly weightsDigest: string;
  readonly device: string;
  readonly runsMax: number;
  /** 32 bytes: what besides tokens determines a tenant's blocks. */
  saltFor(tenant: string): Uint8Array;
  /** False: a plain LRU cache; gap and pin orders change nothing. */
  readonly offload: boolean;
  /** Opens the engine, which calls `onEvents` from then on, never before it has returned. */
  openEngine(onEvents: (events: readonly EngineEvent[]) => void): Engine;
  onSpan?(span: WorkerSpan): void;
}

/** One granted run from its order to its end; times in milliseconds since the epoch. */
export interface WorkerSpan { readonly startMs: number; readonly endMs: number; readonly report: Report['event']; readonly traceparent: string | null }

export interface WorkerStats {
  readonly load: WorkerLoad;
  readonly engine: EngineStats;
  readonly runs: Readonly<WorkerState['counters']>;
  readonly tier: Readonly<TierCounters> & { readonly hbmPinned: number; readonly dramPinned: number; readonly lanes: number };
  readonly pages: Readonly<WorkerPages['counters']>;
  readonly reports: Readonly<WorkerReports['counters']> & { readonly pending: number };
  readonly deltas: { readonly published: number; readonly failed: number; readonly skipped: number };
  readonly beats: number;
}

/** Well within the order's own deadline, so that a refusal still arrives. */
const pagesMs = limits.orderMs * 0.6;
const ordersMax = 1_024;
const deltasMax = 512;
const tickMs = 1_000;
const cancelMs = 1_000;
const tierLimits = { flushMs: 5, batchMax: 512, pinMs: limits.pinMs, lanesMax: limits.lanesMax, pinShare: 0.5 };

type Item = { readonly to: 'worker'; readonly event: WorkerEvent } | { readonly to: 'tier'; readonly event: TierEvent };

/** Runs the worker and the tier actor of one node over its engine: orders in, effects out, one event at a time. */
export class WorkerHost {
  readonly #deps: WorkerDeps;
  readonly #subjects: Subjects;
  readonly #engine: Engine;
  readonly #workerLogic: Logic<WorkerState, WorkerEvent, WorkerEffect>;
  readonly #tierLogic: Logic<TierState, TierEvent, TierEffect>;
  readonly #worker: WorkerState;
  readonly #tier = newTier();
  readonly #pages: WorkerPages;
  readonly #reports: WorkerReports;
  readonly #beats: WorkerBeats;
  readonly #subscriptions: Subscription[];
  readonly #answers = new Map<number, (bytes: Uint8Array | null) => void>();
  readonly #alarms = new Map<string, () => void>();
  /** What actors say to each other goes before everything else: they must agree on what is promised. */
  readonly #inside: Item[] = [];
  readonly #outside: Item[] = [];
  readonly #waiters: { isDone: () => boolean; resolve: () => void }[] = [];
  readonly #deltas = { published: 0, failed: 0, skipped: 0, inFlight: 0 };
  #isDraining = false;
  #isHalted = false;
  #tokenSeq = 0;
  #closed: Promise<void> | null = null;

  constructor(deps: WorkerDeps) {
    const { ports, node, epoch } = deps;
    this.#deps = deps;
    this.#subjects = subjects(deps.region);
    this.#engine = deps.openEngine((events) => this.#onEngineEvents(events));
    const { hbmBlocks, dramBlocks, contextLength } = this.#engine.info;
    const workerConfig = { node, epoch, model: deps.model, contextLength, hbmBlocks, runsMax: deps.runsMax, unreportedMax: 4 * deps.runsMax, runMs: limits.attemptMs };
    this.#workerLogic = worker(workerConfig);
    this.#tierLogic = tier({ node, epoch, hbmBlocks, dramBlocks, offload: deps.offload, ...tierLimits });
    this.#worker = newWorker(workerConfig);
    this.#pages = new WorkerPages(ports, this.#subjects);
    this.#reports = new WorkerReports(ports, this.#subjects, () => this.#tell({ to: 'worker', event: { kind: 'reported' } }));
    this.#beats = new WorkerBeats(ports, this.#subjects, node, epoch, () => this.#load());
    this.#subscriptions = [
      ports.bus.serve(this.#subjects.order(node), (message) => this.#onOrder(message)),
      ports.bus.serve(this.#subjects.snapshot(node), (message) => this.#onSnapshotAsked(message)),
    ];
    const stored = this.#engine.snapshot(); // What a memory that outlives processes may hold already.
    if (stored.length > 0) this.#tell({ to: 'tier', event: { kind: 'blocks', events: stored } });
    this.#beats.send();
    this.#tick();
  }

  stats(): WorkerStats {
    const { pins, lanes, counters } = this.#tier;
    const { published, failed, skipped } = this.#deltas;
    return {
      load: this.#load(), engine: this.#engine.stats(), runs: { ...this.#worker.counters },
      tier: { ...counters, hbmPinned: pins.hbm.size, dramPinned: pins.dram.size, lanes: lanes.size },
      pages: { ...this.#pages.counters }, reports: { ...this.#reports.counters, pending: this.#reports.pending },
      deltas: { published, failed, skipped }, beats: this.#beats.sent,
    };
  }

  /** Refuses new runs, lets the granted ones end for `drainMs`, gives the rest back to their traces, and stops. */
  close(drainMs: number): Promise<void> {
    this.#closed ??= this.#close(drainMs);
    return this.#closed;
  }

  /** Stops at once, as a process that dies: nothing more is said or heard. The engine is left to whoever opened it. */
  halt(): void {
    this.#isHalted = true;
    for (const subscription of this.#subscriptions) subscription.stop();
    for (const cancel of this.#alarms.values()) cancel();
    this.#alarms.clear();
    this.#beats.stop();
    this.#reports.halt();
    for (const answer of this.#answers.values()) answer(null);
    this.#answers.clear();
    for (const { resolve } of this.#waiters.splice(0)) resolve();
  }

  async #close(drainMs: number): Promise<void> {
    this.#tell({ to: 'worker', event: { kind: 'close' } });
    await this.#until(() => this.#worker.runs.size === 0, drainMs);
    this.#tell({ to: 'worker', event: { kind: 'abandon' } });
    // The engine ends what was cancelled within an iteration, and says what it took; it is not waited for longer than this.
    await this.#until(() => this.#worker.runs.size === 0, cancelMs);
    this.#tell({ to: 'worker', event: { kind: 'abandon' } });
    await this.#until(() => this.#reports.pending === 0, limits.publishMs);
    this.halt();
    await this.#engine.close();
  }

  #until(isDone: () => boolean, deadlineMs: number): Promise<void> {
    if (isDone() || this.#isHalted) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#clock.alarm(this.#clock.now() + deadlineMs, resolve);
      this.#waiters.push({ isDone, resolve: () => { cancel(); resolve(); } });
    });
  }

  get #clock() { return this.#deps.ports.clock; }

  #tick(): void {
    if (this.#isHalted) return;
    this.#setAlarm('tick', this.#clock.now() + tickMs, () => {
      this.#tell({ to: 'worker', event: { kind: 'tick' } });
      this.#tick();
    });
  }

  async #onOrder(message: Message): Promise<Uint8Array | null> {
    const order = decodeOrder(message.bytes);
    if (order.kind === 'fault') return encodeOrderReply({ kind: 'refused', code: 'bad_order', message: order.message, retry: 'never' });
    const traceparent = message.headers['traceparent'] ?? null;
    return this.#ask((token) => ({ to: 'worker', event: { kind: 'order', token, order, traceparent } }));
  }

  async #onSnapshotAsked(message: Message): Promise<Uint8Array | null> {
    const asked = decodeSnapshotAsked(message.bytes);
    return asked.kind === 'fault' ? null : this.#ask((token) => ({ to: 'tier', event: { kind: 'snapshotAsked', token, from: asked.from } }));
  }

  /** An actor answers by token. Above the bound the question stays unanswered: whoever asks counts the worker as silent. */
  #ask(item: (token: number) => Item): Promise<Uint8Array | null> {
    if (this.#isHalted || this.#answers.size >= ordersMax) return Promise.resolve(null);
    const token = ++this.#tokenSeq;
    return new Promise((resolve) => {
      this.#answers.set(token, resolve);
      this.#tell(item(token));
    });
  }

  #answer(token: number, bytes: Uint8Array): void {
    this.#answers.get(token)?.(bytes);
    this.#answers.delete(token);
  }

  #onEngineEvents(events: readonly EngineEvent[]): void {
    for (const event of events) {
      switch (event.kind) {
        case 'blocks': this.#tell({ to: 'tier', event: { kind: 'blocks', events: event.events } }); break;
        case 'moved': this.#tell({ to: 'tier', event: { kind: 'moved', event } }); break;
        case 'started': case 'delta': case 'ended': this.#tell({ to: 'worker', event: { kind: 'engine', event } }); break;
        default: unreachable(event);
      }
    }
  }

  #tell(item: Item): void {
    if (this.#isHalted) return;
    this.#outside.push(item);
    if (this.#isDraining) return;
    this.#isDraining = true;
    for (let next = this.#next(); next !== undefined; next = this.#next()) this.#handle(next);
    this.#isDraining = false;
    for (const waiter of [...this.#waiters]) {
      if (!waiter.isDone()) continue;
      this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
      waiter.resolve();
    }
  }

  #next(): Item | undefined { return this.#inside.shift() ?? this.#outside.shift(); }

  #handle(item: Item): void {
    const now = this.#clock.now();
    if (item.to === 'worker') for (const effect of this.#workerLogic.step(this.#worker, item.event, now).effects) this.#performWorker(effect);
    else for (const effect of this.#tierLogic.step(this.#tier, item.event, now).effects) this.#performTier(effect);
  }

  #performWorker(effect: WorkerEffect): void {
    switch (effect.kind) {
      case 'reply': return this.#answer(effect.token, encodeOrderReply(effect.reply satisfies OrderReply));
      case 'resolve': void this.#resolve(effect); return;
      case 'submit': return this.#submit(effect);
      case 'cancelRun': return this.#engine.cancel(effect.run);
      case 'setPriority': return this.#engine.setPriority(effect.run, effect.priority);
      case 'publishOut': void this.#publishOut(effect); return;
      case 'note': {
        const partition = partitionOf(effect.note.trace);
        if (partition !== null) this.#deps.ports.bus.emit(this.#subjects.now(partition, effect.note.trace), encodeFirstToken(effect.note));
        return;
      }
      case 'report': return this.#report(effect.id, effect.report);
      case 'toTier': this.#inside.push({ to: 'tier', event: effect.message }); return;
      case 'freed': return this.#beats.soon();
      default: unreachable(effect);
    }
  }

  #performTier(effect: TierEffect): void {
    const { ports, node } = this.#deps;
    switch (effect.kind) {
      case 'demote': return this.#engine.demote(effect.lane);
      case 'recall': return this.#engine.recall(effect.lane);
      case 'pin': return this.#engine.pin(effect.lane, effect.tier);
      case 'unpin': return this.#engine.unpin(effect.lane);
      case 'retain': return this.#engine.retain(effect.lane, effect.value);
      case 'dropLane': return this.#engine.drop(effect.lane);
      case 'alarm': return this.#setTierAlarm(effect.alarm);
      case 'forgetAlarms':
        this.#clearAlarm(`demote ${effect.lane}`);
        return this.#clearAlarm(`recall ${effect.lane}`);
      case 'publish': return ports.bus.emit(this.#subjects.kv(node), encodeBlockEvents(effect.batch));
      case 'answer': return this.#answer(effect.token, encodeBlockEvents(effect.snapshot));
      case 'pinned': this.#inside.push({ to: 'worker', event: { kind: 'pinned', names: effect.names } }); return;
      default: unreachable(effect);
    }
  }

  async #resolve({ run, tenant, prompt }: WorkerEffect & { readonly kind: 'resolve' }): Promise<void> {
    const resolved = await this.#pages.resolve(tenant, prompt, pagesMs);
    if (resolved.kind === 'ready') {
      const { tokens, chain } = resolved;
      this.#tell({ to: 'worker', event: { kind: 'promptReady', run, tokens, chain, blocksFound: blocksFound(this.#tier.held, namesOf(chain)) } });
    } else this.#tell({ to: 'worker', event: { kind: 'promptMissing', run, message: resolved.message } });
  }

  #submit({ tenant, request }: WorkerEffect & { readonly kind: 'submit' }): void {
    try {
      this.#engine.submit({ ...request, salt: this.#deps.saltFor(tenant) });
    } catch (error) {
      this.#tell({ to: 'worker', event: { kind: 'submitFailed', run: request.run, failure: failureOf(error) } });
    }
  }

  /** Deltas are for those who watch: the report carries every token, so a delta that is lost is only late. */
  async #publishOut({ out, traceparent }: WorkerEffect & { readonly kind: 'publishOut' }): Promise<void> {
    if (this.#deltas.inFlight >= deltasMax) { this.#deltas.skipped++; return; }
    this.#deltas.inFlight++;
    try {
      await this.#deps.ports.bus.publish(this.#subjects.out(out.step), encodeOut(out), { headers: headersOf(traceparent), deadlineMs: limits.publishMs });
      this.#deltas.published++;
    } catch (fault) {
      if (!(fault instanceof BusFault)) throw fault;
      this.#deltas.failed++;
    } finally {
      this.#deltas.inFlight--;
    }
  }

  #report(id: string, { event, traceparent, startedAtMs }: Report): void {
    this.#deps.onSpan?.({ startMs: startedAtMs, endMs: this.#clock.now(), report: event, traceparent });
    this.#reports.add(id, event, headersOf(traceparent));
  }

  #setTierAlarm(alarm: TierAlarm): void {
    this.#setAlarm(`${alarm.what} ${alarm.lane}`, alarm.atMs, () => this.#tell({ to: 'tier', event: { kind: 'alarm', alarm } }));
  }

  #setAlarm(key: string, atMs: number, fire: () => void): void {
    this.#clearAlarm(key);
    this.#alarms.set(key, this.#clock.alarm(atMs, () => { this.#alarms.delete(key); fire(); }));
  }

  #clearAlarm(key: string): void {
    this.#alarms.get(key)?.();
    this.#alarms.delete(key);
  }

  #load(): WorkerLoad {
    const { info } = this.#engine;
    const stats = this.#engine.stats();
    return {
      model: this.#deps.model, weights: this.#deps.weightsDigest, numerics: info.numerics, contextLength: info.contextLength, blockBytes: info.blockBytes,
      device: this.#deps.device, runsMax: this.#deps.runsMax, ...workerLoad(this.#worker),
      hbmBlocks: info.hbmBlocks, hbmUsed: this.#tier.held.hbm.size, dramBlocks: info.dramBlocks, dramUsed: this.#tier.held.dram.size,
      prefillTokensPerS: stats.prefillTokensPerS, decodeTokensPerS: stats.decodeTokensPerS, recallBytesPerS: stats.recallBytesPerS,
      counters: {
        demotedBlocks: stats.demotedBlocks, recalledBlocks: stats.recalledBlocks, evictedBlocks: stats.evictedBlocks, migratedBlocks: 0,
        promptTokens: stats.promptTokens, generatedTokens: stats.generatedTokens, iterations: stats.iterations, busyMs: stats.busyMs,
      },
    };
  }
}

const headersOf = (traceparent: string | null): Readonly<Record<string, string>> => (traceparent === null ? {} : { traceparent });

/** What the engine says of a request that it can never run is final; anything else another worker may do better. */
function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) throw error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  if (code === null) throw error;
  return { code, message: error.message, retry: code === 'token_range' || code === 'context_length' ? 'never' : 'elsewhere' };
}
