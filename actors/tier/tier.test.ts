import { describe, expect, test } from 'vitest';
import { namesOf, packNames } from '../lib/chain.ts';
import type { Instant } from '../lib/logic.ts';
import { blocksFound } from './held.ts';
import type { TierAlarm, TierConfig, TierEffect, TierEvent } from './types.ts';
import { newTier, tier } from './tier.ts';

const config: TierConfig = { node: 'w1', epoch: 3, hbmBlocks: 20, dramBlocks: 20, flushMs: 5, batchMax: 4, pinMs: 1_000, lanesMax: 3, pinShare: 0.5, offload: true };
const trace = 'tr_00a';
const nameOf = (n: number): string => n.toString(16).padStart(32, '0');
const chainOf = (from: number, to: number): Uint8Array => packNames(Array.from({ length: to - from }, (_, i) => nameOf(from + i)));

function driver(overrides: Partial<TierConfig> = {}) {
  const logic = tier({ ...config, ...overrides });
  const state = newTier();
  const alarms: TierAlarm[] = [];
  const tell = (event: TierEvent, now = 0): readonly TierEffect[] => {
    const { effects } = logic.step(state, event, now as Instant);
    for (const effect of effects) if (effect.kind === 'alarm') alarms.push(effect.alarm);
    return effects;
  };
  const ran = (lane: string, from: number, to: number, roomBlocks = 20) => {
    tell({ kind: 'laneStarted', lane, trace });
    return tell({ kind: 'laneEnded', lane, chain: chainOf(from, to), roomBlocks });
  };
  const gap = (lane: string, demoteAfterMs: number | null, recallAfterMs: number | null, now = 0) =>
    tell({ kind: 'gap', order: { kind: 'gap', trace, lane, keepValue: 0.7, demoteAfterMs, recallAfterMs } }, now);
  const pin = (lane: string, roomBlocks = 20) => tell({ kind: 'pin', order: { kind: 'pin', trace, lane, tier: 'hbm' }, roomBlocks });
  const stored = (from: number, to: number) => tell({ kind: 'blocks', events: namesOf(chainOf(from, to)).map((name) => ({ op: 'stored', tier: 'hbm', name: packNames([name]), evicted: false })) });
  return { state, alarms, tell, ran, gap, pin, stored, fire: (what: TierAlarm['what']) => tell({ kind: 'alarm', alarm: alarms.findLast((alarm) => alarm.what === what)! }) };
}
const heldIn = (answer: TierEffect): string[] =>
  answer.kind !== 'answer' ? [] : answer.snapshot.events.flatMap(({ tier: where, chain }) => namesOf(chain).map((name) => `${where} ${name}`)).sort();
const kinds = (effects: readonly TierEffect[]): string[] => effects.map(({ kind }) => kind);

describe('tier: a gap', () => {
  test('pairs a demotion with a recall, at the times that the order says', () => {
    const { alarms, ran, gap, fire } = driver();
    ran('l', 0, 3);
    expect(gap('l', 100, 900, 50)).toContainEqual({ kind: 'retain', lane: 'l', value: 0.7 });
    expect(alarms.map(({ what, atMs }) => [what, atMs])).toEqual([['demote', 150], ['recall', 950]]);
    expect(fire('demote')).toEqual([{ kind: 'demote', lane: 'l' }]);
    expect(fire('recall')).toEqual([{ kind: 'recall', lane: 'l' }]);
  });

  test('ended by a run of the lane, changes nothing any more, also when its alarms come late', () => {
    const { ran, gap, fire, tell } = driver();
    ran('l', 0, 3);
    gap('l', 100, 900);
    expect(kinds(tell({ kind: 'laneStarted', lane: 'l', trace }))).toEqual(['forgetAlarms']);
    expect(fire('demote')).toEqual([]);
    expect(fire('recall')).toEqual([]);
  });

  test('ordered while the next run is granted already, sets no alarm', () => {
    const { alarms, ran, gap, tell } = driver();
    ran('l', 0, 3);
    tell({ kind: 'laneStarted', lane: 'l', trace });
    gap('l', 100, 900);
    expect(alarms).toEqual([]);
  });

  test('shorter than the time to the demotion, demotes nothing', () => {
    const { alarms, ran, gap } = driver();
    ran('l', 0, 3);
    gap('l', 900, 100);
    expect(alarms.map(({ what }) => what)).toEqual(['recall']);
  });

  test('on a node without offload, does nothing', () => {
    const { alarms, ran, gap, pin } = driver({ offload: false });
    ran('l', 0, 3);
    expect(gap('l', 100, 900)).toEqual([]);
    expect(pin('l')).toEqual([]);
    expect(alarms).toEqual([]);
  });
});

