import { packNames } from '../lib/chain.ts';
import { limits } from '../lib/limits.ts';
import type { Tier } from '../../schemas/messages.ts';

/**
 * Names held in one tier, in buckets by a hash of the name. A part of a snapshot is a run of buckets: while parts are
 * asked for one after the other blocks come and go, but none moves to another bucket, so none is missed.
 */
export interface Names { readonly buckets: (Set<string> | undefined)[]; size: number }

export const noNames = (): Names => ({ buckets: [], size: 0 });

export function addName(names: Names, name: string): void {
  const bucket = (names.buckets[bucketOf(name)] ??= new Set());
  if (!bucket.has(name)) names.size++;
  bucket.add(name);
}

export function deleteName(names: Names, name: string): void {
  if (names.buckets[bucketOf(name)]?.delete(name) === true) names.size--;
}

/** Of a prompt's blocks, in order, how many a run would find: those before the first that no tier has. */
export function blocksFound(held: Readonly<Record<Tier, Names>>, names: readonly string[]): number {
  const missing = names.findIndex((name) => !hasName(held.hbm, name) && !hasName(held.dram, name));
  return missing < 0 ? names.length : missing;
}

const hasName = (names: Names, name: string): boolean => names.buckets[bucketOf(name)]?.has(name) === true;

interface Part { readonly hbm: Uint8Array; readonly dram: Uint8Array; readonly next: number }

/** Whole buckets from `from` on until there are `limits.snapshotNames` names or more; `next` is 0 behind the last of them. */
export function partOf(held: Readonly<Record<Tier, Names>>, from: number): Part {
  const hbm: string[] = [], dram: string[] = [];
  let next = from;
  for (; next < bucketCount && hbm.length + dram.length < limits.snapshotNames; next++) {
    hbm.push(...held.hbm.buckets[next] ?? []);
    dram.push(...held.dram.buckets[next] ?? []);
  }
  const more = held.hbm.buckets.length > next || held.dram.buckets.length > next;
  return { hbm: packNames(hbm), dram: packNames(dram), next: more ? next : 0 };
}

/** As many as a snapshot may have parts. Of 8 million blocks, more than a directory takes, each bucket has half a part. */
const bucketCount = limits.snapshotPartsMax;

/** A name is a hash, but a simulated one may count. */
function bucketOf(name: string): number {
  let hash = 0;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return (hash ^ (hash >>> 16)) & (bucketCount - 1);
}
