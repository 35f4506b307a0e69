import { mkdtemp, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { type Server, createConnection, createServer } from 'node:net';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { StorageType, jetstreamManager } from '@nats-io/jetstream';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { AssertionError } from '../../actors/lib/logic.ts';
import { BusFault, type LogEntry, type Message, type Task } from '../../actors/lib/ports.ts';
import { NatsBus } from '../../infra/nats/bus.ts';
import { type ConnectionStatus, type Connection, connect } from '../../infra/nats/connect.ts';
import { NatsLeases } from '../../infra/nats/leases.ts';
import { type NatsServer, findServerBinary, startServer } from '../../infra/nats/server.ts';
import { ensureStreams, queueConsumer, streamTable } from '../../infra/nats/streams.ts';

const table = streamTable('r');
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

let root = '';
const closers: (() => Promise<unknown>)[] = [];
beforeAll(async () => { root = await mkdtemp(join(tmpdir(), 'slackwater-nats-')); });
afterEach(async () => { for (const close of closers.splice(0).reverse()) await close(); });
afterAll(async () => { await rm(root, { recursive: true, force: true }); });

async function freshServer(options: { readonly folder?: string; readonly jetstream?: boolean; readonly durability?: 'fsync' } = {}): Promise<NatsServer> {
  const started = await startServer({ folder: await mkdtemp(join(root, 'server-')), ...options });
  if (!started.ok) throw new AssertionError(started.message);
  closers.push(() => started.server.stop());
  return started.server;
}

async function restarted(server: NatsServer): Promise<NatsServer> {
  const started = await server.restart();
  if (!started.ok) throw new AssertionError(started.message);
  closers.push(() => started.server.stop());
  return started.server;
}

/** An operator's hand: what the configuration says at the next start. */
async function reconfigure(folder: string, change: (text: string) => string): Promise<void> {
  const path = join(folder, 'nats-server.conf');
  await writeFile(path, change(await readFile(path, 'utf8')));
}

async function openConnection(server: NatsServer, onStatus?: (status: ConnectionStatus) => void): Promise<Connection> {
  const result = await connect({ servers: server.url, name: 'test', deadlineMs: 5_000, reconnectMsMax: 100, ...(onStatus === undefined ? {} : { onStatus }) });
  if (!result.ok) throw new AssertionError(result.message);
  closers.push(() => result.connection.close());
  return result.connection;
}

async function openBus(server: NatsServer): Promise<NatsBus> {
  const connection = await openConnection(server);
  const ensured = await ensureStreams(connection, Object.values(table));
  if (!ensured.ok) throw new AssertionError(ensured.message);
  const bus = await NatsBus.open(connection, table);
  closers.push(async () => bus.close());
  return bus;
}

async function until(what: string, condition: () => boolean | Promise<boolean>, deadlineMs = 15_000): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!await condition()) {
    if (performance.now() > endMs) throw new AssertionError(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 5));
  }
}

/** As no client library would: the headers' block byte by byte. */
async function publishRaw(url: string, subject: string, block: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = createConnection(Number(port), hostname);
  socket.write(`CONNECT {"verbose":false,"headers":true}\r\nHPUB ${subject} ${block.length} ${block.length + 1}\r\n${block}x\r\nPING\r\n`);
  await new Promise<void>((done, failed) => {
    socket.on('error', failed);
    socket.on('data', (data) => { if (String(data).includes('PONG')) done(); });
  });
  socket.destroy();
}

