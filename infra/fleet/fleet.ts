import { limits } from '../../actors/lib/limits.ts';
import type { Config } from '../config.ts';
import { type NatsServer, startServer } from '../nats/server.ts';
import { Child } from './child.ts';
import { type FleetCounts, planChildren } from './plan.ts';
import { type StoreLock, lockStore } from './store-lock.ts';

export interface FleetOptions extends FleetCounts {
  /** File descriptor for what the processes log; absent: our own stderr. */
  readonly logFd?: number;
  /** How long until everything has to be ready. */
  readonly deadlineMs?: number;
  /** One line when a process died or came back. */
  onNotice?(line: string): void;
}

/** All roles as processes, and a nats-server unless one was given. */
export interface Fleet {
  readonly natsUrl: string;
  /** Of the first gateway. */
  readonly gatewayUrl: string;
  /** By name: nats-server, gateway-1, conductor-1, worker-1, …; null while one is down. */
  pids(): Readonly<Record<string, number | null>>;
  /** Partitions that have an owner. */
  partitions(): number;
  /** How often a process was started again. */
  restarts(): number;
  /** False: there is none of that name, or it is down. */
  kill(name: string, signal: NodeJS.Signals): boolean;
  /** Gateways first, so that nobody asks who is gone; nats-server last. */
  close(): Promise<void>;
}

export type FleetStarted =
  | { readonly ok: true; readonly fleet: Fleet }
  | { readonly ok: false; readonly message: string; readonly isUnavailable: boolean };

const serverName = 'nats-server';
const restartMs = { first: 100, longest: 5_000 } as const;

/** Starts everything and resolves when all of it is ready and every partition has an owner. A failure is one line, and nothing is left running. */
export async function startFleet(config: Config, options: FleetOptions = {}): Promise<FleetStarted> {
  const endMs = performance.now() + (options.deadlineMs ?? 60_000);
  const supervised = config.nats.url === null ? await Server.start(config, options.onNotice ?? (() => {})) : null;
  if (supervised !== null && !supervised.ok) return { ok: false, message: supervised.message, isUnavailable: true };
  const server = supervised?.server ?? null;
  const natsUrl = server?.url ?? config.nats.url ?? '';
  const children = planChildren(config, options).map(({ name, role, settings }) => new Child({
    name, role, config: settings, natsUrl, logFd: options.logFd ?? 2, serverPid: () => server?.pid() ?? null, onNotice: options.onNotice ?? (() => {}),
  }));
  const tellServer = (pid: number): void => { for (const child of children) child.tell({ kind: 'server', pid }); };
  if (server !== null) server.onRestarted = tellServer;
  // Nobody may outlive a parent that ends without closing.
  const killAll = (): void => { for (const child of children) child.kill('SIGKILL'); };
  process.once('exit', killAll);
  const close = async (): Promise<void> => {
    for (const role of ['gateway', 'conductor', 'worker'] as const) await Promise.all(children.filter((child) => child.role === role).map((child) => child.close()));
    await server?.close();
    process.removeListener('exit', killAll);
  };
  const problem = await untilReady(children, endMs);
  if (problem !== null) {
    await close();
    return { ok: false, ...problem };
  }
  const gatewayUrl = children.find((child) => child.role === 'gateway')?.url ?? '';
  return { ok: true, fleet: {
    natsUrl, gatewayUrl, close,
    pids: () => Object.fromEntries([...(server === null ? [] : [[serverName, server.pid()]]), ...children.map((child) => [child.name, child.pid])]) as Record<string, number | null>,
    partitions: () => children.reduce((sum, child) => sum + child.partitions, 0),
    restarts: () => children.reduce((sum, child) => sum + child.restarts, server?.restarts ?? 0),
    kill: (name, signal) => (name === serverName ? server?.kill(signal) ?? false : children.find((child) => child.name === name)?.kill(signal) ?? false),
  } };
}

async function untilReady(children: readonly Child[], endMs: number): Promise<{ readonly message: string; readonly isUnavailable: boolean } | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => { timer = setTimeout(() => resolve('late'), Math.max(0, endMs - performance.now())); });
  const notReady = new Set(children);
  const failed = new Promise<{ readonly message: string; readonly isUnavailable: boolean }>((resolve) => {
    for (const child of children) void child.started().then((failure) => { if (failure === null) notReady.delete(child); else resolve(failure); });
  });
  const all = Promise.all(children.map((child) => child.started())).then(() => null);
  const first = await Promise.race([failed, all, late]);
  clearTimeout(timer);
  if (first === 'late') return { message: `not ready in time: ${[...notReady].map((child) => child.name).join(', ')}`, isUnavailable: false };
  if (first !== null) return first;
  const owned = (): number => children.reduce((sum, child) => sum + child.partitions, 0);
  while (owned() < limits.partitions && performance.now() < endMs) await new Promise((resolve) => { setTimeout(resolve, 25); });
  return owned() >= limits.partitions ? null : { message: `only ${owned()} of ${limits.partitions} partitions have an owner`, isUnavailable: false };
}

/** A nats-server that is started again on the same store and port whenever it dies. */
class Server {
  restarts = 0;
  onRestarted: (pid: number) => void = () => {};
  readonly #notice: (line: string) => void;
  readonly #lock: StoreLock;
  #server: NatsServer;
  #isClosing = false;

  private constructor(server: NatsServer, lock: StoreLock, notice: (line: string) => void) {
    this.#server = server;
    this.#lock = lock;
    this.#notice = notice;
    this.#watch();
  }

  static async start({ nats }: Config, notice: (line: string) => void): Promise<{ readonly ok: true; readonly server: Server } | { readonly ok: false; readonly message: string }> {
    const lock = await lockStore(nats.store);
    if (typeof lock === 'string') return { ok: false, message: lock };
    const started = await startServer({ folder: nats.store, port: nats.port, durability: nats.durability, deadlineMs: nats.deadlineMs });
    if (started.ok) return { ok: true, server: new Server(started.server, lock, notice) };
    lock.release();
    return started;
  }

  get url(): string { return this.#server.url; }
  pid(): number | null { return this.#server.pid(); }

  kill(signal: NodeJS.Signals): boolean {
    const pid = this.#server.pid();
    return pid !== null && process.kill(pid, signal);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.kill('SIGCONT');
    await this.#server.stop();
    this.#lock.release();
  }

  #watch(): void {
    this.#lock.setServer(this.#server.pid());
    this.#server.onExit((code, signal) => {
      if (this.#isClosing) return;
      this.#notice(`${serverName} ended with ${signal ?? `code ${code}`}; started again on the same store`);
      void this.#again(restartMs.first);
    });
  }

  async #again(waitMs: number): Promise<void> {
    await new Promise((resolve) => { setTimeout(resolve, waitMs); });
    if (this.#isClosing) return;
    const started = await this.#server.restart();
    if (!started.ok) {
      this.#notice(started.message);
      return this.#again(Math.min(restartMs.longest, waitMs * 2));
    }
    this.#server = started.server;
    if (this.#isClosing) return started.server.stop();
    this.restarts++;
    this.onRestarted(started.server.pid() ?? 0);
    this.#notice(`${serverName} is ready again`);
    this.#watch();
  }
}
