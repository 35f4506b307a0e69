import { type JetStreamClient, type JetStreamManager, type StoredMsg, JetStreamApiError, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { limits } from '../../actors/lib/limits.ts';
import { assert } from '../../actors/lib/logic.ts';
import type { Bus, Headers, LogEntry, Message, PublishOptions, Stored, StreamName, Subscription, Task } from '../../actors/lib/ports.ts';
import { ask } from './ask.ts';
import type { Connection } from './connect.ts';
import { LogReader, loadLast } from './log.ts';
import { crashOnThrow, headersOf, refusalOf, toNatsHeaders } from './message.ts';
import { QueueReader } from './queue.ts';
import { type StreamSpec, type StreamTable, apiCode, ensureStreams } from './streams.ts';

/** The bus on a real NATS. `ensureStreams` of the whole table comes first. */
export class NatsBus implements Bus {
  readonly #connection: Connection;
  readonly #nc: NatsConnection;
  readonly #table: StreamTable;
  readonly #js: JetStreamClient;
  readonly #manager: JetStreamManager;
  readonly #readers = new Set<LogReader>();
  readonly #watch: NodeJS.Timeout;
  readonly #endReconnects: () => void;

  private constructor(connection: Connection, table: StreamTable, manager: JetStreamManager, isReader: boolean) {
    this.#connection = connection;
    this.#nc = connection.nc;
    this.#table = table;
    this.#js = jetstream(connection.nc);
    this.#manager = manager;
    this.#watch = setInterval(() => { for (const reader of this.#readers) reader.check(connection.isUp()); }, 250);
    this.#watch.unref();
    this.#endReconnects = connection.onReconnect(() => { void this.#recover(isReader ? [] : Object.values(table)); });
  }

  /** `isReader`: creates nothing on the server, not even what a restart took. */
  static async open(connection: Connection, table: StreamTable, { isReader = false }: { readonly isReader?: boolean } = {}): Promise<NatsBus> {
    return new NatsBus(connection, table, await jetstreamManager(connection.nc, { checkAPI: false, timeout: 1_000 }), isReader);
  }

  /** Ends what this bus reads; the connection is its owner's. */
  close(): void {
    clearInterval(this.#watch);
    this.#endReconnects();
    for (const reader of this.#readers) reader.stop();
    this.#readers.clear();
  }

  async publish(subject: string, bytes: Uint8Array, options: PublishOptions = {}): Promise<Stored> {
    const headers = toNatsHeaders(options.headers);
    // With an id alone a repetition is a duplicate at worst; with expectLast it would be refused for our own first try.
    const isRepeatable = options.id !== undefined && options.expectLast === undefined;
    try {
      const ack = await ask(this.#connection, subject, { deadlineMs: options.deadlineMs ?? limits.publishMs, isRepeatable }, (timeout) => this.#js.publish(subject, bytes, {
        timeout,
        ...(headers === undefined ? {} : { headers }),
        ...(options.id === undefined ? {} : { msgID: options.id }),
        ...(options.expectLast === undefined ? {} : { expect: { lastSubjectSequence: options.expectLast } }),
      }));
      return { seq: ack.seq, isDuplicate: ack.duplicate };
    } catch (error) {
      throw refusalOf(error, subject, bytes.length);
    }
  }

  emit(subject: string, bytes: Uint8Array, headers?: Headers): void {
    // The client would keep it for the next connection without bound; what may be lost is better lost than late.
    if (!this.#connection.isUp()) return;
    const hdrs = toNatsHeaders(headers);
    this.#nc.publish(subject, bytes, hdrs === undefined ? {} : { headers: hdrs });
  }

  async request(subject: string, bytes: Uint8Array, deadlineMs: number, headers?: Headers): Promise<Uint8Array | null> {
    const hdrs = toNatsHeaders(headers);
    const endMs = performance.now() + deadlineMs;
    try {
      await this.#connection.untilUp(deadlineMs);
      const timeout = Math.max(1, Math.ceil(endMs - performance.now()));
      const reply = await this.#connection.whileUp(() => this.#nc.request(subject, bytes, { timeout, ...(hdrs === undefined ? {} : { headers: hdrs }) }));
      return reply.data;
    } catch {
      return null; // Silence, nobody there, or no connection: the caller has one question, was there an answer.
    }
  }

  serve(subject: string, handler: (message: Message) => Promise<Uint8Array | null>): Subscription {
    // A handler's rejection is a bug and ends the process as an unhandled one.
    const answer = async (message: Msg): Promise<void> => {
      const reply = await handler(messageOf(message));
      if (reply !== null && message.reply !== undefined && !this.#nc.isClosed()) this.#nc.publish(message.reply, reply);
    };
    return this.#subscribe(subject, (message) => { void answer(message); });
  }

  listen(subject: string, handler: (message: Message) => void): Subscription {
    return this.#subscribe(subject, (message) => crashOnThrow(() => handler(messageOf(message))));
  }

  readLog(stream: StreamName, filter: string, fromSeq: number, onEntry: (entry: LogEntry) => void): Subscription {
    assert(stream !== 'step', 'the work queue is read with consume');
    const reader = new LogReader(this.#nc, this.#manager, this.#table[stream], filter, fromSeq, onEntry);
    this.#readers.add(reader);
    return { stop: () => { reader.stop(); this.#readers.delete(reader); } };
  }

  loadLast(stream: StreamName, filter: string): Promise<LogEntry[]> {
    return loadLast(this.#connection, this.#manager, this.#table[stream].stream, filter);
  }

  getLast(stream: StreamName, subject: string): Promise<LogEntry | null> {
    return this.#read(stream, { last_by_subj: subject });
  }

  get(stream: StreamName, seq: number): Promise<LogEntry | null> {
    return this.#read(stream, { seq });
  }

  consume(stream: 'step', durable: string, options: { readonly inFlightMax: number; readonly ackWaitMs: number }, onTask: (task: Task) => void): Subscription {
    return new QueueReader(this.#nc, this.#manager, this.#table[stream], durable, options, onTask);
  }

  async #read(stream: StreamName, query: { readonly last_by_subj: string } | { readonly seq: number }): Promise<LogEntry | null> {
    const spec = this.#table[stream];
    try {
      const from = spec.readFrom === 'any' ? this.#manager.direct : this.#manager.streams;
      const stored: StoredMsg | null = await ask(this.#connection, `${JSON.stringify(query)} of ${spec.stream}`, { deadlineMs: limits.publishMs, isRepeatable: true }, () => from.getMessage(spec.stream, query));
      return stored === null ? null : entryOf(stored);
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === apiCode.noMessage) return null;
      throw refusalOf(error, spec.stream, 0);
    }
  }

  /** The server may be another one than before: its memory streams are gone, and so are the readers' consumers. */
  async #recover(specs: readonly StreamSpec[]): Promise<void> {
    for (const reader of this.#readers) void reader.reopen();
    const inMemory = specs.filter((spec) => spec.storage === 'memory');
    if (inMemory.length === 0) return;
    for (let attempt = 0; this.#connection.isUp(); attempt++) {
      const ensured = await ensureStreams(this.#connection, inMemory);
      if (ensured.ok || ensured.retry === 'never') return;
      await new Promise((done) => setTimeout(done, Math.min(1_000, 20 * 2 ** attempt)));
    }
  }

  #subscribe(subject: string, take: (message: Msg) => void): Subscription {
    const subscription = this.#nc.subscribe(subject, { callback: (error, message) => { if (error === null) take(message); } });
    return { stop: () => { if (!this.#nc.isClosed()) subscription.unsubscribe(); } };
  }
}

const messageOf = (message: Msg): Message => ({ subject: message.subject, bytes: message.data, headers: headersOf(message) });

const entryOf = (stored: StoredMsg): LogEntry => ({
  subject: stored.subject, bytes: stored.data, headers: headersOf({ get headers() { return stored.header; } }), seq: stored.seq, atMs: Math.floor(stored.time.getTime()),
});
