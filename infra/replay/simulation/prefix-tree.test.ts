import { expect, test } from 'vitest';
import { InputError } from '../input-error.ts';
import { type Path, PrefixTree, emptyPath, extendsPath, pathUpTo } from './prefix-tree.ts';

type Runs = readonly (readonly [number, number])[];
const shape = (path: Path): number[][] => path.segments.map(({ first, offset, depth }, i) => [first, path.uses[i]!, offset, depth]);
const after = (...earlier: readonly Runs[]): PrefixTree => { const tree = new PrefixTree(); for (const runs of earlier) tree.path(runs, 'trace a, step 1'); return tree; };

test('prefix tree: a prompt that only grows stays one segment, however the file cuts its runs', () => {
  const tree = new PrefixTree();
  const first = tree.path([[0, 3]], ''), cut = tree.path([[0, 2], [2, 3]], ''), long = tree.path([[0, 200]], '');
  expect([first, cut, long].map(shape)).toEqual([[[0, 3, 0, 0]], [[0, 5, 0, 0]], [[0, 200, 0, 0]]]);
  expect(new Set([first, cut, long].map(({ segments }) => segments[0])).size).toBe(1);
  expect(tree.size).toBe(1);
});

test('prefix tree: branches begin with a new id, behind as many blocks of their parent as they share', () => {
  const tree = after([[0, 10]]);
  expect(shape(tree.path([[0, 4], [50, 2], [60, 1]], ''))).toEqual([[0, 4, 0, 0], [50, 2, 4, 1], [60, 1, 2, 2]]);
  expect(shape(tree.path([[0, 4], [50, 3]], ''))).toEqual([[0, 4, 0, 0], [50, 3, 4, 1]]);
  expect(shape(tree.path([[0, 7], [80, 1]], ''))).toEqual([[0, 7, 0, 0], [80, 1, 7, 1]]);
  expect(tree.size).toBe(4);
  expect(tree.path([], '')).toEqual(emptyPath);
});

test('prefix tree: a path that begins with all of another extends it, one that leaves it earlier does not', () => {
  const tree = new PrefixTree();
  const start = tree.path([[0, 4], [50, 2]], '');
  const extendedBy = (runs: Runs): boolean => extendsPath(tree.path(runs, ''), start);
  expect(([[[0, 4], [50, 2]], [[0, 4], [50, 5]], [[0, 4], [50, 2], [70, 1]]] as Runs[]).map(extendedBy)).toEqual([true, true, true]);
  expect(([[[0, 9]], [[0, 4], [50, 1]], [[0, 4]], []] as Runs[]).map(extendedBy)).toEqual([false, false, false, false]);
  expect(extendsPath(emptyPath, emptyPath)).toBe(true);
});

test('prefix tree: the first blocks of a path end inside a segment, at its edge, or are all of it', () => {
  const path = new PrefixTree().path([[0, 4], [50, 2]], '');
  expect([0, 3, 4, 5, 6, 9].map((blocks) => pathUpTo(path, blocks)).map(({ uses, blocks }) => [uses, blocks])).toEqual([[[], 0], [[3], 3], [[4], 4], [[4, 1], 5], [[4, 2], 6], [[4, 2], 6]]);
});

const contradictions: readonly (readonly [string, readonly Runs[], Runs, string])[] = [
  ['a branch under another parent', [[[0, 4], [50, 2]]], [[10, 4], [50, 2]], 'block 50 follows block 13 here and block 3 in an earlier prompt'],
  ['a branch at another block of its parent', [[[0, 4], [50, 2]]], [[0, 5], [50, 2]], 'block 50 follows block 4 here and block 3 in an earlier prompt'],
  ['a first block that had one before it', [[[0, 4], [50, 2]]], [[50, 2]], 'block 50 follows no other here and block 3 in an earlier prompt'],
  ['a run into the first block of a branch', [[[0, 4], [50, 2]]], [[0, 4], [48, 3]], 'block 50 follows block 49 here and block 3 in an earlier prompt'],
  ['a branch from within an earlier run', [[[0, 12]]], [[0, 5], [7, 1]], 'block 7 follows block 4 here and block 6 in an earlier prompt'],
  ['a prompt that begins within an earlier run', [[[0, 12]]], [[11, 2]], 'block 11 follows no other here and block 10 in an earlier prompt'],
  ['a run that grows into another prompt', [[[0, 4]], [[6, 4]]], [[0, 8]], 'block 6 follows block 5 here and no other in an earlier prompt'],
];
for (const [what, earlier, runs, message] of contradictions) {
  test(`prefix tree: ${what} is refused with trace, step and both neighbours`, () => {
    const ask = (): unknown => after(...earlier).path(runs, 'trace b, step 7');
    expect(ask).toThrow(InputError);
    expect(ask).toThrow(`trace b, step 7: ${message}`);
  });
}
