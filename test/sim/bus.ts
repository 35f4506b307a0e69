import { limits } from '../../actors/lib/limits.ts';
import { assert } from '../../actors/lib/logic.ts';
import { type Bus, BusFault, type Headers, type LogEntry, type Message, type Ports, type PublishOptions, type Stored, type StreamName, type Subscription, type Task } from '../../actors/lib/ports.ts';
import { matches } from '../../infra/nats/streams.ts';
import type { SimProcess } from './clock.ts';
import { SimLeases } from './leases.ts';
import { type Hand, Link, type SimServer, type Tap } from './server.ts';

/** The port objects of one process. They die with it. */
export function simPorts(server: SimServer, process: SimProcess): Ports {
  const link = new Link(server, process);
  return { clock: process.clock, bus: new SimBus(link), leases: new SimLeases(link) };
}

/** What the real client refuses to send, by throwing. */
const payloadMax = 1024 * 1024;

/** The bus in virtual time, with the faults of its world. */
export class SimBus implements Bus {
  readonly #link: Link;
  readonly #server: SimServer;
  readonly #process: SimProcess;

  constructor(link: Link) {
    this.#link = link;
    this.#server = link.server;
    this.#process = link.process;
  }

  publish(subject: string, bytes: Uint8Array, options: PublishOptions = {}): Promise<Stored> {
    const copy = bytes.slice();
    const { world } = this.#server;
    const deadlineMs = options.deadlineMs ?? limits.publishMs;
    return call<Stored>(this.#link, deadlineMs, `${this.#process.name} publish ${subject}`, () => new BusFault('no_answer', `${subject}: no answer within ${deadlineMs} ms`), (answer) => {
      this.#link.send(`publish ${subject}`, () => {
        const result = this.#server.arrive(subject, copy, options.headers ?? {}, options);
        if (result === null) return; // Nobody stores it: the real client asks again until the deadline.
        answer(typeof result === 'string' ? { fault: new BusFault(result, `${subject}: ${result}, ${copy.length} bytes`) } : { value: result }, world.faults.publishAnswerLost);
      }, { lost: world.faults.publishLost });
    });
  }

  emit(subject: string, bytes: Uint8Array, headers?: Headers): void {
    assert(bytes.length <= payloadMax, `${this.#process.name} says ${bytes.length} bytes on ${subject}; ${payloadMax} may be in a message`);
    const copy = bytes.slice();
    this.#link.send(`emit ${subject}`, () => { this.#server.arrive(subject, copy, headers ?? {}, null); }, { isLossy: true, lost: this.#server.world.faults.coreDrop / 4 });
  }

  request(subject: string, bytes: Uint8Array, deadlineMs: number, headers?: Headers): Promise<Uint8Array | null> {
    const copy = bytes.slice();
    const { world } = this.#server;
    return call<Uint8Array | null>(this.#link, deadlineMs, `${this.#process.name} request ${subject}`, () => null, (answer) => {
      this.#link.send(`request ${subject}`, () => {
        const heard = this.#server.route(subject, copy, headers ?? {}, (reply) => answer({ value: reply }, world.faults.coreDrop));
        if (heard === 0) answer({ value: null }, 0);
      }, { lost: world.faults.coreDrop / 4 });
    });
  }

  serve(subject: string, handler: (message: Message) => Promise<Uint8Array | null>): Subscription {
    return this.#subscribe(subject, (message, reply) => {
      const respond = async (): Promise<void> => {
        const answer = await handler(message);
        const copy = answer?.slice() ?? null;
        assert((copy?.length ?? 0) <= payloadMax, `${this.#process.name} answers ${message.subject} with ${copy?.length} bytes; ${payloadMax} may be in a message`);
        if (copy !== null && reply !== null) this.#link.send(`reply ${message.subject}`, () => reply(copy), { isLossy: true, lost: this.#server.world.faults.coreDrop / 4 });
      };
      respond().catch((error: unknown) => this.#server.world.fail(error));
    });
  }

  listen(subject: string, handler: (message: Message) => void): Subscription {
    return this.#subscribe(subject, (message) => handler(message));
  }

  readLog(stream: StreamName, filter: string, fromSeq: number, onEntry: (entry: LogEntry) => void): Subscription {
    assert(stream !== 'step', 'the work queue is read with consume');
    const reader = new SimReader(this.#link, stream, filter, fromSeq, onEntry);
    return { stop: () => reader.stop() };
  }

  loadLast(stream: StreamName, filter: string): Promise<LogEntry[]> {
    return this.#read(stream, `last of ${filter}`, (asOfMs) => this.#server.stream(stream).lastOfAll(filter, asOfMs));
  }

  getLast(stream: StreamName, subject: string): Promise<LogEntry | null> {
    return this.#read(stream, `last of ${subject}`, (asOfMs) => this.#server.stream(stream).last(subject, asOfMs));
  }

  get(stream: StreamName, seq: number): Promise<LogEntry | null> {
    return this.#read(stream, `${stream} ${seq}`, (asOfMs) => this.#server.stream(stream).get(seq, asOfMs));
  }

  consume(_stream: 'step', durable: string, options: { readonly inFlightMax: number; readonly ackWaitMs: number }, onTask: (task: Task) => void): Subscription {
    const link = this.#link, server = this.#server;
    const lost = (): { readonly isLossy: true; readonly lost: number } => ({ isLossy: true, lost: server.world.faults.coreDrop });
    const hand: Hand = {
      link, durable, ...options, isStopped: false,
      give: (entry, deliveries, token) => {
        const putBack = (delayMs: number): void => link.send(`put back task ${entry.seq}`, () => server.putBack(durable, entry.seq, token, delayMs), lost());
        if (hand.isStopped) return putBack(0);
        onTask({
          ...entry, deliveries, putBack,
          keep: () => link.send(`keep task ${entry.seq}`, () => server.keep(hand, entry.seq, token), lost()),
          ack: () => link.send(`acknowledge task ${entry.seq}`, () => server.acknowledge(durable, entry.seq), lost()),
        });
      },
    };
    link.send(`consume as ${durable}`, () => { server.hands.add(hand); server.dispatch(); }, { isReliable: true });
    return { stop: () => { hand.isStopped = true; } };
  }

  #read<T>(stream: StreamName, what: string, read: (asOfMs: number) => T): Promise<T> {
    const { world } = this.#server;
    return call<T>(this.#link, limits.publishMs, `${this.#process.name} read ${what}`, () => new BusFault('no_answer', `${what}: no answer within ${limits.publishMs} ms`), (answer) => {
      this.#link.send(`read ${what}`, () => {
        answer({ value: read(this.#server.readAsOfMs(stream)) }, world.faults.coreDrop / 4);
      }, { lost: world.faults.coreDrop / 4 });
    });
  }

  #subscribe(filter: string, hear: (message: Message, reply: ((answer: Uint8Array) => void) | null) => void): Subscription {
    const ear = { link: this.#link, filter, isStopped: false, hear: (subject: string, bytes: Uint8Array, headers: Headers, reply: ((answer: Uint8Array) => void) | null) => hear({ subject, bytes, headers }, reply) };
    this.#link.send(`subscribe ${filter}`, () => { if (!ear.isStopped) this.#server.ears.add(ear); }, { isReliable: true });
    return { stop: () => { ear.isStopped = true; this.#link.send(`unsubscribe ${filter}`, () => this.#server.ears.delete(ear), { isReliable: true }); } };
  }
}

type Outcome<T> = { readonly value: T } | { readonly fault: BusFault };

/**
 * One question to the server: settled by the answer, or at the deadline by what `late` gives (a value resolves, a fault
 * rejects). Both come through the process, so neither reaches a dead one.
 */
export function call<T>(link: Link, deadlineMs: number, label: string, late: () => T | BusFault, ask: (answer: (outcome: Outcome<T>, lost: number) => void) => void): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const { world } = link.server;
  const { process } = link;
  if (!process.isAlive) return promise;
  let isSettled = false;
  const settle = (outcome: Outcome<T>): void => {
    if (isSettled) return;
    isSettled = true;
    cancel();
    if ('fault' in outcome) reject(outcome.fault);
    else resolve(outcome.value);
  };
  const cancel = world.after(deadlineMs, `${label} deadline`, () => process.enter(`${label} deadline`, () => {
    const given = late();
    settle(given instanceof BusFault ? { fault: given } : { value: given });
  }, true));
  ask((outcome, lost) => { if (!world.random.chance(lost)) link.deliver(`${label} answered`, () => settle(outcome)); });
  return promise;
}

