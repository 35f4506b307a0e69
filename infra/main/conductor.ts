import { Conductor } from '../../actors/host/conductor.ts';
import type { Config } from '../config.ts';
import { type Role, newLogger, openBus, processEpoch } from './role.ts';

/** A conductor: owns partitions of traces and runs the control loop over them. */
export async function startConductor(config: Config, natsUrl: string): Promise<Role & { readonly conductor: Conductor }> {
  const { conductor: settings } = config;
  const log = newLogger(config, settings.name);
  const bus = await openBus(config, settings.name, natsUrl, log);
  const conductor = new Conductor({
    name: settings.name, epoch: processEpoch(), region: config.region, ports: bus.ports,
    policy: { name: settings.policy, demoteAfterMs: settings.demoteAfterMs },
    prices: { acceleratorUsdPerHour: config.prices.accelerator, dramGibUsdPerHour: config.prices.dramGib },
    trace: config.trace,
    stopwatch: () => performance.now(),
    headersOf: () => ({}),
    onSegment: () => {},
    onFault: (message) => log.warn(message),
  });
  conductor.start();
  log.info({ policy: settings.policy }, 'conductor ready');
  return { name: settings.name, conductor, close: async () => { await conductor.close(); await bus.close(); } };
}
