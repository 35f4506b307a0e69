// What every set-up step needs of the outside: where things lie, child processes with a deadline, hashes, files that appear whole.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, readSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** An expected fault: its message is what the user reads, one line a fact. */
export class SetupError extends Error {}

export const packageRoot = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
/** Downloads live here: `bin/nats-server`, `models/*.gguf`. The running product looks in the same place. */
export const cacheFolder = resolve(process.env.SLACKWATER_CACHE || join(packageRoot, '.cache'));

const OUTPUT_LINES_SHOWN = 30;

/** Runs a command to its end and returns its output; throws a SetupError with the end of the output when it fails or is late. */
export function run(command, args, { cwd = packageRoot, env = process.env, deadlineMs }) {
  const child = spawnSync(command, args, { cwd, env, timeout: deadlineMs, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64 << 20 });
  const output = `${child.stdout ?? ''}${child.stderr ?? ''}`;
  if (child.status === 0) return output;
  const how = child.error?.code === 'ETIMEDOUT' ? `not done after ${deadlineMs / 1000} s`
    : child.error ? child.error.message
    : child.status === null ? `ended by ${child.signal}` : `exit ${child.status}`;
  throw new SetupError([`\`${[command, ...args].join(' ')}\` failed: ${how}`, ...output.trimEnd().split('\n').slice(-OUTPUT_LINES_SHOWN)].join('\n'));
}

/** The output of a short command, or null when it is absent, fails or takes more than 20 s. */
export function tryRun(command, args) {
  const child = spawnSync(command, args, { timeout: 20_000, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  return child.status === 0 ? `${child.stdout}${child.stderr}` : null;
}

export function findOnPath(program) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (folder !== '' && isFile(join(folder, program))) return join(folder, program);
  }
  return null;
}

export function isFile(path) {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

export function sha256OfFile(path) {
  const hash = createHash('sha256');
  const file = openSync(path, 'r');
  try {
    const chunk = Buffer.allocUnsafe(4 << 20);
    for (let n = readSync(file, chunk); n > 0; n = readSync(file, chunk)) hash.update(chunk.subarray(0, n));
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}

/** Creates a folder we will write to; the refusal names the folder and the way out. */
export function makeWritable(folder) {
  try {
    mkdirSync(folder, { recursive: true });
    const probe = join(folder, `.probe-${process.pid}`);
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    throw new SetupError(`cannot write to ${folder} (${error.code}): make it writable, or name another cache folder with SLACKWATER_CACHE`);
  }
}

export function writeWhole(path, text) {
  const partial = `${path}.${process.pid}.partial`;
  writeFileSync(partial, text);
  renameSync(partial, path);
}

export function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}
