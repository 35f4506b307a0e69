import { AckPolicy, type ConsumerConfig, DeliverPolicy, type JetStreamManager, ReplayPolicy } from '@nats-io/jetstream';
import { type Msg, type NatsConnection, type Subscription as NatsSubscription, createInbox, nanos, nuid } from '@nats-io/transport-node';
import type { LogEntry, Subscription } from '../../actors/lib/ports.ts';
import { ask } from './ask.ts';
import type { Connection } from './connect.ts';
import { crashOnThrow, headersOf } from './message.ts';
import type { StreamSpec } from './streams.ts';

const heartbeatMs = 1_000;

/**
 * Reads a stream in order through a short-lived push consumer without acknowledgements, and makes a new one from the
 * last reported sequence whenever order or life is in doubt: a gap in the consumer's numbering, silence for longer than
 * the heartbeat, a reconnect. So nothing is reported twice or left out, whatever happened to connection or server.
 *
 * A memory stream starts again at 1 when its server does: the reader notices and follows.
 */
export class LogReader implements Subscription {
  readonly #nc: NatsConnection;
  readonly #manager: JetStreamManager;
  readonly #spec: StreamSpec;
  readonly #filter: string;
  readonly #onEntry: (entry: LogEntry) => void;
  /** Of the last entry that was reported. */
  #seq: number;
  #atMs = 0;
  /** The highest sequence that the stream is known to have had. */
  #reached = 0;
  #delivered = 0;
  #heardMs = 0;
  #generation = 0;
  #isOpening = false;
  #isStopped = false;
  #subscription: NatsSubscription | null = null;
  #consumer = '';

  constructor(nc: NatsConnection, manager: JetStreamManager, spec: StreamSpec, filter: string, fromSeq: number, onEntry: (entry: LogEntry) => void) {
    this.#nc = nc;
    this.#manager = manager;
    this.#spec = spec;
    this.#filter = filter;
    this.#seq = Math.max(1, fromSeq) - 1;
    this.#onEntry = onEntry;
    void this.reopen();
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#close();
  }

