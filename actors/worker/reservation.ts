import { assert } from '../lib/logic.ts';
import type { Hold } from './types.ts';

/**
 * Which hbm blocks are promised: pinned ones once each, and for every granted run the worst case of what it adds.
 *
 * A run shares the leading blocks of its prompt that are pinned when it is granted, and keeps them counted when the
 * pin ends before it does. Blocks that merely happen to be resident are not shared: two runs that both miss them would
 * compute them twice.
 */
export interface Reservation {
  readonly total: number;
  /** Holders (a pin, runs) of each block that is counted once. */
  readonly holders: Map<string, number>;
  pinned: readonly string[];
  own: number;
}

export const newReservation = (total: number): Reservation => ({ total, holders: new Map(), pinned: [], own: 0 });

export const promisedBlocks = (reservation: Reservation): number => reservation.holders.size + reservation.own;
export const roomBlocks = (reservation: Reservation): number => reservation.total - promisedBlocks(reservation);

/** Null: `blocks` do not fit beside what is promised already. */
export function tryHold(reservation: Reservation, promptNames: readonly string[], blocks: number): Hold | null {
  const shared: string[] = [];
  for (const name of promptNames) {
    if (!reservation.holders.has(name)) break;
    shared.push(name);
  }
  const own = blocks - shared.length;
  if (own > roomBlocks(reservation)) return null;
  for (const name of shared) add(reservation, name);
  reservation.own += own;
  return { shared, own };
}

export function release(reservation: Reservation, hold: Hold): void {
  for (const name of hold.shared) remove(reservation, name);
  reservation.own -= hold.own;
}

export function setPinned(reservation: Reservation, names: readonly string[]): void {
  for (const name of names) add(reservation, name);
  for (const name of reservation.pinned) remove(reservation, name);
  reservation.pinned = names;
}

export function checkReservation(reservation: Reservation, holds: readonly Hold[]): void {
  assert(promisedBlocks(reservation) <= reservation.total, `promised ${promisedBlocks(reservation)} of ${reservation.total} blocks`);
  assert(holds.reduce((sum, hold) => sum + hold.own, 0) === reservation.own, 'the runs\' own blocks do not add up');
}

function add(reservation: Reservation, name: string): void {
  reservation.holders.set(name, (reservation.holders.get(name) ?? 0) + 1);
}

function remove(reservation: Reservation, name: string): void {
  const count = reservation.holders.get(name);
  assert(count !== undefined && count > 0, `block ${name} was released more often than held`);
  if (count === 1) reservation.holders.delete(name);
  else reservation.holders.set(name, count - 1);
}
