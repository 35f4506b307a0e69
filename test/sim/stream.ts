import type { BusFaultCode, Headers, LogEntry, PublishOptions, Stored } from '../../actors/lib/ports.ts';
import { type StreamSpec, matches } from '../../infra/nats/streams.ts';

export interface Appended extends LogEntry {
  readonly expiresAtMs: number;
  /** When it stopped being there; stale reads still see it for a while. */
  removedAtMs: number;
}

/** How long what was removed is remembered for stale reads. */
const memoryMs = 10_000;

/**
 * One stream of the simulated server, with the order of checks of the real one: expected sequence, then id, then room.
 * `nowMs` is the server's time and never goes back.
 */
export class SimStream {
  readonly spec: StreamSpec;
  /** By sequence, from `#firstSeq` on; holes are what was removed and forgotten. */
  #log: (Appended | null)[] = [];
  #firstSeq = 1;
  #live = 0;
  #bytes = 0;
  /** Sequence of the oldest entry that may still be live. */
  #oldestSeq = 1;
  /** Live entries with a time to live of their own. */
  readonly #mortal = new Set<Appended>();
  readonly #bySubject = new Map<string, Appended[]>();
  #ids = new Map<string, { readonly seq: number; readonly atMs: number }>();

  constructor(spec: StreamSpec) { this.spec = spec; }