describe('a server that dies', () => {
  test('readLog: three kill -9 while others publish: every stored entry once, in order, none left out', async () => {
    let server = await freshServer();
    const reader = await openBus(server), writer = await openBus(server);
    const seen: LogEntry[] = [];
    reader.readLog('in', 'sw.v1.r.in.5.*', 1, (entry) => { seen.push(entry); });
    const acknowledged = new Map<string, number>();
    let isDone = false;
    // As a host would: the same id until there is an answer.
    const write = async (): Promise<void> => {
      for (let i = 0; !isDone; i++) {
        for (let isStored = false; !isStored;) {
          try {
            const stored = await writer.publish('sw.v1.r.in.5.t', bytesOf(`${i}`), { id: `e-${i}`, deadlineMs: 250 });
            acknowledged.set(`${i}`, stored.seq);
            isStored = true;
          } catch (error) {
            if (!(error instanceof BusFault) || error.code !== 'no_answer') throw error;
          }
        }
      }
    };
    const writing = write();
    for (let kill = 0; kill < 3; kill++) {
      const before = acknowledged.size;
      await until('some progress', () => acknowledged.size > before + 50);
      await server.kill('SIGKILL');
      server = await restarted(server);
    }
    const before = acknowledged.size;
    await until('progress after the last kill', () => acknowledged.size > before + 50);
    isDone = true;
    await writing;
    await until('all read', () => seen.length >= acknowledged.size);
    expect(seen.map((entry) => textOf(entry.bytes))).toEqual([...acknowledged.keys()]);
    expect(seen.map((entry) => entry.seq)).toEqual([...acknowledged.values()]);
  });

  test('publish: a server that hangs means no_answer at the deadline, and it may be stored later', async () => {
    const server = await freshServer();
    const bus = await openBus(server);
    await bus.publish('sw.v1.r.in.1.t', bytesOf('before'));
    await server.kill('SIGSTOP');
    await until('stopped', async () => / T /.test(await readFile(`/proc/${server.pid()}/stat`, 'latin1')));
    const startMs = performance.now();
    const fault = await bus.publish('sw.v1.r.in.1.t', bytesOf('late'), { deadlineMs: 300 }).then(() => null, (error: unknown) => error);
    expect(fault).toBeInstanceOf(BusFault);
    expect((fault as BusFault).code).toBe('no_answer');
    expect(performance.now() - startMs).toBeGreaterThan(280);
    expect(performance.now() - startMs).toBeLessThan(1_500);
    await server.kill('SIGCONT');
    await until('stored late', async () => (await bus.get('in', 2)) !== null);
  });

  test('publish: with the server gone, no_answer by the deadline; after a restart it works again, states are there', async () => {
    let server = await freshServer();
    const statuses: string[] = [];
    const bus = await openBus(server);
    await openConnection(server, (status) => { statuses.push(status.kind); });
    const saved = await bus.publish('sw.v1.r.state.1.t', bytesOf('kept'), { expectLast: 0 });
    await server.kill('SIGKILL');
    await until('noticed', () => statuses.includes('down'));
    await expect(bus.publish('sw.v1.r.state.1.t', bytesOf('x'), { expectLast: 99, deadlineMs: 200 })).rejects.toMatchObject({ code: 'no_answer' });
    expect(await bus.request('sw.v1.r.who.1', bytesOf('?'), 200)).toBeNull();
    server = await restarted(server);
    await until('back', () => statuses.at(-1) === 'up');
    await until('readable', async () => { try { return (await bus.getLast('state', 'sw.v1.r.state.1.t'))?.seq === saved.seq; } catch { return false; } });
    expect((await bus.publish('sw.v1.r.state.1.t', bytesOf('next'), { expectLast: saved.seq })).seq).toBe(saved.seq + 1);
    expect((await bus.loadLast('state', 'sw.v1.r.state.1.*')).map((entry) => textOf(entry.bytes))).toEqual(['next']);
  });

  test('work queue: tasks that nobody acknowledged are still there after a kill -9, and come once', async () => {
    let server = await freshServer();
    const bus = await openBus(server);
    for (let i = 0; i < 5; i++) await bus.publish('sw.step.acme', bytesOf(`${i}`));
    const tasks: Task[] = [];
    bus.consume('step', 'gateway', { inFlightMax: 2, ackWaitMs: 2_000 }, (task) => { tasks.push(task); if (tasks.length > 2) task.ack(); });
    await until('two taken', () => tasks.length === 2);
    await server.kill('SIGKILL');
    server = await restarted(server);
    await until('all handled', () => new Set(tasks.slice(2).map((task) => task.seq)).size === 5);
    await until('empty', async () => (await bus.loadLast('bill', 'sw.v1.r.bill.>').catch(() => null)) !== null && (await bus.get('step', 5).catch(() => 1)) === null);
  });

  test('work queue: a queue that an earlier version of us made, with another ack wait, is taken over as it is', async () => {
    const server = await freshServer();
    const connection = await openConnection(server), bus = await openBus(server);
    const manager = await jetstreamManager(connection.nc);
    await manager.consumers.add('SW_STEP', queueConsumer('gateways', 45_000));
    await bus.publish('sw.step.acme', bytesOf('waited'));
    const tasks: Task[] = [];
    bus.consume('step', 'gateways', { inFlightMax: 2, ackWaitMs: 2_000 }, (task) => { tasks.push(task); task.ack(); });
    await until('taken', () => tasks.length === 1);
    expect((await manager.consumers.info('SW_STEP', 'gateways')).config.ack_wait).toBe(2_000_000_000);
  });

  test('headers: a line break that anybody smuggled into one goes no further', async () => {
    const server = await freshServer();
    const bus = await openBus(server);
    const heard: Message[] = [];
    bus.listen('raw.headers', (message) => { heard.push(message); });
    await until('heard', async () => {
      await publishRaw(server.url, 'raw.headers', 'NATS/1.0\r\ntraceparent: ok\r\ntracestate: a\nb\r\n\r\n');
      return heard.length > 0;
    });
    expect(heard[0]?.headers).toEqual({});
    expect(() => bus.emit('raw.again', bytesOf('x'), heard[0]?.headers ?? {})).not.toThrow();
  });

  test('leases: an epoch is never given twice, across expiry and kill -9', async () => {
    let server = await freshServer();
    const connection = await openConnection(server);
    await ensureStreams(connection, Object.values(table));
    const leases = await NatsLeases.open(connection, table);
    const epochs: number[] = [];
    for (let round = 0; round < 3; round++) {
      await until('acquired', async () => {
        const lease = await leases.acquire('p-1', `holder-${round}`, 1_000);
        if (lease !== null) epochs.push(lease.epoch);
        return lease !== null;
      });
      if (round === 1) {
        await server.kill('SIGKILL');
        server = await restarted(server);
      }
    }
    expect(epochs).toEqual(epochs.toSorted((a, b) => a - b));
    expect(new Set(epochs).size).toBe(3);
  });

  test('readLog: a consumer that an operator deletes is made anew', async () => {
    const server = await freshServer();
    const bus = await openBus(server);
    const seen: number[] = [];
    bus.readLog('in', 'sw.v1.r.in.1.*', 1, (entry) => { seen.push(entry.seq); });
    await bus.publish('sw.v1.r.in.1.t', bytesOf('1'));
    await until('read', () => seen.length === 1);
    const manager = await jetstreamManager((await openConnection(server)).nc);
    for await (const consumer of manager.consumers.list('SW_IN_r')) await manager.consumers.delete('SW_IN_r', consumer.name);
    await bus.publish('sw.v1.r.in.1.t', bytesOf('2'));
    await until('read again', () => seen.length === 2);
    expect(seen).toEqual([1, 2]);
  });
});

