// One set-up at a time per folder: a lock file that names its holder, waited for with a deadline and taken over from the dead.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { makeWritable, SetupError } from './world.mjs';

const WAIT_MS = 15 * 60_000;
const POLL_MS = 200;

/** Performs `work` while `folder/.setup.lock` is ours. */
export function withLock(folder, say, work) {
  makeWritable(folder);
  const path = join(folder, '.setup.lock');
  const mine = `${hostname()} ${process.pid} ${Date.now()}\n`;
  const giveUpMs = Date.now() + WAIT_MS;
  let told = false;
  while (!tryTake(path, mine)) {
    const holder = read(path);
    if (holder !== null && isDead(holder)) {
      removeIfStill(path, holder);
      continue;
    }
    if (Date.now() > giveUpMs) throw new SetupError(`${path} is held by another set-up (${holder?.trim() ?? 'unknown'}) for more than ${WAIT_MS / 60_000} minutes: remove it if that one is gone`);
    if (!told) say(`waiting for another set-up (process ${holder?.split(' ')[1] ?? '?'})`);
    told = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
  }
  try {
    work();
  } finally {
    removeIfStill(path, mine);
  }
}

/** A link appears with its content, so nobody ever reads an empty lock. */
function tryTake(path, content) {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, content);
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Removes the lock only while it still says `expected`: the rename takes it away first, and a fresh one that was caught is put back. */
function removeIfStill(path, expected) {
  const aside = `${path}.aside-${process.pid}`;
  try {
    renameSync(path, aside);
    if (read(aside) !== expected) linkSync(aside, path);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** A process of another host cannot be asked; its lock is waited for until our deadline. */
function isDead(holder) {
  const [host, pid] = holder.split(' ');
  if (host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
