import { describe, expect, test } from 'vitest';
import { simulateMany } from './crew.ts';
import { noFaults } from './faults.ts';
import { simulate } from './harness.ts';
import { mutants } from './mutants/mutants.ts';
import { mutated } from './mutants/plant.ts';
import { findMutant, seedsInTable } from './mutants/table.ts';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const repository = new URL('../../', import.meta.url);
const sourceOf = (file: string): string => readFileSync(fileURLToPath(new URL(file, repository)), 'utf8');

describe('simulated fleet', () => {
  test('the same seed plays the same world, another seed another one', async () => {
    const hashes = new Set<number>();
    for (const seed of [3, 11]) {
      const first = await simulate(seed), second = await simulate(seed);
      expect(second).toEqual(first);
      hashes.add(first.hash);
    }
    expect(hashes.size).toBe(2);
  });

  test('in a thread of its own a seed plays the same world, and none is left out', async () => {
    const hashes = new Map<number, number>();
    await simulateMany(7, 5, ({ seed, hash }) => { hashes.set(seed, hash); });
    expect([...hashes.keys()].sort((a, b) => a - b)).toEqual([7, 8, 9, 10, 11]);
    expect(hashes.get(11)).toBe((await simulate(11)).hash);
  }, 60_000);

  test('without faults nothing crashes, and steps are answered', async () => {
    const report = await simulate(5, { faults: noFaults });
    expect(report.broken).toBeNull();
    expect(report.stats).toMatchObject({ crash: 0, pause: 0, server: 0, close: 0 });
    expect(report.stats.answered).toBeGreaterThan(5);
  });
});

describe('mutants', () => {
  test.each(mutants.map((mutant) => [mutant.name, mutant] as const))('%s: its place is in its file, once', (_, mutant) => {
    expect(mutated(mutant, sourceOf(mutant.file))).not.toBe(sourceOf(mutant.file));
  });

  test('a place that is gone is an error that names the mutant', () => {
    expect(() => mutated({ ...mutants[0]!, find: 'not there at all' }, sourceOf(mutants[0]!.file))).toThrow(/save-without-compare-and-set: 0 places/);
  });

  test('every mutant has a seed in the table', () => {
    expect([...seedsInTable().keys()].sort()).toEqual(mutants.map(({ name }) => name).sort());
  });

  test.each(['save-without-compare-and-set', 'unpin-forgotten', 'attempt-not-checked'])('%s is found by the seed in the table', async (name) => {
    expect(await findMutant(name, seedsInTable().get(name) ?? 0, 1)).toMatchObject({ name, seed: seedsInTable().get(name) });
  }, 60_000);
});
