import { describe, expect, test } from 'vitest';
import { policies } from './all.ts';
import { Memoryfulness } from './memoryfulness.ts';
import type { Future } from './oracle.ts';
import { SmallFleet } from './small-fleet.fixture.ts';

const unknown: Future = { nextUseMs: () => 0, remainingS: () => 0 };

describe('continuum', () => {
  /** Gaps of one tool, each of a program of its own. */
  function learn(fleet: SmallFleet, tool: string, gapsMs: readonly number[], startMs: number): void {
    gapsMs.forEach((gapMs, index) => {
      fleet.at(startMs + index * 100_000).gap(`${tool}${index}`, { tool });
      fleet.at(startMs + index * 100_000 + gapMs).step(`${tool}${index}`, { stepsDone: 1 });
    });
  }

  test('the time to live is that of the tool: short where waiting for all but the last is worth it, none where none is', () => {
    const fleet = new SmallFleet(policies.continuum.make({ gapsLeast: 5 }, unknown)).beat('w1', { dramBlocks: 0 });
    // 1,280 tokens take 2,133 ms to compute. Bash: nine gaps of 200 ms and one of a minute; CI: all of a minute.
    learn(fleet, 'Bash', [...Array<number>(9).fill(200), 60_000], 0);
    learn(fleet, 'CI', Array<number>(10).fill(60_000), 2_000_000);
    fleet.at(9_000_000).beat('w1', { dramBlocks: 0 });
    expect(fleet.gap('x', { tool: 'Bash' })).toMatchObject({ holdMs: 200 });
    expect(fleet.gap('y', { tool: 'CI' })).toMatchObject({ holdMs: 0 });
  });

  test('an unknown tool is judged by all tools, and with too few gaps by a mean of a second', () => {
    const fleet = new SmallFleet(policies.continuum.make({ gapsLeast: 5 }, unknown)).beat('w1', { dramBlocks: 0 });
    expect(fleet.gap('x', { tool: 'new' }).holdMs).toBeCloseTo(1000 * Math.log(1_280 / 600), 6);
    learn(fleet, 'Bash', Array<number>(10).fill(300), 0);
    expect(fleet.at(9_000_000).gap('y', { tool: 'new' })).toMatchObject({ holdMs: 300 });
  });

  test('queueing of those who came back too late makes waiting longer worth it', () => {
    const fleet = new SmallFleet(policies.continuum.make({ gapsLeast: 5 }, unknown)).beat('w1');
    learn(fleet, 'Bash', [...Array<number>(6).fill(5), ...Array<number>(4).fill(4_000)], 0);
    // Ten ms to reload are worth five, not four seconds.
    expect(fleet.at(9_000_000).gap('x', { tool: 'Bash' })).toMatchObject({ holdMs: 5 });
    fleet.at(9_100_000).step('x', { stepsDone: 1 });
    fleet.at(9_130_000).gap('x', { tool: 'Bash', queuedMs: 30_000 });
    expect(fleet.at(9_200_000).gap('z', { tool: 'Bash' })).toMatchObject({ holdMs: 4_000 });
  });

  test('a program that is back within its time to live goes before older ones that are not, and those in order of arrival', () => {
    const fleet = new SmallFleet(policies.continuum.make({ gapsLeast: 5 }, unknown)).beat('w1', { dramBlocks: 0 });
    const [old, young] = [fleet.at(0).priority('old'), fleet.at(1_000).priority('young')];
    expect(old).toBeLessThan(young);
    // 3,200 tokens: ln(5.33) s = 1,674 ms.
    fleet.at(5_000).gap('old', { tokens: 3_200 });
    fleet.at(5_000).gap('young', { tokens: 3_200 });
    const isBack = fleet.at(6_000).priority('young', { stepsDone: 1 });
    const isLate = fleet.at(7_000).priority('old', { stepsDone: 1 });
    expect(isBack).toBeLessThan(isLate);
    expect(isLate).toBe(old);
  });

  test('memoryfulness: one for programs of one length, about none for geometric ones, negative where long ones go on', () => {
    const of = (lengths: readonly number[]): number => {
      const seen = new Memoryfulness();
      lengths.forEach((length, index) => { seen.served(`t${index}`, length); seen.ended(`t${index}`); });
      return seen.eta;
    };
    expect(of([10, 10, 10])).toBeCloseTo(1, 9);
    // Halves end at every step: 512 after 1, 256 after 2, ...
    expect(Math.abs(of(Array.from({ length: 10 }, (_, k) => Array<number>(2 ** (9 - k)).fill(k + 1)).flat()))).toBeLessThan(0.25);
    expect(of([...Array<number>(1_000).fill(2), 100])).toBeLessThan(0);
  });
});

