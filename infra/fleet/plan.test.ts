import { expect, test } from 'vitest';
import { type ConfigInput, loadConfig } from '../config.ts';
import { type FleetCounts, planChildren } from './plan.ts';

const threadsOf = (flags: ConfigInput, counts: FleetCounts, cores: number): unknown[] =>
  planChildren(loadConfig(null, {}, flags), counts, cores).filter(({ role }) => role === 'worker').map(({ settings }) => settings.worker.threads);

test('fleet: workers of one machine share its cores, and each has at least one', () => {
  expect(threadsOf({ fleet: { workers: 4 } }, {}, 18)).toEqual([4, 4, 4, 4]);
  expect(threadsOf({ fleet: { workers: 4 } }, {}, 2)).toEqual([1, 1, 1, 1]);
});

test('fleet: what counts is how many are started, not how many are configured', () => {
  expect(threadsOf({}, { workers: 2 }, 8)).toEqual([4, 4]);
  expect(threadsOf({ fleet: { workers: 4 } }, { workers: 1 }, 8)).toEqual(['auto']);
});

test('fleet: a number that was asked for is left as it is, and one worker alone asks the engine', () => {
  expect(threadsOf({ worker: { threads: 3 }, fleet: { workers: 2 } }, {}, 2)).toEqual([3, 3]);
  expect(threadsOf({}, {}, 8)).toEqual(['auto']);
});

test('fleet: names are counted from one, and ports stand next to each other', () => {
  const children = planChildren(loadConfig(null, {}, { gateway: { port: 8080 }, worker: { metricsPort: 9100 }, conductor: { metricsPort: 0 } }), { gateways: 2, conductors: 2, workers: 2 });
  expect(children.map(({ name }) => name)).toEqual(['worker-1', 'worker-2', 'conductor-1', 'conductor-2', 'gateway-1', 'gateway-2']);
  expect(children.map(({ role, settings }) => (role === 'gateway' ? settings.gateway.port : settings[role].metricsPort))).toEqual([9100, 9101, 0, 0, 8080, 8081]);
});
