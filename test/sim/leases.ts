import type { Lease, Leases } from '../../actors/lib/ports.ts';
import { leaseTtlS } from '../../infra/nats/leases.ts';
import { call } from './bus.ts';
import type { Link } from './server.ts';

/** Leases in virtual time, on the simulated bucket: the same compare-and-set and the same whole seconds as the real ones. */
export class SimLeases implements Leases {
  readonly #link: Link;
  readonly #prefix: string;

  constructor(link: Link) {
    this.#link = link;
    this.#prefix = link.server.table.lease.subjects[0]?.slice(0, -1) ?? '';
  }

  async acquire(key: string, holder: string, ttlMs: number): Promise<Lease | null> {
    const revision = await this.#write(key, holder, 0, ttlMs);
    return revision === null ? null : { key, holder, epoch: revision, revision };
  }

  async renew(lease: Lease, ttlMs: number): Promise<Lease | null> {
    const revision = await this.#write(lease.key, lease.holder, lease.revision, ttlMs);
    return revision === null ? null : { ...lease, revision };
  }

  release(lease: Lease): Promise<void> {
    const { server } = this.#link;
    return call<void>(this.#link, 2_000, `release ${lease.key}`, () => undefined, (answer) => {
      this.#link.send(`release ${lease.key}`, () => {
        server.stream('lease').removeSeq(lease.revision, server.world.now);
        answer({ value: undefined }, server.world.faults.publishAnswerLost);
      }, { lost: server.world.faults.publishLost });
    });
  }

  holders(): Promise<ReadonlyMap<string, string>> {
    const { server } = this.#link;
    return call<ReadonlyMap<string, string>>(this.#link, 2_000, 'holders', () => new Map(), (answer) => {
      this.#link.send('holders', () => {
        const entries = server.stream('lease').lastOfAll(`${this.#prefix}>`, server.readAsOfMs('lease'));
        answer({ value: new Map(entries.map((entry) => [entry.subject.slice(this.#prefix.length), new TextDecoder().decode(entry.bytes)])) }, 0);
      });
    });
  }

  #write(key: string, holder: string, expectLast: number, ttlMs: number): Promise<number | null> {
    const { server } = this.#link;
    const { world } = server;
    const lifeMs = leaseTtlS(ttlMs) * 1_000 + world.random.fraction() * world.faults.leaseLateMsMax;
    return call<number | null>(this.#link, Math.max(100, Math.floor(ttlMs / 2)), `lease ${key} by ${holder}`, () => null, (answer) => {
      this.#link.send(`lease ${key} by ${holder}`, () => {
        const result = server.arrive(this.#prefix + key, new TextEncoder().encode(holder), {}, { expectLast, ttlMs: lifeMs });
        answer({ value: typeof result === 'object' && result !== null ? result.seq : null }, world.faults.publishAnswerLost);
      }, { lost: world.faults.publishLost });
    });
  }
}
