/** What holds of KV between workers, whatever is placed where and whoever is lost: bytes out are bytes in and those on their way when a transfer was broken off. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { broughtFrom } from '../../actors/control/migration.ts';
import type { Policy } from '../../actors/control/policy.ts';
import { drawnTask, tasksFrom } from './drawn-tasks.fixture.ts';
import { plain } from './hand-made.fixture.ts';
import type { ReplayResult } from './measures.ts';
import { generator } from './random.ts';
import { Replay, type ReplayOptions } from './replay.ts';
import { freeContext, roundFleet } from './round-numbers.fixture.ts';
import { blockBytes } from './simulation/engine-model.ts';

/** Anywhere that is open, and what is missing from anywhere that has more: far more often than who means it well would. */
function anywhere(seed: number): Policy {
  const draw = generator(seed);
  return plain({
    spills: true,
    place: (_ask, candidates) => candidates[Math.floor(draw() * candidates.length)] ?? null,
    migrate(_ask, to, candidates) {
      const able = candidates.flatMap((source) => broughtFrom(source, to) ?? []);
      return able[Math.floor(draw() * able.length)] ?? null;
    },
  });
}

const world = fc.record({
  tasks: fc.array(drawnTask, { minLength: 2, maxLength: 8 }), workers: fc.integer({ min: 1, max: 2 }), regions: fc.integer({ min: 1, max: 2 }), hbm: fc.integer({ min: 8, max: 40 }), dram: fc.constantFrom(0, 10, 60), nvme: fc.constantFrom(0, 40), seed: fc.integer({ min: 0, max: 99 }),
  bytesPerS: fc.constantFrom(5_000, 100_000, 1e9), latencyMs: fc.constantFrom(0, 30), farBytesPerS: fc.constantFrom(8_000, 1e9), admission: fc.constantFrom<'whole' | 'prompt'>('whole', 'prompt'), loseWorkerAt: fc.constantFrom(undefined, 0.3, 1),
});

test('migrations: what was sent arrived or was on its way, every step ends, its tokens add up, and the same seed gives the same bytes', () => {
  let moved = 0, lost = 0;
  fc.assert(fc.property(world, ({ tasks: drawn, workers, regions, hbm, dram, nvme, seed, bytesPerS, latencyMs, farBytesPerS, admission, loseWorkerAt }) => {
    const fleet = roundFleet({
      workers: 2 * workers * regions, regions: Array.from({ length: regions }, (_, at) => ({ name: `r${at}`, share: 1 / regions })), capacity: { hbm, dram, nvme: dram === 0 ? 0 : nvme }, device: { ...freeContext, admission },
      network: { near: { bytesPerS, latencyMs }, far: regions === 1 ? null : { bytesPerS: farBytesPerS, latencyMs: 40 } },
    });
    const tasks = tasksFrom(drawn);
    const replayed = (): ReplayResult => {
      const options: ReplayOptions = {
        fleet, policy: () => anywhere(seed), arrivals: { kind: 'closed', concurrency: 3 }, seed, ...(loseWorkerAt === undefined ? {} : { loseWorkerAt }),
        onStep: ({ promptTokens }, { end: { usage: { hit, recalled, migrated, computed, again, avoidable }, recallMs } }) => {
          expect(hit + recalled + migrated + computed - again).toBe(promptTokens);
          expect(Math.min(hit, recalled, migrated, computed - 1, recallMs, computed - avoidable)).toBeGreaterThanOrEqual(0);
        },
      };
      return new Replay(tasks, options).run();
    };
    const result = replayed(), { transfers, blocks, sentBytes, receivedBytes, lostBytes } = result.migrations;
    expect([result.finished, result.steps, result.skipped]).toEqual([tasks.length, tasks.reduce((sum, task) => sum + task.steps, 0), {}]);
    expect(receivedBytes).toBe(blocks * blockBytes(fleet.model));
    expect(sentBytes).toBeCloseTo(receivedBytes + lostBytes, 6);
    expect(lostBytes).toBeGreaterThanOrEqual(0);
    expect(transfers === 0 ? blocks : 0).toBe(0);
    // A run that is lost or gives way may have got some that it never told of.
    expect(result.tokens.migrated).toBeLessThanOrEqual(64 * blocks);
    if (result.preempted === 0 && loseWorkerAt === undefined) expect(result.tokens.migrated).toBe(64 * blocks);
    expect(JSON.stringify(replayed())).toBe(JSON.stringify(result));
    moved += blocks;
    lost += lostBytes;
  }), { numRuns: 60 });
  // Else nothing of this was tried.
  expect([moved > 100, lost > 0]).toEqual([true, true]);
});
