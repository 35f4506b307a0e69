import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { AssertionError } from '../../actors/lib/logic.ts';
import { loadConfig, packageRoot } from '../../infra/config.ts';
import { runDemo } from '../../infra/demo/demo.ts';
import { Guest } from '../../infra/demo/guest.ts';
import { type BusSide, newLogger, openBus } from '../../infra/main/role.ts';
import { type NatsServer, startServer } from '../../infra/nats/server.ts';

let folder = '';
let server: NatsServer;
const closers: (() => Promise<unknown>)[] = [];
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'slackwater-guest-')); });
beforeEach(async () => {
  const started = await startServer({ folder: await mkdtemp(join(folder, 'server-')) });
  if (!started.ok) throw new AssertionError(started.message);
  server = started.server;
  closers.push(() => started.server.stop());
});
afterEach(async () => { for (const close of closers.splice(0).reverse()) await close(); });
afterAll(async () => { await rm(folder, { recursive: true, force: true }); });

/** Its bus with every stream in place, and one gateway at the queue. */
async function fleetOf(region: string): Promise<BusSide & { readonly manager: JetStreamManager }> {
  const config = loadConfig(null, {}, { region, log: 'silent' });
  const side = await openBus(config, region, server.url, newLogger(config, region));
  closers.push(() => side.close());
  const manager = await jetstreamManager(side.connection.nc);
  side.ports.bus.consume('step', 'gateways', { inFlightMax: 4, ackWaitMs: 1_000 }, (task) => task.ack());
  await vi.waitUntil(async () => (await manager.consumers.info('SW_STEP', 'gateways').catch(() => null))?.num_waiting, { timeout: 5_000 });
  return { ...side, manager };
}

/** What an operator sees, on a connection of its own. */
async function lookOn<T>(look: (manager: JetStreamManager, side: BusSide) => Promise<T>): Promise<T> {
  const config = loadConfig(null, {}, { log: 'silent' });
  const side = await openBus(config, 'operator', server.url, newLogger(config, 'operator'), { isReader: true });
  try { return await look(await jetstreamManager(side.connection.nc), side); } finally { await side.close(); }
}

const streams = (): Promise<string[]> => lookOn((manager) => manager.streams.names().next());
const consumers = (): Promise<string[]> => lookOn(async (manager) => (await manager.consumers.list('SW_STEP').next()).map(({ name }) => name));

test('on an empty NATS nothing stays', async () => {
  const guest = await Guest.arrive(server.url, 'demo-1');
  const fleet = await fleetOf('demo-1');
  expect((await streams()).length).toBe(8);
  await fleet.close();
  expect(await guest.leave()).toEqual([]);
  expect(await streams()).toEqual([]);
});

test('a queue, with a step in it, and a region that were there stay; only our consumer and region go', async () => {
  const config = loadConfig(null, {}, { region: 'eu', log: 'silent' });
  const before = await openBus(config, 'eu', server.url, newLogger(config, 'eu'));
  await before.close();
  const theirs = (await streams()).toSorted();
  const guest = await Guest.arrive(server.url, 'demo-1');
  const fleet = await fleetOf('demo-1');
  await fleet.close();
  await lookOn(async (_, { ports }) => { await ports.bus.publish('sw.step.acme', new Uint8Array([1])); });
  expect(await guest.leave()).toEqual([]);
  expect((await streams()).toSorted()).toEqual(theirs);
  expect(await consumers()).toEqual([]);
  expect(await lookOn(async (manager) => (await manager.streams.info('SW_STEP')).state.messages)).toBe(1);
});

test('a fleet that came meanwhile keeps the queue that the demo had made', async () => {
  const guest = await Guest.arrive(server.url, 'demo-1');
  const fleet = await fleetOf('demo-1');
  const theirs = await fleetOf('eu');
  await fleet.close();
  expect(await guest.leave()).toEqual(['stream SW_STEP stays: a fleet that came meanwhile takes steps from it']);
  expect(await consumers()).toEqual(['gateways']);
  expect((await streams()).filter((name) => name.includes('demo-1'))).toEqual([]);
  await theirs.close();
});

test('a fleet that is there already: the demo refuses before it does anything, in one line', async () => {
  await fleetOf('eu');
  const before = (await streams()).toSorted();
  const config = loadConfig(null, { SLACKWATER_CACHE: join(packageRoot(), '.cache') }, { log: 'silent', nats: { url: server.url } });
  await expect(runDemo(config, { dir: null, agents: null, json: null, toolSeconds: null, isCompared: false }))
    .rejects.toMatchObject({ name: 'ConfigError', message: expect.stringMatching(/^a fleet is on nats:\/\/\S+ \(stream SW_STEP has the consumer gateways\), and the demo would take its steps: [^\n]*$/) });
  expect((await streams()).toSorted()).toEqual(before);
});