describe('a server that is not what we need: one line', () => {
  let fake: Server | null = null;
  afterEach(() => { fake?.close(); fake = null; });

  async function fakeServer(info: object, answer: string): Promise<string> {
    fake = createServer((socket) => {
      socket.on('error', () => {});
      socket.write(`INFO ${JSON.stringify({ server_id: 'F', server_name: 'F', proto: 1, headers: true, max_payload: 1_048_576, ...info })}\r\n`);
      socket.once('data', () => socket.write(answer));
    });
    await new Promise<void>((done) => { fake!.listen(0, '127.0.0.1', done); });
    return `nats://127.0.0.1:${(fake.address() as { port: number }).port}`;
  }

  test('too old', async () => {
    const url = await fakeServer({ version: '2.9.10', jetstream: true }, 'PONG\r\n');
    expect(await connect({ servers: url, name: 't', deadlineMs: 2_000 }))
      .toEqual({ ok: false, code: 'too_old', message: `NATS at ${url} is version 2.9.10; 2.12.0 or newer is needed` });
  });

  test('wrong credentials: named without the password', async () => {
    const url = await fakeServer({ version: '2.15.1', auth_required: true }, "-ERR 'Authorization Violation'\r\n");
    const result = await connect({ servers: url.replace('//', '//me:secret@'), name: 't', deadlineMs: 2_000 });
    expect(result).toMatchObject({ ok: false, code: 'refused' });
    expect(JSON.stringify(result)).toContain(url);
    expect(JSON.stringify(result)).not.toContain('secret');
  });

  test('unreachable: tries with growing pauses until the deadline', async () => {
    const url = await fakeServer({}, '');
    fake?.close();
    const tries: number[] = [];
    const startMs = performance.now();
    const result = await connect({ servers: url, name: 't', deadlineMs: 800, onStatus: (status) => { if (status.kind === 'retrying') tries.push(status.nextMs); } });
    expect(result).toMatchObject({ ok: false, code: 'unreachable' });
    expect(result.ok ? '' : result.message).toMatch(/^NATS at nats:\/\/127\.0\.0\.1:\d+ cannot be reached: connect ECONNREFUSED .* \(\d+ attempts in 0\.\d s\)$/);
    expect(performance.now() - startMs).toBeLessThan(1_200);
    expect(tries.length).toBeGreaterThanOrEqual(2);
  });

  test('comes up while we try: connected', async () => {
    const first = await freshServer();
    await first.stop();
    const connecting = connect({ servers: first.url, name: 't', deadlineMs: 8_000 });
    await restarted(first);
    const result = await connecting;
    expect(result.ok).toBe(true);
    if (result.ok) await result.connection.close();
  });

  test('no JetStream', async () => {
    const server = await freshServer({ jetstream: false });
    const result = await connect({ servers: server.url, name: 't', deadlineMs: 4_000 });
    expect(result).toMatchObject({ ok: false, code: 'no_jetstream' });
    expect(result.ok ? '' : result.message).toMatch(/^NATS at \S+ has no JetStream \(.*\): start it with -js$/);
  });
});

