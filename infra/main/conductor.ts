import { Conductor } from '../../actors/host/conductor.ts';
import type { Config } from '../config.ts';
import { familiesOf } from '../telemetry/families.ts';
import { TraceMeasures } from '../telemetry/measures.ts';
import { conductorMetrics } from '../telemetry/metrics.ts';
import { openRoleTelemetry } from './role-telemetry.ts';
import { type Role, newLogger, openBus, processEpoch } from './role.ts';

/** A conductor: owns partitions of traces and runs the control loop over them. */
export async function startConductor(config: Config, natsUrl: string): Promise<Role & { readonly conductor: Conductor; readonly metricsUrl: string | null }> {
  const { conductor: settings } = config;
  const log = newLogger(config, settings.name);
  const traces = new TraceMeasures();
  let running: Conductor | null = null;
  const shown = await openRoleTelemetry(config, 'conductor', settings.metricsPort, () => (running === null ? [] : familiesOf(conductorMetrics, { stats: running.stats(), traces })), log);
  try {
    const bus = await openBus(config, settings.name, natsUrl, log);
    const conductor = running = new Conductor({
      name: settings.name, epoch: processEpoch(), region: config.region, ports: bus.ports,
      policy: { name: settings.policy, demoteAfterMs: settings.demoteAfterMs },
      prices: { acceleratorUsdPerHour: config.prices.accelerator, dramGibUsdPerHour: config.prices.dramGib },
      trace: config.trace,
      stopwatch: () => performance.now(),
      headersOf: shown.telemetry.headersOf,
      onSegment: (segment) => { traces.noteSegment(segment); shown.telemetry.onSegment(segment); },
      onDecided: shown.telemetry.onDecided,
      onDecisionTook: (ms) => traces.noteDecision(ms),
      onFault: (message) => log.warn(message),
    });
    conductor.start();
    log.info({ policy: settings.policy }, 'conductor ready');
    return { name: settings.name, lost: bus.lost, conductor, metricsUrl: shown.metricsUrl, close: async () => { await conductor.close(); await shown.close(); await bus.close(); } };
  } catch (error) {
    await shown.close();
    throw error;
  }
}
