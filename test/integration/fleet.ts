import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { AssertionError } from '../../actors/lib/logic.ts';
import { limits } from '../../actors/lib/limits.ts';
import { packageRoot } from '../../infra/config.ts';
import { systemClock } from '../../infra/main/role.ts';
import { NatsBus } from '../../infra/nats/bus.ts';
import { type Connection, connect } from '../../infra/nats/connect.ts';
import { NatsLeases } from '../../infra/nats/leases.ts';
import { type NatsServer, startServer } from '../../infra/nats/server.ts';
import { ensureStreams, streamTable } from '../../infra/nats/streams.ts';
import type { Ports } from '../../actors/lib/ports.ts';

export const region = 'local';

/** Role and flags of every process of a fleet, by name. */
export type FleetPlan = Readonly<Record<string, readonly string[]>>;

const worker = ['worker', '--hbm', '48MiB', '--dram', '64MiB', '--threads', '1'];
export const twoOfEach: FleetPlan = {
  w1: worker, w2: worker, c1: ['conductor'], c2: ['conductor'], g1: ['gateway', '--port', '0'], g2: ['gateway', '--port', '0'],
};

interface Child { readonly process: ChildProcess; readonly log: string[]; isReady: boolean; hasEnded: boolean }

/**
 * A fleet of real processes on a nats-server of its own. Nothing restarts by itself: a test says who dies, who is paused
 * and who comes back, to the millisecond.
 */
export class ProcessFleet {
  readonly ports: Ports;
  readonly #plan: FleetPlan;
  readonly #folder: string;
  readonly #children = new Map<string, Child>();
  readonly #connection: Connection;
  readonly #closeBus: () => Promise<void>;
  readonly #killAll = (): void => { for (const child of this.#children.values()) if (!child.hasEnded) child.process.kill('SIGKILL'); };
  #server: NatsServer;

