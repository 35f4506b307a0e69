import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../config.ts';
import { startFleet } from '../../fleet/fleet.ts';

/** A fleet to replay on. `faults`: processes that died meanwhile, a line each. */
export interface LiveFleet { readonly natsUrl: string; readonly isOwn: boolean; readonly faults: readonly string[] }

/**
 * Lends the fleet whose NATS `config` names, or else a fresh one on a fresh store, which ends afterwards and logs into `logFile`.
 * Throws an Error of name StartError when it does not come up.
 */
export async function onLiveFleet<T>(config: Config, logFile: string, use: (fleet: LiveFleet) => Promise<T>): Promise<T> {
  if (config.nats.url !== null) return use({ natsUrl: config.nats.url, isOwn: false, faults: [] });
  const store = mkdtempSync(join(tmpdir(), 'slackwater-replay-'));
  const logFd = openSync(logFile, 'w');
  const removeStore = (): void => rmSync(store, { recursive: true, force: true });
  // Processes go with their parent, however it ends.
  const interrupted = (): void => process.exit(130);
  process.once('exit', removeStore).on('SIGINT', interrupted).on('SIGTERM', interrupted);
  const faults: string[] = [];
  try {
    const started = await startFleet({ ...config, nats: { ...config.nats, store } }, { logFd, onNotice: (line) => faults.push(line) });
    if (!started.ok) throw Object.assign(new Error(`${started.message} (log: ${logFile})`), { name: 'StartError' });
    try {
      return await use({ natsUrl: started.fleet.natsUrl, isOwn: true, faults });
    } finally {
      await started.fleet.close();
    }
  } finally {
    closeSync(logFd);
    removeStore();
    process.removeListener('exit', removeStore).removeListener('SIGINT', interrupted).removeListener('SIGTERM', interrupted);
  }
}