describe('plas', () => {
  const make = (given: Record<string, number> = {}): SmallFleet => new SmallFleet(policies.plas.make({ firstQuantumMs: 1_000, ...given }, unknown)).beat('w1').beat('w2');

  test('the program with less service so far goes first; within a queue the first come', () => {
    const fleet = make();
    const served = fleet.at(0).priority('served', { stepsDone: 9, attainedMs: 9_000 });
    const fresh = fleet.at(5_000).priority('fresh', { stepsDone: 1, attainedMs: 100 });
    expect(fresh).toBeLessThan(served);
    expect(fleet.at(6_000).priority('like-served', { stepsDone: 9, attainedMs: 10_000 })).toBeGreaterThan(served);
    expect(fleet.at(7_000).priority('more', { stepsDone: 9, attainedMs: 70_000 })).toBeGreaterThan(fleet.at(8_000).priority('like', { stepsDone: 9, attainedMs: 9_500 }));
  });

  test('a program that waited eight times what it was served goes to the first queue', () => {
    const fleet = make();
    const fresh = fleet.at(0).priority('fresh');
    // Asked twice of one gap it has waited once.
    for (const atMs of [1_000, 1_500]) fleet.at(atMs).gap('starved', { queuedMs: 33_000, step: 'starved/3' });
    for (const atMs of [1_000, 1_500]) fleet.at(atMs).gap('waited-less', { queuedMs: 17_000, step: 'waited-less/3' });
    expect(fleet.at(40_000).priority('starved', { stepsDone: 3, attainedMs: 4_000 })).toBeLessThan(fresh + 100_000);
    expect(fleet.at(40_500).priority('waited-less', { stepsDone: 3, attainedMs: 4_000 })).toBeGreaterThan(fresh + 100_000);
  });

  test('a subagent counts with what its parent had, and the parent afterwards with the longest of them', () => {
    const fleet = make();
    const levelOf = (priority: number): number => Math.floor(priority / 1e14);
    expect(levelOf(fleet.priority('parent', { stepsDone: 2, attainedMs: 4_000 }))).toBe(3);
    expect(levelOf(fleet.priority('child', { parent: 'parent' }))).toBe(3);
    expect(levelOf(fleet.priority('child', { parent: 'parent', stepsDone: 2, attainedMs: 12_000 }))).toBe(5);
    expect(levelOf(fleet.priority('parent', { stepsDone: 2, attainedMs: 4_000 }))).toBe(5);
    expect(levelOf(fleet.priority('parent', { stepsDone: 3, attainedMs: 20_500 }))).toBe(6);
  });

  test('a short call goes to the least loaded engine, a long one to its program\'s', () => {
    const fleet = make({ shortTokens: 2_048 });
    expect(fleet.step('a', { promptTokens: 3_000 })).toBe('w1');
    fleet.beat('w1', { running: 6 }).beat('w2');
    expect(fleet.step('a', { promptTokens: 3_000, stepsDone: 1, previousWorker: 'w1' })).toBe('w1');
    expect(fleet.step('a', { promptTokens: 2_000, stepsDone: 2, previousWorker: 'w1' })).toBe('w2');
    expect(fleet.beat('w1', { running: 6 }).step('a', { promptTokens: 3_000, stepsDone: 3, previousWorker: 'w2' })).toBe('w1');
  });
});

