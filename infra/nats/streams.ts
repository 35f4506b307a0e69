import {
  AckPolicy, DiscardPolicy, JetStreamApiError, type JetStreamManager, RetentionPolicy, StorageType, type StreamConfig, jetstreamManager,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import type { StreamName } from '../../actors/lib/ports.ts';
import { limits } from '../../actors/lib/limits.ts';
import { isToken } from '../../schemas/subjects.ts';
import { assert } from '../../actors/lib/logic.ts';
import type { Connection } from './connect.ts';

/** Declares one stream. Ages and windows in milliseconds, sizes in bytes; -1 is no bound. */
export interface StreamSpec {
  readonly stream: string;
  readonly subjects: readonly string[];
  /** `work`: an entry goes when it is acknowledged. */
  readonly retention: 'limits' | 'work';
  readonly storage: 'file' | 'memory';
  /** What gives way when the stream is full: the oldest entry, or the publisher (`stream_full`). */
  readonly discard: 'old' | 'new';
  readonly messagesMax: number;
  readonly bytesMax: number;
  readonly ageMsMax: number;
  readonly perSubjectMax: number;
  readonly messageBytesMax: number;
  readonly duplicateWindowMs: number;
  /** Who answers a read: the leader, or any replica (faster, may be behind: only for entries that never change). */
  readonly readFrom: 'leader' | 'any';
  /** A single message may carry its own time to live. */
  readonly hasTtl: boolean;
  readonly replicas: number;
}

export type StreamTable = Readonly<Record<StreamName | 'lease', StreamSpec>>;

const kiB = 1024, miB = 1024 * kiB, giB = 1024 * miB;
const minuteMs = 60_000, hourMs = 60 * minuteMs;

/**
 * Every stream of a region. `step` is the one that regions share.
 *
 * The inbox gives way at its oldest end, because what is there was applied long ago; states and waiting steps may not
 * be lost silently, so their publisher is refused, and a step that waited too long is told so by a gateway. `out` and `evt` live in memory: they are worth minutes.
 */
export function streamTable(region: string, options: TableOptions = {}): StreamTable {
  assert(isToken(region), `region ${JSON.stringify(region)} is not of [A-Za-z0-9_-]{1,64}`);
  const at = (kind: string): string => `sw.v1.${region}.${kind}.>`;
  const usual = { retention: 'limits', storage: 'file', discard: 'old', perSubjectMax: -1, messageBytesMax: 1_000_000, duplicateWindowMs: 2 * minuteMs, readFrom: 'leader', hasTtl: false, replicas: options.replicas ?? 1 } as const;
  const table: StreamTable = {
    // Room for headers, and for steps that are a little too long: those are refused by a gateway, with the numbers.
    step:  { ...usual, stream: 'SW_STEP',            subjects: ['sw.step.*'],            messagesMax: 4_096,     bytesMax: 1 * giB,   ageMsMax: -1,             retention: 'work', discard: 'new', messageBytesMax: limits.stepBytesMax + 16 * kiB },
    in:    { ...usual, stream: `SW_IN_${region}`,    subjects: [at('in')],               messagesMax: -1,        bytesMax: 2 * giB,   ageMsMax: 72 * hourMs },
    state: { ...usual, stream: `SW_STATE_${region}`, subjects: [at('state')],            messagesMax: -1,        bytesMax: 2 * giB,   ageMsMax: 72 * hourMs,    perSubjectMax: 1, discard: 'new' },
    ctx:   { ...usual, stream: `SW_CTX_${region}`,   subjects: [at('ctx')],              messagesMax: -1,        bytesMax: 4 * giB,   ageMsMax: limits.pageAgeMs, perSubjectMax: 1, readFrom: 'any' },
    out:   { ...usual, stream: `SW_OUT_${region}`,   subjects: [at('out')],              messagesMax: 1_000_000, bytesMax: 256 * miB, ageMsMax: 10 * minuteMs,  storage: 'memory' },
    bill:  { ...usual, stream: `SW_BILL_${region}`,  subjects: [at('bill')],             messagesMax: -1,        bytesMax: 256 * miB, ageMsMax: 168 * hourMs },
    evt:   { ...usual, stream: `SW_EVT_${region}`,   subjects: [at('evt')],              messagesMax: 100_000,   bytesMax: 64 * miB,  ageMsMax: 10 * minuteMs,  storage: 'memory' },
    lease: { ...usual, stream: `KV_${leaseBucket(region)}`, subjects: [`$KV.${leaseBucket(region)}.>`], messagesMax: -1, bytesMax: 16 * miB, ageMsMax: -1, perSubjectMax: 1, discard: 'new', messageBytesMax: 4 * kiB, hasTtl: true },
  };
  if (options.storage === undefined) return table;
  return Object.fromEntries(Object.entries(table).map(([name, spec]) => [name, { ...spec, storage: options.storage }])) as unknown as StreamTable;
}

export interface TableOptions {
  /** Puts every stream into memory, where nothing survives the server: for tests. */
  readonly storage?: 'memory';
  /** Copies of each stream in a cluster: 1, 3 or 5. */
  readonly replicas?: number;
}

/** The leases' stream has the shape of a NATS KV bucket, so that `nats kv` can show it. */
export const leaseBucket = (region: string): string => `sw_leases_${region}`;

/** Which stream stores a subject; null: none. */
export function streamOf(table: StreamTable, subject: string): StreamSpec | null {
  return Object.values(table).find((spec) => spec.subjects.some((filter) => matches(filter, subject))) ?? null;
}

/** `*` stands for one token, a final `>` for one or more. */
export function matches(filter: string, subject: string): boolean {
  if (filter === subject) return true;
  let pattern = patterns.get(filter);
  if (pattern === undefined) {
    if (patterns.size >= 4_096) patterns.clear();
    const tokens = filter.split('.').map((token) => (token === '*' ? '[^.]+' : token === '>' ? '.+' : token.replace(/[^A-Za-z0-9_-]/g, '\\$&')));
    pattern = new RegExp(`^${tokens.join('\\.')}$`, 's');
    patterns.set(filter, pattern);
  }
  return pattern.test(subject);
}

const patterns = new Map<string, RegExp>();

export type Ensured =
  /** `notices`: one line for each limit that an operator set otherwise than the table. */
  | { readonly ok: true; readonly notices: readonly string[] }
  | { readonly ok: false; readonly retry: 'never' | 'later'; readonly message: string };

/**
 * Creates what is missing and checks what is there; changes nothing that exists. Bounds may differ from the table in
 * both directions (the operator knows the disk); what decides correctness may not. A server that stands alone forgets
 * its memory streams when it restarts, so they are ensured again after each reconnect (`NatsBus` does).
 */
export async function ensureStreams(connection: Connection, specs: readonly StreamSpec[]): Promise<Ensured> {
  const notices: string[] = [];
  try {
    const manager = await jetstreamManager(connection.nc, { checkAPI: false });
    for (const spec of specs) {
      const wanted = configOf(spec);
      const config = await findConfig(manager, spec.stream) ?? await addStream(manager, wanted, spec, specs);
      const wrong = incompatibilities(config, spec);
      if (wrong.length > 0) return { ok: false, retry: 'never', message: `stream ${spec.stream} exists with ${wrong.join('; ')}: remove it or choose another region name` };
      notices.push(...differences(config, wanted));
    }
    return { ok: true, notices };
  } catch (error) {
    // A 5xx is about the server's state, for example files of a stream of that name that was deleted just now.
    const isFinal = error instanceof JetStreamApiError && error.status < 500;
    return { ok: false, retry: isFinal ? 'never' : 'later', message: `streams of ${connection.url}: ${error instanceof Error ? error.message : String(error)}` };
  }
}

async function findConfig(manager: JetStreamManager, stream: string): Promise<StreamConfig | null> {
  try {
    return (await manager.streams.info(stream)).config;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === apiCode.streamNotFound) return null;
    throw error;
  }
}

