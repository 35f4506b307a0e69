import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { access, constants, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../config.ts';
import { isOlder, versionFloor } from './connect.ts';

export interface ServerOptions {
  /** Streams, configuration, log and port file live here. A restart on the same folder finds everything again. */
  readonly folder: string;
  /** 0 or absent: a free one. */
  readonly port?: number;
  readonly host?: string;
  /** A `nats-server`; otherwise it is looked for, see `findServerBinary`. */
  readonly binary?: string;
  /**
   * `interval` (default): a write is acknowledged when the operating system has it and reaches the disk within
   * 2 minutes; a crash of the process loses nothing, a power failure may. `fsync`: on disk before the answer,
   * several times slower.
   */
  readonly durability?: 'interval' | 'fsync';
  readonly jetstream?: boolean;
  readonly deadlineMs?: number;
}

export type Started =
  | { readonly ok: true; readonly server: NatsServer }
  | { readonly ok: false; readonly message: string };

/** A `nats-server` as a child process. */
export interface NatsServer {
  readonly url: string;
  readonly port: number;
  readonly binary: string;
  readonly version: string;
  pid(): number | null;
  /** Called when the process ends without `stop` or `kill`. */
  onExit(listener: (code: number | null, signal: NodeJS.Signals | null) => void): void;
  /** Orderly; kills after 5 s. Does nothing when it is already down. */
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts again on the same folder and port. */
  restart(): Promise<Started>;
}

/** Starts a server and waits until it takes connections. Every failure is a value with one line. */
export async function startServer(options: ServerOptions): Promise<Started> {
  const found = await findServerBinary(options.binary);
  if (!found.ok) return found;
  const folder = resolve(options.folder);
  const fault = await prepare(folder, options);
  if (fault !== null) return { ok: false, message: fault };
  return launch(found, folder, options);
}

export type FoundBinary =
  | { readonly ok: true; readonly binary: string; readonly version: string }
  | { readonly ok: false; readonly message: string };

/** Looks at the argument, SLACKWATER_NATS_SERVER, `bin/` of the cache folder and PATH; the first that exists must be new enough. */
export async function findServerBinary(given?: string): Promise<FoundBinary> {
  const cache = process.env['SLACKWATER_CACHE'] ?? join(packageRoot(), '.cache');
  const named = given ?? process.env['SLACKWATER_NATS_SERVER'];
  const candidates = named !== undefined && named !== ''
    ? [named]
    : [join(cache, 'bin', 'nats-server'), ...(process.env['PATH'] ?? '').split(delimiter).filter((part) => part !== '').map((part) => join(part, 'nats-server'))];
  const binary = candidates.find((path) => existsSync(path));
  if (binary === undefined) {
    return { ok: false, message: `no nats-server at ${named ?? `${join(cache, 'bin')} or on PATH`}: run the set-up, or name one in SLACKWATER_NATS_SERVER` };
  }
  try {
    const { stdout } = await promisify(execFile)(binary, ['-v'], { timeout: 10_000 });
    const version = /v(\d+\.\d+\.\d+\S*)/.exec(stdout)?.[1] ?? 'unknown';
    if (isOlder(version, versionFloor)) return { ok: false, message: `${binary} is version ${version}; ${versionFloor} or newer is needed` };
    return { ok: true, binary, version };
  } catch (error) {
    return { ok: false, message: `${binary} does not run: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}` };
  }
}

async function prepare(folder: string, options: ServerOptions): Promise<string | null> {
  try {
    await mkdir(join(folder, 'jetstream'), { recursive: true });
    await access(folder, constants.W_OK);
    await writeFile(join(folder, 'nats-server.conf'), configText(folder, options));
    return null;
  } catch (error) {
    return `folder ${folder} of nats-server cannot be written: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/**
 * What all streams together may reserve: each has its own bound in the stream table, so this one is out of their way.
 * Left to itself a server takes 75 % of what is free as it starts, and then refuses streams on a disk of 10 GiB although
 * they are almost empty.
 */
const reservedBytesMax = { file: 2 ** 50, memory: 2 ** 40 } as const;

/** Pages and whole prompts fit the default payload of 1 MiB; everything else is the server's default. */
function configText(folder: string, options: ServerOptions): string {
  const settings = [
    `store_dir: ${JSON.stringify(join(folder, 'jetstream'))}`, `max_file_store: ${reservedBytesMax.file}`, `max_memory_store: ${reservedBytesMax.memory}`,
    ...(options.durability === 'fsync' ? ['sync_interval: always'] : []),
  ];
  const jetstream = `jetstream { ${settings.join(', ')} }`;
  return [`host: ${JSON.stringify(options.host ?? '127.0.0.1')}`, `ports_file_dir: ${JSON.stringify(folder)}`, ...(options.jetstream === false ? [] : [jetstream]), ''].join('\n');
}

async function launch(found: { readonly binary: string; readonly version: string }, folder: string, options: ServerOptions): Promise<Started> {
  const deadlineMs = options.deadlineMs ?? 10_000;
  const wantedPort = options.port ?? 0;
  // In a process group of its own: Ctrl-C in a terminal is for whoever started it, who may still need it while ending.
  const child = spawn(found.binary, ['-c', join(folder, 'nats-server.conf'), '-p', String(wantedPort === 0 ? -1 : wantedPort)], { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  const ended = new Promise<void>((done) => { child.once('exit', () => done()); child.once('error', () => done()); });
  const log = tailOf(child);
  // Nobody should inherit a server whose parent is gone.
  const killWithParent = (): void => { child.kill('SIGKILL'); };
  process.once('exit', killWithParent);
  void ended.then(() => process.removeListener('exit', killWithParent));

  const portFile = join(folder, `nats-server_${child.pid}.ports`);
  const port = await waitUntilReady(child, portFile, deadlineMs);
  await rm(portFile, { force: true });
  if (port === null) {
    const isRunning = child.exitCode === null && child.signalCode === null;
    if (isRunning) child.kill('SIGKILL');
    await ended;
    return { ok: false, message: failureLine(log(), wantedPort, options.host ?? '127.0.0.1', isRunning ? deadlineMs : null) };
  }
  return { ok: true, server: handle(child, ended, found, port, folder, options) };
}

function handle(child: ChildProcess, ended: Promise<void>, found: { readonly binary: string; readonly version: string }, port: number, folder: string, options: ServerOptions): NatsServer {
  let isWanted = true;
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    url: `nats://${options.host ?? '127.0.0.1'}:${port}`, port, binary: found.binary, version: found.version,
    pid: () => (isRunning() ? child.pid ?? null : null),
    onExit: (listener) => { child.once('exit', (code, signal) => { if (isWanted) listener(code, signal); }); },
    stop: async () => {
      isWanted = false;
      if (!isRunning()) return;
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await ended;
      clearTimeout(late);
    },
    kill: async (signal) => {
      isWanted = false;
      child.kill(signal);
      if (signal === 'SIGKILL' || signal === 'SIGTERM') await ended;
    },
    restart: () => launch(found, folder, { ...options, port }),
  };
}

/** Keeps the last lines of the server's log, which goes to stderr. */
function tailOf(child: ChildProcess): () => string {
  let tail = '';
  child.stderr?.setEncoding('utf8');
  child.stderr?.on('data', (text: string) => { tail = (tail + text).slice(-8_192); });
  return () => tail;
}

/** The port file appears when the listener is open; the first INFO shows that it answers. */
async function waitUntilReady(child: ChildProcess, portFile: string, deadlineMs: number): Promise<number | null> {
  const startedMs = performance.now();
  while (performance.now() - startedMs < deadlineMs && child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    const port = await readPort(portFile);
    if (port !== null && await answers(port.host, port.port)) return port.port;
    await new Promise((done) => setTimeout(done, 20));
  }
  return null;
}

async function readPort(portFile: string): Promise<{ readonly host: string; readonly port: number } | null> {
  try {
    const url = (JSON.parse(await readFile(portFile, 'utf8')) as { nats?: string[] }).nats?.[0];
    if (url === undefined) return null;
    const { hostname, port } = new URL(url);
    return { host: hostname, port: Number(port) };
  } catch {
    return null; // Not there yet, or half written.
  }
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connectTcp({ host, port });
    const end = (isAnswer: boolean): void => { socket.destroy(); done(isAnswer); };
    socket.setTimeout(1_000, () => end(false));
    socket.once('error', () => end(false));
    socket.once('data', (bytes) => end(bytes.toString('latin1').startsWith('INFO')));
  });
}

function failureLine(log: string, port: number, host: string, waitedMs: number | null): string {
  if (/address already in use/i.test(log)) return `port ${port} of ${host} is taken: choose another port, or stop what listens there`;
  const fatal = log.split('\n').filter((line) => /\[(FTL|ERR)\]|nats-server:/.test(line)).pop()?.replace(/^.*\[(FTL|ERR)\]\s*/, '');
  const why = fatal ?? log.trim().split('\n').pop() ?? '';
  return waitedMs === null ? `nats-server ended while starting: ${why}` : `nats-server was not ready within ${waitedMs} ms: ${why}`;
}
