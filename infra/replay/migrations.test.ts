import { describe, expect, test } from 'vitest';
import { broughtFrom } from '../../actors/control/migration.ts';
import type { Policy } from '../../actors/control/policy.ts';
import type { Fleet } from './fleet.ts';
import { type HandStep, plain, taskOf, traceOf } from './hand-made.fixture.ts';
import type { ReplayResult } from './measures.ts';
import { Replay, type ReplayOptions } from './replay.ts';
import { roundFleet, roundModel } from './round-numbers.fixture.ts';
import type { Task } from './tasks.ts';

/*
 * A block of 12.5 MB takes 10 ms over 10 gbit, and the way 3 ms. An iteration takes 4 ms and 1 ms for each token in it, up to 128 of prompts; so 4 blocks are computed in 264 ms,
 * and are there in 43 ms from another worker. An order is 2 ms on its way.
 */
const model = { ...roundModel, kvBytesPerValue: 12_500_000 / 256 };
const near = { bytesPerS: 1.25e9, latencyMs: 3 };
const fleetOf = (given: Partial<Fleet> = {}): Fleet => roundFleet({ model, workers: 3, network: { near, far: null }, ...given });

/** Each step to the worker that `places` names, w1 unless told; what it lacks comes from whoever has the most, by name. */
const sent = (places: Readonly<Record<string, string>>): Policy => plain({
  place: ({ step }, candidates) => candidates.find(({ worker }) => worker === (places[step] ?? 'w1')) ?? null,
  migrate: (_ask, to, candidates) => candidates.toSorted((a, b) => b.held.hbmTokens + b.held.dramTokens - a.held.hbmTokens - a.held.dramTokens).map((from) => broughtFrom(from, to))[0] ?? null,
});

/** Four blocks from `first` on, and after a gap a fifth. */
const fourAndOne = (first: number): HandStep[] => [{ prompt: 256, blocks: [[first, 4]] }, { gapMs: 100, prompt: 320, blocks: [[first, 5]] }];

interface Row { readonly step: string; readonly worker: string; readonly recallMs: number; readonly endedMs: number; readonly hit: number; readonly migrated: number; readonly computed: number }
function replay(tasks: readonly Task[], policy: Policy, given: Partial<ReplayOptions> = {}): { readonly result: ReplayResult; readonly rows: Readonly<Record<string, Row>> } {
  const rows: Record<string, Row> = {};
  const result = new Replay(tasks, {
    fleet: fleetOf(), policy: () => policy, arrivals: { kind: 'recorded', scale: 1 }, seed: 1, ...given,
    onStep: ({ trace, seq }, { worker, end: { recallMs, usage: { hit, migrated, computed } } }, endedMs) => { rows[`${trace}/${seq}`] = { step: `${trace}/${seq}`, worker, recallMs, endedMs, hit, migrated, computed }; },
  }).run();
  return { result, rows };
}