describe('the embedded server', () => {
  test('port taken', async () => {
    const server = await freshServer();
    expect(await startServer({ folder: await mkdtemp(join(root, 'server-')), port: server.port }))
      .toEqual({ ok: false, message: `port ${server.port} of 127.0.0.1 is taken: choose another port, or stop what listens there` });
  });

  test('folder that is a file', async () => {
    const started = await startServer({ folder: '/dev/null/x' });
    expect(started).toMatchObject({ ok: false });
    expect(started.ok ? '' : started.message).toMatch(/^folder \/dev\/null\/x of nats-server cannot be written: /);
  });

  test('binary that is not there, is no server, or is too old', async () => {
    expect(await findServerBinary('/nowhere/nats-server')).toEqual({ ok: false, message: 'no nats-server at /nowhere/nats-server: run the set-up, or name one in SLACKWATER_NATS_SERVER' });
    expect(await findServerBinary('/bin/false')).toMatchObject({ ok: false });
    expect(await findServerBinary('/bin/true')).toMatchObject({ ok: false });
  });

  test('durability fsync: is in the configuration and works', async () => {
    const folder = await mkdtemp(join(root, 'server-'));
    const started = await startServer({ folder, durability: 'fsync' });
    if (!started.ok) throw new AssertionError(started.message);
    closers.push(() => started.server.stop());
    expect(await readFile(join(folder, 'nats-server.conf'), 'utf8')).toContain('sync_interval: always');
    const bus = await openBus(started.server);
    expect((await bus.publish('sw.v1.r.in.1.t', bytesOf('x'))).seq).toBe(1);
  });

  test('a stream may be bounded by more than is free: its bound is a promise about the disk, not a use of it', async () => {
    const connection = await openConnection(await freshServer());
    const { bavail, bsize } = await statfs(root);
    const manager = await jetstreamManager(connection.nc);
    for (const [storage, max_bytes] of [['file', bavail * bsize], ['memory', totalmem()]] as const) {
      const { config } = await manager.streams.add({ name: `ALL-${storage}`, subjects: [`all.${storage}`], storage: storage === 'file' ? StorageType.File : StorageType.Memory, max_bytes });
      expect(config.max_bytes).toBe(max_bytes);
    }
    expect(await ensureStreams(connection, Object.values(table))).toEqual({ ok: true, notices: [] });
  });

  test('onExit: told when it dies by itself, not when we stop it', async () => {
    const [killed, stopped] = [await freshServer(), await freshServer()];
    const exits: string[] = [];
    killed.onExit(() => { exits.push('killed'); });
    stopped.onExit(() => { exits.push('stopped'); });
    await stopped.stop();
    process.kill(killed.pid()!, 'SIGKILL');
    await until('told', () => exits.length > 0);
    expect(exits).toEqual(['killed']);
    expect([killed.pid(), stopped.pid()]).toEqual([null, null]);
  });
});