/** Somebody else may create the same stream at the same moment: then theirs is looked at. */
async function addStream(manager: JetStreamManager, config: Partial<StreamConfig> & { name: string }, spec: StreamSpec, specs: readonly StreamSpec[]): Promise<StreamConfig> {
  try {
    return (await manager.streams.add(config)).config;
  } catch (error) {
    if (!(error instanceof JetStreamApiError)) throw error;
    if (error.code === apiCode.nameInUse) return (await manager.streams.info(config.name)).config;
    const isTooMuch = error.code === apiCode.noFileStorage || error.code === apiCode.noMemoryStorage;
    throw new JetStreamApiError({ code: error.status, err_code: error.code, description: `${config.name} ${isTooMuch ? storageWanted(spec, specs) : `for ${config.subjects?.join(', ')}`}: ${error.message}` });
  }
}

/** A server reserves the whole bound of a stream as it creates it, however little comes to be stored. */
function storageWanted(spec: StreamSpec, specs: readonly StreamSpec[]): string {
  const alike = specs.filter(({ storage }) => storage === spec.storage);
  const wanted = alike.reduce((sum, { bytesMax }) => sum + bytesMax, 0);
  return `reserves ${spec.bytesMax} bytes, all ${alike.length} ${spec.storage} streams here ${wanted} bytes, which the server does not have left (max_${spec.storage}_store in its jetstream block; by default a share of what is free as it starts)`;
}

