import { availableParallelism } from 'node:os';
import type { Config } from '../config.ts';
import type { RoleName } from './child.ts';

/** How many of each; absent: as configured, and one gateway. */
export interface FleetCounts {
  readonly gateways?: number;
  readonly conductors?: number;
  readonly workers?: number;
}

/** The processes of a fleet, the slowest to start first, each with the settings that are its own. */
export function planChildren(config: Config, counts: FleetCounts, cores = availableParallelism()): { readonly name: string; readonly role: RoleName; readonly settings: Config }[] {
  const { gateway, conductor, worker, fleet } = config, workers = counts.workers ?? fleet.workers;
  // They are on one machine: together they take it once. One alone asks the engine, which knows best.
  const threads = worker.threads === 'auto' && workers > 1 ? Math.max(1, Math.floor(cores / workers)) : worker.threads;
  const numbered = (role: RoleName, count: number, settings: (name: string, i: number) => Partial<Config>) =>
    Array.from({ length: count }, (_, i) => ({ name: `${role}-${i + 1}`, role, settings: { ...config, ...settings(`${role}-${i + 1}`, i) } }));
  return [
    ...numbered('worker', workers, (name, i) => ({ worker: { ...worker, threads, name, metricsPort: portOf(worker.metricsPort, i) } })),
    ...numbered('conductor', counts.conductors ?? fleet.conductors, (name, i) => ({ conductor: { ...conductor, name, metricsPort: portOf(conductor.metricsPort, i) } })),
    ...numbered('gateway', counts.gateways ?? 1, (name, i) => ({ gateway: { ...gateway, name, port: gateway.port === 0 ? 0 : gateway.port + i } })),
  ];
}

/** Those of a role stand next to each other; 0 is any free port, null none. */
const portOf = (first: number | null, i: number): number | null => (first === null || first === 0 ? first : first + i);
