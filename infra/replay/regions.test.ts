import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { policies } from '../../actors/control/policies/all.ts';
import { type Fleet, readFleet } from './fleet.ts';
import { Replay } from './replay.ts';
import type { Task } from './tasks.ts';

const fleet = readFleet('two-regions'), apart: Fleet = { ...fleet, network: { ...fleet.network!, far: null } };
const named = (shares: readonly number[]): Fleet['regions'] => shares.map((share, at) => ({ name: `r${at}`, share }));

describe('regions', () => {
  test('without a line between them a task stays where it comes, and the shares say where that is', () => {
    expect(fleet).toMatchObject({ workers: 8, regions: [{ name: 'east', share: 0.7 }, { name: 'west', share: 0.3 }] });
    const served = (shares: readonly number[], workers: number): number => replay({ ...apart, regions: named(shares), workers });
    // All in one region, of four workers or of eight: the other region's workers are of no use to anybody.
    expect(served([1, 0], 8)).toBe(served([1], 4));
    expect(served([0.5, 0.5], 8)).toBeLessThan(served([1, 0], 8));
  });

  test('with one they are under one control: what is far is used, at the cost of the way', () => {
    expect(fleet.network).toEqual({ near: { bytesPerS: 5e10, latencyMs: 0.01 }, far: { bytesPerS: 1.25e10, latencyMs: 30 } });
    const served = (shares: readonly number[]): number => replay({ ...fleet, regions: named(shares) });
    expect(served([1, 0])).toBeLessThan(replay({ ...apart, regions: named([1, 0]) }));
    // As eight workers in one region, but that half of the tasks, those that find the near ones taken, are 60 ms longer on their way.
    const together = replay({ ...apart, regions: named([1]) });
    expect(served([1, 0]) - together).toBeCloseTo(0.03, 9);
    // Where every worker has tasks of its own region too, these are served first: who is on its way would wait anyway.
    expect(served([0.5, 0.5])).toBeCloseTo(together, 9);
  });

  test('shares that are not one together are refused with their sum', () => {
    const folder = mkdtempSync(join(tmpdir(), 'fleet-'));
    try {
      const file = join(folder, 'f.yaml');
      writeFileSync(file, 'fleet: f\nmodel: llama-3.1-8b\nregions: [{ name: a, share: 0.7 }, { name: b, share: 0.5 }]\nworkers: { count: 1, device: h200 }\n---\nprices: { h200: 3.5 }\n');
      expect(() => readFleet(file)).toThrow(`${file}: regions.share: 0.7 + 0.5 is 1.2; the shares of all regions together are 1`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** Seconds of service of a task, of 40 tasks of one long step that come at once. */
function replay(fleet: Fleet): number {
  const tasks: Task[] = Array.from({ length: 40 }, (_, i) => {
    const root = { v: 1 as const, trace: `t${i}`, parent: null, start_ms: 0, model: 'm', steps: [{ seq: 1, gap_ms: 0, gap: 'start' as const, prompt_tokens: 64_000, blocks: [[1_000 * i, 1_000] as const], out_tokens: 100, tool: null, children: [] }] };
    return { root, members: new Map([[root.trace, root]]), steps: 1, contextTokens: 64_100 };
  });
  const result = new Replay(tasks, { fleet, policy: (future) => policies['least-loaded-lru'].make({}, future), arrivals: { kind: 'closed', concurrency: 40 }, seed: 1 }).run();
  expect(result.finished).toBe(40);
  return result.servedS.mean;
}
