import { expect, test } from 'vitest';
import { adapterOf } from './adapters.ts';
import { plain, taskOf, traceOf } from './hand-made.fixture.ts';
import { Replay } from './replay.ts';
import { roundFleet } from './round-numbers.fixture.ts';

const sharesOf = (count: number, zipf: number): number[] => {
  const uses = Array.from({ length: count }, () => 0), tasks = 20_000;
  for (let i = 0; i < tasks; i++) uses[adapterOf(`weka-${i}`, { count, bytes: 1, zipf })]!++;
  return uses.map((use) => use / tasks);
};

test('adapters: tasks are spread over them in proportion to 1 / k^zipf', () => {
  const harmonic = 1 + 1 / 2 + 1 / 3 + 1 / 4;
  for (const [i, share] of sharesOf(4, 1).entries()) expect(share).toBeCloseTo(1 / (i + 1) / harmonic, 1.5);
  for (const share of sharesOf(4, 0)) expect(share).toBeCloseTo(0.25, 1.5);
  expect(sharesOf(1, 2)).toEqual([1]);
});

test('adapters: two tasks with the same prompt share its prefix only where they use the same adapter', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'], adapters = { count: 2, bytes: 1_280, zipf: 0 };
  const tasks = names.map((name, i) => taskOf(traceOf(name, [{ prompt: 129, blocks: [[0, 2]], out: 1 }], { startMs: i * 1_000 })));
  const hits: Record<string, number> = {};
  const result = new Replay(tasks, {
    fleet: roundFleet({ adapters }), policy: () => plain({}), arrivals: { kind: 'recorded', scale: 1 }, seed: 1, onStep: ({ trace }, { end }) => { hits[trace] = end.usage.hit; },
  }).run();
  const seen = new Set<number>();
  expect(hits).toEqual(Object.fromEntries(names.map((name) => { const adapter = adapterOf(name, adapters), hit = seen.has(adapter) ? 128 : 0; seen.add(adapter); return [name, hit]; })));
  expect([seen.size, result.adapters]).toEqual([2, { loaded: 2, evicted: 0 }]);
});
