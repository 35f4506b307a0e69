import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { AssertionError } from '../../actors/lib/logic.ts';
import { loadConfig } from '../../infra/config.ts';
import { Child } from '../../infra/fleet/child.ts';
import { type NatsServer, startServer } from '../../infra/nats/server.ts';

const config = loadConfig(null, {}, { region: 'r', log: 'silent' });
/** What `fork` starts; a path that is not there makes the system refuse with ENOENT, as a full process table does with EAGAIN. */
const node = process.execPath, noNode = '/nowhere/node';
let folder = '';
let server: NatsServer;
const children: Child[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slackwater-child-'));
  const started = await startServer({ folder });
  if (!started.ok) throw new AssertionError(started.message);
  server = started.server;
});
afterEach(async () => {
  process.execPath = node;
  await Promise.all(children.splice(0).map((child) => child.close()));
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

function conductor(notices: string[] = [], logFd = 2): Child {
  const child = new Child({ name: 'conductor-1', role: 'conductor', config, natsUrl: server.url, logFd, serverPid: () => null, onNotice: (line) => notices.push(line) });
  children.push(child);
  return child;
}

test('a process that the system refuses to start is a failed start, and nothing to wait for', async () => {
  process.execPath = noNode;
  const child = conductor();
  const [asRefused, closed] = [child.started(), child.close()];
  await closed;
  expect(await asRefused).toEqual({ message: 'conductor-1 cannot be started: spawn /nowhere/node ENOENT', isUnavailable: false });
  expect(child.pid).toBe(null);
  await child.close();
});

test('a process that cannot be started again is tried until it can', async () => {
  const notices: string[] = [];
  const child = conductor(notices);
  expect(await child.started()).toBe(null);
  process.execPath = noNode;
  child.kill('SIGKILL');
  await vi.waitUntil(() => notices.length >= 3, { timeout: 20_000 });
  expect(notices.slice(0, 3)).toEqual([
    'conductor-1 ended with SIGKILL; started again in 250 ms',
    'conductor-1 cannot be started: spawn /nowhere/node ENOENT; started again in 500 ms',
    'conductor-1 cannot be started: spawn /nowhere/node ENOENT; started again in 1000 ms',
  ]);
  expect(child.pid).toBe(null);
  process.execPath = node;
  await vi.waitUntil(() => notices.includes('conductor-1 is ready again'), { timeout: 20_000 });
  expect(child.pid).not.toBe(null);
});

test('a start that is refused at once (no such log) is a failed start too', async () => {
  const child = conductor([], 1_000_000);
  expect(await child.started()).toMatchObject({ message: expect.stringMatching(/^conductor-1 cannot be started: /), isUnavailable: false });
  await child.close();
});