describe('tier: a pin', () => {
  test('stays in hbm while it fits under the share and beside what is promised, else goes to dram', () => {
    const { ran, pin } = driver();
    ran('a', 0, 6);
    ran('b', 100, 106);
    ran('c', 200, 203);
    expect(pin('a')).toContainEqual({ kind: 'pin', lane: 'a', tier: 'hbm' });
    expect(pin('b')).toContainEqual({ kind: 'pin', lane: 'b', tier: 'dram' }); // 12 of 20 blocks is more than half.
    expect(pin('c', 2)).toContainEqual({ kind: 'pin', lane: 'c', tier: 'dram' }); // 3 blocks, room for 2.
  });

  test('counts a shared block once, and frees it with the last lane', () => {
    const { state, ran, pin, tell } = driver();
    ran('a', 0, 6);
    ran('b', 0, 8);
    pin('a');
    pin('b');
    expect(state.pins.hbm.size).toBe(8);
    tell({ kind: 'unpin', order: { kind: 'unpin', trace, lane: 'b' } });
    expect(state.pins.hbm.size).toBe(6);
    expect(tell({ kind: 'drop', order: { kind: 'drop', trace, lane: 'a' } })).toContainEqual({ kind: 'pinned', names: [] });
    expect(state.pins.hbm.size).toBe(0);
  });

  test('that nobody repeats, ends; one that is repeated goes on', () => {
    const { state, alarms, ran, pin, tell } = driver();
    ran('a', 0, 6);
    pin('a');
    const [first] = alarms;
    pin('a');
    tell({ kind: 'alarm', alarm: first! });
    expect(state.pins.hbm.size).toBe(6);
    tell({ kind: 'alarm', alarm: alarms.at(-1)! });
    expect(state.pins.hbm.size).toBe(0);
    expect(state.lanes.get('a')!.pin).toBeNull();
  });

  test('gives way when nothing else could run', () => {
    const { state, ran, pin, tell } = driver();
    ran('a', 0, 6);
    pin('a');
    expect(tell({ kind: 'yieldPins' })).toContainEqual({ kind: 'pin', lane: 'a', tier: 'dram' });
    expect(state.pins.hbm.size).toBe(0);
    expect(state.pins.dram.size).toBe(6);
  });

  test('grows with its lane, and leaves hbm when the growth has no room', () => {
    const { state, ran, pin } = driver();
    ran('a', 0, 6);
    pin('a');
    ran('a', 0, 8, 2);
    expect(state.pins.hbm.size).toBe(8);
    ran('a', 0, 9, 0);
    expect([state.pins.hbm.size, state.pins.dram.size]).toEqual([0, 9]);
  });
});

