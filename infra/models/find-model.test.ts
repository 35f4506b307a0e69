import { spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FindOptions, findModel } from './find-model.ts';
import { HubServer, sha256 } from './hub-server.fixture.ts';

const limits = { answerMs: 1_000, stallMs: 200, askAttempts: 3, attempts: 3, pauseMs: 5, lookMs: 10, patienceMs: 2_000 } as const;
const bytesOf = (count: number, seed: number): Buffer => Buffer.from(Uint8Array.from({ length: count }, (_, i) => (i * 2654435761 + seed * 40503) >>> 13));
const gguf = bytesOf(300_000, 1);
const commit = 'c0ffee'.padEnd(40, '0');
const one = 'hf:owner/one';

let cache = '', hub: HubServer, lines: string[];
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'slackwater-models-'));
  hub = await HubServer.start();
  hub.repos['owner/one'] = { commit, files: { 'README.md': { content: Buffer.from('hello'), lfs: false }, 'one.Q4_1.gguf': { content: gguf, lfs: true } } };
  lines = [];
});
afterEach(async () => {
  await hub.stop();
  await rm(cache, { recursive: true, force: true });
});

const find = (path: string, env: FindOptions['env'] = {}, given: Partial<FindOptions['limits']> = {}): Promise<string> => findModel(path, {
  cache, env: { HF_ENDPOINT: hub.url, ...env }, limits: { ...limits, ...given },
  progress: { say: (line) => lines.push(line), begin: () => {}, file: () => {}, end: () => {} },
});
const filesBelow = (folder: string): string[] => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
const models = (): string[] => filesBelow(cache).filter((name) => !name.endsWith('.json')).sort();
const digestAt = async (path: string): Promise<string> => sha256(await readFile(path));
/** Where the GGUF would be: told by a first download, which is taken away again. */
async function placeOfModel(): Promise<string> {
  const path = await find(one);
  await rm(path);
  hub.seen.length = 0;
  return path;
}

describe('models: what hf: names', () => {
  test('a path is left as it is', async () => expect(await find('some/file.gguf')).toBe('some/file.gguf'));

  test('the only GGUF of a repository is downloaded, through the redirect, byte for byte', async () => {
    expect(await digestAt(await find(one))).toBe(sha256(gguf));
    expect(models()).toEqual(['one.Q4_1.gguf']);
  });

  test('of several the error lists them all with their sizes; the one that is named is taken, in folders too', async () => {
    hub.repos['owner/many'] = { commit, files: { 'a.gguf': { content: gguf, lfs: true }, 'sub/b.gguf': { content: bytesOf(5_000_000, 2), lfs: true } } };
    await expect(find('hf:owner/many')).rejects.toThrow('owner/many has 2 GGUF files: choose one, as in hf:owner/many:a.gguf (a.gguf 300 kB, sub/b.gguf 5.0 MB)');
    expect(await find('hf:owner/many:sub/b.gguf')).toMatch(/sub\/b\.gguf$/);
    await expect(find('hf:owner/many:c.gguf')).rejects.toThrow('owner/many has no file c.gguf; its GGUF files: a.gguf');
  });

  test('without a GGUF the safetensors set becomes a folder; without its tokenizer it is refused', async () => {
    const files = {
      'config.json': { content: Buffer.from('{}'), lfs: false }, 'tokenizer.json': { content: bytesOf(70_000, 3), lfs: true }, 'model.safetensors': { content: bytesOf(90_000, 4), lfs: true },
      'onnx/model.onnx': { content: gguf, lfs: true }, 'chat_template.jinja': { content: Buffer.from('{{ x }}'), lfs: false },
    };
    hub.repos['owner/set'] = { commit, files };
    const folder = await find('hf:owner/set');
    expect(readdirSync(folder).sort()).toEqual(['chat_template.jinja', 'config.json', 'model.safetensors', 'tokenizer.json']);
    expect(await digestAt(join(folder, 'model.safetensors'))).toBe(sha256(files['model.safetensors'].content));
    const { 'tokenizer.json': _, ...rest } = files;
    hub.repos['owner/half'] = { commit, files: rest };
    await expect(find('hf:owner/half')).rejects.toThrow('owner/half has safetensors, but no tokenizer.json');
  });

  test('shards come with their index, or not at all', async () => {
    const small = { content: Buffer.from('{}'), lfs: false };
    const shards = { 'model-00001-of-00002.safetensors': { content: bytesOf(10, 1), lfs: true }, 'model-00002-of-00002.safetensors': { content: bytesOf(10, 2), lfs: true } };
    hub.repos['owner/shards'] = { commit, files: { 'config.json': small, 'tokenizer.json': small, ...shards } };
    await expect(find('hf:owner/shards')).rejects.toThrow('no model.safetensors.index.json');
    hub.repos['owner/shards'] = { commit, files: { 'config.json': small, 'tokenizer.json': small, ...shards, 'model.safetensors.index.json': small } };
    expect(readdirSync(await find('hf:owner/shards'))).toHaveLength(5);
  });

  test.for(['hf:', 'hf:owner', 'hf:owner/..', 'hf:a/b/c', 'hf:owner/one:', 'hf:owner/one:../../x.gguf', 'hf:owner/one@../x', 'hf:owner/one:/etc/x.gguf'])('%s names no model', async (path) => {
    await expect(find(path)).rejects.toThrow(/names no model: hf:owner\/name/);
    expect(hub.seen).toEqual([]);
  });

  test('paths of a repository that lead out of its folder are not seen', async () => {
    hub.repos['owner/evil'] = { commit, files: { '../../../evil.gguf': { content: gguf, lfs: true }, '/evil.gguf': { content: gguf, lfs: true } } };
    await expect(find('hf:owner/evil')).rejects.toThrow('owner/evil has neither a GGUF nor model.safetensors (it is empty)');
  });
});

