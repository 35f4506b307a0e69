import type { Instant } from './logic.ts';

/**
 * Everything the outside world offers to hosts. `infra/` implements it for real, `test/sim` in virtual time; the
 * conformance suite (`test/conformance`) runs on both. Nothing here throws for an expected fault unless it says so.
 */
export interface Ports {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly leases: Leases;
}

export interface Clock {
  now(): Instant;
  /** Calls `fire` once at or after `atMs`. Returns what cancels it. */
  alarm(atMs: number, fire: () => void): () => void;
}

export type StreamName = 'step' | 'in' | 'state' | 'ctx' | 'out' | 'bill' | 'evt';

export interface Bus {
  /**
   * Stores a message in the stream its subject belongs to.
   * Rejects: BusFault `wrong_last_sequence` (the compare-and-set lost), `stream_full` (discard-new), `no_answer`
   * (deadline passed: it may or may not have been stored), `too_large`.
   */
  publish(subject: string, bytes: Uint8Array, options?: PublishOptions): Promise<Stored>;
  /** Core publish: may be lost. */
  emit(subject: string, bytes: Uint8Array, headers?: Headers): void;
  /** Null: nobody answered before the deadline. */
  request(subject: string, bytes: Uint8Array, deadlineMs: number, headers?: Headers): Promise<Uint8Array | null>;
  /** Answers requests; a handler that returns null leaves the request unanswered. */
  serve(subject: string, handler: (message: Message) => Promise<Uint8Array | null>): Subscription;
  listen(subject: string, handler: (message: Message) => void): Subscription;
  /** Ordered, without gaps or repetition, from `fromSeq` on, for as long as it is not stopped; survives reconnects. */
  readLog(stream: StreamName, filter: string, fromSeq: number, onEntry: (entry: LogEntry) => void): Subscription;
  /** The last message of every subject that matches, at the time of the call. */
  loadLast(stream: StreamName, filter: string): Promise<LogEntry[]>;
  getLast(stream: StreamName, subject: string): Promise<LogEntry | null>;
  /** By stream sequence; null when it is not (or no longer) there. */
  get(stream: StreamName, seq: number): Promise<LogEntry | null>;
  /** Takes from the work queue, oldest first; what is neither acknowledged, kept nor put back within `ackWaitMs` comes again. */
  consume(stream: 'step', durable: string, options: { readonly inFlightMax: number; readonly ackWaitMs: number }, onTask: (task: Task) => void): Subscription;
}

export interface PublishOptions {
  /** `Nats-Msg-Id`: the same id within the stream's duplicate window is stored once. */
  readonly id?: string;
  /** Compare-and-set: the sequence of the subject's last message, 0 when there is none. */
  readonly expectLast?: number;
  readonly headers?: Headers;
  readonly deadlineMs?: number;
}

export type Headers = Readonly<Record<string, string>>;
export interface Stored { readonly seq: number; readonly isDuplicate: boolean }
export interface Message { readonly subject: string; readonly bytes: Uint8Array; readonly headers: Headers }
export interface LogEntry extends Message { readonly seq: number; readonly atMs: number }
export interface Task extends LogEntry {
  readonly deliveries: number;
  ack(): void;
  /** Still worked on: its `ackWaitMs` begins again. */
  keep(): void;
  /** Comes again after `delayMs`. */
  putBack(delayMs: number): void;
}
export interface Subscription { stop(): void }

export type BusFaultCode = 'wrong_last_sequence' | 'stream_full' | 'no_answer' | 'too_large' | 'closed';
export class BusFault extends Error {
  override readonly name = 'BusFault';
  readonly code: BusFaultCode;
  constructor(code: BusFaultCode, message: string) { super(message); this.code = code; }
}

/** Time-bounded rights, one per key. */
export interface Leases {
  /** Null: somebody else holds it. `epoch` grows with every acquisition of the key. */
  acquire(key: string, holder: string, ttlMs: number): Promise<Lease | null>;
  /** False: it is lost (expired, taken over, or the answer did not come in time). */
  renew(lease: Lease, ttlMs: number): Promise<Lease | null>;
  release(lease: Lease): Promise<void>;
  /** Who holds what, as far as known now. */
  holders(): Promise<ReadonlyMap<string, string>>;
}
export interface Lease { readonly key: string; readonly holder: string; readonly epoch: number; readonly revision: number }

/** What a worker's host needs of an engine: `kernels/native.ts` has it by shape, `test/sim` in virtual time. */
export interface Engine {
  readonly info: EngineInfo;
  submit(request: EngineRun): void;
  cancel(run: number): void;
  setPriority(run: number, priority: number): void;
  demote(lane: string): void;
  recall(lane: string): void;
  pin(lane: string, tier: 'hbm' | 'dram'): void;
  unpin(lane: string): void;
  retain(lane: string, value: number): void;
  drop(lane: string): void;
  snapshot(): readonly EngineBlockEvent[];
  stats(): EngineStats;
  close(): Promise<void>;
}

export interface EngineInfo {
  readonly contextLength: number; readonly vocab: number; readonly blockBytes: number;
  readonly hbmBlocks: number; readonly dramBlocks: number; readonly numerics: string;
}

export interface EngineRun {
  readonly run: number; readonly lane: string; readonly salt: Uint8Array; readonly tokens: Int32Array; readonly maxTokens: number;
  readonly temperature: number; readonly topK: number; readonly topP: number; readonly seed: bigint;
  readonly stop: readonly string[]; readonly logprobs: number; readonly priority: number;
}

export interface EngineStats {
  readonly hbmBlocks: number; readonly hbmFree: number; readonly hbmAvailable: number; readonly dramBlocks: number; readonly dramFree: number;
  readonly waiting: number; readonly running: number;
  readonly demotedBlocks: number; readonly recalledBlocks: number; readonly evictedBlocks: number;
  readonly promptTokens: number; readonly generatedTokens: number; readonly iterations: number; readonly busyMs: number;
  readonly prefillTokensPerS: number; readonly decodeTokensPerS: number; readonly recallBytesPerS: number;
}

export interface EngineBlockEvent { readonly op: 'stored' | 'removed'; readonly tier: 'hbm' | 'dram'; readonly name: Uint8Array; readonly evicted: boolean }
export interface EngineTokenLogprob { readonly token: number; readonly logprob: number; readonly top: readonly { readonly token: number; readonly logprob: number }[] }

export type EngineEvent =
  | { readonly kind: 'started'; readonly run: number; readonly hit: number; readonly recalled: number; readonly computed: number; readonly queuedMs: number; readonly recallMs: number }
  | { readonly kind: 'delta'; readonly run: number; readonly offset: number; readonly tokens: readonly number[]; readonly logprobs?: readonly EngineTokenLogprob[] }
  | { readonly kind: 'ended'; readonly run: number; readonly finish: 'stop' | 'length' | 'cancelled' | 'failed'; readonly message?: string;
      readonly generated: number; readonly hit: number; readonly recalled: number; readonly computed: number;
      readonly queuedMs: number; readonly recallMs: number; readonly firstTokenMs: number; readonly totalMs: number; readonly engineMs: number;
      /** Packed names of the lane's full blocks. */
      readonly chain: Uint8Array }
  | { readonly kind: 'blocks'; readonly events: readonly EngineBlockEvent[] }
  | { readonly kind: 'moved'; readonly lane: string; readonly what: 'demote' | 'recall'; readonly blocks: number; readonly bytes: number; readonly ms: number; readonly cancelled: boolean };