describe('thunder agent', () => {
  const make = (): SmallFleet => new SmallFleet(policies['thunder-agent'].make({ intervalMs: 5_000, bufferTokens: 0, halfLifeMs: 60_000 }, unknown)).beat('w1');

  test('programs are let in while their sum fits the memory, and the rest is resumed in order when it does again: those in the middle, then new ones, the smallest first', () => {
    const fleet = make();
    expect([fleet.step('a', { promptTokens: 3_000 }), fleet.step('b', { promptTokens: 3_000 })]).toEqual(['w1', 'w1']);
    expect([fleet.step('new-large', { promptTokens: 2_000 }), fleet.step('new-small', { promptTokens: 1_500 })]).toEqual(['waits', 'waits']);
    expect(fleet.at(6_000).beat('w1').tick()).toEqual([]);
    // b grew: the sum exceeds 6,400, and at the next check the smaller one that is at its tool is paused.
    fleet.at(7_000).gap('a', { tokens: 3_100 });
    fleet.at(7_000).gap('b', { tokens: 4_000 });
    expect(fleet.at(11_500).beat('w1').tick()).toEqual([]);
    expect(fleet.at(12_000).step('a', { promptTokens: 3_100, stepsDone: 1 })).toBe('waits');
    // After two minutes at its tool b counts for a quarter: a goes on, and what is left has room for the smaller new one only.
    expect(fleet.at(127_000).beat('w1').tick().sort()).toEqual(['a w1', 'new-small w1']);
    expect(fleet.at(133_000).beat('w1').tick()).toEqual([]);
  });

  test('a program at its tool is paused before one that runs, which finishes its step', () => {
    const fleet = make();
    fleet.step('runs', { promptTokens: 2_000 });
    fleet.step('grows', { promptTokens: 2_000 });
    fleet.step('acts', { promptTokens: 2_000 });
    fleet.at(1_000).gap('acts', { tokens: 2_500 });
    fleet.at(2_000).gap('grows', { tokens: 4_000 });
    expect(fleet.at(6_000).step('grows', { promptTokens: 4_200, stepsDone: 1 })).toBe('w1');
    expect(fleet.step('acts', { promptTokens: 2_500, stepsDone: 1 })).toBe('waits');
    expect(fleet.gap('runs', { tokens: 2_100 }).keepValue).toBe(0);
  });

  test('a new program begins between two checks too when it fits and no other waits, one that was paused does not', () => {
    const made = { intervalMs: 20_000, bufferTokens: 0, halfLifeMs: 1_000 }, fleet = new SmallFleet(policies['thunder-agent'].make(made, unknown)).beat('w1');
    expect([fleet.step('a', { promptTokens: 5_000 }), fleet.step('new', { promptTokens: 3_000 })]).toEqual(['w1', 'waits']);
    fleet.at(1_000).gap('a', { tokens: 5_000 });
    // After two seconds at its tool a counts for a quarter, 1,250 of 6,400 tokens.
    expect(fleet.at(1_500).beat('w1').tick()).toEqual([]);
    expect(fleet.at(3_000).beat('w1').tick()).toEqual(['new w1']);
    const other = new SmallFleet(policies['thunder-agent'].make(made, unknown)).beat('w1');
    expect([other.step('a', { promptTokens: 5_000 }), other.step('b', { promptTokens: 3_000, stepsDone: 1 })]).toEqual(['w1', 'waits']);
    other.at(1_000).gap('a', { tokens: 5_000 });
    expect(other.at(3_000).beat('w1').tick()).toEqual([]);
  });

  test('a paused program gets no room by having waited, until half an hour', () => {
    const fleet = new SmallFleet(policies['thunder-agent'].make({}, unknown), 1_000).beat('w1');
    expect([fleet.step('a', { promptTokens: 5_000 }), fleet.step('b', { promptTokens: 5_000 })]).toEqual(['w1', 'waits']);
    expect([...fleet.at(60_000).beat('w1').tick(), ...fleet.at(61_000).beat('w1').tick()]).toEqual([]);
    expect(fleet.at(1_800_000).beat('w1').tick()).toEqual(['b w1']);
  });
});

