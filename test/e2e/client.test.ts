import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect as natsConnect } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Client, ClientError, connect, type Reply, type Step } from '../../infra/client/index.ts';
import { startGateway } from '../../infra/main/gateway.ts';
import { parseReply } from '../../schemas/reply.ts';
import { brief, model, user } from './chat.ts';
import { type Fleet, startFleet, until } from './fleet.ts';

let fleet: Fleet;
const closers: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  fleet = await startFleet();
  await fleet.gateway.close(); // Each test says which gateways there are.
});
afterEach(async () => { for (const close of closers.splice(0).reverse()) await close(); });
afterAll(async () => { await fleet?.close(); });

async function openClient(servers = fleet.natsUrl): Promise<Client> {
  const client = await connect({ servers, tenant: 'acme', silenceMs: 2_500 });
  closers.push(() => client.close());
  return client;
}

async function openGateway(stepsMax = 64): Promise<void> {
  const gateway = await startGateway({ ...fleet.config, gateway: { ...fleet.config.gateway, name: 'gateway-2', stepsMax } }, fleet.natsUrl);
  closers.push(() => gateway.close());
}

async function openGatewayProcess(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('gateway-process.ts', import.meta.url)), fleet.natsUrl], { stdio: ['ignore', 'pipe', 'inherit'] });
  closers.push(async () => { child.kill('SIGKILL'); });
  await once(child.stdout, 'data', { signal: AbortSignal.timeout(30_000) });
  return child;
}

/** A connection to NATS that can be cut. */
async function openProxy(): Promise<{ readonly url: string; cut(): void }> {
  const target = new URL(fleet.natsUrl);
  const sockets = new Set<Socket>();
  const proxy: Server = createServer((socket) => {
    const upstream = connectTcp(Number(target.port), target.hostname);
    for (const end of [socket, upstream]) { sockets.add(end); end.on('error', () => {}); end.on('close', () => { socket.destroy(); upstream.destroy(); }); }
    socket.pipe(upstream).pipe(socket);
  });
  await new Promise<void>((done) => { proxy.listen(0, '127.0.0.1', done); });
  const cut = (): void => { for (const socket of sockets) socket.destroy(); sockets.clear(); };
  closers.push(async () => { cut(); proxy.close(); });
  return { url: `nats://127.0.0.1:${(proxy.address() as AddressInfo).port}`, cut };
}

/** All replies; `onDelta` is called at each delta with how many there were. */
async function collect(client: Client, step: Step, onDelta: (count: number) => void = () => {}): Promise<Reply[]> {
  const replies: Reply[] = [];
  let deltas = 0;
  for await (const reply of client.submit(step)) {
    replies.push(reply);
    if (reply.kind === 'delta') onDelta(++deltas);
  }
  return replies;
}

const textOf = (replies: readonly Reply[]): string => replies.map((reply) => (reply.kind === 'delta' ? reply.text : '')).join('');
/** Long enough for a dozen deltas, however fast the engine is. */
const story = (name: string): Step => ({ model, messages: [brief(name), user('Tell a long story about the sea.')], sampling: { max_tokens: 256, temperature: 0.8, seed: 11 } });

function expectUninterrupted(replies: readonly Reply[], reference: readonly Reply[]): void {
  const result = replies.at(-1);
  if (result?.kind !== 'result') throw new Error(JSON.stringify(result));
  expect(textOf(replies)).toBe(textOf(reference));
  expect(result.text).toBe(textOf(reference));
  expect(replies.filter((reply) => reply.kind === 'accepted')).toHaveLength(1);
  let offset = 0;
  for (const reply of replies) if (reply.kind === 'delta') { expect(reply.offset).toBe(offset); offset += reply.tokens; }
  expect(offset).toBe(result.usage.generated);
}

describe('one uninterrupted answer', () => {
  test('although its gateway is killed in the middle of it', async () => {
    const client = await openClient();
    const first = await openGatewayProcess();
    const reference = await collect(client, story('Same'));
    let restarted: Promise<void> | null = null;
    const replies = await collect(client, story('Same'), (count) => {
      if (count !== 5) return;
      first.kill('SIGKILL');
      restarted = openGateway();
    });
    expect(restarted).not.toBeNull();
    await restarted;
    expectUninterrupted(replies, reference);
  });

  test('although its connection is cut in the middle of it', async () => {
    await openGateway();
    const proxy = await openProxy();
    const client = await openClient(proxy.url);
    const reference = await collect(client, story('Same'));
    let cuts = 0;
    const replies = await collect(client, story('Same'), (count) => { if (count === 4 || count === 12) { cuts++; proxy.cut(); } });
    expect(cuts).toBe(2);
    expectUninterrupted(replies, reference);
  });

  test('and in another process under the same id: from its start', async () => {
    await openGateway();
    const step = { ...story('Same'), id: 'told-twice' };
    const whole = await collect(await openClient(), step);
    expectUninterrupted(await collect(await openClient(), step), whole);
  });
});

