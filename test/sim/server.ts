import { assert } from '../../actors/lib/logic.ts';
import type { BusFaultCode, Headers, LogEntry, PublishOptions, Stored } from '../../actors/lib/ports.ts';
import { type StreamTable, matches } from '../../infra/nats/streams.ts';
import type { SimProcess, SimWorld } from './clock.ts';
import { SimStream } from './stream.ts';

type StreamKey = keyof StreamTable;

/** Somebody who hears core messages; `reply` is there when an answer is expected. */
export interface Ear { readonly link: Link; readonly filter: string; readonly hear: (subject: string, bytes: Uint8Array, headers: Headers, reply: ((answer: Uint8Array) => void) | null) => void; isStopped: boolean }
/** A log reader's place at the server. */
export interface Tap { readonly link: Link; readonly stream: StreamKey; readonly filter: string; readonly offer: (entry: LogEntry) => void; reopen(): void; isStopped: boolean }
/** A consumer of the work queue. */
export interface Hand { readonly link: Link; readonly durable: string; readonly inFlightMax: number; readonly ackWaitMs: number; readonly give: (entry: LogEntry, deliveries: number, token: object) => void; isStopped: boolean }

/** The nats-server of a simulated world: streams, core subscriptions, the work queue, and the lines to each process. */
export class SimServer {
  readonly world: SimWorld;
  readonly table: StreamTable;
  readonly #streams: ReadonlyMap<StreamKey, SimStream>;
  readonly links = new Set<Link>();
  readonly ears = new Set<Ear>();
  readonly taps = new Set<Tap>();
  readonly hands = new Set<Hand>();
  /** By durable and sequence: who has a task, and how often it was given. */
  readonly #tasks = new Map<string, { token: object | null; hand: Hand | null; notBeforeMs: number; deliveries: number; keeps: number }>();
  #upAtMs = 0;