  /** To be called a few times in a heartbeat. */
  check(isUp: boolean): void {
    if (isUp && !this.#isOpening && performance.now() - this.#heardMs > 2.5 * heartbeatMs) void this.reopen();
  }

  async reopen(): Promise<void> {
    const generation = ++this.#generation;
    this.#isOpening = true;
    this.#close();
    for (let attempt = 0; !this.#isStopped && generation === this.#generation; attempt++) {
      try {
        await this.#open(generation);
        if (generation === this.#generation) this.#isOpening = false;
        return;
      } catch {
        // Down, still recovering, or electing: the next attempt will say. A closed connection ends it.
        if (this.#nc.isClosed()) return;
        this.#subscription?.unsubscribe();
        await new Promise((done) => setTimeout(done, Math.min(1_000, 20 * 2 ** attempt) * (0.5 + Math.random() / 2)));
      }
    }
  }

  async #open(generation: number): Promise<void> {
    await this.#followNewBeginning();
    // A newer `reopen` or `stop` came in meanwhile: it has the say.
    if (this.#isStopped || generation !== this.#generation) return;
    const inbox = createInbox();
    this.#delivered = 0;
    this.#heardMs = performance.now();
    this.#consumer = `log_${nuid.next()}`;
    const consumer = this.#consumer;
    this.#subscription = this.#nc.subscribe(inbox, {
      callback: (error, message) => { if (error === null && generation === this.#generation) this.#take(message); },
    });
    await this.#manager.consumers.add(this.#spec.stream, {
      ...pushConsumer(consumer, inbox, heartbeatMs), filter_subject: this.#filter,
      deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: this.#seq + 1,
    });
  }

  #take(message: Msg): void {
    this.#heardMs = performance.now();
    const control = controlOf(message);
    if (control !== null) {
      answerFlowControl(this.#nc, message);
      // The heartbeat tells what the consumer sent: a loss at the end shows here.
      if (control.delivered !== null && control.delivered !== this.#delivered) void this.reopen();
      return;
    }
    const info = deliveryOf(message);
    if (info === null) return;
    if (info.delivered !== this.#delivered + 1) {
      void this.reopen();
      return;
    }
    this.#delivered = info.delivered;
    if (info.seq <= this.#seq) return;
    this.#seq = info.seq;
    this.#reached = Math.max(this.#reached, info.seq);
    this.#atMs = info.atMs;
    crashOnThrow(() => this.#onEntry({ subject: message.subject, bytes: message.data, headers: headersOf(message), seq: info.seq, atMs: info.atMs }));
  }

  /** The stream may be another one than the one we read: emptied by a restart, and perhaps filled again since. */
  async #followNewBeginning(): Promise<void> {
    const { state } = await this.#manager.streams.info(this.#spec.stream);
    if (state.last_seq < this.#reached) {
      this.#seq = 0;
    } else if (this.#spec.storage === 'memory' && this.#atMs > 0 && state.first_seq <= this.#seq) {
      const same = await this.#manager.streams.getMessage(this.#spec.stream, { seq: this.#seq });
      if (same !== null && Math.floor(same.time.getTime()) !== this.#atMs) this.#seq = 0;
    }
    this.#reached = state.last_seq;
  }

  #close(): void {
    const consumer = this.#consumer;
    this.#consumer = '';
    this.#subscription?.unsubscribe();
    this.#subscription = null;
    // It would go by itself for lack of interest; sooner is kinder to the server.
    if (consumer !== '' && !this.#nc.isClosed()) this.#manager.consumers.delete(this.#spec.stream, consumer).catch(() => {});
  }
}

/** No word for this long, although heartbeats come every 200 ms: the load begins again. */
const silentMs = 1_000;
const loadMs = 10_000;

/**
 * The last message of every subject that matches. Complete when the consumer has nothing pending: said by the last
 * message, or by a heartbeat when the last ones were replaced or removed while they were on their way.
 * Rejects: BusFault `no_answer`, `closed`.
 */
export function loadLast(connection: Connection, manager: JetStreamManager, stream: string, filter: string): Promise<LogEntry[]> {
  return ask(connection, `last of ${filter} in ${stream}`, { deadlineMs: loadMs, isRepeatable: true }, () => loadOnce(connection.nc, manager, stream, filter));
}

async function loadOnce(nc: NatsConnection, manager: JetStreamManager, stream: string, filter: string): Promise<LogEntry[]> {
  const inbox = createInbox();
  const found = new Map<string, LogEntry>();
  const name = `last_${nuid.next()}`;
  const complete = Promise.withResolvers<void>();
  complete.promise.catch(() => {});
  let delivered = 0;
  const take = (message: Msg): void => {
    silence.refresh();
    const control = controlOf(message);
    if (control !== null) {
      answerFlowControl(nc, message);
      if (control.delivered === null || control.isStalled) return;
      if (control.delivered === delivered) complete.resolve();
      else complete.reject(new Error('a message was lost on the way'));
      return;
    }
    const info = deliveryOf(message);
    if (info === null) return;
    if (info.delivered !== delivered + 1) return complete.reject(new Error('a message was lost on the way'));
    delivered = info.delivered;
    found.set(message.subject, { subject: message.subject, bytes: message.data, headers: headersOf(message), seq: info.seq, atMs: info.atMs });
    if (info.pending === 0) complete.resolve();
  };
  const silence = setTimeout(() => complete.reject(new Error(`silence for ${silentMs} ms after ${found.size} entries`)), silentMs);
  const subscription = nc.subscribe(inbox, { callback: (error, message) => { if (error === null) take(message); else complete.reject(error); } });
  try {
    const created = await manager.consumers.add(stream, { ...pushConsumer(name, inbox, 200), filter_subject: filter, deliver_policy: DeliverPolicy.LastPerSubject });
    // An empty match is known from the creation's answer; what was already delivered counts as pending no more.
    if (created.num_pending > 0 || created.delivered.consumer_seq > 0) await complete.promise;
    return [...found.values()].sort((a, b) => a.seq - b.seq);
  } finally {
    clearTimeout(silence);
    subscription.unsubscribe();
    if (!nc.isClosed()) manager.consumers.delete(stream, name).catch(() => {});
  }
}

/** In memory and without acknowledgements: it costs the server next to nothing and goes when its reader goes. */
const pushConsumer = (name: string, inbox: string, idleHeartbeatMs: number): Partial<ConsumerConfig> => ({
  name, deliver_subject: inbox, ack_policy: AckPolicy.None, max_deliver: 1, replay_policy: ReplayPolicy.Instant,
  flow_control: true, idle_heartbeat: nanos(idleHeartbeatMs), inactive_threshold: nanos(10_000), mem_storage: true, num_replicas: 1,
});

interface Control { /** How many messages the consumer has sent; null in a flow control request. */ readonly delivered: number | null; readonly isStalled: boolean }

function controlOf(message: Msg): Control | null {
  if (message.headers === undefined || message.headers.code !== 100 || message.data.length > 0) return null;
  const delivered = message.headers.get('Nats-Last-Consumer');
  return { delivered: delivered === '' ? null : Number(delivered), isStalled: message.headers.get('Nats-Consumer-Stalled') !== '' };
}

function answerFlowControl(nc: NatsConnection, message: Msg): void {
  const stalled = message.headers?.get('Nats-Consumer-Stalled') ?? '';
  if (message.reply !== undefined && message.reply !== '') nc.publish(message.reply);
  else if (stalled !== '') nc.publish(stalled);
}

/** `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<attempt>.<stream seq>.<delivered>.<nanoseconds>.<pending>[.…]` */
function deliveryOf(message: Msg): { readonly seq: number; readonly delivered: number; readonly atMs: number; readonly pending: number } | null {
  const tokens = (message.reply ?? '').split('.');
  if (tokens[0] !== '$JS' || tokens[1] !== 'ACK') return null;
  const first = tokens.length > 9 ? 4 : 2;
  const [seq, delivered, atNs, pending] = tokens.slice(first + 3, first + 7);
  return { seq: Number(seq), delivered: Number(delivered), atMs: Number(BigInt(atNs ?? '0') / 1_000_000n), pending: Number(pending) };
}
