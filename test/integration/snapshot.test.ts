import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { DirectoryHost } from '../../actors/host/directory-host.ts';
import { WorkerHost } from '../../actors/host/worker-host.ts';
import { blockTokens } from '../../actors/lib/chain.ts';
import { AssertionError } from '../../actors/lib/logic.ts';
import type { Ports } from '../../actors/lib/ports.ts';
import { systemClock } from '../../infra/main/role.ts';
import { NatsBus } from '../../infra/nats/bus.ts';
import { connect } from '../../infra/nats/connect.ts';
import { NatsLeases } from '../../infra/nats/leases.ts';
import { startServer } from '../../infra/nats/server.ts';
import { ensureStreams, streamTable } from '../../infra/nats/streams.ts';
import { subjects } from '../../schemas/subjects.ts';
import { storeChain, StoreEngine } from '../sim/store-engine.ts';

const table = streamTable('r');
const names = subjects('r');
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => { for (const close of closers.splice(0).reverse()) await close(); });

async function openPorts(url: string, name: string): Promise<Ports> {
  const connected = await connect({ servers: url, name, deadlineMs: 5_000 });
  if (!connected.ok) throw new AssertionError(connected.message);
  const { connection } = connected;
  closers.push(() => connection.close());
  const ensured = await ensureStreams(connection, Object.values(table));
  if (!ensured.ok) throw new AssertionError(ensured.message);
  const bus = await NatsBus.open(connection, table);
  closers.push(async () => bus.close());
  return { clock: systemClock, bus, leases: await NatsLeases.open(connection, table) };
}

async function until(what: string, isSo: () => boolean, deadlineMs: number): Promise<void> {
  for (const endMs = performance.now() + deadlineMs; !isSo();) {
    if (performance.now() > endMs) throw new AssertionError(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 5));
  }
}

test('a worker that holds 400,000 blocks and goes on changing is known, block for block, by directories that come later', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slackwater-snapshot-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  const started = await startServer({ folder });
  if (!started.ok) throw new AssertionError(started.message);
  closers.push(() => started.server.stop());

  let engine!: StoreEngine;
  const worker = new WorkerHost({
    ports: await openPorts(started.server.url, 'worker'), region: 'r', node: 'w1', epoch: 1, model: 'm', weightsDigest: 'ab', device: 'none', runsMax: 1, offload: true, saltFor: () => new Uint8Array(32),
    openEngine: (onEvents) => (engine = new StoreEngine(500_000, 400_000, onEvents)),
  });
  closers.push(() => worker.close(0));
  // While it is asked, the last thousands go up to hbm one after the other.
  let top = 400_000;
  const busy = setInterval(() => {
    if (top === 300_000) return;
    top -= 1_000;
    engine.change('removed', 'dram', top, top + 1_000);
    engine.change('stored', 'hbm', top, top + 1_000);
  }, 20);
  closers.push(async () => clearInterval(busy));

  const directories = await Promise.all([1, 2].map(async (n) => {
    const { bus, ...ports } = await openPorts(started.server.url, `conductor-${n}`);
    const directory = new DirectoryHost({ ...ports, bus }, names, (message) => { throw new AssertionError(message); });
    bus.listen(names.kvs, ({ bytes }) => directory.hear(bytes));
    directory.step({ kind: 'nodeSeen', node: 'w1', epoch: 1 });
    const tick = setInterval(() => directory.step({ kind: 'tick' }), 1_000);
    closers.push(async () => clearInterval(tick));
    return directory;
  }));
  const held = (directory: DirectoryHost, from: number, to: number) =>
    directory.held(storeChain(from, to)).map(({ hbmTokens, dramTokens }) => [hbmTokens / blockTokens, dramTokens / blockTokens]);
  for (const directory of directories) await until('the first blocks are known', () => held(directory, 0, 1).length === 1, 20_000);
  clearInterval(busy);
  expect(top).toBeLessThan(400_000);
  for (const directory of directories) {
    await until('the last batch is applied', () => (held(directory, top, top + 1_000)[0]?.[0] ?? 0) === 1_000, 5_000);
    expect(held(directory, 0, top)).toEqual([[0, top]]);
    expect(held(directory, top, 400_000)).toEqual([[400_000 - top, 0]]);
  }
  expect(worker.stats().load).toMatchObject({ hbmUsed: 400_000 - top, dramUsed: top });
});
