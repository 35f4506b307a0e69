import { expect, test } from 'vitest';
import { KvMemory } from './kv-memory.ts';
import { type Path, PrefixTree } from './prefix-tree.ts';

type Runs = readonly (readonly [number, number])[];
/** A memory in which those prompts were computed, one after the other. */
function holding(capacity: { hbm: number; dram: number; nvme: number }, ...prompts: readonly Runs[]): { readonly memory: KvMemory; readonly paths: Path[] } {
  const tree = new PrefixTree(), memory = new KvMemory(capacity, false), paths = prompts.map((runs) => tree.path(runs, 'here'));
  for (const [i, path] of paths.entries()) compute(memory, path, i);
  return { memory, paths };
}
function compute(memory: KvMemory, path: Path, nowMs: number): void {
  const own = path.blocks - memory.find(path).hbm;
  expect(memory.begin(path, own, nowMs)).toBe(true);
  memory.name(path, own);
  memory.end(path, 0, nowMs, path);
}

test('kv memory: a demotion that the tier below has no room for leaves the blocks where they are', () => {
  const { memory, paths: [path] } = holding({ hbm: 10, dram: 2, nvme: 0 }, [[0, 5]]);
  expect(memory.demote(path!, 'dram', 10)).toBe(0);
  expect(memory.find(path!)).toEqual({ hbm: 5, dram: 0, nvme: 0 });
});

test('kv memory: a recall stops at a hole, what lies behind it stays below', () => {
  const { memory, paths: [trunk, whole, other] } = holding({ hbm: 20, dram: 6, nvme: 0 }, [[0, 4]], [[0, 4], [100, 2]], [[500, 2]]);
  memory.demote(whole!, 'dram', 10);
  expect(memory.find(whole!)).toEqual({ hbm: 0, dram: 6, nvme: 0 });
  // The trunk is worth the least, so its end is what gives way in dram.
  memory.setValue(whole!, 3, 0);
  memory.setValue(trunk!, -1, 0);
  memory.demote(other!, 'dram', 11);
  expect(memory.find(whole!)).toEqual({ hbm: 0, dram: 2, nvme: 0 });
  expect(memory.recall(whole!, 12)).toBe(2);
  memory.check();
  expect(memory.find(whole!)).toEqual({ hbm: 2, dram: 0, nvme: 0 });
});

test('kv memory: orders of eviction do not grow with uses', () => {
  const { memory, paths } = holding({ hbm: 100, dram: 100, nvme: 0 }, [[0, 4]], [[0, 4], [100, 2]]);
  for (let nowMs = 10; nowMs < 10_000; nowMs++) {
    compute(memory, paths[nowMs % 2]!, nowMs);
    memory.setValue(paths[nowMs % 2]!, nowMs % 7, nowMs % 3 === 0 ? nowMs + 50 : 0);
  }
  expect(memory.places).toBeLessThan(200);
});

test('kv memory: a branch that its trace has left goes before prefixes in use, whatever it was worth', () => {
  const tree = new PrefixTree(), memory = new KvMemory({ hbm: 10, dram: 0, nvme: 0 }, false);
  const [left, now, other] = [tree.path([[0, 4]], 'a'), tree.path([[100, 4]], 'a'), tree.path([[200, 6]], 'b')];
  const run = (path: typeof left, nowMs: number): void => {
    memory.begin(path, path.blocks, nowMs);
    memory.name(path, path.blocks);
    memory.end(path, 0, nowMs, path);
  };
  run(left, 0);
  memory.addLane(left);
  memory.setValue(left, 1e14, 1e9);
  run(now, 1);
  memory.addLane(now);
  memory.removeLane(left); // Its history was rewritten.
  memory.setValue(now, 5, 0);
  run(other, 2);
  memory.check();
  expect([left, now, other].map((path) => memory.find(path).hbm)).toEqual([0, 4, 6]);
});

test('kv memory: what a run leaves that others keep by name is not free once it has left', () => {
  const tree = new PrefixTree(), memory = new KvMemory({ hbm: 12, dram: 0, nvme: 0 }, false);
  const [twice, other] = [tree.path([[0, 4]], 'a'), tree.path([[100, 11]], 'b')];
  // Two runs compute the same prompt; the first has one block of it when it is asked to leave.
  for (const nowMs of [0, 1]) expect(memory.begin(twice, 4, nowMs)).toBe(true);
  const leaver = { kept: twice, blocks: 4, leaves: tree.path([[0, 1]], 'a') };
  expect([7, 8].map((blocks) => memory.wouldBegin(other, blocks, [leaver]))).toEqual([true, false]);
  // Whoever needs that block itself does not need it twice.
  expect([7, 8].map((blocks) => memory.wouldBegin(twice, blocks, [leaver]))).toEqual([true, true]);
  memory.end(twice, 4, 2, leaver.leaves);
  expect([8, 7].map((blocks) => memory.begin(other, blocks, 3))).toEqual([false, true]);
  // Of two that leave some of what a third one keeps, the one that leaves more counts.
  const more = new KvMemory({ hbm: 16, dram: 0, nvme: 0 }, false);
  for (const nowMs of [0, 1, 2]) expect(more.begin(twice, 4, nowMs)).toBe(true);
  const both = [3, 1].map((blocks) => ({ kept: twice, blocks: 4, leaves: tree.path([[0, blocks]], 'a') }));
  expect([9, 10].map((blocks) => more.wouldBegin(other, blocks, both))).toEqual([true, false]);
});

test('kv memory: a prompt may differ after a change of its own, however many others follow, and not before', () => {
  const tree = new PrefixTree(), memory = new KvMemory({ hbm: 8, dram: 0, nvme: 0 }, false), [watched, other] = [tree.path([[0, 4]], 'a'), tree.path([[100, 8]], 'b')];
  compute(memory, watched, 1);
  const { version } = memory;
  expect(memory.mayDiffer(watched, true, version)).toBe(false);
  // The first change is that what is watched goes.
  while (memory.version - version < 100) {
    compute(memory, other, 2);
    expect(memory.mayDiffer(watched, false, version)).toBe(true);
    expect(memory.mayDiffer(other, false, memory.version - 1)).toBe(true);
    memory.forget(other);
    expect(memory.mayDiffer(watched, false, version)).toBe(true);
    expect(memory.mayDiffer(watched, true, memory.version - 1)).toBe(false);
  }
  const late = memory.version;
  memory.clear();
  expect(memory.mayDiffer(watched, false, late)).toBe(true);
});

test('kv memory: a prompt of which only copies below were pushed out may differ', () => {
  const { memory, paths: [path, other] } = holding({ hbm: 20, dram: 6, nvme: 0 }, [[0, 4]], [[500, 4]]);
  memory.demote(path!, 'dram', 10);
  const { version } = memory;
  memory.demote(other!, 'dram', 11);
  expect(memory.find(path!)).toEqual({ hbm: 0, dram: 2, nvme: 0 });
  expect(memory.mayDiffer(path!, false, version)).toBe(true);
});