describe('models: at the next start', () => {
  test('a commit is never asked for again; a branch costs one look, and no download while its files are the same', async () => {
    const pinned = await find(`${one}@${commit}`);
    hub.seen.length = 0;
    expect(await find(`${one}@${commit}`)).toBe(pinned);
    expect(hub.seen).toEqual([]);
    await find(one);
    hub.seen.length = 0;
    expect(await find(one)).toBe(pinned);
    expect(hub.seen).toHaveLength(1);
    hub.repos['owner/one']!.commit = 'beef'.padEnd(40, '0');
    expect(await find(one)).toBe(pinned);
    expect(hub.contentAnswers()).toEqual([]);
  });

  test('a branch that moved to another file brings that one', async () => {
    const before = await find(one);
    hub.repos['owner/one'] = { commit: 'beef'.padEnd(40, '0'), files: { 'one.Q4_1.gguf': { content: bytesOf(1_000, 9), lfs: true } } };
    const after = await find(one);
    expect(after).not.toBe(before);
    expect(await digestAt(after)).toBe(sha256(bytesOf(1_000, 9)));
    expect(await digestAt(before)).toBe(sha256(gguf));
  });

  test('a file that was cut on the disk is fetched again', async () => {
    const path = await find(`${one}@${commit}`);
    await truncate(path, 1_000);
    expect(await digestAt(await find(`${one}@${commit}`))).toBe(sha256(gguf));
  });

  test('without the hub: the copy from before, or one line that says who was not reached', async () => {
    const path = await find(one);
    const HF_ENDPOINT = 'http://127.0.0.1:9';
    expect(await find(one, { HF_ENDPOINT })).toBe(path);
    expect(lines).toEqual([expect.stringMatching(/^owner\/one: 127\.0\.0\.1:9 cannot be reached: .*; taking the copy of owner\/one at c0ffee000000 from before$/)]);
    await expect(find('hf:owner/other', { HF_ENDPOINT })).rejects.toThrow(/^owner\/other: 127\.0\.0\.1:9 cannot be reached: [^\n]+$/);
    expect(await find(one, { HF_HUB_OFFLINE: '1' })).toBe(path);
    await expect(find('hf:owner/other', { HF_HUB_OFFLINE: '1' })).rejects.toThrow('HF_HUB_OFFLINE forbids');
  });
});