describe('a fleet that cannot take a step', () => {
  test('a full queue defers it; it is taken when there is room', async () => {
    const client = await openClient();
    const nc = await natsConnect({ servers: fleet.natsUrl });
    closers.push(() => nc.close());
    const { streams } = await jetstreamManager(nc);
    const { config } = await streams.info('SW_STEP');
    await streams.update('SW_STEP', { ...config, max_msgs: 1 });
    closers.push(() => streams.update('SW_STEP', config));
    const [filling, late] = [collect(client, { model, messages: [user('First.')], sampling: { max_tokens: 2 } }), [] as Reply[]];
    await until('the queue is full', async () => (await streams.info('SW_STEP')).state.messages === 1);
    let opened: Promise<void> | null = null;
    for await (const reply of client.submit({ model, messages: [user('Second.')], sampling: { max_tokens: 2 } })) {
      late.push(reply);
      if (reply.kind === 'deferred') opened ??= openGateway();
    }
    await opened;
    expect(late[0]).toMatchObject({ kind: 'deferred', code: 'fleet_full', retry_after_ms: 2_000 });
    expect(late.at(-1)).toMatchObject({ kind: 'result' });
    expect((await filling).at(-1)).toMatchObject({ kind: 'result' });
  });

  test('a full gateway puts it back, and takes it when there is room', async () => {
    await openGateway(1);
    const client = await openClient();
    let second: Promise<Reply[]> | null = null;
    const first = await collect(client, { model, messages: [brief('First'), user('Tell a story.')], sampling: { max_tokens: 30 } }, () => { second ??= collect(client, { model, messages: [user('Second.')], sampling: { max_tokens: 2 } }); });
    const replies = await second as unknown as Reply[];
    expect(first.at(-1)).toMatchObject({ kind: 'result' });
    expect(replies[0]).toMatchObject({ kind: 'deferred', code: 'gateway_full', message: 'this gateway has 1 of 1 steps in flight' });
    expect(replies.at(-1)).toMatchObject({ kind: 'result' });
  });

  test('a step whose deadline passed while it waited is refused, not run', async () => {
    const nc = await natsConnect({ servers: fleet.natsUrl });
    closers.push(() => nc.close());
    const subscription = nc.subscribe('late.answers');
    const { seq } = await jetstream(nc).publish('sw.step.acme', JSON.stringify({ model, messages: [user('Late.')], deadline_ms: 20, reply: 'late.answers' }));
    const { streams } = await jetstreamManager(nc);
    const stored = await streams.getMessage('SW_STEP', { seq });
    await until('the deadline has passed', () => Date.now() > (stored?.time.getTime() ?? 0) + 40);
    await openGateway();
    for await (const message of subscription) {
      expect(parseReply(message.data)).toMatchObject({ kind: 'refused', code: 'deadline', limit: 20, message: expect.stringMatching(/waited \d+ ms .*20 ms/) });
      break;
    }
  });

  test('a step that nobody answers fails at its deadline', async () => {
    const client = await openClient();
    const replies = await collect(client, { model, messages: [user('Nobody.')], deadline_ms: 500 });
    expect(replies).toMatchObject([{ kind: 'failed', code: 'deadline', retry: 'later', message: expect.stringContaining('500 ms') }]);
  });

  test('closing the client ends what is under way', async () => {
    const nc = await natsConnect({ servers: fleet.natsUrl });
    closers.push(() => nc.close());
    const { streams } = await jetstreamManager(nc);
    const queued = async (): Promise<number> => (await streams.info('SW_STEP')).state.last_seq;
    const client = await openClient(), before = await queued();
    const answering = collect(client, { model, messages: [user('Nobody.')] });
    await until('the step is stored', async () => (await queued()) > before);
    await client.close();
    expect(await answering).toMatchObject([{ kind: 'failed', code: 'closed' }]);
  });

  test('no NATS, and a tenant that is none, are one line each', async () => {
    const failure = (options: Parameters<typeof connect>[0]): Promise<Error> => connect(options).then(() => { throw new Error('connected'); }, (error: Error) => error);
    expect(await failure({ servers: 'nats://127.0.0.1:1', deadlineMs: 300 })).toMatchObject({ code: 'unreachable', message: expect.stringContaining('127.0.0.1:1') });
    expect(await failure({ servers: fleet.natsUrl, tenant: 'a b' })).toBeInstanceOf(ClientError);
  });

  test('what the border would refuse is refused before it is sent', async () => {
    const client = await openClient();
    expect(await collect(client, { model, messages: [] })).toMatchObject([{ kind: 'refused', code: 'invalid_field' }]);
  });
});
