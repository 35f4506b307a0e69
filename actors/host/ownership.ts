import { limits } from '../lib/limits.ts';
import type { Lease, Ports } from '../lib/ports.ts';

export interface OwnershipDeps {
  readonly ports: Ports;
  readonly name: string;
  /** Names of the conductors that are alive, this one included. */
  liveConductors(): readonly string[];
  onGained(partition: number, epoch: number): void;
  /** It was lost, or is about to be given back: `isGraceful` leaves time to finish. */
  onLost(partition: number, isGraceful: boolean): Promise<void>;
}

/**
 * Which partitions this conductor owns: a fair share of them, by leases that it renews.
 *
 * Conductors need not agree on who is alive: a disagreement costs a hand-over, never two owners, because only a free
 * lease is taken, and the compare-and-set on each trace holds where a lease does not (design, section 4.2).
 */
export class Ownership {
  readonly #deps: OwnershipDeps;
  readonly #leases = new Map<number, Lease>();
  #isClosed = false;
  #cancelAlarm: () => void = () => {};

  constructor(deps: OwnershipDeps) { this.#deps = deps; }

  get owned(): readonly number[] { return [...this.#leases.keys()]; }

  start(): void { void this.#round(); }

  /** Gives everything back, so that others need not wait for leases to run out. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelAlarm();
    await Promise.all([...this.#leases.keys()].map((partition) => this.#giveBack(partition)));
  }

  /** The partition's state says that somebody else owns it: this lease is worth nothing. */
  drop(partition: number): void { this.#leases.delete(partition); }

  async #round(): Promise<void> {
    const { clock } = this.#deps.ports;
    const startedAtMs = clock.now();
    await Promise.all([...this.#leases].map(([partition, lease]) => this.#renew(partition, lease)));
    if (!this.#isClosed) await this.#balance();
    if (this.#isClosed) return;
    this.#cancelAlarm = clock.alarm(startedAtMs + limits.leaseRenewMs, () => void this.#round());
  }

  async #renew(partition: number, lease: Lease): Promise<void> {
    const renewed = await this.#deps.ports.leases.renew(lease, limits.leaseTtlMs);
    if (this.#leases.get(partition) !== lease) return;
    if (renewed !== null) { this.#leases.set(partition, renewed); return; }
    this.#leases.delete(partition);
    await this.#deps.onLost(partition, false);
  }

  async #balance(): Promise<void> {
    const live = [...this.#deps.liveConductors()].sort();
    const share = Math.ceil(limits.partitions / Math.max(1, live.length));
    const surplus = [...this.#leases.keys()].slice(share);
    await Promise.all(surplus.map((partition) => this.#giveBack(partition)));
    if (this.#leases.size >= share) return;
    const holders = await this.#deps.ports.leases.holders();
    // Each begins at its own place, so that those who start together do not ask for the same ones.
    const first = Math.floor((Math.max(0, live.indexOf(this.#deps.name)) * limits.partitions) / Math.max(1, live.length));
    const free = Array.from({ length: limits.partitions }, (_, i) => (first + i) % limits.partitions).filter((partition) => !holders.has(keyOf(partition)) && !this.#leases.has(partition));
    await Promise.all(free.slice(0, share - this.#leases.size).map((partition) => this.#acquire(partition)));
  }

  async #acquire(partition: number): Promise<void> {
    const lease = await this.#deps.ports.leases.acquire(keyOf(partition), this.#deps.name, limits.leaseTtlMs);
    if (lease === null) return;
    if (this.#isClosed) { await this.#deps.ports.leases.release(lease); return; }
    this.#leases.set(partition, lease);
    this.#deps.onGained(partition, lease.epoch);
  }

  async #giveBack(partition: number): Promise<void> {
    const lease = this.#leases.get(partition);
    if (lease === undefined) return;
    this.#leases.delete(partition);
    await this.#deps.onLost(partition, true);
    await this.#deps.ports.leases.release(lease);
  }
}

const keyOf = (partition: number): string => `p${partition}`;