describe('a server with too little storage', () => {
  test.each([
    ['file', 'max_file_store: 4GB', 'SW_STATE_r reserves 2147483648 bytes, all 6 file streams here 9948889088 bytes'],
    ['memory', 'max_memory_store: 300MB', 'SW_EVT_r reserves 67108864 bytes, all 2 memory streams here 335544320 bytes'],
  ])('%s: one line that names the stream and what all of them want', async (kind, limit, line) => {
    const folder = await mkdtemp(join(root, 'server-'));
    const server = await freshServer({ folder });
    await server.stop();
    await reconfigure(folder, (text) => text.replace(new RegExp(`max_${kind}_store: \\d+`), limit));
    const connection = await openConnection(await restarted(server));
    const ensured = await ensureStreams(connection, Object.values(table));
    expect(ensured.ok ? '' : ensured.message).toMatch(new RegExp(`^streams of nats://\\S+: ${line}, which the server does not have left \\(max_${kind}_store [^\\n]*$`));
  });
});

describe('streams that are already there', () => {
  test('twice: the second time changes nothing and has nothing to say', async () => {
    const connection = await openConnection(await freshServer());
    expect(await ensureStreams(connection, Object.values(table))).toEqual({ ok: true, notices: [] });
    expect(await ensureStreams(connection, Object.values(table))).toEqual({ ok: true, notices: [] });
  });

  test('by several processes at once: all succeed', async () => {
    const server = await freshServer();
    const connections = await Promise.all([1, 2, 3, 4].map(() => openConnection(server)));
    expect(await Promise.all(connections.map((connection) => ensureStreams(connection, Object.values(table))))).toEqual(Array.from({ length: 4 }, () => ({ ok: true, notices: [] })));
  });

  test('larger bounds are kept and said; what decides correctness is refused with both values', async () => {
    const connection = await openConnection(await freshServer());
    const manager = await jetstreamManager(connection.nc);
    await ensureStreams(connection, Object.values(table));
    await manager.streams.update('SW_IN_r', { max_bytes: 9_000_000_000 });
    expect(await ensureStreams(connection, Object.values(table))).toEqual({ ok: true, notices: ['stream SW_IN_r: max_bytes is 9000000000, the table says 2147483648'] });
    await manager.streams.delete('SW_STATE_r');
    await manager.streams.add({ name: 'SW_STATE_r', subjects: ['sw.v1.r.state.>'], max_msgs_per_subject: 5 });
    const ensured = await ensureStreams(connection, Object.values(table));
    expect(ensured).toMatchObject({ ok: false, retry: 'never' });
    expect(ensured.ok ? '' : ensured.message).toMatch(/^stream SW_STATE_r exists with discard "old" where "new" is needed; max_msgs_per_subject 5 where 1 is needed:/);
  });

  test('subjects that a foreign stream has: one line that names ours', async () => {
    const connection = await openConnection(await freshServer());
    await (await jetstreamManager(connection.nc)).streams.add({ name: 'ELSE', subjects: ['sw.>'] });
    const ensured = await ensureStreams(connection, Object.values(table));
    expect(ensured.ok ? '' : ensured.message).toMatch(/SW_STEP for sw\.step\.\*: subjects overlap with an existing stream$/);
  });
});
