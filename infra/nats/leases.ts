import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { Lease, Leases } from '../../actors/lib/ports.ts';
import { ask } from './ask.ts';
import type { Connection } from './connect.ts';
import { loadLast } from './log.ts';
import { refusalOf } from './message.ts';
import type { StreamTable } from './streams.ts';

/**
 * One key, one message with its own time to live; who stores it first has the lease.
 *
 * The epoch is the stream sequence of the acquisition: it grows with every write to the bucket and survives the expiry
 * of the key, so no two acquisitions of a key ever share one. The server counts whole seconds, see `leaseTtlS`.
 */
export class NatsLeases implements Leases {
  readonly #connection: Connection;
  readonly #js: JetStreamClient;
  readonly #manager: JetStreamManager;
  readonly #stream: string;
  readonly #prefix: string;

  private constructor(connection: Connection, table: StreamTable, manager: JetStreamManager) {
    this.#connection = connection;
    this.#js = jetstream(connection.nc);
    this.#manager = manager;
    this.#stream = table.lease.stream;
    this.#prefix = table.lease.subjects[0]?.slice(0, -1) ?? '';
  }

  static async open(connection: Connection, table: StreamTable): Promise<NatsLeases> {
    return new NatsLeases(connection, table, await jetstreamManager(connection.nc, { checkAPI: false, timeout: 1_000 }));
  }

  async acquire(key: string, holder: string, ttlMs: number): Promise<Lease | null> {
    const revision = await this.#write(key, holder, 0, ttlMs) ?? await this.#writeOverMarker(key, holder, ttlMs);
    return revision === null ? null : { key, holder, epoch: revision, revision };
  }

  async renew(lease: Lease, ttlMs: number): Promise<Lease | null> {
    const revision = await this.#write(lease.key, lease.holder, lease.revision, ttlMs);
    return revision === null ? null : { ...lease, revision };
  }

  async release(lease: Lease): Promise<void> {
    // By sequence: of somebody else's lease there is nothing to delete. When it fails, the lease runs out by itself.
    await this.#manager.streams.deleteMessage(this.#stream, lease.revision, false).catch(() => {});
  }

  async holders(): Promise<ReadonlyMap<string, string>> {
    const entries = await loadLast(this.#connection, this.#manager, this.#stream, `${this.#prefix}>`);
    return new Map(entries.filter((entry) => entry.bytes.length > 0).map((entry) => [entry.subject.slice(this.#prefix.length), new TextDecoder().decode(entry.bytes)]));
  }

  /** The new revision; null when another one than `expectLast` is stored, or no answer came in half the lease's life. */
  async #write(key: string, holder: string, expectLast: number, ttlMs: number): Promise<number | null> {
    try {
      const ack = await ask(this.#connection, `lease ${key}`, { deadlineMs: Math.max(100, Math.floor(ttlMs / 2)), isRepeatable: false }, (timeout) =>
        this.#js.publish(this.#prefix + key, new TextEncoder().encode(holder), { timeout, ttl: `${leaseTtlS(ttlMs)}s`, expect: { lastSubjectSequence: expectLast } }));
      return ack.seq;
    } catch (error) {
      const fault = refusalOf(error, key, holder.length);
      if (fault.code === 'too_large') throw fault;
      return null;
    }
  }

  /** `nats kv del` leaves a marker where nothing should be. */
  async #writeOverMarker(key: string, holder: string, ttlMs: number): Promise<number | null> {
    const last = await this.#manager.streams.getMessage(this.#stream, { last_by_subj: this.#prefix + key }).catch(() => null);
    const isMarker = last !== null && (last.header.get('KV-Operation') !== '' || last.header.get('Nats-Marker-Reason') !== '');
    return isMarker ? this.#write(key, holder, last.seq, ttlMs) : null;
  }
}

/** JetStream's times to live are whole seconds, one at least; a fraction would be cut off, so it is rounded up. */
export const leaseTtlS = (ttlMs: number): number => Math.max(1, Math.ceil(ttlMs / 1_000));
