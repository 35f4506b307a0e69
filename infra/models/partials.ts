import { randomBytes } from 'node:crypto';
import { readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** Who waits for another process's download looks this often, and no longer than this at a file that does not grow. */
export interface Patience { readonly lookMs: number; readonly patienceMs: number }

const mark = '.partial-';
const host = hostname().replace(/[^\w.]/g, '_');
/** Of the files that this process has in work: one with its number and another token was left by one before it in the same container. */
const tokens = new Set<string>();

/**
 * The unfinished file that this call writes, or null: another process finished `target` meanwhile. Nobody ever writes to
 * a partial file that a living process may write to. One whose process is gone is taken over by a rename, which only one
 * can win; one of the living is waited for as long as it grows; beyond that the same is fetched twice, into two files.
 * Processes of another host cannot be asked: whoever did not touch its file for the whole patience counts as gone.
 */
export async function takePartial(target: string, { lookMs, patienceMs }: Patience, onWait: (pid: number) => void): Promise<string | null> {
  const token = randomBytes(4).toString('hex'), own = `${target}${mark}${host}-${process.pid}-${token}`;
  tokens.add(token);
  const growth = new Map<string, { bytes: number; atMs: number }>();
  for (let told = false; ; told = true) {
    if (await bytesOf(target) !== null) return null;
    const others = await partialsOf(target);
    for (const path of others) {
      if (await isOrphan(path, patienceMs) && await rename(path, own).then(() => true, () => false)) return own;
    }
    const nowMs = performance.now();
    const growing = [];
    for (const path of others) {
      const bytes = await bytesOf(path), seen = growth.get(path);
      if (bytes === null) continue;
      if (seen === undefined || seen.bytes !== bytes) growth.set(path, { bytes, atMs: nowMs });
      if (nowMs - (growth.get(path)?.atMs ?? 0) < patienceMs) growing.push(path);
    }
    if (growing[0] === undefined) {
      // Looked at again: what was a partial file before may have become the target since.
      if (await bytesOf(target) !== null) return null;
      break;
    }
    if (!told) onWait(ownerOf(growing[0]).pid);
    await new Promise((resolve) => { setTimeout(resolve, lookMs); });
  }
  await writeFile(own, '', { flag: 'wx' });
  return own;
}

/** Shows to other hosts that its process lives, also while nothing comes or its digest is taken; until the function that it returns is called. */
export function keepAlive(path: string, { patienceMs }: Patience): () => void {
  const timer = setInterval(() => { const now = new Date(); utimes(path, now, now).catch(() => {}); }, patienceMs / 6);
  return () => clearInterval(timer);
}

/** Gives it up, for the next one to go on with. */
export async function releasePartial(path: string): Promise<void> {
  tokens.delete(ownerOf(path).token);
  await rename(path, path.replace(/-\d+-([0-9a-f]+)$/, '-0-$1'));
}

/** What was left by those that are gone and is of no use any more. */
export async function dropOrphans(target: string, { patienceMs }: Patience): Promise<void> {
  for (const path of await partialsOf(target)) if (await isOrphan(path, patienceMs)) await rm(path, { force: true });
}

/** Null: there is none. */
export const bytesOf = (path: string): Promise<number | null> => stat(path).then((found) => found.size, () => null);

async function partialsOf(target: string): Promise<string[]> {
  const names = await readdir(dirname(target));
  return names.filter((name) => name.startsWith(`${basename(target)}${mark}`)).map((name) => join(dirname(target), name));
}

function ownerOf(path: string): { readonly host: string; readonly pid: number; readonly token: string } {
  const [, where = '', pid = '', token = ''] = /\.partial-(.*)-(\d+)-([0-9a-f]+)$/.exec(path) ?? [];
  return { host: where, pid: Number(pid), token };
}

/** Process 0: released. */
async function isOrphan(path: string, patienceMs: number): Promise<boolean> {
  const owner = ownerOf(path);
  if (owner.pid === 0) return true;
  if (owner.host !== host) return stat(path).then(({ mtimeMs }) => Date.now() - mtimeMs > patienceMs, () => false);
  if (owner.pid === process.pid) return !tokens.has(owner.token);
  try {
    process.kill(owner.pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
