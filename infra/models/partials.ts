import { randomBytes } from 'node:crypto';
import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** Who waits for another process's download looks this often, and no longer than this at a file that does not grow. */
export interface Patience { readonly lookMs: number; readonly patienceMs: number }

const mark = '.partial-';
const host = hostname().replace(/[^\w.]/g, '_');

/**
 * The unfinished file that this call writes, or null: another process finished `target` meanwhile. Nobody ever writes to
 * a partial file that a living process may write to. One whose process is gone is taken over by a rename, which only one
 * can win; one of the living is waited for as long as it grows; beyond that the same is fetched twice, into two files.
 */
export async function takePartial(target: string, { lookMs, patienceMs }: Patience, onWait: (pid: number) => void): Promise<string | null> {
  const own = `${target}${mark}${host}-${process.pid}-${randomBytes(4).toString('hex')}`;
  const growth = new Map<string, { bytes: number; atMs: number }>();
  for (let told = false; ; told = true) {
    if (await bytesOf(target) !== null) return null;
    const others = await partialsOf(target);
    for (const path of others.filter((one) => isOrphan(one))) {
      if (await rename(path, own).then(() => true, () => false)) return own;
    }
    const nowMs = performance.now();
    const growing = [];
    for (const path of others) {
      const bytes = await bytesOf(path), seen = growth.get(path);
      if (bytes === null) continue;
      if (seen === undefined || seen.bytes !== bytes) growth.set(path, { bytes, atMs: nowMs });
      if (nowMs - (growth.get(path)?.atMs ?? 0) < patienceMs) growing.push(path);
    }
    if (growing[0] === undefined) break;
    if (!told) onWait(ownerOf(growing[0]).pid);
    await new Promise((resolve) => { setTimeout(resolve, lookMs); });
  }
  await writeFile(own, '', { flag: 'wx' });
  return own;
}

/** Gives it up, for the next one to go on with. */
export async function releasePartial(path: string): Promise<void> {
  await rename(path, path.replace(/-\d+-([0-9a-f]+)$/, '-0-$1'));
}

/** What was left by those that are gone and is of no use any more. */
export async function dropOrphans(target: string): Promise<void> {
  for (const path of await partialsOf(target)) if (isOrphan(path)) await rm(path, { force: true });
}

/** Null: there is none. */
export const bytesOf = (path: string): Promise<number | null> => stat(path).then((found) => found.size, () => null);

async function partialsOf(target: string): Promise<string[]> {
  const names = await readdir(dirname(target));
  return names.filter((name) => name.startsWith(`${basename(target)}${mark}`)).map((name) => join(dirname(target), name));
}

function ownerOf(path: string): { readonly host: string; readonly pid: number } {
  const [, where = '', pid = ''] = /\.partial-(.*)-(\d+)-[0-9a-f]+$/.exec(path) ?? [];
  return { host: where, pid: Number(pid) };
}

/** Process 0: released. Those of another host cannot be asked. */
function isOrphan(path: string): boolean {
  const owner = ownerOf(path);
  if (owner.pid === 0) return true;
  if (owner.host !== host) return false;
  try {
    process.kill(owner.pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