  get lastSeq(): number { return this.#firstSeq + this.#log.length - 1; }
  get messages(): number { return this.#live; }

  append(subject: string, bytes: Uint8Array, headers: Headers, nowMs: number, options: PublishOptions & { readonly ttlMs?: number; readonly duplicateWindowMs?: number | null }): Stored | BusFaultCode {
    this.expire(nowMs);
    if (bytes.length > this.spec.messageBytesMax) return 'too_large';
    if (options.expectLast !== undefined && (this.last(subject, nowMs)?.seq ?? 0) !== options.expectLast) return 'wrong_last_sequence';
    if (options.id !== undefined) {
      const known = this.#ids.get(options.id);
      if (known !== undefined && nowMs - known.atMs <= (options.duplicateWindowMs ?? this.spec.duplicateWindowMs)) return { seq: known.seq, isDuplicate: true };
    }
    if (!this.#makeRoom(subject, bytes.length, nowMs)) return 'stream_full';
    const seq = this.lastSeq + 1;
    const entry: Appended = { subject, bytes, headers, seq, atMs: Math.floor(nowMs), expiresAtMs: options.ttlMs === undefined ? Number.POSITIVE_INFINITY : nowMs + options.ttlMs, removedAtMs: Number.POSITIVE_INFINITY };
    this.#log.push(entry);
    const versions = this.#bySubject.get(subject);
    if (versions === undefined) this.#bySubject.set(subject, [entry]);
    else versions.push(entry);
    this.#live++;
    this.#bytes += bytes.length;
    if (options.id !== undefined) this.#ids.set(options.id, { seq, atMs: nowMs });
    if (options.ttlMs !== undefined) this.#mortal.add(entry);
    if (this.spec.perSubjectMax > 0 && versions !== undefined) this.#removeOldest(versions, nowMs);
    return { seq, isDuplicate: false };
  }

  /** The newest of a subject as it was at `asOfMs`. */
  last(subject: string, asOfMs: number): LogEntry | null {
    return newest(this.#bySubject.get(subject) ?? [], asOfMs);
  }

  lastOfAll(filter: string, asOfMs: number): LogEntry[] {
    const found: LogEntry[] = [];
    for (const [subject, versions] of this.#bySubject) {
      const entry = matches(filter, subject) ? newest(versions, asOfMs) : null;
      if (entry !== null) found.push(entry);
    }
    return found.sort((a, b) => a.seq - b.seq);
  }

  get(seq: number, asOfMs: number): Appended | null {
    const entry = this.#log[seq - this.#firstSeq] ?? null;
    return entry !== null && isThere(entry, asOfMs) ? entry : null;
  }

  /** What is there from `fromSeq` on, oldest first. */
  *from(fromSeq: number, nowMs: number): Generator<Appended> {
    this.expire(nowMs);
    for (let seq = Math.max(fromSeq, this.#oldestSeq); seq <= this.lastSeq; seq++) {
      const entry = this.get(seq, nowMs);
      if (entry !== null) yield entry;
    }
  }

  removeSeq(seq: number, nowMs: number): void {
    const entry = this.get(seq, nowMs);
    if (entry !== null) this.#remove(entry, nowMs);
  }

  purge(subject: string, nowMs: number): void {
    for (const entry of this.#bySubject.get(subject) ?? []) this.#remove(entry, nowMs);
  }

  /** Memory is gone: it begins at 1 again. */
  forget(): void {
    this.#log = [];
    this.#firstSeq = 1;
    this.#oldestSeq = 1;
    this.#mortal.clear();
    this.#live = 0;
    this.#bytes = 0;
    this.#bySubject.clear();
    this.#ids = new Map();
  }

  expire(nowMs: number): void {
    for (const entry of this.#mortal) if (entry.expiresAtMs <= nowMs) this.#remove(entry, entry.expiresAtMs);
    for (; this.#oldestSeq <= this.lastSeq; this.#oldestSeq++) {
      const entry = this.#log[this.#oldestSeq - this.#firstSeq] ?? null;
      if (entry === null || entry.removedAtMs !== Number.POSITIVE_INFINITY) continue;
      if (this.spec.ageMsMax < 0 || nowMs - entry.atMs <= this.spec.ageMsMax) break;
      this.#remove(entry, nowMs);
    }
    this.#compact(nowMs);
  }

  /** The newest ones stay; those before them were removed one by one when they were replaced. */
  #removeOldest(versions: readonly Appended[], nowMs: number): void {
    for (let i = versions.length - 1 - this.spec.perSubjectMax; i >= 0; i--) {
      const old = versions[i];
      if (old === undefined || old.removedAtMs !== Number.POSITIVE_INFINITY) return;
      this.#remove(old, nowMs);
    }
  }

  #makeRoom(subject: string, bytes: number, nowMs: number): boolean {
    const replaced = this.spec.perSubjectMax === 1 ? this.last(subject, nowMs) : null;
    const isOver = (): boolean =>
      (this.spec.messagesMax > 0 && this.#live - (replaced === null ? 0 : 1) >= this.spec.messagesMax)
      || (this.spec.bytesMax > 0 && this.#bytes - (replaced?.bytes.length ?? 0) + bytes > this.spec.bytesMax);
    if (!isOver()) return true;
    if (this.spec.discard === 'new') return false;
    for (const entry of this.from(this.#oldestSeq, nowMs)) {
      if (!isOver()) break;
      this.#remove(entry, nowMs);
    }
    return true;
  }

  #remove(entry: Appended, atMs: number): void {
    if (entry.removedAtMs !== Number.POSITIVE_INFINITY) return;
    entry.removedAtMs = atMs;
    this.#mortal.delete(entry);
    this.#live--;
    this.#bytes -= entry.bytes.length;
  }

  /** Forgets at the old end what nobody can see any more. */
  #compact(nowMs: number): void {
    let gone = 0;
    while (gone < this.#log.length && (this.#log[gone]?.removedAtMs ?? 0) + memoryMs < nowMs) gone++;
    if (gone < 64) return;
    for (const entry of this.#log.splice(0, gone)) {
      if (entry === null) continue;
      const versions = this.#bySubject.get(entry.subject);
      versions?.splice(versions.indexOf(entry), 1);
      if (versions?.length === 0) this.#bySubject.delete(entry.subject);
    }
    this.#firstSeq += gone;
  }
}

const isThere = (entry: Appended, asOfMs: number): boolean => entry.atMs <= asOfMs && entry.removedAtMs > asOfMs && entry.expiresAtMs > asOfMs;

function newest(versions: readonly Appended[], asOfMs: number): Appended | null {
  for (let i = versions.length - 1; i >= 0; i--) {
    const entry = versions[i];
    if (entry !== undefined && isThere(entry, asOfMs)) return entry;
  }
  return null;
}