  private constructor(plan: FleetPlan, folder: string, server: NatsServer, connection: Connection, bus: NatsBus, leases: NatsLeases) {
    this.#plan = plan;
    this.#folder = folder;
    this.#server = server;
    this.#connection = connection;
    this.ports = { clock: systemClock, bus, leases };
    this.#closeBus = async () => { bus.close(); await connection.close(); };
    process.once('exit', this.#killAll);
  }

  static async start(plan: FleetPlan = twoOfEach): Promise<ProcessFleet> {
    const folder = await mkdtemp(join(tmpdir(), 'slackwater-fleet-'));
    const started = await startServer({ folder });
    if (!started.ok) throw new AssertionError(started.message);
    const connected = await connect({ servers: started.server.url, name: 'test', deadlineMs: 10_000, reconnectMsMax: 100 });
    if (!connected.ok) throw new AssertionError(connected.message);
    const table = streamTable(region);
    const ensured = await ensureStreams(connected.connection, Object.values(table));
    if (!ensured.ok) throw new AssertionError(ensured.message);
    const bus = await NatsBus.open(connected.connection, table);
    const fleet = new ProcessFleet(plan, folder, started.server, connected.connection, bus, await NatsLeases.open(connected.connection, table));
    await Promise.all(Object.keys(plan).map((name) => fleet.launch(name)));
    await fleet.untilShared();
    return fleet;
  }

  get url(): string { return this.#server.url; }
  get names(): readonly string[] { return Object.keys(this.#plan); }
  isAlive(name: string): boolean { const child = this.#children.get(name); return child !== undefined && !child.hasEnded; }

  /** Starts a process of the plan, anew when it is gone; resolves when it says that it is ready. */
  async launch(name: string): Promise<void> {
    const flags = this.#plan[name];
    if (flags === undefined || this.isAlive(name)) throw new AssertionError(`${name} is ${flags === undefined ? 'not in the plan' : 'running'}`);
    const spawned = spawn(process.execPath, [join(packageRoot(), 'infra/main/cli.ts'), ...flags, '--name', name, '--nats', this.url, '--region', region], { stdio: ['ignore', 'ignore', 'pipe'] });
    const child: Child = { process: spawned, log: this.#children.get(name)?.log ?? [], isReady: false, hasEnded: false };
    spawned.once('exit', (code, signal) => { child.hasEnded = true; child.log.push(`(ended with ${signal ?? code})`); });
    spawned.stderr?.setEncoding('utf8').on('data', (text: string) => {
      child.log.push(...text.trimEnd().split('\n'));
      if (text.includes(' ready"')) child.isReady = true;
      if (child.log.length > 400) child.log.splice(0, 100);
    });
    this.#children.set(name, child);
    await until(`${name} is ready`, () => child.isReady || child.hasEnded, 60_000);
    if (child.hasEnded) throw new AssertionError(`${name} ended while starting:\n${child.log.slice(-5).join('\n')}`);
  }

  /** SIGKILL: resolves when the process is gone. */
  async kill(name: string): Promise<void> {
    this.#childOf(name).process.kill('SIGKILL');
    await until(`${name} is gone`, () => !this.isAlive(name), 10_000);
  }

  /** SIGSTOP: resolves when no thread of it runs any more. */
  async pause(name: string): Promise<void> {
    const { process: paused } = this.#childOf(name);
    paused.kill('SIGSTOP');
    await until(`${name} stands still`, () => /\) T /.test(readFileSync(`/proc/${paused.pid}/stat`, 'latin1')), 10_000);
  }

  resume(name: string): void { this.#childOf(name).process.kill('SIGCONT'); }

  async killServer(): Promise<void> { await this.#server.kill('SIGKILL'); }

  /** On the same store and port. */
  async restartServer(): Promise<void> {
    const started = await this.#server.restart();
    if (!started.ok) throw new AssertionError(started.message);
    this.#server = started.server;
  }

  /** Every partition has an owner that is alive, and no conductor has more than its share. */
  async untilShared(): Promise<void> {
    const alive = this.names.filter((name) => this.#plan[name]?.[0] === 'conductor' && this.isAlive(name));
    await until(`${alive.join(' and ')} share the partitions`, async () => {
      const holders = [...(await this.ports.leases.holders().catch(() => new Map<string, string>())).values()];
      const counts = alive.map((name) => holders.filter((holder) => holder === name).length);
      return counts.reduce((sum, count) => sum + count, 0) === limits.partitions && Math.max(...counts) <= Math.ceil(limits.partitions / alive.length);
    }, 30_000);
  }

  async ownerOf(partition: number): Promise<string | null> { return (await this.ports.leases.holders()).get(`p${partition}`) ?? null; }

  /** How many lines of its log have that text. */
  said(name: string, text: string): number { return this.#children.get(name)?.log.filter((line) => line.includes(text)).length ?? 0; }

  /** What the work queue of steps has left, and with whom. */
  async queue(): Promise<string> {
    const manager = await jetstreamManager(this.#connection.nc);
    const { num_pending: waiting, num_ack_pending: taken, num_waiting: pulls, num_redelivered: again } = await manager.consumers.info('SW_STEP', 'gateways');
    return `queue: ${waiting} waiting, ${taken} taken and not acknowledged, ${again} delivered again, ${pulls} pulls open`;
  }

  /** The last lines of every process, for a failure that nobody foresaw. */
  logs(lines = 8): string {
    return [...this.#children].map(([name, child]) => `--- ${name}${child.hasEnded ? ' (gone)' : ''}\n${child.log.slice(-lines).join('\n')}`).join('\n');
  }

  async close(): Promise<void> {
    await this.#closeBus();
    this.#killAll();
    await until('every process is gone', () => [...this.#children.values()].every((child) => child.hasEnded), 10_000);
    process.removeListener('exit', this.#killAll);
    await this.#server.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #childOf(name: string): Child {
    const child = this.#children.get(name);
    if (child === undefined || child.hasEnded) throw new AssertionError(`${name} is not running`);
    return child;
  }
}

export async function until(what: string, isTrue: () => boolean | Promise<boolean>, deadlineMs: number): Promise<void> {
  for (const endMs = performance.now() + deadlineMs; !(await isTrue());) {
    if (performance.now() > endMs) throw new AssertionError(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}