describe('mori', () => {
  const make = (): SmallFleet => new SmallFleet(policies.mori.make({ fill: 1, intervalMs: 1_000, stickiness: 1 }, unknown)).beat('w1');
  /** One step of two seconds, then a tool. */
  function run(fleet: SmallFleet, trace: string, tokens: number, atMs: number): ReturnType<SmallFleet['gap']> {
    fleet.at(atMs).step(trace, { promptTokens: tokens, acceptedAtMs: atMs });
    return fleet.at(atMs + 2_000).gap(trace, { tokens });
  }

  test('while all fit nothing is demoted, and the idler one is the first to go', () => {
    const fleet = make();
    run(fleet, 'idle', 1_000, 0);
    run(fleet, 'busy', 1_000, 0);
    const idle = run(fleet, 'idle', 1_000, 60_000), busy = run(fleet, 'busy', 1_000, 3_000);
    expect([idle.demoteAfterMs, busy.demoteAfterMs]).toEqual([null, null]);
    expect(idle.keepValue).toBeLessThan(busy.keepValue);
    // 1 s of 5 at tools; and when its children are done the same gap is asked of again.
    expect(busy.keepValue).toBeCloseTo(0.8, 9);
    const again = fleet.at(6_000).gap('busy', { step: 'busy/x', tokens: 1_000 }), later = fleet.at(8_000).gap('busy', { step: 'busy/x', tokens: 1_000 });
    expect(again.keepValue).toBeGreaterThan(later.keepValue);
  });

  test('a program is demoted when its tool has run until it is as idle as those that do not fit', () => {
    const fleet = make();
    run(fleet, 'half', 3_000, 0);
    // At 4 s: half has reasoned for 2 s and acted for 2 s; the two exceed 6,400 tokens.
    const kept = run(fleet, 'other', 4_000, 2_000);
    // (0 + t) / (0 + t + 2 s) = 1 / 2 at t = 2 s.
    expect(kept.demoteAfterMs).toBeCloseTo(2_000, 6);
  });

  test('what it spent at tools before counts', () => {
    const fleet = make();
    run(fleet, 'half', 3_000, 0);
    run(fleet, 'other', 1_000, 500);
    // At 5.5 s: half has reasoned for 2 s and acted for 3.5 s; other, which grew, has reasoned for 4 s and acted for 1 s.
    const kept = run(fleet, 'other', 4_000, 3_500);
    // (1 + t) / (1 + t + 4 s) = 3.5 / 5.5 at t = 6 s.
    expect(kept.demoteAfterMs).toBeCloseTo(6_000, 6);
  });

  test('a step whose program is not in hbm waits until there is room; one at its tool that is idler gives way', () => {
    const fleet = make();
    expect(fleet.step('a', { promptTokens: 4_000 })).toBe('w1');
    expect(fleet.step('b', { promptTokens: 4_000 })).toBe('waits');
    fleet.at(500).gap('a', { tokens: 4_000 });
    expect(fleet.at(900).beat('w1').tick()).toEqual([]);
    expect(fleet.at(1_000).beat('w1').tick()).toEqual(['b w1']);
    expect(fleet.at(1_100).step('a', { promptTokens: 4_000, stepsDone: 1 })).toBe('waits');
  });

  test('how idle the one that gives way has to be is what stickiness says', () => {
    const comesBack = (stickiness: number): string => {
      const fleet = new SmallFleet(policies.mori.make({ fill: 1, stickiness }, unknown)).beat('w1');
      run(fleet, 'idle', 3_000, 0);
      // It has to give way to one that is never at its tool.
      run(fleet, 'new', 6_000, 6_000);
      // At 10 s: 8 of 10 s at its tool, against 2 of 4 s.
      return fleet.at(10_000).step('idle', { promptTokens: 3_000, stepsDone: 1 });
    };
    expect([comesBack(1), comesBack(0.5)]).toEqual(['waits', 'w1']);
  });

  test('what exceeds dram as well is forgotten', () => {
    const fleet = make().beat('w1', { dramBlocks: 10 });
    run(fleet, 'half', 3_000, 0);
    expect(run(fleet, 'other', 4_000, 2_000)).toMatchObject({ demoteAfterMs: null, dropAfterMs: expect.closeTo(2_000, 6) });
  });
});