  constructor(world: SimWorld, table: StreamTable) {
    this.world = world;
    this.table = table;
    this.#streams = new Map(Object.entries(table).map(([key, spec]) => [key as StreamKey, new SimStream(spec)]));
    world.onHeal(() => { if (!this.isUp) this.#comeUp(); });
  }

  get isUp(): boolean { return this.world.now >= this.#upAtMs; }
  get upAtMs(): number { return this.#upAtMs; }

  stream(key: StreamKey): SimStream { return this.#streams.get(key)!; }

  /** Dies now and is back on the same store after `downMs`: memory streams are empty, connections come back one by one. */
  restart(downMs: number): void {
    this.world.note(`server down for ${Math.round(downMs)} ms`);
    this.#upAtMs = this.world.now + downMs;
    for (const stream of this.#streams.values()) if (stream.spec.storage === 'memory') stream.forget();
    for (const link of this.links) link.cut(this.#upAtMs + this.world.random.fraction() * 500);
    for (const tap of this.taps) if (!tap.isStopped) tap.reopen();
    this.world.at(this.#upAtMs, 'server up', () => this.dispatch());
  }

  #comeUp(): void {
    this.#upAtMs = this.world.now;
    for (const link of this.links) link.cut(this.world.now);
    for (const tap of this.taps) if (!tap.isStopped) tap.reopen();
    this.dispatch();
  }

  /** A message arrives: whoever listens hears it, and the stream it belongs to stores it, or not. */
  arrive(subject: string, bytes: Uint8Array, headers: Headers, options: (PublishOptions & { readonly ttlMs?: number }) | null): Stored | BusFaultCode | null {
    const key = this.#keyOf(subject);
    this.world.note(`server takes ${subject} ${fingerprint(bytes)}`);
    this.route(subject, bytes, headers, null);
    if (key === null) return null;
    const stream = this.stream(key);
    const result = stream.append(subject, bytes, headers, this.world.now, { ...options, duplicateWindowMs: this.world.faults.duplicateWindowMs });
    if (typeof result === 'object' && !result.isDuplicate) {
      const entry = stream.get(result.seq, this.world.now);
      for (const tap of this.taps) if (entry !== null && tap.stream === key && !tap.isStopped && matches(tap.filter, subject)) tap.offer(entry);
      if (key === 'step') this.dispatch();
    }
    return result;
  }

  /** To everybody who listens; returns how many that are. */
  route(subject: string, bytes: Uint8Array, headers: Headers, reply: ((answer: Uint8Array) => void) | null): number {
    let heard = 0;
    for (const ear of this.ears) {
      if (ear.link.isGone) this.ears.delete(ear);
      if (ear.isStopped || ear.link.isGone || !matches(ear.filter, subject)) continue;
      heard++;
      // Copies to a connection that is not back yet go nowhere.
      if (ear.link.isConnected) ear.link.deliverCore(`${ear.link.process.name} hears ${subject}`, () => { if (!ear.isStopped) ear.hear(subject, bytes, headers, reply); });
    }
    return heard;
  }

  /** Gives waiting tasks to hands with a free place, oldest first. */
  dispatch(): void {
    if (!this.isUp) return;
    const stream = this.stream('step');
    for (const entry of stream.from(1, this.world.now)) {
      const free = [...this.hands].filter((hand) => !hand.isStopped && !hand.link.isGone && hand.link.isConnected && this.#held(hand) < hand.inFlightMax);
      if (free.length === 0) return;
      for (const durable of new Set(free.map((hand) => hand.durable))) {
        const task = this.#task(durable, entry.seq);
        if (task.token === null && task.notBeforeMs <= this.world.now) this.#give(entry, task, this.world.random.pick(free.filter((hand) => hand.durable === durable)));
      }
    }
  }

  #give(entry: LogEntry, task: { token: object | null; hand: Hand | null; deliveries: number }, hand: Hand): void {
    const token = {};
    task.token = token;
    task.hand = hand;
    task.deliveries++;
    const { deliveries } = task;
    hand.link.deliver(`${hand.link.process.name} takes task ${entry.seq}`, () => hand.give(entry, deliveries, token));
    this.keep(hand, entry.seq, token);
  }

  /** The time in which a task must be acknowledged begins, or begins again. */
  keep(hand: Hand, seq: number, token: object): void {
    const task = this.#tasks.get(`${hand.durable} ${seq}`);
    if (task === undefined || task.token !== token) return;
    const kept = ++task.keeps;
    this.world.after(hand.ackWaitMs, `task ${seq} due`, () => { if (task.keeps === kept) this.#free(hand.durable, seq, token, 0); });
  }

  acknowledge(durable: string, seq: number): void {
    this.#tasks.delete(`${durable} ${seq}`);
    this.stream('step').removeSeq(seq, this.world.now);
    this.dispatch();
  }

  putBack(durable: string, seq: number, token: object, delayMs: number): void {
    this.#free(durable, seq, token, delayMs);
    if (delayMs > 0) this.world.after(delayMs, `task ${seq} again`, () => this.dispatch());
  }

  #free(durable: string, seq: number, token: object, delayMs: number): void {
    const task = this.#tasks.get(`${durable} ${seq}`);
    if (task === undefined || task.token !== token) return;
    task.token = null;
    task.hand = null;
    task.notBeforeMs = this.world.now + delayMs;
    this.dispatch();
  }

  #task(durable: string, seq: number) {
    const key = `${durable} ${seq}`;
    const known = this.#tasks.get(key) ?? { token: null, hand: null, notBeforeMs: 0, deliveries: 0, keeps: 0 };
    this.#tasks.set(key, known);
    return known;
  }

  #held(hand: Hand): number {
    let held = 0;
    for (const task of this.#tasks.values()) if (task.hand === hand) held++;
    return held;
  }

  /** The time as of which a read of this stream is answered. */
  readAsOfMs(key: StreamKey): number {
    const { random, faults, now } = this.world;
    const isStale = random.chance(this.table[key].readFrom === 'any' ? faults.staleRead : faults.staleLeaderRead);
    return isStale ? now - random.fraction() * faults.staleMsMax : now;
  }

  #keyOf(subject: string): StreamKey | null {
    for (const [key, { spec }] of this.#streams) if (spec.subjects.some((filter) => matches(filter, subject))) return key;
    return null;
  }
}

/** FNV-1a over the bytes, so that the world's hash depends on what was said. */
function fingerprint(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** The connection of one process: what goes through it keeps its order, unless a fault says otherwise. */
export class Link {
  readonly server: SimServer;
  readonly process: SimProcess;
  #upLastMs = 0;
  #downLastMs = 0;
  #generation = 0;
  #connectedAtMs = 0;
  #goneAtMs = Number.POSITIVE_INFINITY;

  constructor(server: SimServer, process: SimProcess) {
    assert(process.isAlive, `${process.name} is dead`);
    this.server = server;
    this.process = process;
    server.links.add(this);
    process.onCrash(() => { this.#goneAtMs = server.world.now + server.world.random.fraction() * server.world.faults.lingerMsMax; });
  }

  get isConnected(): boolean { return this.server.world.now >= this.#connectedAtMs; }
  get connectedAtMs(): number { return this.#connectedAtMs; }
  /** The server knows that the process is dead. */
  get isGone(): boolean { return this.server.world.now >= this.#goneAtMs; }

  cut(backAtMs: number): void {
    this.#generation++;
    this.#connectedAtMs = backAtMs;
    this.#downLastMs = 0;
    this.server.world.at(backAtMs, `${this.process.name} reconnects`, () => this.server.dispatch());
  }

  /** Process → server. What is sent while there is no connection waits for it, or is lost when `isLossy`. */
  send(label: string, run: () => void, options: { readonly lost?: number; readonly isLossy?: boolean; readonly isReliable?: boolean } = {}): void {
    const { world } = this.server;
    if (!this.process.isAlive) return;
    if (options.isReliable !== true && world.random.chance(options.lost ?? 0)) return;
    if (options.isLossy === true && !this.isConnected) return;
    const slowMs = options.isReliable !== true && world.random.chance(world.faults.slow) ? world.random.fraction() * world.faults.slowMsMax : 0;
    const hopAtMs = Math.max(world.now, this.#connectedAtMs) + this.#hopMs();
    const atMs = slowMs > 0 ? hopAtMs + slowMs : Math.max(hopAtMs, this.#upLastMs);
    if (slowMs === 0) this.#upLastMs = atMs;
    world.at(atMs, label, () => this.#arriveAtServer(label, run, options));
  }

  #arriveAtServer(label: string, run: () => void, options: { readonly isLossy?: boolean; readonly isReliable?: boolean }): void {
    const { world } = this.server;
    if (this.server.isUp) return run();
    // It was on the wire when the server died: the client may still have it in its buffer, or not.
    if (options.isReliable === true || (options.isLossy !== true && world.random.chance(0.5))) world.at(Math.max(this.#connectedAtMs, this.server.upAtMs) + this.#hopMs(), label, () => this.#arriveAtServer(label, run, options));
  }

  /** Server → process, in order; lost when the connection is cut on the way. */
  deliver(label: string, run: () => void, options: { readonly isOutOfOrder?: boolean } = {}): void {
    const { world } = this.server;
    const generation = this.#generation;
    const slowMs = world.random.chance(world.faults.slow) ? world.random.fraction() * world.faults.slowMsMax : 0;
    const hopAtMs = Math.max(world.now, this.#connectedAtMs) + this.#hopMs() + slowMs;
    const atMs = options.isOutOfOrder === true ? hopAtMs + world.random.fraction() * 4 * world.faults.delayMsMax : Math.max(hopAtMs, this.#downLastMs);
    if (options.isOutOfOrder !== true) this.#downLastMs = atMs;
    world.at(atMs, label, () => { if (generation === this.#generation) this.process.enter(label, run); });
  }

  /** A core message: dropped, doubled or out of order, as the faults have it. */
  deliverCore(label: string, run: () => void): void {
    const { random, faults } = this.server.world;
    if (random.chance(faults.coreDrop)) return;
    this.deliver(label, run, { isOutOfOrder: random.chance(faults.coreReorder) });
    if (!random.chance(faults.coreDuplicate)) return;
    // The copy comes at once, or from a buffer long after everybody has given it up.
    const lateMs = random.chance(0.6) ? random.fraction() * faults.slowMsMax : 0;
    this.server.world.after(lateMs, label, () => this.deliver(label, run, { isOutOfOrder: random.chance(faults.coreReorder) }));
  }

  #hopMs(): number {
    const { random, faults } = this.server.world;
    return faults.delayMsMin + random.fraction() * (faults.delayMsMax - faults.delayMsMin);
  }
}
