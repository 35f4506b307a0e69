import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Who may write to a nats-server's store: two servers on one store destroy it. */
interface Holder { readonly pid: number; readonly serverPid: number | null }

export interface StoreLock {
  /** Of the nats-server that is running on the store now. */
  setServer(pid: number | null): void;
  release(): void;
}

const orphanMs = 20_000;

/**
 * Takes the store for this process. A parent that was killed leaves its server behind for as long as its roles take to
 * end, which is waited for. A text: somebody else has it, in one line.
 */
export async function lockStore(folder: string): Promise<StoreLock | string> {
  const file = join(folder, 'holder.json');
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    return `folder ${folder} of nats-server cannot be made: ${error instanceof Error ? error.message : String(error)}`;
  }
  for (const endMs = performance.now() + orphanMs; ;) {
    const holder = findHolder(file);
    if (holder !== null && holder.pid !== process.pid && isAlive(holder.pid)) return `the store ${folder} is in use by process ${holder.pid}: choose another one (nats.store), or use that fleet's NATS`;
    if (holder?.serverPid == null || !isAlive(holder.serverPid)) break;
    if (performance.now() > endMs) return `the nats-server of a fleet that is gone (process ${holder.serverPid}) still runs on ${folder}: end it first`;
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  const write = (serverPid: number | null): void => writeFileSync(file, JSON.stringify({ pid: process.pid, serverPid } satisfies Holder));
  try {
    write(null);
  } catch (error) {
    return `folder ${folder} of nats-server cannot be written: ${error instanceof Error ? error.message : String(error)}`;
  }
  return { setServer: write, release: () => rmSync(file, { force: true }) };
}

function findHolder(file: string): Holder | null {
  try {
    const { pid, serverPid } = JSON.parse(readFileSync(file, 'utf8')) as Holder;
    return Number.isInteger(pid) ? { pid, serverPid } : null;
  } catch {
    return null; // Nobody's, or half written by somebody who died.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
