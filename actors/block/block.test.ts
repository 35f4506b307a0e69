import { describe, expect, test } from 'vitest';
import type { BlockEvents, Tier } from '../../schemas/messages.ts';
import { limits } from '../lib/limits.ts';
import type { Instant } from '../lib/logic.ts';
import { type Directory, type DirectoryEffect, blockDirectory, directoryLimits, emptyDirectory } from './block.ts';
import { holders, lookup } from './lookup.ts';

const at = (ms: number): Instant => ms as Instant;

/** Names of blocks first … first+count-1 of conversation `talk`. */
function chain(talk: number, first: number, count: number): Uint8Array {
  const words = new Uint32Array(count * 4);
  for (let i = 0; i < count; i++) words.set([talk, first + i, 7, talk ^ (first + i)], i * 4);
  return new Uint8Array(words.buffer);
}

function batch(node: string, seq: number, events: readonly [op: 'stored' | 'removed', tier: Tier, chain: Uint8Array][], more: Partial<BlockEvents> = {}): BlockEvents {
  return { kind: 'blockEvents', node, epoch: 1, seq, isSnapshot: false, events: events.map(([op, tier, names]) => ({ op, tier, chain: names })), from: 0, next: 0, ...more };
}

const snapshot = (node: string, seq: number, events: Parameters<typeof batch>[2], epoch = 1): BlockEvents => batch(node, seq, events, { isSnapshot: true, epoch });

const wanted = (node: string, from = 0): DirectoryEffect => ({ kind: 'snapshotWanted', node, from });

function feed(directory: Directory, batches: readonly BlockEvents[], nowMs = 0): DirectoryEffect[] {
  return batches.flatMap((each) => [...blockDirectory.step(directory, { kind: 'blocks', batch: each }, at(nowMs)).effects]);
}

