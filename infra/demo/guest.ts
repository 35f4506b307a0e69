import { jetstreamManager } from '@nats-io/jetstream';
import { BusFault } from '../../actors/lib/ports.ts';
import { ConfigError } from '../config.ts';
import { type Connection, connect } from '../nats/connect.ts';
import { findConsumer, findStream } from '../nats/look.ts';
import { stepConsumer, streamTable } from '../nats/streams.ts';

/** Nobody waits for steps for so long: longer than the moment between two fetches of a gateway. */
const quietMs = 500;
/** And it comes to that within this time: longer than a gateway that is gone is still counted. */
const quietMsMax = 4_000;

/** A run on somebody else's NATS: knows what was there before it, and takes away no more than what came with it. */
export class Guest {
  readonly #url: string;
  readonly #created: readonly string[];
  readonly #queue: string;
  #left: Promise<readonly string[]> | null = null;
  private constructor(url: string, created: readonly string[], queue: string) { this.#url = url; this.#created = created; this.#queue = queue; }

  /** Before the fleet starts. Throws ConfigError when a fleet shares the queue of steps there, BusFault when NATS cannot be reached. */
  static async arrive(url: string, region: string): Promise<Guest> {
    return withConnection(url, async (connection) => {
      const table = streamTable(region), queue = table.step.stream;
      if (await findConsumer(connection, queue, stepConsumer) !== null) {
        throw new ConfigError(`a fleet is on ${connection.url} (stream ${queue} has the consumer ${stepConsumer}), and the demo would take its steps: give it another NATS, or none; if no fleet runs there any more, remove that consumer`);
      }
      const created: string[] = [];
      for (const { stream } of Object.values(table)) if (await findStream(connection, stream) === null) created.push(stream);
      return new Guest(url, created, queue);
    });
  }

  /** After the fleet has ended: removes what was not there before, once however often it is asked. Returns a line for each thing that had to stay. */
  leave(): Promise<readonly string[]> {
    this.#left ??= withConnection(this.#url, (connection) => this.#remove(connection)).catch((error: unknown) => [`what the demo created stays behind: ${error instanceof Error ? error.message : String(error)}`]);
    return this.#left;
  }

  async #remove(connection: Connection): Promise<readonly string[]> {
    const manager = await jetstreamManager(connection.nc, { checkAPI: false });
    for (const stream of this.#created) if (stream !== this.#queue && await findStream(connection, stream) !== null) await manager.streams.delete(stream);
    if (await findStream(connection, this.#queue) === null) return [];
    if (!await this.#isQuiet(connection)) return [`stream ${this.#queue} stays: a fleet that came meanwhile takes steps from it`];
    if (this.#created.includes(this.#queue)) await manager.streams.delete(this.#queue);
    else if (await findConsumer(connection, this.#queue, stepConsumer) !== null) await manager.consumers.delete(this.#queue, stepConsumer);
    return [];
  }

  /** Our gateways are gone: whoever still waits for steps is somebody else's. */
  async #isQuiet(connection: Connection): Promise<boolean> {
    const startedAtMs = performance.now();
    for (let busyAtMs = startedAtMs; ;) {
      const waiting = (await findConsumer(connection, this.#queue, stepConsumer))?.num_waiting ?? 0, nowMs = performance.now();
      if (waiting > 0) busyAtMs = nowMs;
      if (nowMs - busyAtMs >= quietMs) return true;
      if (nowMs - startedAtMs >= quietMsMax) return false;
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
  }
}

async function withConnection<T>(url: string, use: (connection: Connection) => Promise<T>): Promise<T> {
  const connected = await connect({ servers: url, name: 'demo-guest', deadlineMs: 10_000 });
  if (!connected.ok) throw new BusFault('no_answer', connected.message);
  try {
    return await use(connected.connection);
  } finally {
    await connected.connection.close();
  }
}