/** `err_code` of JetStream answers that we act on. */
export const apiCode = {
  streamNotFound: 10059, nameInUse: 10058, noMessage: 10037, wrongLastSequence: 10071, wrongLastSequenceUnknown: 10164,
  storeFailed: 10077, tooLarge: 10054, notEnabled: 10076, notEnabledForAccount: 10039, consumerNotFound: 10014, consumerExists: 10148,
  noFileStorage: 10047, noMemoryStorage: 10028,
} as const;

function configOf(spec: StreamSpec): Partial<StreamConfig> & { name: string } {
  return {
    name: spec.stream,
    subjects: [...spec.subjects],
    retention: spec.retention === 'work' ? RetentionPolicy.Workqueue : RetentionPolicy.Limits,
    storage: spec.storage === 'memory' ? StorageType.Memory : StorageType.File,
    discard: spec.discard === 'new' ? DiscardPolicy.New : DiscardPolicy.Old,
    max_msgs: spec.messagesMax,
    max_bytes: spec.bytesMax,
    max_age: spec.ageMsMax < 0 ? 0 : nanos(spec.ageMsMax),
    max_msgs_per_subject: spec.perSubjectMax,
    max_msg_size: spec.messageBytesMax,
    duplicate_window: nanos(spec.duplicateWindowMs),
    allow_direct: true,
    allow_rollup_hdrs: true,
    allow_msg_ttl: spec.hasTtl,
    num_replicas: spec.replicas,
  };
}

/** What would break a promise, each with both values. */
function incompatibilities(config: StreamConfig, spec: StreamSpec): string[] {
  const wanted = configOf(spec);
  const fixed = ['retention', 'discard', 'max_msgs_per_subject', 'allow_msg_ttl'] as const;
  const wrong = fixed
    // A server leaves out what is false.
    .filter((key) => (config[key] ?? false) !== (wanted[key] ?? false) && !(key === 'max_msgs_per_subject' && wanted[key] === -1 && config[key] <= 0))
    .map((key) => `${key} ${JSON.stringify(config[key] ?? null)} where ${JSON.stringify(wanted[key])} is needed`);
  const uncovered = spec.subjects.filter((subject) => !config.subjects.some((has) => matches(has, subject)));
  if (uncovered.length > 0) wrong.push(`subjects ${config.subjects.join(', ')} where ${uncovered.join(', ')} is needed`);
  if (spec.readFrom === 'any' && !config.allow_direct) wrong.push('allow_direct off where it is needed');
  if (config.sealed) wrong.push('sealed on: nothing can be stored');
  return wrong;
}

function differences(config: StreamConfig, wanted: Partial<StreamConfig>): string[] {
  const bounds = ['storage', 'max_msgs', 'max_bytes', 'max_age', 'max_msg_size', 'duplicate_window'] as const;
  const unlimited = (value: unknown): boolean => value === 0 || value === -1 || value === undefined;
  return bounds
    .filter((key) => config[key] !== wanted[key] && !(unlimited(config[key]) && unlimited(wanted[key])))
    .map((key) => `stream ${config.name}: ${key} is ${config[key]}, the table says ${wanted[key]}`);
}

/** Name of the consumer that all gateways of a NATS share: each step goes to one of them. */
export const stepConsumer = 'gateways';

/** What that consumer is. */
export const queueConsumer = (durable: string, ackWaitMs: number) => ({
  durable_name: durable, ack_policy: AckPolicy.Explicit, ack_wait: nanos(ackWaitMs), max_deliver: -1, max_ack_pending: 4_096, filter_subject: 'sw.step.*',
} as const);