describe('block directory', () => {
  test('a node that is new asks for a snapshot, and its blocks count once that is here', () => {
    const directory = emptyDirectory();
    expect(blockDirectory.step(directory, { kind: 'nodeSeen', node: 'w1', epoch: 1 }, at(0)).effects).toEqual([wanted('w1')]);
    expect(lookup(directory, chain(1, 0, 4))).toEqual([]);
    feed(directory, [snapshot('w1', 0, [['stored', 'hbm', chain(1, 0, 4)]])]);
    expect(lookup(directory, chain(1, 0, 9))).toEqual([{ node: 'w1', hbm: 4, dram: 0, total: 4 }]);
    expect(blockDirectory.step(directory, { kind: 'nodeSeen', node: 'w1', epoch: 1 }, at(9_000)).effects).toEqual([]);
  });

  test('blocks demoted from the tail are told apart from those still resident', () => {
    const directory = emptyDirectory();
    feed(directory, [
      snapshot('w1', 0, []),
      batch('w1', 1, [['stored', 'hbm', chain(1, 0, 100)]]),
      batch('w1', 2, [['stored', 'dram', chain(1, 40, 60)], ['removed', 'hbm', chain(1, 40, 60)]]),
    ]);
    expect(lookup(directory, chain(1, 0, 120))).toEqual([{ node: 'w1', hbm: 40, dram: 60, total: 100 }]);
    expect(holders(directory, chain(1, 50, 1))).toEqual({ hbm: [], dram: ['w1'] });
  });

  test('a gap in the sequence asks for a snapshot, and batches sent after it was taken are applied on top', () => {
    const directory = emptyDirectory();
    feed(directory, [snapshot('w1', 0, []), batch('w1', 1, [['stored', 'hbm', chain(1, 0, 2)]])]);
    expect(feed(directory, [batch('w1', 3, [['stored', 'hbm', chain(1, 4, 2)]])])).toEqual([wanted('w1')]);
    expect(feed(directory, [batch('w1', 4, [['removed', 'hbm', chain(1, 5, 1)]])])).toEqual([]);
    expect(lookup(directory, chain(1, 0, 6)), 'old rows stay until the snapshot').toEqual([{ node: 'w1', hbm: 2, dram: 0, total: 2 }]);
    expect(feed(directory, [snapshot('w1', 3, [['stored', 'hbm', chain(1, 0, 6)]])])).toEqual([]);
    expect(lookup(directory, chain(1, 0, 6))).toEqual([{ node: 'w1', hbm: 5, dram: 0, total: 5 }]);
    expect(directory.nodes.get('w1')).toMatchObject({ seq: 4, hbm: 5 });
  });

  test('a snapshot that is too old for the batches held asks for another at once', () => {
    const directory = emptyDirectory();
    feed(directory, [snapshot('w1', 0, []), batch('w1', 5, [])]);
    expect(feed(directory, [snapshot('w1', 3, [])])).toEqual([wanted('w1')]);
    expect(feed(directory, [snapshot('w1', 4, [])])).toEqual([]);
    expect(directory.nodes.get('w1')?.seq).toBe(5);
  });

  test('a snapshot in parts counts when all are here, with what came between them on top', () => {
    const directory = emptyDirectory();
    const part = (seq: number, from: number, next: number, ...events: Parameters<typeof batch>[2]): BlockEvents => batch('w1', seq, events, { isSnapshot: true, from, next });
    expect(feed(directory, [snapshot('w1', 0, [['stored', 'hbm', chain(1, 0, 1)]]), batch('w1', 4, [])])).toEqual([wanted('w1')]);
    expect(feed(directory, [part(4, 0, 9, ['stored', 'hbm', chain(1, 0, 6)])])).toEqual([wanted('w1', 9)]);
    expect(feed(directory, [part(4, 0, 9, ['stored', 'hbm', chain(2, 0, 6)])]), 'an answer that came twice').toEqual([]);
    // Between the parts a block of the first goes, and one of the second comes and is in it already.
    expect(feed(directory, [batch('w1', 5, [['removed', 'hbm', chain(1, 5, 1)], ['stored', 'hbm', chain(3, 0, 2)]]), batch('w1', 6, [['removed', 'hbm', chain(3, 1, 1)]])])).toEqual([]);
    expect(lookup(directory, chain(1, 0, 6)), 'old rows stay until the last part').toEqual([{ node: 'w1', hbm: 1, dram: 0, total: 1 }]);
    expect(feed(directory, [part(6, 9, 0, ['stored', 'hbm', chain(3, 0, 1)])])).toEqual([]);
    expect([chain(1, 0, 6), chain(2, 0, 6), chain(3, 0, 6)].map((each) => lookup(directory, each)[0]?.total ?? 0)).toEqual([5, 0, 1]);
    expect(directory.nodes.get('w1')).toMatchObject({ seq: 6, hbm: 6, parts: [] });
    expect(feed(directory, [batch('w1', 7, [['removed', 'hbm', chain(1, 4, 1)]])])).toEqual([]);
  });

  test('a snapshot in parts begins anew when a batch between them is lost, and when its node does', () => {
    const directory = emptyDirectory();
    const part = (seq: number, from: number, next: number, epoch = 1): BlockEvents => batch('w1', seq, [['stored', 'hbm', chain(1, from, 1)]], { isSnapshot: true, from, next, epoch });
    expect(feed(directory, [batch('w1', 1, []), part(1, 0, 1), part(3, 1, 0)])).toEqual([wanted('w1'), wanted('w1', 1), wanted('w1')]);
    expect(feed(directory, [part(3, 0, 1), part(3, 1, 0)])).toEqual([wanted('w1', 1)]);
    expect(directory.nodes.get('w1')?.seq).toBe(3);
    expect(feed(directory, [batch('w1', 5, []), part(5, 0, 1), part(1, 1, 0, 2)])).toEqual([wanted('w1'), wanted('w1', 1), wanted('w1')]);
    expect(lookup(directory, chain(1, 0, 2))).toEqual([]);
    expect(feed(directory, [part(1, 0, 1, 2), part(1, 1, 0, 2)])).toEqual([wanted('w1', 1)]);
    expect(lookup(directory, chain(1, 0, 2))[0]?.total).toBe(2);
  });

  test('a part that does not come is asked for again, and parts that would never end are not taken', () => {
    const directory = emptyDirectory();
    const part = (from: number, next: number): BlockEvents => batch('w1', 1, [], { isSnapshot: true, from, next });
    expect(feed(directory, [batch('w1', 1, []), part(0, 5)])).toEqual([wanted('w1'), wanted('w1', 5)]);
    expect(blockDirectory.step(directory, { kind: 'tick' }, at(1_000)).effects).toEqual([wanted('w1', 5)]);
    expect(feed(directory, [part(5, 5), part(5, 4), part(5, limits.snapshotPartsMax)], 1_100)).toEqual([]);
    expect(directory.nodes.get('w1')?.parts.length).toBe(1);
    expect(feed(directory, [part(5, 0)], 1_200)).toEqual([]);
    expect(directory.nodes.get('w1')?.seq).toBe(1);
  });

  test('a snapshot that does not come is asked for again, once a second', () => {
    const directory = emptyDirectory();
    feed(directory, [batch('w1', 1, [])]);
    expect(blockDirectory.step(directory, { kind: 'tick' }, at(900)).effects).toEqual([]);
    expect(blockDirectory.step(directory, { kind: 'tick' }, at(1_000)).effects).toEqual([wanted('w1')]);
    expect(feed(directory, [batch('w1', 2, [])], 1_500)).toEqual([]);
    for (let seq = 3; seq < 300; seq++) feed(directory, [batch('w1', seq, [])], 1_500);
    expect(directory.nodes.get('w1')?.held.length).toBe(directoryLimits.heldMax);
  });

  test('a batch delivered twice changes nothing, and one of an older epoch is not heard', () => {
    const directory = emptyDirectory();
    const stored = batch('w1', 1, [['stored', 'hbm', chain(1, 0, 3)]]);
    const removed = batch('w1', 2, [['removed', 'hbm', chain(1, 2, 1)]]);
    feed(directory, [snapshot('w1', 0, []), stored, removed, stored]);
    expect(lookup(directory, chain(1, 0, 3))[0]?.total).toBe(2);
    feed(directory, [snapshot('w1', 0, [['stored', 'dram', chain(1, 0, 1)]], 2)]);
    expect(feed(directory, [batch('w1', 3, [['stored', 'hbm', chain(1, 0, 3)]])])).toEqual([]);
    expect(lookup(directory, chain(1, 0, 3))).toEqual([{ node: 'w1', hbm: 0, dram: 1, total: 1 }]);
  });

  test('a node that starts anew loses its blocks at once, and a lost node those of all tiers', () => {
    const directory = emptyDirectory();
    feed(directory, [snapshot('w1', 0, [['stored', 'hbm', chain(1, 0, 50)]]), snapshot('w2', 0, [['stored', 'hbm', chain(1, 0, 20)], ['stored', 'dram', chain(1, 20, 5)]])]);
    expect(feed(directory, [batch('w1', 1, [], { epoch: 2 })])).toEqual([wanted('w1')]);
    expect(lookup(directory, chain(1, 0, 50))).toEqual([{ node: 'w2', hbm: 20, dram: 5, total: 25 }]);
    blockDirectory.step(directory, { kind: 'nodeLost', node: 'w2' }, at(0));
    expect(lookup(directory, chain(1, 0, 50))).toEqual([]);
    expect(directory.table.used).toBe(0);
  });

  test('the 33rd node is refused once, with the numbers, and admitted when another has gone', () => {
    const directory = emptyDirectory();
    for (let i = 0; i < 32; i++) feed(directory, [snapshot(`w${i}`, 0, [['stored', 'hbm', chain(1, 0, i + 1)]])]);
    expect(lookup(directory, chain(1, 0, 40)).map((each) => each.total).sort((a, b) => a - b)).toEqual(Array.from({ length: 32 }, (_, i) => i + 1));
    const refusal = feed(directory, [batch('w32', 1, [])]);
    expect(refusal).toEqual([{ kind: 'nodeRefused', node: 'w32', message: 'the block directory knows 32 of 32 nodes; w32 takes part without it' }]);
    expect(feed(directory, [batch('w32', 2, [])])).toEqual([]);
    blockDirectory.step(directory, { kind: 'nodeLost', node: 'w31' }, at(0));
    expect(feed(directory, [batch('w32', 3, [])])).toEqual([wanted('w32')]);
  });

  test('a full directory records no more blocks and says how many it left out', () => {
    const directory = emptyDirectory(10);
    feed(directory, [snapshot('w1', 0, [['stored', 'hbm', chain(1, 0, 25)]])]);
    expect(directory).toMatchObject({ unrecorded: 15 });
    expect(lookup(directory, chain(1, 0, 25))).toEqual([{ node: 'w1', hbm: 10, dram: 0, total: 10 }]);
  });
});
