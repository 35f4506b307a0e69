import type { TraceId, Who } from '../../schemas/messages.ts';
import { partitionOf, partitionOfKey, traceId } from '../lib/ids.ts';

/**
 * The partition a question goes to. With a trace of ours: its own. Without: that of the conversation's first user
 * message, which all its steps, forks and side calls share, whereas the system prompt is shared by everybody.
 *
 * `firstUser` is the index of the first user message in the chain; -1, when there is none, falls back to the first
 * message of all.
 */
export function partitionOfWho(who: Pick<Who, 'tenant' | 'trace' | 'chain'>, firstUser: number): number {
  const own = who.trace === null ? null : partitionOf(who.trace);
  return own ?? partitionOfKey(`${who.tenant}/${who.chain[Math.max(0, firstUser)] ?? ''}`);
}

/** The same question asked again, of this conductor or of the next, gets the same name; `attempt` grows only while the name is taken. */
export function mintTrace(partition: number, tenant: string, id: string, attempt: number): TraceId {
  return traceId(partition, hash64(`${tenant}/${id}/${attempt}`));
}

/** Two lanes of 32 bits, 14 digits of base 36. Tells names apart (a million: one clash in 10⁷ fleets), protects nothing. */
function hash64(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x2f0b4c47;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul((b ^ unit) + (b >>> 13), 0x5bd1e995);
  }
  return digits(avalanche(a ^ (b >>> 7))) + digits(avalanche(b ^ Math.imul(a, 0x9e3779b1)));
}

/** The finalizer of MurmurHash3 (Appleby, public domain). */
function avalanche(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const digits = (hash: number): string => hash.toString(36).padStart(7, '0');
