import { JetStreamApiError, jetstreamManager } from '@nats-io/jetstream';
import { type NatsConnection, connect as natsConnect } from '@nats-io/transport-node';
import { apiCode } from './streams.ts';

/** Oldest server that has what we use: per-message TTL with compare-and-set, direct reads. */
export const versionFloor = '2.12.0';

export interface ConnectOptions {
  /** `nats://host:port`, with `user:password@` or `token@` where needed: the first that says so counts for all. */
  readonly servers: string | readonly string[];
  /** Shown by the server's monitoring. */
  readonly name: string;
  /** How long to try before giving up. */
  readonly deadlineMs: number;
  /** Called at each change, and with `retrying` for each attempt that failed before the first connection. */
  readonly onStatus?: (status: ConnectionStatus) => void;
  /** Between two attempts at most, after the first connection was lost. */
  readonly reconnectMsMax?: number;
}

export type ConnectionStatus =
  | { readonly kind: 'up'; readonly url: string }
  | { readonly kind: 'down'; readonly url: string }
  | { readonly kind: 'retrying'; readonly message: string; readonly nextMs: number }
  /** `reason`: why it closed although nobody asked; null: somebody did. */
  | { readonly kind: 'closed'; readonly url: string; readonly reason: string | null };

export type Connected =
  | { readonly ok: true; readonly connection: Connection }
  | { readonly ok: false; readonly code: 'unreachable' | 'too_old' | 'no_jetstream' | 'refused'; readonly message: string };

/** A connection that comes back by itself, for as long as it is not closed. */
export interface Connection {
  readonly nc: NatsConnection;
  readonly url: string;
  readonly version: string;
  isUp(): boolean;
  /** Resolves when it is up, or after `deadlineMs`, or when it is closed. */
  untilUp(deadlineMs: number): Promise<void>;
  /** Rejects when the connection breaks before `run` has settled: its answer will not come any more. */
  whileUp<T>(run: () => Promise<T>): Promise<T>;
  /** Calls `listener` after each reconnect; returns what ends that. */
  onReconnect(listener: () => void): () => void;
  /** Sends what is buffered, then closes. */
  close(): Promise<void>;
}

/** Connects and checks version and JetStream. Every failure is a value with one line for the person who reads it. */
export async function connect(options: ConnectOptions): Promise<Connected> {
  const servers = typeof options.servers === 'string' ? options.servers.split(',') : [...options.servers];
  const startedMs = performance.now();
  for (let attempt = 0; ; attempt++) {
    const leftMs = options.deadlineMs - (performance.now() - startedMs);
    const tried = await tryConnect(servers, options, Math.max(250, Math.min(leftMs, 5_000)));
    if (tried.ok || !tried.isTransient) return tried.ok ? tried : { ok: false, code: tried.code, message: tried.message };
    const spentMs = performance.now() - startedMs;
    const nextMs = Math.min(2_000, 100 * 2 ** attempt) * (0.5 + Math.random() / 2);
    if (spentMs + nextMs >= options.deadlineMs) {
      return { ok: false, code: tried.code, message: `${tried.message} (${attempt + 1} attempts in ${(spentMs / 1000).toFixed(1)} s)` };
    }
    options.onStatus?.({ kind: 'retrying', message: tried.message, nextMs: Math.round(nextMs) });
    await new Promise((resolve) => setTimeout(resolve, nextMs));
  }
}

type Tried =
  | { readonly ok: true; readonly connection: Connection }
  | { readonly ok: false; readonly isTransient: boolean; readonly code: 'unreachable' | 'too_old' | 'no_jetstream' | 'refused'; readonly message: string };

async function tryConnect(servers: string[], options: ConnectOptions, timeoutMs: number): Promise<Tried> {
  const where = servers.map(withoutSecret).join(', ');
  let nc: NatsConnection;
  try {
    nc = await natsConnect({
      servers, ...credentialsIn(servers), name: options.name, timeout: Math.round(timeoutMs), noAsyncTraces: true, pingInterval: 5_000, maxPingOut: 2,
      // Credentials that are refused now may be right again after the operator's next change: not a reason to give up.
      maxReconnectAttempts: -1, ignoreAuthErrorAbort: true, reconnectTimeWait: Math.max(50, (options.reconnectMsMax ?? 500) / 2), reconnectJitter: (options.reconnectMsMax ?? 500) / 2,
    });
  } catch (error) {
    const reason = error instanceof Error ? reasonOf(error) : String(error);
    const isRefused = error instanceof Error && error.name === 'AuthorizationError';
    return isRefused
      ? { ok: false, isTransient: false, code: 'refused', message: `NATS at ${where} refuses the credentials: ${reason}` }
      : { ok: false, isTransient: true, code: 'unreachable', message: `NATS at ${where} cannot be reached: ${reason}` };
  }
  const version = nc.info?.version ?? 'unknown';
  if (isOlder(version, versionFloor)) {
    await nc.close();
    return { ok: false, isTransient: false, code: 'too_old', message: `NATS at ${where} is version ${version}; ${versionFloor} or newer is needed` };
  }
  const missing = await findJetStreamProblem(nc);
  if (missing !== null) {
    // A server that says it has JetStream is still starting, or its cluster is electing.
    const isTransient = nc.info?.jetstream === true && missing.isTransient;
    await nc.close();
    return { ok: false, isTransient, code: 'no_jetstream', message: `NATS at ${where} has no JetStream (${missing.reason}): start it with -js` };
  }
  return { ok: true, connection: watch(nc, where, version, options.onStatus ?? (() => {})) };
}

