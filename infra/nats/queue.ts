import { type Consumer, JetStreamApiError, type JsMsg, type JetStreamManager, jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Subscription, Task } from '../../actors/lib/ports.ts';
import { crashOnThrow, headersOf } from './message.ts';
import { type StreamSpec, apiCode, queueConsumer } from './streams.ts';

/**
 * Takes from the work queue with at most `inFlightMax` tasks that are neither acknowledged nor put back. A task whose
 * time is over frees its place: the server gives it to somebody else.
 */
export class QueueReader implements Subscription {
  readonly #options: { readonly inFlightMax: number; readonly ackWaitMs: number };
  /** Stream sequence → when the server gives the task away. */
  readonly #inFlight = new Map<number, number>();
  #isStopped = false;
  #wake = Promise.withResolvers<void>();
  #stopFetch: () => void = () => {};

  constructor(
    nc: NatsConnection, manager: JetStreamManager, spec: StreamSpec, durable: string,
    options: { readonly inFlightMax: number; readonly ackWaitMs: number }, onTask: (task: Task) => void,
  ) {
    this.#options = options;
    void this.#run(nc, manager, spec.stream, durable, onTask);
  }

  stop(): void {
    this.#isStopped = true;
    this.#wake.resolve();
    this.#stopFetch();
  }

  async #run(nc: NatsConnection, manager: JetStreamManager, stream: string, durable: string, onTask: (task: Task) => void): Promise<void> {
    let consumer: Consumer | null = null;
    for (let failures = 0; !this.#isStopped && !nc.isClosed();) {
      try {
        if (consumer === null) {
          await ensureConsumer(manager, stream, durable, this.#options.ackWaitMs);
          consumer = await jetstream(nc).consumers.get(stream, durable);
        }
        const free = this.#options.inFlightMax - this.#countInFlight();
        if (free > 0) await this.#fetch(consumer, free, onTask);
        else await this.#placeFreed();
        failures = 0;
      } catch {
        // The server is away or lost the consumer: make sure of it again, not too often.
        consumer = null;
        failures++;
        await new Promise((done) => setTimeout(done, Math.min(1_000, 50 * 2 ** failures) * (0.5 + Math.random() / 2)));
      }
    }
  }

  async #fetch(consumer: Consumer, free: number, onTask: (task: Task) => void): Promise<void> {
    const tasks = await consumer.fetch({ max_messages: free, expires: 2_000, idle_heartbeat: 500 });
    this.#stopFetch = () => tasks.stop();
    if (this.#isStopped) tasks.stop();
    for await (const message of tasks) {
      // What came too late to be handled goes back at once.
      if (this.#isStopped) message.nak();
      else crashOnThrow(() => onTask(this.#taskOf(message)));
    }
  }

  #taskOf(message: JsMsg): Task {
    const seq = message.info.streamSequence;
    let dueMs = 0;
    const hold = (): void => {
      dueMs = performance.now() + this.#options.ackWaitMs;
      this.#inFlight.set(seq, dueMs);
    };
    // After its time another delivery of the same task may stand in its place.
    const isHeld = (): boolean => this.#inFlight.get(seq) === dueMs;
    const end = (): void => {
      if (isHeld()) this.#inFlight.delete(seq);
      this.#wake.resolve();
    };
    hold();
    return {
      subject: message.subject, bytes: message.data, headers: headersOf(message),
      seq, atMs: Number(message.timestampNanos / 1_000_000n), deliveries: message.info.deliveryCount,
      ack: () => { message.ack(); end(); },
      keep: () => {
        if (!isHeld()) return;
        message.working();
        hold();
      },
      putBack: (delayMs) => { message.nak(Math.max(1, Math.round(delayMs))); end(); },
    };
  }

  #countInFlight(): number {
    const nowMs = performance.now();
    for (const [seq, dueMs] of this.#inFlight) if (dueMs <= nowMs) this.#inFlight.delete(seq);
    return this.#inFlight.size;
  }

  async #placeFreed(): Promise<void> {
    this.#wake = Promise.withResolvers<void>();
    const nextDueMs = Math.min(...this.#inFlight.values()) - performance.now();
    const timer = setTimeout(this.#wake.resolve, Math.max(1, nextDueMs));
    await this.#wake.promise;
    clearTimeout(timer);
  }
}

/** One that an earlier version made may have another ack wait: it is given ours, and keeps what it has delivered. */
async function ensureConsumer(manager: JetStreamManager, stream: string, durable: string, ackWaitMs: number): Promise<void> {
  const config = queueConsumer(durable, ackWaitMs);
  try {
    await manager.consumers.add(stream, config);
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== apiCode.consumerExists) throw error;
    await manager.consumers.update(stream, durable, { ack_wait: config.ack_wait, max_ack_pending: config.max_ack_pending });
  }
}
