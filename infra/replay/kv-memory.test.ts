import { expect, test } from 'vitest';
import { KvMemory } from './kv-memory.ts';
import { PrefixTree } from './prefix-tree.ts';

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