async function findJetStreamProblem(nc: NatsConnection): Promise<{ readonly reason: string; readonly isTransient: boolean } | null> {
  try {
    await jetstreamManager(nc, { timeout: 2_000 });
    return null;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { reason, isTransient: !(error instanceof JetStreamApiError && error.code === apiCode.notEnabledForAccount) };
  }
}

function watch(nc: NatsConnection, url: string, version: string, onStatus: (status: ConnectionStatus) => void): Connection {
  let isUp = true, isAsked = false;
  const listeners = new Set<() => void>();
  const waiting = new Set<() => void>();
  const atStake = new Set<(error: Error) => void>();
  const lose = (): void => {
    isUp = false;
    for (const reject of [...atStake]) reject(new Error('the connection broke'));
    atStake.clear();
  };
  const release = (): void => {
    for (const resume of [...waiting]) resume();
    waiting.clear();
  };
  const follow = async (): Promise<void> => {
    for await (const status of nc.status()) {
      if (status.type === 'disconnect') {
        lose();
        onStatus({ kind: 'down', url });
      } else if (status.type === 'reconnect') {
        isUp = true;
        onStatus({ kind: 'up', url });
        release();
        for (const listener of [...listeners]) listener();
      }
    }
    lose();
    release();
    const error = await nc.closed();
    onStatus({ kind: 'closed', url, reason: isAsked ? null : error instanceof Error ? reasonOf(error) : 'the client gave up' });
  };
  onStatus({ kind: 'up', url });
  void follow();
  return {
    nc, url, version,
    isUp: () => isUp && !nc.isClosed(),
    untilUp: async (deadlineMs) => {
      if (isUp || nc.isClosed()) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      const late = setTimeout(resolve, deadlineMs);
      await promise;
      clearTimeout(late);
      waiting.delete(resolve);
    },
    whileUp: async (run) => {
      const { promise, reject } = Promise.withResolvers<never>();
      atStake.add(reject);
      try {
        return await Promise.race([run(), promise]);
      } finally {
        atStake.delete(reject);
      }
    },
    onReconnect: (listener) => { listeners.add(listener); return () => { listeners.delete(listener); }; },
    close: async () => {
      isAsked = true;
      if (nc.isClosed()) return;
      // Draining waits for the server; without one there is nothing to wait for.
      await (isUp ? nc.drain().catch(() => nc.close()) : nc.close());
    },
  };
}

/** The deepest cause is the one that says what happened: `connect ECONNREFUSED 127.0.0.1:4222`. */
function reasonOf(error: Error): string {
  let deepest: Error = error;
  while (deepest.cause instanceof Error) deepest = deepest.cause;
  return deepest.message === '' ? deepest.name : deepest.message;
}

/** The client takes them as options only, and leaves out what stands in an address. */
function credentialsIn(servers: readonly string[]): { readonly user: string; readonly pass: string } | { readonly token: string } | null {
  const [, user, pass] = servers.map((server) => /\/\/([^@/:]+)(?::([^@/]*))?@/.exec(server)).find((match) => match !== null) ?? [];
  if (user === undefined) return null;
  return pass === undefined ? { token: decodeURIComponent(user) } : { user: decodeURIComponent(user), pass: decodeURIComponent(pass) };
}

const withoutSecret = (server: string): string => server.replace(/\/\/[^@/]*@/, '//');

/** True when `version` (`2.11.4`, `2.12.0-beta.1`) is below `floor`; text that is no version counts as older. */
export function isOlder(version: string, floor: string): boolean {
  const parts = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  if (parts === undefined) return true;
  for (const [i, wanted] of floor.split('.').map(Number).entries()) {
    const has = parts[i] ?? 0;
    if (has !== wanted) return has < wanted;
  }
  return false;
}
