import type { Config } from '../../config.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Role, StartError } from '../role.ts';

/** How long a role that lost its connection may take to end: it has nobody to hand anything to. */
const lostMs = 5_000;

/** Runs one role until the process is asked to stop (a second signal does not wait), or until it lost its connection: then a supervisor is to start it again. */
export async function runRole(config: Config, start: (natsUrl: string) => Promise<Role>): Promise<number> {
  if (config.nats.url === null) throw new StartError('no NATS is given: --nats URL, or `slackwater up`, which starts one', true);
  const role = await start(config.nats.url);
  const lost = await Promise.race([stopAsked(), role.lost]);
  if (lost === null) { await role.close(); return 0; }
  process.stderr.write(`slackwater: ${lost}\n`);
  const late = setTimeout(() => process.exit(exitCodes.unavailable), lostMs);
  await role.close().catch(() => {});
  clearTimeout(late);
  return exitCodes.unavailable;
}

export function stopAsked(): Promise<null> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(1));
        resolve(null);
      });
    }
  });
}
