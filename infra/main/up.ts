import type { Config } from '../config.ts';
import { startFleet } from '../fleet/fleet.ts';
import { stopAsked } from './commands/run-role.ts';
import { StartError } from './role.ts';

/** `slackwater up`: everything as processes of this machine, kept running until a signal asks for the end. */
export async function runUp(config: Config): Promise<number> {
  const say = (line: string): void => { process.stderr.write(`slackwater: ${line}\n`); };
  const started = await startFleet(config, { onNotice: say });
  if (!started.ok) throw new StartError(started.message, started.isUnavailable);
  const { fleet } = started;
  const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
  say(`up: gateway at ${fleet.gatewayUrl}, NATS at ${fleet.natsUrl}, ${count(config.fleet.conductors, 'conductor')} (${config.conductor.policy}), ${count(config.fleet.workers, 'worker')} with ${config.model.name}`);
  await stopAsked();
  say('ending');
  await fleet.close();
  return 0;
}
