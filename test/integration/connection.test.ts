import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { AssertionError } from '../../actors/lib/logic.ts';
import { loadConfig } from '../../infra/config.ts';
import { runRole } from '../../infra/main/commands/run-role.ts';
import { type BusSide, newLogger, openBus } from '../../infra/main/role.ts';
import { type NatsServer, startServer } from '../../infra/nats/server.ts';

const config = loadConfig(null, {}, { region: 'r', log: 'silent', nats: { deadlineMs: 5_000 } });
let root = '';
const closers: (() => Promise<unknown>)[] = [];
beforeAll(async () => { root = await mkdtemp(join(tmpdir(), 'slackwater-connection-')); });
afterEach(async () => { for (const close of closers.splice(0).reverse()) await close(); });
afterAll(async () => { await rm(root, { recursive: true, force: true }); });

async function freshServer(): Promise<{ readonly server: NatsServer; readonly folder: string }> {
  const folder = await mkdtemp(join(root, 'server-'));
  const started = await startServer({ folder });
  if (!started.ok) throw new AssertionError(started.message);
  closers.push(() => started.server.stop());
  return { server: started.server, folder };
}

/** Kills it and starts it with what `change` makes of its configuration. */
async function restartWith(server: NatsServer, folder: string, change: (text: string) => string): Promise<NatsServer> {
  await server.kill('SIGKILL');
  const path = join(folder, 'nats-server.conf');
  await writeFile(path, change(await readFile(path, 'utf8')));
  const started = await server.restart();
  if (!started.ok) throw new AssertionError(started.message);
  closers.push(() => started.server.stop());
  return started.server;
}

async function openSide(url: string): Promise<BusSide> {
  const side = await openBus(config, 'worker-1', url, newLogger(config, 'worker-1'));
  closers.push(() => side.close());
  return side;
}

test('credentials that are refused for a while: the role comes back by itself when they are right again', async () => {
  const { server, folder } = await freshServer();
  const { connection, ports, lost } = await openSide(server.url);
  let refusals = 0, line = '';
  void lost.then((message) => { line = message; });
  void (async () => { for await (const status of connection.nc.status()) if (status.type === 'error' && status.error.name === 'AuthorizationError') refusals++; })();
  const authorization = '\nauthorization { token: "another" }\n';
  const strict = await restartWith(server, folder, (text) => text + authorization);
  await vi.waitUntil(() => refusals >= 4 || connection.nc.isClosed(), { timeout: 20_000 });
  expect([connection.nc.isClosed(), line]).toEqual([false, '']);
  await restartWith(strict, folder, (text) => text.replace(authorization, ''));
  await vi.waitUntil(() => connection.isUp(), { timeout: 20_000 });
  expect((await ports.bus.publish('sw.v1.r.in.1.t', new Uint8Array([1]))).seq).toBe(1);
});

test('credentials in the address are used: user and password, or a token', async () => {
  const { server, folder } = await freshServer();
  const withUser = await restartWith(server, folder, (text) => `${text}\nauthorization { user: me, password: "s/cret" }\n`);
  expect((await openSide(withUser.url.replace('//', '//me:s%2Fcret@'))).connection.isUp()).toBe(true);
  await expect(openSide(withUser.url.replace('//', '//me:wrong@'))).rejects.toThrow(/refuses the credentials/);
  const withToken = await restartWith(withUser, folder, (text) => text.replace(/authorization .*/, 'authorization { token: "t-1" }'));
  expect((await openSide(withToken.url.replace('//', '//t-1@'))).connection.isUp()).toBe(true);
});

test('a connection that closes although nobody asked ends its role with 3, in one line', async () => {
  const { server } = await freshServer();
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  closers.push(async () => said.mockRestore());
  let side: BusSide | null = null, hasEnded = false;
  const running = runRole({ ...config, nats: { ...config.nats, url: server.url } }, async (url) => {
    side = await openSide(url);
    return { name: 'worker-1', lost: side.lost, close: async () => { hasEnded = true; await side?.close(); } };
  });
  await vi.waitUntil(() => side !== null);
  await (side as unknown as BusSide).connection.nc.close();
  expect(await running).toBe(3);
  expect(hasEnded).toBe(true);
  expect(said.mock.calls.map(([text]) => text)).toEqual([`slackwater: worker-1: the connection to NATS at ${server.url} closed for good: the client gave up\n`]);
});

test('a connection that we close is not lost', async () => {
  const { server } = await freshServer();
  const side = await openSide(server.url);
  let isLost = false;
  void side.lost.then(() => { isLost = true; });
  await side.close();
  await side.connection.nc.closed();
  await new Promise((done) => { setImmediate(done); });
  expect(isLost).toBe(false);
});
