import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type HubFile, sizeText } from './choose.ts';
import { HubFault } from './hub-fetch.ts';
import type { HubLimits } from './hub.ts';
import { ModelError } from './model-error.ts';
import { bytesOf, dropOrphans, keepAlive, type Patience, releasePartial, takePartial } from './partials.ts';

export interface DownloadHooks {
  /** Bytes of this file that are on the disk now. */
  onBytes(bytes: number): void;
  onLine(line: string): void;
}

/**
 * Brings `file` to `target`, whole and with the digest that the hub lists for it, or not at all. `read` gives its bytes
 * from an offset on, and throws HubFault. What was fetched before it failed is kept beside `target`, and the next call
 * goes on from there. Throws ModelError; HubFault when the hub says no for good.
 */
export async function download(file: HubFile, target: string, read: (from: number) => AsyncIterable<Uint8Array>, limits: HubLimits & Patience, hooks: DownloadHooks): Promise<void> {
  try {
    await mkdir(dirname(target), { recursive: true });
    const there = await bytesOf(target);
    if (there === file.bytes) return hooks.onBytes(file.bytes);
    // Only what was seen: another process may just be putting its whole file here.
    if (there !== null) await rm(target, { force: true });
    const partial = await takePartial(target, limits, (pid) => hooks.onLine(`${file.path}: process ${pid} downloads it already, waiting`));
    if (partial === null) return await download(file, target, read, limits, hooks);
    const stopTouching = keepAlive(partial, limits);
    try {
      const out = await open(partial, 'r+');
      try {
        await fill(out, partial, file, read, limits, hooks);
      } finally {
        await out.close();
      }
      await check(partial, file);
      await rename(partial, target);
    } catch (error) {
      await releasePartial(partial).catch(() => {}); // Gone where the digest was wrong.
      throw error;
    } finally {
      stopTouching();
    }
    await dropOrphans(target, limits);
  } catch (error) {
    throw diskFault(error, file, target) ?? error;
  }
}

async function fill(out: FileHandle, partial: string, file: HubFile, read: (from: number) => AsyncIterable<Uint8Array>, limits: HubLimits, hooks: DownloadHooks): Promise<void> {
  let at = (await out.stat()).size;
  if (at > file.bytes) await out.truncate(at = 0);
  await checkRoom(partial, file.bytes - at);
  // How far it has ever come: a server that sends everything anew and breaks off at the same place brings nothing.
  let farthest = at;
  for (let fruitless = 0; at < file.bytes;) {
    hooks.onBytes(at);
    const from = at;
    try {
      for await (const piece of read(at)) {
        if (at + piece.length > file.bytes) throw new HubFault('odd', `${file.path} has more than the ${file.bytes} bytes that are listed`);
        await writeAll(out, piece, at);
        hooks.onBytes(at += piece.length);
      }
      if (at < file.bytes) throw new HubFault('passing', `${file.path} ended after ${at} of ${file.bytes} bytes`);
    } catch (error) {
      if (!(error instanceof HubFault)) throw error;
      if (error.kind === 'whole' && from > 0) {
        await out.truncate(at = 0);
        continue;
      }
      fruitless = at > farthest ? 1 : fruitless + 1;
      farthest = Math.max(farthest, at);
      if (error.kind !== 'passing') throw error;
      if (fruitless >= limits.attempts) throw new ModelError(`${error.message}; ${sizeText(at)} of ${sizeText(file.bytes)} are kept, and the next start goes on from there`);
      await new Promise((resolve) => { setTimeout(resolve, limits.pauseMs * 2 ** (fruitless - 1)); });
    }
  }
  await out.sync();
}

async function writeAll(out: FileHandle, piece: Uint8Array, at: number): Promise<void> {
  for (let written = 0; written < piece.length;) written += (await out.write(piece, written, piece.length - written, at + written)).bytesWritten;
}

/** What lies on the disk is what is checked, not what came in. */
async function check(partial: string, { path, bytes, digest }: HubFile): Promise<void> {
  const hash = digest.kind === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${bytes}\0`);
  for await (const piece of createReadStream(partial, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer);
  const found = hash.digest('hex');
  if (found === digest.hex) return;
  await rm(partial, { force: true });
  throw new ModelError(`${path} arrived damaged and is removed: its ${digest.kind} is ${found}, the hub lists ${digest.hex}`);
}

async function checkRoom(path: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path));
  if (bavail * bsize < bytes) throw new ModelError(`no room for ${sizeText(bytes)} more in ${dirname(path)}: ${sizeText(bavail * bsize)} are free`);
}

function diskFault(error: unknown, file: HubFile, target: string): ModelError | null {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new ModelError(`${file.path}: the disk of ${dirname(target)} is full (${code}); ${sizeText(file.bytes)} are needed`);
  return typeof code === 'string' && (error as NodeJS.ErrnoException).syscall !== undefined ? new ModelError(`${file.path} cannot be kept in ${dirname(target)}: ${(error as Error).message}`) : null;
}