describe('models: a download that is disturbed', () => {
  test.for([
    ['is cut off', { kind: 'cut', afterBytes: 100_000 }], ['stalls', { kind: 'stall', afterBytes: 100_000 }],
  ] as const)('one that %s goes on from where it was', async ([, trouble]) => {
    hub.troubles.push(trouble);
    expect(await digestAt(await find(one))).toBe(sha256(gguf));
    expect(hub.contentAnswers().map(({ range }) => range)).toEqual([null, `bytes=100000-${gguf.length - 1}`]);
  });

  test('5xx is tried again, of the API and of the store', async () => {
    hub.apiFails = { times: 2, status: 502 };
    hub.troubles.push({ kind: 'status', status: 503 }, { kind: 'status', status: 500 });
    expect(await digestAt(await find(one))).toBe(sha256(gguf));
  });

  test('after three fruitless attempts it ends with a line, keeps what it has, and the next start goes on from there', async () => {
    hub.troubles.push({ kind: 'cut', afterBytes: 120_000 }, ...Array.from({ length: 2 }, () => ({ kind: 'status', status: 503 } as const)));
    await expect(find(one)).rejects.toThrow(/answers with HTTP 503; 120 kB of 300 kB are kept, and the next start goes on from there$/);
    hub.seen.length = 0;
    expect(await digestAt(await find(one))).toBe(sha256(gguf));
    expect(hub.contentAnswers().map(({ range }) => range)).toEqual([`bytes=120000-${gguf.length - 1}`]);
    expect(models()).toEqual(['one.Q4_1.gguf']);
  });

  test('what a process that died left is gone on with', async () => {
    const path = await placeOfModel();
    await writeFile(`${path}.partial-${hostname().replace(/[^\w.]/g, '_')}-${2 ** 22 + 1}-00c0ffee`, gguf.subarray(0, 200_000));
    expect(await digestAt(await find(one))).toBe(sha256(gguf));
    expect(hub.contentAnswers().map(({ range }) => range)).toEqual([`bytes=200000-${gguf.length - 1}`]);
    expect(models()).toEqual(['one.Q4_1.gguf']);
  });

  test.for([
    ['a process before this one, with its number, in a container of the same name', `${hostname().replace(/[^\w.]/g, '_')}-${process.pid}`, 0],
    ['a process of another host that is long silent', `elsewhere-${process.pid}`, 60_000],
  ] as const)('what %s left is gone on with at once, and nothing of it stays', async ([, owner, ageMs]) => {
    const path = await placeOfModel(), begunMs = performance.now(), writtenAt = new Date(Date.now() - ageMs);
    for (const token of ['00c0ffee', '00beef00']) {
      await writeFile(`${path}.partial-${owner}-${token}`, gguf.subarray(0, 200_000));
      await utimes(`${path}.partial-${owner}-${token}`, writtenAt, writtenAt);
    }
    expect(await digestAt(await find(one, {}, { patienceMs: 30_000 }))).toBe(sha256(gguf));
    expect(performance.now() - begunMs).toBeLessThan(15_000);
    expect(hub.contentAnswers().map(({ range }) => range)).toEqual([`bytes=200000-${gguf.length - 1}`]);
    expect(models()).toEqual(['one.Q4_1.gguf']);
  });

  test('what a process of another host wrote a moment ago is waited for, and left to it', async () => {
    const path = await placeOfModel(), theirs = `${path}.partial-elsewhere-7-00c0ffee`, soon = new Date(Date.now() + 60_000);
    await writeFile(theirs, gguf.subarray(0, 200_000));
    await utimes(theirs, soon, soon);
    expect(await digestAt(await find(one, {}, { patienceMs: 100 }))).toBe(sha256(gguf));
    expect(lines).toContainEqual(expect.stringMatching(/process 7 downloads it already, waiting/));
    expect(hub.contentAnswers().map(({ range }) => range)).toEqual([null]);
    expect(models()).toEqual(['one.Q4_1.gguf', 'one.Q4_1.gguf.partial-elsewhere-7-00c0ffee']);
  });

  test('a download from which nothing comes is touched, so that other hosts see that it lives', async () => {
    hub.troubles.push({ kind: 'stall', afterBytes: 100_000 });
    const found = find(one, {}, { stallMs: 1_500, patienceMs: 120 });
    const partial = async (): Promise<string> => {
      for (;;) {
        const name = filesBelow(cache).find((one) => one.includes('.partial-'));
        if (name !== undefined) return name;
        await new Promise((resolve) => { setTimeout(resolve, 5); });
      }
    };
    const name = await partial();
    const path = (readdirSync(cache, { recursive: true }) as string[]).find((one) => one.endsWith(name))!;
    const long = new Date(0);
    await utimes(join(cache, path), long, long);
    await expect.poll(() => statSync(join(cache, path)).mtimeMs, { timeout: 1_200, interval: 20 }).toBeGreaterThan(Date.now() - 60_000);
    expect(await digestAt(await found)).toBe(sha256(gguf));
  });

  test('a server that sends no parts gets to send it all', async () => {
    hub.troubles.push({ kind: 'cut', afterBytes: 100_000 }, { kind: 'ignores-range' });
    expect(await digestAt(await find(one))).toBe(sha256(gguf));
  });

  test('a server that sends it all anew and always breaks off at the same place is given up', async () => {
    for (let i = 0; i < 20; ++i) hub.troubles.push({ kind: 'cut', afterBytes: 100_000 }, { kind: 'ignores-range' });
    await expect(find(one)).rejects.toThrow(/ended after 100000|are kept, and the next start goes on/);
    expect(hub.troubles.length).toBeGreaterThan(0);
  });

  test.for(['LFS', 'git'])('damaged bytes are noticed by the digest of %s, told, and removed', async (kind) => {
    hub.repos['owner/one'] = { commit, files: { 'one.Q4_1.gguf': { content: gguf, lfs: kind === 'LFS' } } };
    hub.troubles.push({ kind: 'damage' });
    await expect(find(one)).rejects.toThrow(kind === 'LFS' ? /one\.Q4_1\.gguf arrived damaged and is removed: its sha256 is [0-9a-f]{64}, the hub lists [0-9a-f]{64}/ : /its git-sha1 is [0-9a-f]{40}/);
    expect(models()).toEqual([]);
    expect(await digestAt(await find(one))).toBe(sha256(gguf));
  });

  test('damage in what was there before is noticed too', async () => {
    const path = await placeOfModel();
    await writeFile(`${path}.partial-${hostname().replace(/[^\w.]/g, '_')}-0-00c0ffee`, Buffer.alloc(200_000));
    await expect(find(one)).rejects.toThrow('arrived damaged and is removed');
    expect(await digestAt(await find(one))).toBe(sha256(gguf));
  });

  test('more bytes than are listed, and another size than is listed, are refused', async () => {
    hub.troubles.push({ kind: 'longer', bytes: 100_000 });
    await expect(find(one)).rejects.toThrow('has more than the 300000 bytes that are listed');
    hub.repos['owner/one'] = { commit, files: { 'x.gguf': { content: gguf, lfs: true, listedBytes: 4711 } } };
    await expect(find(one)).rejects.toThrow('x.gguf is listed with 4711 bytes and offered with 300000');
  });
});

