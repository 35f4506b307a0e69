import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { weightFiles } from './hub-folder.ts';
import { isFolderModel } from './read-model.ts';
import { TextError } from './text-error.ts';

/**
 * SHA-256 of a whole file, 64 hex digits: what names the weights in a salt.
 *
 * With `cacheFolder` the answer is kept there under (path, size, mtime), so that 94 MB are not read again at each start;
 * a folder that cannot be written is no error. Throws `gguf_unreadable`.
 */
export async function digestFile(path: string, cacheFolder?: string): Promise<string> {
  const key = await identityOf(path);
  const cached = cacheFolder === undefined ? null : join(cacheFolder, 'digests', `${key}.sha256`);
  const known = cached === null ? null : await readKnown(cached);
  if (known !== null) return known;
  const digest = await digestStream(path);
  if (cached !== null) await keep(cached, digest);
  return digest;
}

/**
 * What names the weights of a model in a salt: of a GGUF the file's digest; of a folder one over the names and digests of its configuration
 * and its weights, or of the one file that is given. As `digestFile`.
 */
export async function digestModel(path: string, cacheFolder?: string): Promise<string> {
  if (!isFolderModel(path)) return digestFile(path, cacheFolder);
  const isFile = path.endsWith('.safetensors');
  const folder = isFile ? dirname(path) : path;
  const lines: string[] = [];
  for (const file of [join(folder, 'config.json'), ...(isFile ? [path] : weightFiles(folder))]) lines.push(`${basename(file)} ${await digestFile(file, cacheFolder)}\n`);
  return hash('sha256', lines.join(''), 'hex');
}

async function identityOf(path: string): Promise<string> {
  try {
    const found = await stat(path, { bigint: true });
    return hash('sha256', `${resolve(path)}\n${found.size}\n${found.mtimeNs}`, 'hex').slice(0, 32);
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function digestStream(path: string): Promise<string> {
  const digest = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) digest.update(chunk as Buffer);
  } catch (error) {
    throw unreadable(path, error);
  }
  return digest.digest('hex');
}

async function readKnown(file: string): Promise<string | null> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return /^[0-9a-f]{64}$/.test(text) ? text : null;
}

async function keep(file: string, digest: string): Promise<void> {
  const draft = `${file}.${process.pid}`;
  try {
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(draft, digest);
    await rename(draft, file); // whole or not at all, also with two processes starting together
  } catch { /* a cache only */ }
}

function unreadable(path: string, error: unknown): TextError {
  return new TextError('gguf_unreadable', `cannot read ${path}: ${(error as Error).message}`);
}
