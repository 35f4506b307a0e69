import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type StoreLock, lockStore } from './store-lock.ts';

let folder = '';
beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'slackwater-lock-')); });
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('fleet: one holder of a store', () => {
  test('a store of a living process is refused with its number; a dead one\'s is taken over', async () => {
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    await writeFile(join(folder, 'holder.json'), JSON.stringify({ pid: other.pid, serverPid: null }));
    expect(await lockStore(folder)).toContain(`in use by process ${other.pid}`);
    const gone = new Promise((resolve) => { other.once('exit', resolve); });
    other.kill('SIGKILL');
    await gone;
    const lock = await lockStore(folder) as StoreLock;
    expect(JSON.parse(await readFile(join(folder, 'holder.json'), 'utf8'))).toEqual({ pid: process.pid, serverPid: null });
    lock.setServer(4711);
    expect(JSON.parse(await readFile(join(folder, 'holder.json'), 'utf8'))).toEqual({ pid: process.pid, serverPid: 4711 });
    lock.release();
    await expect(readFile(join(folder, 'holder.json'))).rejects.toThrow(/ENOENT/);
  });

  test('a server that outlived its parent is waited for', async () => {
    const server = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 400)'], { stdio: 'ignore' });
    await writeFile(join(folder, 'holder.json'), JSON.stringify({ pid: 2 ** 22 + 1, serverPid: server.pid }));
    const lock = await lockStore(folder);
    expect(typeof lock).toBe('object');
    expect(server.exitCode).toBe(0);
  });

  test('half a file is nobody\'s, a folder that cannot be made is one line', async () => {
    await writeFile(join(folder, 'holder.json'), '{"pid":');
    expect(typeof await lockStore(folder)).toBe('object');
    await writeFile(join(folder, 'file'), '');
    expect(await lockStore(join(folder, 'file', 'store'))).toMatch(/cannot be made: .*(ENOTDIR|EEXIST)/);
  });
});