describe('models: refusals', () => {
  test('a private repository needs the token, which the hub gets and the store behind the redirect does not', async () => {
    hub.repos['owner/secret'] = { commit, isPrivate: true, files: { 'x.gguf': { content: gguf, lfs: true } } };
    await expect(find('hf:owner/secret')).rejects.toThrow(/refuses access \(HTTP 401\): there is no such repository, or it needs a token in HF_TOKEN$/);
    await expect(find('hf:owner/secret', { HF_TOKEN: 'hf_bad' })).rejects.toThrow('the token in HF_TOKEN may not read it');
    await expect(find('hf:owner/secret', { HF_TOKEN: 'secret' })).rejects.toThrow('HF_TOKEN is no token of the hub');
    hub.seen.length = 0;
    expect(await digestAt(await find('hf:owner/secret', { HF_TOKEN: hub.token }))).toBe(sha256(gguf));
    expect(new Set(hub.seen.filter(({ server }) => server === 'hub').map(({ authorization }) => authorization))).toEqual(new Set(['Bearer hf_good']));
    expect(new Set(hub.seen.filter(({ server }) => server === 'store').map(({ authorization }) => authorization))).toEqual(new Set([null]));
  });

  test('what is not there is named: repository, revision, file', async () => {
    await expect(find('hf:owner/nothing', { HF_TOKEN: hub.token })).rejects.toThrow(/owner\/nothing: 127\.0\.0\.1:\d+ has no such repository \(HTTP 404\)/);
    await expect(find(`${one}@old`)).rejects.toThrow(/owner\/one: 127\.0\.0\.1:\d+ has no such revision \(HTTP 404\)/);
    await expect(find(`${one}:README.md`)).rejects.toThrow('README.md of owner/one is not a GGUF');
  });

  test('a hub that says nothing, or something else than its protocol', async () => {
    hub.isApiSilent = true;
    await expect(find(one, {}, { answerMs: 50 })).rejects.toThrow(/did not answer within 0.05 s$/);
    hub.isApiSilent = false;
    hub.apiFails = { times: 1, status: 418 };
    await expect(find(one)).rejects.toThrow(/answers with HTTP 418$/);
    hub.repos['owner/one'] = { commit: 'not a commit', files: {} };
    await expect(find(one)).rejects.toThrow('the hub names no commit for main');
    await expect(find(one, { HF_ENDPOINT: 'hub' })).rejects.toThrow('HF_ENDPOINT "hub" is not an address');
  });

  test('a disk that is full, or too small, and a folder that cannot be written: one line with the numbers', async () => {
    const path = await placeOfModel();
    await symlink('/dev/full', `${path}.partial-${hostname().replace(/[^\w.]/g, '_')}-0-00c0ffee`);
    await expect(find(one)).rejects.toThrow(/^one\.Q4_1\.gguf: the disk of .* is full \(ENOSPC\); 300 kB are needed$/);
    hub.repos['owner/huge'] = { commit, files: { 'x.gguf': { content: gguf, lfs: true, listedBytes: 2 ** 52 } } };
    await expect(find('hf:owner/huge')).rejects.toThrow(/^no room for 4503599.63 GB more in .*: [\d.]+ [GM]B are free$/);
    await mkdir(dirname(join(cache, 'models/hf/owner/file')), { recursive: true });
    await writeFile(join(cache, 'models/hf/owner/file'), '');
    hub.repos['owner/file'] = hub.repos['owner/one']!;
    await expect(find('hf:owner/file')).rejects.toThrow(/one\.Q4_1\.gguf cannot be kept in .*: (ENOTDIR|EEXIST)/);
  });
});