describe('tier: block events', () => {
  test('go in batches of the largest size, the rest after a moment, each with the next sequence', () => {
    const { stored, fire } = driver();
    const first = stored(0, 6);
    expect(first[0]).toMatchObject({ kind: 'publish', batch: { node: 'w1', epoch: 3, seq: 1, isSnapshot: false, events: [{ op: 'stored', tier: 'hbm', chain: chainOf(0, 4) }] } });
    expect(fire('flush')).toMatchObject([{ kind: 'publish', batch: { seq: 2, events: [{ chain: chainOf(4, 6) }] } }]);
  });

  test('a snapshot says all that is held, and stands exactly at the last batch', () => {
    const { stored, tell } = driver();
    stored(0, 2);
    const [flushed, answer] = tell({ kind: 'snapshotAsked', token: 9, from: 0 });
    expect(flushed).toMatchObject({ kind: 'publish', batch: { seq: 1 } });
    expect(answer).toMatchObject({ kind: 'answer', token: 9, snapshot: { kind: 'blockEvents', node: 'w1', epoch: 3, seq: 1, isSnapshot: true, from: 0, next: 0 } });
    expect(heldIn(answer!)).toEqual([`hbm ${nameOf(0)}`, `hbm ${nameOf(1)}`]);
  });

  test('a snapshot of many blocks has parts, each as of its own moment, and misses none that stays', () => {
    const { stored, tell } = driver({ hbmBlocks: 50_000, dramBlocks: 50_000, batchMax: 100_000 });
    stored(0, 40_000);
    const removed = namesOf(chainOf(0, 1_000)).map((name) => ({ op: 'removed' as const, tier: 'hbm' as const, name: packNames([name]), evicted: true }));
    const seen: string[] = [], seqs: number[] = [];
    for (let from = 0, part = 0; part === 0 || from > 0; part++) {
      const answer = tell({ kind: 'snapshotAsked', token: part, from }).at(-1)!;
      const { snapshot } = answer as Extract<TierEffect, { kind: 'answer' }>;
      expect(snapshot.events.reduce((sum, { chain }) => sum + chain.length, 0)).toBeLessThan(300_000);
      expect(snapshot.from).toBe(from);
      seen.push(...heldIn(answer));
      seqs.push(snapshot.seq);
      from = snapshot.next;
      if (part === 0) tell({ kind: 'blocks', events: removed });
      if (part === 1) stored(40_000, 41_000);
    }
    expect(seqs).toEqual([1, 2, 3]);
    const said = new Set(seen);
    expect(said.size).toBe(seen.length);
    expect(Array.from({ length: 39_000 }, (_, i) => `hbm ${nameOf(1_000 + i)}`).filter((name) => !said.has(name))).toEqual([]);
  });

  test('more blocks than there are is a bug, and is not survived', () => {
    const { stored } = driver();
    expect(() => stored(0, 21)).toThrow('hbm holds 21 of 20 blocks');
  });
});

test('tier: beyond the most lanes the least recently used idle one is forgotten, never one that runs or is pinned', () => {
  const { state, ran, pin, tell } = driver();
  ran('pinned', 0, 2);
  pin('pinned');
  tell({ kind: 'laneStarted', lane: 'busy', trace });
  ran('old', 4, 5);
  expect(tell({ kind: 'laneStarted', lane: 'new', trace })).toContainEqual({ kind: 'dropLane', lane: 'old' });
  expect([...state.lanes.keys()]).toEqual(['pinned', 'busy', 'new']);
});

test('tier: a lane dropped while it runs is dropped at its end', () => {
  const { state, tell } = driver();
  tell({ kind: 'laneStarted', lane: 'l', trace });
  expect(kinds(tell({ kind: 'drop', order: { kind: 'drop', trace, lane: 'l' } }))).not.toContain('dropLane');
  expect(tell({ kind: 'laneEnded', lane: 'l', chain: chainOf(0, 1), roomBlocks: 9 })).toContainEqual({ kind: 'dropLane', lane: 'l' });
  expect(state.lanes.size).toBe(0);
});

test('tier: of a prompt a run would find the blocks before the first that neither tier has', () => {
  const { state, tell, stored } = driver();
  stored(0, 3);
  tell({ kind: 'blocks', events: [{ op: 'stored', tier: 'dram', name: packNames([nameOf(3)]), evicted: false }] });
  stored(5, 7);
  const found = (from: number, to: number): number => blocksFound(state.held, namesOf(chainOf(from, to)));
  expect([found(0, 3), found(0, 4), found(0, 7), found(3, 4), found(4, 7), found(0, 0)]).toEqual([3, 4, 4, 1, 0, 0]);
});
