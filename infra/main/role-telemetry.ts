import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Config, packageRoot } from '../config.ts';
import { type Family, familiesOf } from '../telemetry/families.ts';
import { openMetricsServer } from '../telemetry/metrics-server.ts';
import { processMetrics } from '../telemetry/metrics.ts';
import { prometheusText } from '../telemetry/prometheus.ts';
import { type Telemetry, type TelemetryOptions, openTelemetry } from '../telemetry/telemetry.ts';
import { StartError } from './role.ts';

export interface RoleTelemetry {
  readonly telemetry: Telemetry;
  /** Prometheus text of everything the role shows. */
  metrics(): string;
  /** Where it is served; null: on no port of its own. */
  readonly metricsUrl: string | null;
  close(): Promise<void>;
}

/**
 * What a role shows to the outside: spans and metrics over OTLP where the environment asks for them, and `/metrics` on
 * `metricsPort` unless that is null. `families` is asked at every scrape. Throws StartError for a port that cannot be had.
 */
export async function openRoleTelemetry(config: Config, role: TelemetryOptions['role'], metricsPort: number | null, families: () => readonly Family[], log: Logger): Promise<RoleTelemetry> {
  const { name } = config[role], { region } = config;
  const version = programVersion();
  const all = (): readonly Family[] => [...families(), ...familiesOf(processMetrics, { role, name, region, version, spans: telemetry.totals })];
  const telemetry = await openTelemetry({
    role, name, region, version, model: config.model.name, prices: { acceleratorUsdPerHour: config.prices.accelerator, dramGibUsdPerHour: config.prices.dramGib },
    families: all, onFault: (message) => log.warn(message),
  });
  const metrics = (): string => prometheusText(all());
  const opened = metricsPort === null ? null : await openMetricsServer(config.metrics.host, metricsPort, metrics);
  if (opened !== null && !opened.ok) {
    await telemetry.close();
    throw new StartError(opened.message);
  }
  if (opened !== null) log.info({ url: opened.server.url }, 'metrics served');
  return { telemetry, metrics, metricsUrl: opened?.server.url ?? null, close: async () => { await opened?.server.close(); await telemetry.close(); } };
}

const programVersion = (): string => (JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }).version;