describe('models: two at once', () => {
  const child = (): { readonly path: Promise<string>; readonly errors: () => string } => {
    const script = `
      const { findModel } = await import(${JSON.stringify(new URL('find-model.ts', import.meta.url).href)});
      const progress = { say: (line) => console.error(line), begin() {}, file() {}, end() {} };
      console.log(await findModel(${JSON.stringify(one)}, { cache: ${JSON.stringify(cache)}, env: { HF_ENDPOINT: ${JSON.stringify(hub.url)} }, progress, limits: { lookMs: 10 } }));`;
    const started = spawn(process.execPath, ['--input-type=module', '-e', script]);
    let out = '', errors = '';
    started.stdout.on('data', (text: Buffer) => { out += text; });
    started.stderr.on('data', (text: Buffer) => { errors += text; });
    return { path: new Promise((resolve, reject) => { started.once('close', (code) => (code === 0 ? resolve(out.trim()) : reject(new Error(errors)))); }), errors: () => errors };
  };

  test('a second process waits for the first one\'s download and takes it', async () => {
    hub.troubles.push({ kind: 'slow', pieceMs: 60 });
    const first = child();
    while (!filesBelow(cache).some((name) => name.includes('.partial-'))) await new Promise((resolve) => { setTimeout(resolve, 5); });
    const second = child();
    expect(await second.path).toBe(await first.path);
    expect(second.errors()).toMatch(/one\.Q4_1\.gguf: process \d+ downloads it already, waiting/);
    expect(hub.contentAnswers()).toHaveLength(1);
    expect(await digestAt(await first.path)).toBe(sha256(gguf));
  });

  test('whoever begins at the same moment, the file is whole and nothing is left over', async () => {
    hub.troubles.push(...Array.from({ length: 4 }, () => ({ kind: 'slow', pieceMs: 2 } as const)));
    const paths = await Promise.all([...Array.from({ length: 4 }, () => find(one, {}, { stallMs: 2_000 }))]);
    expect(new Set(paths).size).toBe(1);
    expect(await digestAt(paths[0]!)).toBe(sha256(gguf));
    expect(models()).toEqual(['one.Q4_1.gguf']);
  });
});
