/** What a replay holds follows the traces that are there, not those that were. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, test, vi } from 'vitest';
import { policies } from '../../actors/control/policies/all.ts';
import { taskOf, traceOf } from './hand-made.fixture.ts';
import { Replay } from './replay.ts';
import { roundFleet } from './round-numbers.fixture.ts';
import { PrefixTree } from './simulation/prefix-tree.ts';
import type { Task } from './tasks.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

afterEach(() => { vi.unstubAllGlobals(); });

/** Three prompts each behind a system prompt that all share, with a child of its own for every tenth, and ids of its own. */
const tasks = (count: number): Task[] => Array.from({ length: count }, (_, i) => {
  const base = 1_000 + i * 100, steps = [0, 1, 2].map((at) => ({
    prompt: (6 + at) * 64, blocks: [[0, 2], [base, 4 + at]] as [number, number][], gapMs: 400, tool: `tool ${at}`, children: at === 0 && i % 10 === 0 ? [`t${i}/c`] : [],
  }));
  const child = traceOf(`t${i}/c`, [{ prompt: 8 * 64, blocks: [[0, 2], [base, 4], [base + 50, 2]] }], { parent: `t${i}` });
  return i % 10 === 0 ? taskOf(traceOf(`t${i}`, steps), child) : taskOf(traceOf(`t${i}`, steps));
});

/** Entries of all maps and sets that a replay made and that are there when the last tasks are about to end. */
async function entriesHeld(name: keyof typeof policies, count: number): Promise<number> {
  const made: WeakRef<{ readonly size: number }>[] = [], given = tasks(count), { Map: PlainMap, Set: PlainSet } = globalThis;
  vi.stubGlobal('Map', class<K, V> extends PlainMap<K, V> { constructor(entries?: Iterable<readonly [K, V]>) { super(entries); made.push(new WeakRef(this)); } });
  vi.stubGlobal('Set', class<T> extends PlainSet<T> { constructor(items?: Iterable<T>) { super(items); made.push(new WeakRef(this)); } });
  const replay = new Replay(given, { fleet: roundFleet({ workers: 2, capacity: { hbm: 60, dram: 30, nvme: 0 } }), policy: (future) => policies[name].make({}, future), arrivals: { kind: 'closed', concurrency: 8 }, seed: 1 });
  const { finished } = replay.run();
  vi.unstubAllGlobals();
  expect(finished).toBe(count);
  // What a WeakRef names stays until the end of the job that made it.
  await new Promise((resolve) => { setImmediate(resolve); });
  collect();
  let entries = 0;
  for (const ref of made) entries += ref.deref()?.size ?? 0;
  // Alive up to here.
  expect(replay).toBeInstanceOf(Replay);
  return entries;
}

test.each(Object.keys(policies) as (keyof typeof policies)[])('under %s six times as many tasks, as many at once, leave behind hardly more', async (name) => {
  const [few, many] = [await entriesHeld(name, 40), await entriesHeld(name, 240)];
  expect(many).toBeLessThan(few + 100);
}, 60_000);

test('of 200 tasks and of 2,000 the tree holds as much: what live tasks, the memories and later tasks name', () => {
  const sizes = [200, 2_000].map((count) => {
    let most = 0;
    const size = vi.spyOn(PrefixTree.prototype, 'leave'), trees = new Set<PrefixTree>();
    new Replay(tasks(count), {
      fleet: roundFleet({ workers: 2, capacity: { hbm: 60, dram: 30, nvme: 0 } }), policy: (future) => policies.slackwater.make({}, future), arrivals: { kind: 'closed', concurrency: 8 }, seed: 1,
      onStep: () => { for (const tree of size.mock.contexts) trees.add(tree as PrefixTree); for (const tree of trees) most = Math.max(most, tree.size); },
    }).run();
    size.mockRestore();
    return most;
  });
  expect(sizes[1]).toBeLessThan(1.2 * sizes[0]!);
  expect(sizes[1]).toBeLessThan(200);
});
