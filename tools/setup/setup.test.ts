import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('./main.mjs', import.meta.url));
const lockModule = new URL('./lock.mjs', import.meta.url).href;
const scratch = mkdtempSync(join(tmpdir(), 'slackwater-setup-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A PATH with these programs of the machine, and nothing else. */
function pathWith(...programs: string[]): string {
  const folder = mkdtempSync(join(scratch, 'path-'));
  for (const program of programs) symlinkSync(spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim(), join(folder, program));
  return folder;
}

function setUp(args: string[], env: Record<string, string>) {
  const child = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', env: { HOME: scratch, ...env }, timeout: 30_000 });
  return { exit: child.status, lines: child.stderr.trim().split('\n').filter((line) => line !== '') };
}

describe('set-up: prerequisites', () => {
  it('without python a download is refused in one line that names it and what to install', () => {
    const { exit, lines } = setUp(['--need', 'nats,model'], { PATH: pathWith('node'), SLACKWATER_CACHE: join(scratch, 'none') });
    expect(exit).toBe(1);
    expect(lines).toEqual([expect.stringMatching(/^set-up: python3 is missing: install Python 3\.9 or newer with pip/)]);
  });

  it('an unknown step is refused with the known ones', () => {
    expect(setUp(['--need', 'modle'], { PATH: pathWith('node') }))
      .toEqual({ exit: 1, lines: ['set-up: --need does not know modle; it knows packages, addon, nats, model, gemma'] });
  });
});

describe('set-up: the cache', () => {
  it('a cache folder that cannot be written is one line that names it', () => {
    const file = join(scratch, 'a-file');
    writeFileSync(file, '');
    const { exit, lines } = setUp(['--need', 'nats', '--quiet'], { PATH: process.env['PATH'] ?? '', SLACKWATER_CACHE: join(file, 'cache') });
    expect(exit).toBe(1);
    expect(lines).toEqual([expect.stringMatching(/^set-up: cannot write to .*a-file\/cache \(\w+\): .*SLACKWATER_CACHE/)]);
  });

  it('a file with another content than the pinned one is not taken for it', () => {
    const cache = join(scratch, 'forged');
    mkdirSync(join(cache, 'bin'), { recursive: true });
    writeFileSync(join(cache, 'bin/nats-server'), 'not the server');
    const { exit, lines } = setUp(['--need', 'nats'], { PATH: pathWith('node'), SLACKWATER_CACHE: cache });
    expect({ exit, first: lines[0] }).toEqual({ exit: 1, first: expect.stringContaining('python3 is missing') });
  });

  it('a server on PATH, a named server and a named model need no download', () => {
    const path = pathWith('node');
    writeFileSync(join(path, 'nats-server'), '#!/bin/sh\necho nats-server: v2.14.2\n', { mode: 0o755 });
    symlinkSync('/bin/sh', join(path, 'sh'));
    const SLACKWATER_CACHE = join(scratch, 'none');
    const nothing = { exit: 0, lines: [] };
    expect(setUp(['--need', 'nats'], { PATH: path, SLACKWATER_CACHE })).toEqual(nothing);
    expect(setUp(['--need', 'nats'], { PATH: pathWith('node'), SLACKWATER_CACHE, SLACKWATER_NATS: 'nats://127.0.0.1:4222' })).toEqual(nothing);
    expect(setUp(['--need', 'nats'], { PATH: pathWith('node'), SLACKWATER_CACHE, SLACKWATER_NATS_SERVER: join(path, 'nats-server') })).toEqual(nothing);
    expect(setUp(['--need', 'nats', '--for', 'cli.ts', 'demo', '--nats', 'nats://127.0.0.1:4222'], { PATH: pathWith('node'), SLACKWATER_CACHE })).toEqual(nothing);
    expect(setUp(['--need', 'nats', '--for', 'cli.ts', 'demo', '--nats=nats://127.0.0.1:4222'], { PATH: pathWith('node'), SLACKWATER_CACHE })).toEqual(nothing);
    expect(setUp(['--need', 'nats', '--for', 'cli.ts', 'demo'], { PATH: pathWith('node'), SLACKWATER_CACHE }).exit).toBe(1);
    expect(setUp(['--need', 'model', '--for', 'cli.ts', 'up', '--model', 'other.gguf'], { PATH: path, SLACKWATER_CACHE })).toEqual(nothing);
    expect(setUp(['--need', 'model', '--for', 'cli.ts', '--model=other.gguf'], { PATH: path, SLACKWATER_CACHE })).toEqual(nothing);
  });

  it('a server on PATH that is too old does not count', () => {
    const path = pathWith('node');
    writeFileSync(join(path, 'nats-server'), '#!/bin/sh\necho nats-server: v2.9.10\n', { mode: 0o755 });
    symlinkSync('/bin/sh', join(path, 'sh'));
    expect(setUp(['--need', 'nats'], { PATH: path, SLACKWATER_CACHE: join(scratch, 'none') }).exit).toBe(1);
  });
});

describe('set-up: one at a time', () => {
  const hold = (folder: string, work: string) => `import { withLock } from ${JSON.stringify(lockModule)};
    withLock(${JSON.stringify(folder)}, (line) => console.log(line), () => { ${work} });`;
  const run = (code: string) => new Promise<string>((resolve) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk) => { output += chunk; });
    child.on('close', () => resolve(output));
  });

  it('six at once work one after the other', async () => {
    const folder = mkdtempSync(join(scratch, 'lock-'));
    const log = join(folder, 'log');
    const work = `const fs = process.getBuiltinModule('node:fs');
      fs.appendFileSync(${JSON.stringify(log)}, 'in ');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
      fs.appendFileSync(${JSON.stringify(log)}, 'out ');`;
    await Promise.all(Array.from({ length: 6 }, () => run(hold(folder, work))));
    expect(readFileSync(log, 'utf8')).toBe('in out '.repeat(6));
  });

  it('a lock of a process that is gone is taken over', async () => {
    const folder = mkdtempSync(join(scratch, 'lock-'));
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    writeFileSync(join(folder, '.setup.lock'), `${hostname()} ${gone} 0\n`);
    expect(await run(hold(folder, "console.log('worked')"))).toBe('worked\n');
  });
});
