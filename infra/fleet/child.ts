import { type ChildProcess, fork } from 'node:child_process';
import type { Config } from '../config.ts';

export type RoleName = 'gateway' | 'conductor' | 'worker';

/** What the parent says to a role's process. */
export type ToChild =
  | { readonly kind: 'start'; readonly role: RoleName; readonly config: Config; readonly natsUrl: string }
  /** A nats-server that the parent started: whoever outlives the parent ends it. */
  | { readonly kind: 'server'; readonly pid: number }
  | { readonly kind: 'close' };

/** What it says to its parent. */
export type FromChild =
  | { readonly kind: 'ready'; readonly url: string | null }
  | { readonly kind: 'failed'; readonly message: string; readonly isUnavailable: boolean }
  | { readonly kind: 'partitions'; readonly owned: number };

export interface ChildOptions {
  readonly name: string;
  readonly role: RoleName;
  readonly config: Config;
  readonly natsUrl: string;
  /** File descriptor that gets what the process logs. */
  readonly logFd: number;
  serverPid(): number | null;
  /** One line about what happened to it. */
  onNotice(line: string): void;
}

interface Failure { readonly message: string; readonly isUnavailable: boolean }

/** Waits between two starts of a process that dies: doubled up to the longest, forgotten after a minute of life. */
const backOffMs = { first: 250, longest: 10_000, forgottenAfter: 60_000 } as const;
const closeMs = 20_000;

/** One role in a process of its own, started again whenever it dies. */
export class Child {
  readonly name: string;
  readonly role: RoleName;
  /** Of a gateway, once it was ready. */
  url: string | null = null;
  /** Partitions that this conductor said it owns. */
  partitions = 0;
  readonly #options: ChildOptions;
  readonly #first = Promise.withResolvers<Failure | null>();
  #config: Config;
  #process: ChildProcess | null = null;
  #isClosing = false;
  #wasReady = false;
  #starts = 0;
  #waitMs: number = backOffMs.first;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: ChildOptions) {
    this.#options = options;
    this.name = options.name;
    this.role = options.role;
    this.#config = options.config;
    this.#launch();
  }

  /** Null while it is down. */
  get pid(): number | null { return this.#process?.pid ?? null; }
  /** Times it was started again. */
  get restarts(): number { return this.#starts - 1; }

  /** What went wrong with the first start, in one line; null: it is ready. */
  started(): Promise<Failure | null> { return this.#first.promise; }

  kill(signal: NodeJS.Signals): boolean { return this.#process?.kill(signal) ?? false; }
  tell(message: ToChild): void { if (this.#process?.connected === true) this.#process.send(message, () => {}); }

  /** Ends in order within 20 s, or is killed. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#retry);
    const running = this.#process;
    // One that could not be started has no pid, and will not say that it ended.
    if (running === null || running.pid === undefined) return;
    const gone = new Promise<void>((resolve) => { running.once('exit', () => resolve()); });
    // One that was stopped hears nothing before it goes on.
    running.kill('SIGCONT');
    this.tell({ kind: 'close' });
    const late = setTimeout(() => running.kill('SIGKILL'), closeMs);
    await gone;
    clearTimeout(late);
  }

  #launch(): void {
    this.#starts++;
    const startedAtMs = performance.now();
    let failure: Failure | null = null, hasEnded = false;
    const end = (otherwise: string): void => {
      if (hasEnded) return;
      hasEnded = true;
      this.#process = null;
      this.partitions = 0;
      this.#onExit(failure ?? { message: otherwise, isUnavailable: false }, performance.now() - startedAtMs);
    };
    const spawned = spawnRole(this.#options.logFd);
    if (spawned instanceof Error) { end(`${this.name} cannot be started: ${spawned.message}`); return; }
    this.#process = spawned;
    spawned.on('message', (message: FromChild) => {
      if (message.kind === 'partitions') this.partitions = message.owned;
      else if (message.kind === 'ready') this.#onReady(message.url);
      else failure = message;
    });
    // Of one that runs, an error is a message or a signal that did not reach it.
    spawned.on('error', (error) => { if (spawned.pid === undefined) end(`${this.name} cannot be started: ${error.message}`); });
    spawned.once('exit', (code, signal) => end(`${this.name} ended with ${signal ?? `code ${code}`}`));
    this.tell({ kind: 'start', role: this.role, config: this.#config, natsUrl: this.#options.natsUrl });
    const serverPid = this.#options.serverPid();
    if (serverPid !== null) this.tell({ kind: 'server', pid: serverPid });
  }

  #onReady(url: string | null): void {
    if (this.#wasReady) this.#options.onNotice(`${this.name} is ready again`);
    this.#wasReady = true;
    if (url !== null) {
      this.url = url;
      // Whoever knows its address finds it there again.
      this.#config = { ...this.#config, gateway: { ...this.#config.gateway, port: Number(new URL(url).port) } };
    }
    this.#first.resolve(null);
  }

  #onExit(failure: Failure, livedMs: number): void {
    if (!this.#wasReady) this.#first.resolve(failure);
    if (this.#isClosing || !this.#wasReady) return;
    if (livedMs > backOffMs.forgottenAfter) this.#waitMs = backOffMs.first;
    this.#options.onNotice(`${failure.message}; started again in ${this.#waitMs} ms`);
    this.#retry = setTimeout(() => this.#launch(), this.#waitMs);
    this.#waitMs = Math.min(backOffMs.longest, this.#waitMs * 2);
  }
}

/** A process that waits to be told its role. Most of what the system refuses (ENOENT, EAGAIN) comes as an `error` of a child without a pid, the rest (ENOMEM) is thrown. */
function spawnRole(logFd: number): ChildProcess | Error {
  try {
    // Not in the terminal's process group: Ctrl-C reaches the parent alone, which then ends everything in order.
    return fork(new URL('../main/role.entry.ts', import.meta.url), { stdio: ['ignore', 'ignore', logFd, 'ipc'], detached: true, execArgv: [] });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