/** In order and without gap or repetition, like the real reader: after a cut it begins again behind what it reported. */
class SimReader implements Tap {
  readonly link: Link;
  readonly stream: StreamName;
  readonly filter: string;
  readonly #onEntry: (entry: LogEntry) => void;
  #seq: number;
  #reached = 0;
  #generation = 0;
  isStopped = false;

  constructor(link: Link, stream: StreamName, filter: string, fromSeq: number, onEntry: (entry: LogEntry) => void) {
    this.link = link;
    this.stream = stream;
    this.filter = filter;
    this.#onEntry = onEntry;
    this.#seq = Math.max(1, fromSeq) - 1;
    this.reopen();
  }

  reopen(): void {
    const generation = ++this.#generation;
    this.link.server.taps.delete(this);
    this.link.send(`read log ${this.filter}`, () => {
      if (this.isStopped || generation !== this.#generation) return;
      const { server } = this.link;
      const stream = server.stream(this.stream);
      if (stream.lastSeq < this.#reached) this.#seq = 0;
      this.#reached = stream.lastSeq;
      server.taps.add(this);
      for (const entry of stream.from(this.#seq + 1, server.world.now)) if (matches(this.filter, entry.subject)) this.offer(entry);
    }, { isReliable: true });
  }

  offer(entry: LogEntry): void {
    if (this.link.isGone) {
      this.link.server.taps.delete(this);
      return;
    }
    const generation = this.#generation;
    this.link.deliver(`${this.link.process.name} reads ${entry.subject} ${entry.seq}`, () => {
      if (this.isStopped || generation !== this.#generation || entry.seq <= this.#seq) return;
      this.#seq = entry.seq;
      this.#reached = Math.max(this.#reached, entry.seq);
      this.#onEntry(entry);
    });
  }

  stop(): void {
    this.isStopped = true;
    this.link.server.taps.delete(this);
  }
}