describe('migrations, on paper', () => {
  test('four blocks come over 10 gbit, and the fifth is computed when they are there', () => {
    const { rows, result } = replay([taskOf(traceOf('a', fourAndOne(0)))], sent({ 'a/2': 'w2' }));
    // a/1 ends at 2 + 132 + 132; a/2 comes 100 later, is there at 368, has its KV at 411, and computes 64 tokens.
    expect(rows['a/1']).toMatchObject({ worker: 'w1', endedMs: 266, migrated: 0, computed: 256 });
    expect(rows['a/2']).toMatchObject({ worker: 'w2', recallMs: 43, endedMs: 479, hit: 0, migrated: 256, computed: 64 });
    expect(result).toMatchObject({ tokens: { prompt: 576, hit: 0, recalled: 0, migrated: 256, computed: 320, avoidable: 0 }, migrations: { transfers: 1, blocks: 4, sentBytes: 5e7, receivedBytes: 5e7, lostBytes: 0 } });
    expect(result.secondsOf.recall).toBeCloseTo(0.043, 12);
  });

  test('what came is the receiver\'s: a third step there finds all of it', () => {
    const { rows } = replay([taskOf(traceOf('a', [...fourAndOne(0), { gapMs: 10, prompt: 321, blocks: [[0, 5]] }]))], sent({ 'a/2': 'w2', 'a/3': 'w2' }));
    expect(rows['a/3']).toMatchObject({ hit: 320, migrated: 0, computed: 1, endedMs: 479 + 10 + 2 + 5 });
  });

  test('two transfers over one line follow each other: at the sender', () => {
    // b is as a, on w1 too: the prompts are computed together, until 530. Both go on at 630 + 2, to two workers.
    const { rows } = replay([taskOf(traceOf('a', fourAndOne(0))), taskOf(traceOf('b', fourAndOne(100)))], sent({ 'a/2': 'w2', 'b/2': 'w3' }));
    expect([rows['a/1']!.endedMs, rows['b/1']!.endedMs]).toEqual([266, 530]);
    expect(rows['a/2']).toMatchObject({ recallMs: 43, endedMs: 479 });
    const both = replay([taskOf(traceOf('a', [fourAndOne(0)[0]!, { ...fourAndOne(0)[1]!, gapMs: 364 }])), taskOf(traceOf('b', fourAndOne(100)))], sent({ 'a/2': 'w2', 'b/2': 'w3' })).rows;
    // Both are there at 632: the first to come has the line until 672, the other one until 712.
    expect([both['a/2']!.recallMs, both['b/2']!.recallMs].sort()).toEqual([43, 83]);
    expect([both['a/2']!.endedMs, both['b/2']!.endedMs].sort()).toEqual([632 + 43 + 68, 632 + 83 + 68]);
  });

  test('two transfers over one line follow each other: at the receiver; what a worker sends does not hinder what it gets', () => {
    const tasks = [taskOf(traceOf('a', fourAndOne(0))), taskOf(traceOf('b', fourAndOne(100)))];
    const { rows } = replay(tasks, sent({ 'b/1': 'w2', 'a/2': 'w3', 'b/2': 'w3' }));
    expect([rows['a/2']!.recallMs, rows['b/2']!.recallMs].sort()).toEqual([43, 83]);
    const crossed = replay(tasks, sent({ 'b/1': 'w2', 'a/2': 'w2', 'b/2': 'w1' })).rows;
    expect([crossed['a/2']!.recallMs, crossed['b/2']!.recallMs]).toEqual([43, 43]);
  });

  test('a transfer that would take longer than computing is not made', () => {
    // A block is computed in 66 ms. 67 of its own: 0.1866 gbit.
    const over = (gbit: number): Row => replay([taskOf(traceOf('a', fourAndOne(0)))], sent({ 'a/2': 'w2' }), { fleet: fleetOf({ network: { near: { bytesPerS: (gbit * 1e9) / 8, latencyMs: 0 }, far: null } }) }).rows['a/2']!;
    expect(over(100 / 67)).toMatchObject({ migrated: 0, computed: 320, recallMs: 0 });
    expect(over(100 / 65)).toMatchObject({ migrated: 256, computed: 64, recallMs: 260 });
  });

  test('what has not arrived when its source is lost is computed, and the bytes on the way are counted as lost', () => {
    const late = taskOf(traceOf('late', [{ prompt: 1 }], { startMs: 390 }));
    const { rows, result } = replay([taskOf(traceOf('a', fourAndOne(0))), late], sent({ 'a/2': 'w2', 'late/1': 'w3' }), { loseWorkerAt: 1 });
    // It left from 368 on and is 3 ms on its way: at 390 it sent 2.2 blocks, of which one is there. 256 tokens are left: 264 ms.
    expect(rows['a/2']).toMatchObject({ worker: 'w2', recallMs: 22, migrated: 64, computed: 256, endedMs: 390 + 264 });
    expect(result).toMatchObject({ finished: 2, tokens: { avoidable: 192 }, migrations: { transfers: 1, blocks: 1, receivedBytes: 12_500_000 } });
    expect(result.migrations.sentBytes).toBeCloseTo(2.2 * 12_500_000, 3);
    expect(result.migrations.lostBytes).toBeCloseTo(1.2 * 12_500_000, 3);
  });

  test('a receiver that is lost gets no more, and the step is asked for again', () => {
    const late = taskOf(traceOf('late', [{ prompt: 1 }], { startMs: 390 }));
    const places = sent({ 'a/1': 'w2', 'late/1': 'w3' }), moved: Policy = { ...places, place: (ask, candidates, ...rest) => (ask.step === 'a/2' && ask.avoid.length > 0 ? candidates.find(({ worker }) => worker === 'w2')! : places.place(ask, candidates, ...rest)) };
    const { rows, result } = replay([taskOf(traceOf('a', fourAndOne(0))), late], moved, { loseWorkerAt: 1 });
    // Placed anew at w2, where its KV still is.
    expect(rows['a/2']).toMatchObject({ worker: 'w2', hit: 256, migrated: 0, computed: 64, endedMs: 392 + 68 });
    expect(result.migrations).toMatchObject({ transfers: 1, blocks: 1 });
    expect(result.migrations.sentBytes).toBeCloseTo(result.migrations.receivedBytes + result.migrations.lostBytes, 3);
  });

  test('a transfer gives way at its source to a run that has no other room', () => {
    // At 380 b comes to w1, which a's four blocks and a fifth fill: it sent 1.4 of them, and none is there whole before 381.
    const tasks = [taskOf(traceOf('a', fourAndOne(0))), taskOf(traceOf('b', [{ prompt: 300, blocks: [[100, 4]] }], { startMs: 379 }))];
    const { rows, result } = replay(tasks, sent({ 'a/2': 'w2' }), { fleet: fleetOf({ capacity: { hbm: 6, dram: 0, nvme: 0 } }) });
    // There at 381: 13 ms less 3 of the way are one block.
    expect(rows['a/2']).toMatchObject({ recallMs: 13, migrated: 64, computed: 256 });
    expect(rows['b/1']).toMatchObject({ worker: 'w1', computed: 300, endedMs: 381 + 132 + 132 + 48 });
    expect(result.migrations.sentBytes).toBeCloseTo(1.3 * 12_500_000, 3);
  });
});

