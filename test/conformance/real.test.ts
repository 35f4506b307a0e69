import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { afterAll, beforeAll } from 'vitest';
import { AssertionError } from '../../actors/lib/logic.ts';
import { NatsBus } from '../../infra/nats/bus.ts';
import { type Connection, connect } from '../../infra/nats/connect.ts';
import { NatsLeases } from '../../infra/nats/leases.ts';
import { type NatsServer, startServer } from '../../infra/nats/server.ts';
import { ensureStreams, streamTable } from '../../infra/nats/streams.ts';
import { busConformance } from './bus.conformance.ts';
import { leasesConformance } from './leases.conformance.ts';
import { queueConformance } from './queue.conformance.ts';
import { type Rig, withSmallBounds } from './stage.ts';

const table = withSmallBounds(streamTable('r'));
let folder = '';
let server: NatsServer | null = null;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slackwater-conformance-'));
  server = await started(startServer({ folder }));
});

afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function started(starting: ReturnType<typeof startServer>): Promise<NatsServer> {
  const result = await starting;
  if (!result.ok) throw new AssertionError(result.message);
  return result.server;
}

async function connected(name: string): Promise<Connection> {
  const result = await connect({ servers: server!.url, name, deadlineMs: 5_000, reconnectMsMax: 100 });
  if (!result.ok) throw new AssertionError(result.message);
  return result.connection;
}

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

const rig: Rig = {
  async play(body) {
    const operator = await connected('operator');
    const manager = await jetstreamManager(operator.nc);
    let ensured = await ensureStreams(operator, Object.values(table));
    // The server may still be deleting the files of the test before.
    for (let attempt = 0; !ensured.ok && ensured.retry === 'later' && attempt < 100; attempt++) {
      await sleep(20);
      ensured = await ensureStreams(operator, Object.values(table));
    }
    if (!ensured.ok) throw new AssertionError(ensured.message);
    const closers: (() => Promise<void>)[] = [];
    try {
      await body({
        table,
        async open(name) {
          const connection = await connected(name);
          const bus = await NatsBus.open(connection, table);
          closers.push(async () => { bus.close(); await connection.close(); });
          return { bus, leases: await NatsLeases.open(connection, table) };
        },
        async until(what, condition, deadlineMs = 8_000) {
          const endMs = performance.now() + deadlineMs;
          while (!await condition()) {
            if (performance.now() > endMs) throw new AssertionError(`not within ${deadlineMs} ms: ${what}`);
            await sleep(5);
          }
        },
        pass: sleep,
        nowMs: () => Date.now(),
        async purge(stream, subject) { await manager.streams.purge(table[stream].stream, { filter: subject }); },
        async restartServer() {
          await server!.kill('SIGKILL');
          server = await started(server!.restart());
        },
      });
    } finally {
      await Promise.all(closers.map((close) => close()));
      for (const spec of Object.values(table)) await manager.streams.delete(spec.stream).catch(() => {});
      await operator.close();
    }
  },
};

for (const conformance of [busConformance, queueConformance, leasesConformance]) conformance('nats-server', rig);
