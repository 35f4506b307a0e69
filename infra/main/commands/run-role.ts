import type { Config } from '../../config.ts';
import { type Role, StartError } from '../role.ts';

/** Runs one role until the process is asked to stop; a second signal does not wait. */
export async function runRole(config: Config, start: (natsUrl: string) => Promise<Role>): Promise<number> {
  if (config.nats.url === null) throw new StartError('no NATS is given: --nats URL, or `slackwater up`, which starts one', true);
  const role = await start(config.nats.url);
  await stopAsked();
  await role.close();
  return 0;
}

export function stopAsked(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(1));
        resolve();
      });
    }
  });
}