describe('migrations between regions, on paper', () => {
  const far = { bytesPerS: 6.25e8, latencyMs: 30 };
  const regions = [{ name: 'east', share: 1 }, { name: 'west', share: 0 }];

  test('a step that goes to another region is 60 ms on its way, there and back, and its KV comes over the line between', () => {
    const { rows } = replay([taskOf(traceOf('a', fourAndOne(0)))], sent({ 'a/2': 'w2' }), { fleet: fleetOf({ workers: 2, regions, network: { near, far } }) });
    expect(rows['a/1']).toMatchObject({ worker: 'w1', endedMs: 266 });
    // There at 366 + 2 + 60; 4 blocks of 20 ms, and 30 of the way: 110.
    expect(rows['a/2']).toMatchObject({ worker: 'w2', recallMs: 110, migrated: 256, endedMs: 428 + 110 + 68 });
  });

  test('the line between regions is everybody\'s, and a transfer within one goes on beside it', () => {
    const tasks = ['a', 'b', 'c'].map((name, i) => taskOf(traceOf(name, fourAndOne(100 * i))));
    const { rows } = replay(tasks, sent({ 'b/1': 'w2', 'c/1': 'w2', 'a/2': 'w3', 'b/2': 'w4', 'c/2': 'w1' }), { fleet: fleetOf({ workers: 4, regions, network: { near, far } }) });
    // a and b are there at 428, and the line between is free for the other at 508. c/1 is computed behind b/1, until 530: there at 632, it has near lines alone.
    expect([rows['a/2']!.recallMs, rows['b/2']!.recallMs].sort((x, y) => x - y)).toEqual([110, 190]);
    expect(rows['c/2']).toMatchObject({ recallMs: 43, endedMs: 632 + 43 + 68 });
  });
});
