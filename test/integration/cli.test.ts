import { spawn } from 'node:child_process';
import { appendFileSync, closeSync, copyFileSync, existsSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { jetstreamManager } from '@nats-io/jetstream';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AssertionError } from '../../actors/lib/logic.ts';
import { loadConfig, packageRoot } from '../../infra/config.ts';
import { HubServer } from '../../infra/models/hub-server.fixture.ts';
import { type Connection, connect } from '../../infra/nats/connect.ts';
import { type NatsServer, startServer } from '../../infra/nats/server.ts';
import { ensureStreams, streamTable } from '../../infra/nats/streams.ts';

const root = packageRoot();
const folder = mkdtempSync(join(tmpdir(), 'slackwater-cli-'));
const model = loadConfig(null, process.env).model.path;
let nats: NatsServer, plain: NatsServer;
beforeAll(async () => { [nats, plain] = await Promise.all([server('js', true), server('plain', false)]); });
afterAll(async () => {
  await Promise.all([nats?.stop(), plain?.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

async function server(name: string, jetstream: boolean): Promise<NatsServer> {
  const started = await startServer({ folder: join(folder, name), jetstream });
  if (!started.ok) throw new AssertionError(started.message);
  return started.server;
}

async function withConnection(at: NatsServer, use: (connection: Connection) => Promise<void>): Promise<void> {
  const connected = await connect({ servers: at.url, name: 'test', deadlineMs: 5_000 });
  if (!connected.ok) throw new AssertionError(connected.message);
  await use(connected.connection);
  await connected.connection.close();
}

interface Ran { readonly code: number | null; readonly out: string; readonly err: string }

/** Runs the program to its end. One that does not end by itself is killed, and its code is null. */
function slackwater(args: readonly string[], env: Readonly<Record<string, string>> = {}, stdout: 'pipe' | number = 'pipe'): Promise<Ran> {
  const child = spawn(process.execPath, [join(root, 'infra/main/cli.ts'), ...args], { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', stdout, 'pipe'] });
  let out = '', err = '';
  child.stdout?.on('data', (chunk: Buffer) => { out += chunk.toString(); });
  child.stderr!.on('data', (chunk: Buffer) => { err += chunk.toString(); });
  const late = setTimeout(() => child.kill('SIGKILL'), 30_000);
  return new Promise((resolve) => { child.once('close', (code) => { clearTimeout(late); resolve({ code, out, err }); }); });
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** A process takes half a second: the gate looks at one command of each shape. */
const isFull = process.env['SLACKWATER_FULL'] === '1';
const commands = isFull ? ['', 'up', 'gateway', 'conductor', 'worker', 'trace', 'trace ls', 'trace show', 'trace watch', 'trace export', 'trace stats', 'trace convert', 'tap', 'doctor', 'config', 'demo'] : ['', 'up', 'trace show'];

describe.concurrent('recordings', () => {
  test('are told in one line, with their place, when they are broken; otherwise converted as they are', async () => {
    const line = '{"v":1,"trace":"a","parent":null,"start_ms":0,"model":"m","steps":[{"seq":1,"gap_ms":0,"gap":"start","prompt_tokens":70,"blocks":[[0,1]],"out_tokens":3,"tool":null,"children":[]}]}\n';
    const [good, bad] = [join(folder, 'good.jsonl'), join(folder, 'bad.jsonl')];
    writeFileSync(good, line);
    writeFileSync(bad, `${line}${line.slice(0, 50)}`);
    expect(await slackwater(['trace', 'convert', good])).toEqual({ code: 0, out: line, err: '' });
    const { code, out, err } = await slackwater(['trace', 'convert', bad]);
    expect([code, out, lines(err).length]).toEqual([1, line, 1]);
    expect(err).toMatch(/bad\.jsonl:2: .* in JSON at column 51 .*was the file cut off\?/);
    expect(JSON.parse((await slackwater(['trace', 'stats', good, '--json'])).out)).toMatchObject({ tasks: 1, steps: 1, prompt_tokens: 70 });
  });
});

describe.concurrent('output that cannot be written', () => {
  const recording = (name: string): string => {
    const path = join(folder, name);
    writeFileSync(path, '{"v":1,"trace":"a","parent":null,"start_ms":0,"model":"m","steps":[{"seq":1,"gap_ms":0,"gap":"start","prompt_tokens":70,"blocks":[[0,1]],"out_tokens":3,"tool":null,"children":[]}]}\n');
    return path;
  };

  test.skipIf(!existsSync('/dev/full'))('a full disk behind stdout is one line and 1', async () => {
    const full = openSync('/dev/full', 'w');
    const ran = await Promise.all([['trace', 'convert'], ['trace', 'stats']].map((command) => slackwater([...command, recording(`full-${command[1]}.jsonl`)], {}, full)));
    closeSync(full);
    for (const each of ran) expect(each).toEqual({ code: 1, out: '', err: 'slackwater: stdout cannot be written: ENOSPC: no space left on device, write\n' });
  });

  test('a picture where none can be is told before anything is read, and none is made of the recording', async () => {
    const path = recording('svg.jsonl'), nowhere = join(folder, 'nowhere');
    const ran = await Promise.all([['not-there.jsonl', join(nowhere, 'a.svg')], [path, path]].map(([file, svg]) => slackwater(['trace', 'stats', file!, '--svg', svg!])));
    expect(ran[0]).toEqual({ code: 2, out: '', err: `slackwater: --svg ${nowhere}/a.svg: there is no folder ${nowhere}\n` });
    expect(ran[1]).toEqual({ code: 2, out: '', err: `slackwater: --svg ${path}: is one of the recordings\n` });
    expect(readFileSync(path, 'utf8')).toMatch(/^\{"v":1/);
  });
});

describe.concurrent('help', () => {
  test.each(commands)('slackwater %s --help', async (command) => {
    const { code, out, err } = await slackwater([...command.split(' ').filter((word) => word !== ''), '--help']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(new RegExp(`^Usage: slackwater ${command}`.trimEnd()));
  });
});

test('trace stats --help says what files share, and how they are read as one', async () => {
  expect((await slackwater(['trace', 'stats', '--help'])).out).toMatch(/they share no block, and no trace id\.(.|\n)*cat A\.jsonl B\.jsonl \| slackwater trace stats -/);
});

describe.concurrent('exit codes', () => {
  test.each([
    ['an unknown command', ['bogus'], 2, /unknown command 'bogus'/],
    ['an unknown flag', ['worker', '--mood', 'good'], 2, /unknown option '--mood'/],
    ['a number that is none', ['up', '--workers', 'two'], 2, /--workers two: a whole number is expected/],
    ['blocks of no tokens', ['trace', 'stats', 'a.jsonl', '--block-tokens', '0'], 2, /--block-tokens 0: at least 1 is expected/],
    ['no NATS given', ['trace', 'ls'], 3, /no NATS is given: --nats URL/],
    ['a trace id that is none', ['trace', 'show', 'issue-4711'], 4, /"issue-4711" is not a trace id/],
  ])('%s', async (_name, args, code, message) => {
    const ran = await slackwater(args);
    expect(ran.err).toMatch(message);
    expect([ran.code, ran.out]).toEqual([code, '']);
  });

  test('a trace that is not there, and a list without any', async () => {
    await withConnection(nats, async (connection) => { expect(await ensureStreams(connection, Object.values(streamTable('empty')))).toMatchObject({ ok: true }); });
    const fleet = ['--nats', nats.url, '--region', 'empty'];
    expect(await slackwater(['trace', 'show', 'tr_00nobody', ...fleet])).toMatchObject({ code: 4, err: expect.stringMatching(/no trace tr_00nobody in region empty/) });
    expect(await slackwater(['trace', 'ls', '--json', ...fleet])).toEqual({ code: 0, out: '', err: '' });
  });

  test.concurrent('a region without a fleet is said by whoever looks for it, and nothing comes to be there', async () => {
    const fleet = ['--nats', nats.url, '--region', 'typo'];
    const line = `slackwater: no fleet of region "typo" here (${nats.url})\n`;
    const told = await Promise.all([['trace', 'ls'], ['trace', 'show', 'tr_00nobody'], ['trace', 'watch']].map((command) => slackwater([...command, ...fleet])));
    for (const each of told) expect(each).toEqual({ code: 4, out: '', err: line });
    const doctor = await slackwater(['doctor', '--json', ...fleet]);
    expect((JSON.parse(doctor.out) as { checks: object[] }).checks).toContainEqual({ check: 'fleet', ok: false, found: expect.stringMatching(/no worker beats in region typo$/) });
    await withConnection(nats, async (connection) => {
      const names = await (await jetstreamManager(connection.nc)).streams.names().next();
      expect(names.filter((name) => name.includes('typo'))).toEqual([]);
    });
  });

  test.concurrent('a server that does not let us read is one line and 3, not a process that hangs', async () => {
    const denied = await server('denied', true);
    await withConnection(denied, async (connection) => { await ensureStreams(connection, Object.values(streamTable('local'))); });
    await denied.stop();
    appendFileSync(join(folder, 'denied/nats-server.conf'), '\nauthorization { users: [{ user: u, password: p, permissions: { publish: { deny: ["$JS.API.CONSUMER.>", "$JS.API.STREAM.MSG.>", "$JS.API.DIRECT.>"] } } }] }\n');
    const again = await denied.restart();
    if (!again.ok) throw new AssertionError(again.message);
    const url = again.server.url.replace('//', '//u:p@');
    const ran = await Promise.all([slackwater(['trace', 'ls', '--nats', url]), slackwater(['trace', 'show', 'tr_00nobody', '--nats', url])]);
    await again.server.stop();
    for (const { code, out, err } of ran) {
      expect(err).toMatch(/^slackwater: NATS at nats:\/\/127\.0\.0\.1:\d+ does not tell: .*\n$/);
      expect([code, out, lines(err).length]).toEqual([3, '', 1]);
    }
  });

  test('a NATS without JetStream is one line, and nobody to reach one too', async () => {
    const without = await slackwater(['conductor', '--log', 'error', '--nats', plain.url]);
    expect(without).toMatchObject({ code: 3, err: expect.stringMatching(/has no JetStream .*: start it with -js\n$/) });
    expect(lines(without.err)).toHaveLength(1);
    const nobody = await slackwater(['trace', 'ls', '--nats', 'nats://127.0.0.1:1'], { SLACKWATER_NATS_DEADLINE_MS: '800' });
    expect(nobody).toMatchObject({ code: 3, err: expect.stringMatching(/127\.0\.0\.1:1 cannot be reached: .*\(\d+ attempts in \d/) });
    expect(lines(nobody.err)).toHaveLength(1);
  });
});

describe.concurrent('a model that can not be served', () => {
  const head = (): Buffer => {
    const bytes = Buffer.alloc(3 << 20), file = openSync(model, 'r');
    readSync(file, bytes);
    closeSync(file);
    return bytes;
  };
  const written = (name: string, bytes: Uint8Array): string => {
    const path = join(folder, `${name}.gguf`);
    writeFileSync(path, bytes);
    return path;
  };
  /** The whole model, but for one word: nothing else may be what it is refused for. */
  function ofMamba(name: string): string {
    const path = join(folder, `${name}.gguf`);
    copyFileSync(model, path);
    const file = openSync(path, 'r+');
    writeSync(file, 'mamba', head().indexOf('llama'));
    closeSync(file);
    return path;
  }
  const kinds: readonly (readonly [name: string, make: () => string, message: RegExp])[] = [
    ['cut off in its weights', () => written('weights', head()), /takes \d+ bytes at offset \d+; the file has \d+ bytes of weights/],
    ['cut off in its header', () => written('header', head().subarray(0, 100)), /\d+ (bytes left|tensors)/],
    ['no GGUF', () => written('none', Buffer.from('MZ, but long enough for a header')), /magic|GGUF/],
    ['of an unknown architecture', () => ofMamba('mamba'), /architecture 'mamba'; known: gemma3, llama, qwen2, qwen3/],
  ];

  test.each(kinds)('%s: worker and doctor say so in a line, with the numbers', async (_name, make, message) => {
    const path = make();
    const [worker, doctor] = await Promise.all([
      slackwater(['worker', '--log', 'error', '--model', path, '--nats', nats.url]), slackwater(['doctor', '--json', '--model', path]),
    ]);
    expect(worker.err).toMatch(message);
    expect([worker.code, lines(worker.err).length]).toEqual([1, 1]);
    expect(doctor.code).toBe(1);
    expect((JSON.parse(doctor.out) as { checks: object[] }).checks).toContainEqual({ check: 'model', ok: false, found: expect.stringMatching(message) });
  });

  test('a gateway of an unknown architecture does not start', async () => {
    const path = ofMamba('gateway');
    expect(await slackwater(['gateway', '--log', 'error', '--port', '0', '--model', path, '--nats', nats.url])).toMatchObject({ code: 1, err: expect.stringMatching(/architecture 'mamba'; known: gemma3, llama, qwen2, qwen3\n$/) });
  });
});

describe('a model of the hub', () => {
  const cache = join(folder, 'hub-cache');

  test('is downloaded, with a line as it begins and one as it ends, and then runs', async () => {
    const hub = await HubServer.start();
    hub.repos['owner/smol'] = { commit: 'c0ffee'.padEnd(40, '0'), files: { 'model.Q4_1.gguf': { content: readFileSync(model), lfs: true } } };
    const doctor = await slackwater(['doctor', '--json', '--model', 'hf:owner/smol'], { HF_ENDPOINT: hub.url, SLACKWATER_CACHE: cache });
    expect((JSON.parse(doctor.out) as { checks: object[] }).checks).toContainEqual({ check: 'model', ok: true, found: expect.stringMatching(/\(llama\)/) });
    expect(lines(doctor.err)).toEqual([expect.stringMatching(/^downloading hf:owner\/smol \([\d.]+ MB\)$/), expect.stringMatching(/^downloaded hf:owner\/smol: [\d.]+ MB in [\d.]+ s$/)]);
    expect(hub.contentAnswers()).toHaveLength(1);
    await hub.stop();
  });

  test('that cannot be had is one line and exit code 1, at a worker and at `up`', async () => {
    const refused = (command: readonly string[]): Promise<Ran> => slackwater([...command, '--log', 'error', '--model', 'hf:owner/none:x.gguf'], { HF_ENDPOINT: 'http://127.0.0.1:9', SLACKWATER_CACHE: cache });
    for (const { code, err } of await Promise.all([refused(['worker', '--nats', nats.url]), refused(['up', '--port', '0'])])) {
      expect(err).toMatch(/^slackwater: owner\/none: 127\.0\.0\.1:9 cannot be reached: [^\n]+\n$/);
      expect(code).toBe(1);
    }
  });
});

test('a port that is taken is one line for every role that opens one', async () => {
  const taken = createServer();
  await new Promise<void>((done) => { taken.listen(0, '127.0.0.1', done); });
  const port = String((taken.address() as { port: number }).port);
  const [gateway, conductor] = await Promise.all([
    slackwater(['gateway', '--log', 'error', '--port', port, '--nats', nats.url]), slackwater(['conductor', '--log', 'error', '--metrics-port', port, '--nats', nats.url]),
  ]);
  taken.close();
  for (const { code, err } of [gateway, conductor]) {
    expect(err).toContain(port);
    expect([code, lines(err).length]).toEqual([1, 1]);
  }
});

test('the effective configuration can be printed, and read again', async () => {
  const printed = await slackwater(['worker', '--threads', '2', '--print-config'], { SLACKWATER_WORKER_HBM: '64MiB' });
  expect(printed).toMatchObject({ code: 0, err: '' });
  const path = join(folder, 'printed.yaml');
  writeFileSync(path, printed.out);
  const again = await slackwater(['config', '--config', path]);
  expect(again.out).toBe(printed.out);
  expect(printed.out).toMatch(/threads: 2\n/);
  expect(printed.out).toMatch(/hbm: 67108864\n/);
});

test('a cache folder that cannot be written is said with its name, and a file at its place too', async () => {
  const cache = join(folder, 'a-file');
  writeFileSync(cache, '');
  const doctor = await slackwater(['doctor', '--json', '--model', model], { SLACKWATER_CACHE: cache });
  expect(doctor.code).toBe(1);
  expect((JSON.parse(doctor.out) as { checks: object[] }).checks).toContainEqual({ check: 'cache', ok: false, found: expect.stringContaining(cache) });
  const up = await slackwater(['up', '--log', 'error', '--port', '0', '--model', model], { SLACKWATER_CACHE: cache });
  expect(up.code).not.toBe(0);
  expect(up.err).toContain(cache);
});
