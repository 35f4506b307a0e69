import { describe, expect, test } from 'vitest';
import { policies } from './all.ts';
import type { Future } from './oracle.ts';
import { SmallFleet } from './small-fleet.fixture.ts';

const unknown: Future = { nextUseMs: () => 0, remainingS: () => 0 };

describe('fixed ttl', () => {
  test('whatever was called, and however long the gaps were, the time to live is the same', () => {
    const fleet = new SmallFleet(policies['fixed-ttl'].make({ ttlMs: 3_000 }, unknown)).beat('w1');
    expect(fleet.gap('a', { tool: 'Bash', gapsMs: [10] })).toMatchObject({ holdMs: 3_000, demoteAfterMs: 3_000 });
    expect(fleet.gap('b', { gapsMs: [600_000] })).toMatchObject({ holdMs: 3_000, demoteAfterMs: 3_000 });
    expect(fleet.beat('w1', { dramBlocks: 0 }).gap('c')).toMatchObject({ holdMs: 3_000, demoteAfterMs: null, dropAfterMs: 3_000 });
  });
});

describe('swap ttl', () => {
  test('a prefix is demoted when it has stayed as long as out and back takes: 20 blocks of 1 MB at 2 GB a second, both ways', () => {
    const fleet = new SmallFleet(policies['swap-ttl'].make({}, unknown)).beat('w1');
    expect(fleet.gap('a', { tokens: 1_280 })).toMatchObject({ holdMs: 20, demoteAfterMs: 20, recallAfterMs: null });
    expect(fleet.gap('b', { tokens: 12_800 })).toMatchObject({ demoteAfterMs: 200 });
  });

  test('without a lower tier nothing is demoted', () => {
    const fleet = new SmallFleet(policies['swap-ttl'].make({}, unknown)).beat('w1', { dramBlocks: 0 });
    expect(fleet.gap('a')).toMatchObject({ demoteAfterMs: null });
  });
});

describe('infercept', () => {
  // 3,200 tokens are 50 blocks: 25 ms a way, 5.333 s to compute. Others hold 50 blocks, as many tokens.
  const busy = { running: 1, hbmGrantable: 50 };

  test('a fast link: preserved until that wastes what two copies and their stalls do, then swapped', () => {
    const fleet = new SmallFleet(policies.infercept.make({ stall: 0.1 }, unknown)).beat('w1', busy);
    const kept = fleet.gap('a', { tokens: 3_200 });
    expect(kept.demoteAfterMs).toBeCloseTo(2 * 25 * (1 + 0.1), 9);
    expect(kept.holdMs).toBe(kept.demoteAfterMs);
    expect(kept.dropAfterMs).toBeUndefined();
  });

  test('a link slower than computing: preserved until that wastes what recomputation does, then discarded', () => {
    const fleet = new SmallFleet(policies.infercept.make({ stall: 1 }, unknown)).beat('w1', { ...busy, recallBytesPerS: 2e6 });
    const kept = fleet.gap('a', { tokens: 3_200 });
    // T(C) x (C / 2 + others) / C = 5.333 s x 1.5.
    expect(kept.dropAfterMs).toBeCloseTo(8_000, 6);
    expect(kept.demoteAfterMs).toBeNull();
  });

  test('nobody else on the worker: half of the recomputation counts, and no stall', () => {
    const fleet = new SmallFleet(policies.infercept.make({ stall: 1 }, unknown)).beat('w1', { dramBlocks: 0 });
    expect(fleet.gap('a', { tokens: 3_200 }).dropAfterMs).toBeCloseTo(2_666.667, 2);
  });

  test('a program that came first is served first, also after an interception', () => {
    const fleet = new SmallFleet(policies.infercept.make({}, unknown)).beat('w1');
    const first = fleet.priority('old');
    expect(fleet.at(1_000).priority('young')).toBeGreaterThan(first);
    expect(fleet.at(9_000).priority('old', { stepsDone: 1 })).toBe(first);
    expect(fleet.at(9_000).priority('child', { parent: 'old' })).toBe(first);
  });
});

describe('oracle', () => {
  const nextMs: Record<string, number> = { soon: 11_000, late: 500_000, last: Number.POSITIVE_INFINITY };
  const future: Future = { nextUseMs: (trace) => nextMs[trace] ?? 0, remainingS: (trace) => (trace === 'short' ? 3 : 900) };

  test('the farthest next use goes first, and what has none at once', () => {
    const fleet = new SmallFleet(policies.oracle.make({}, future)).at(10_000).beat('w1');
    const [soon, late, last] = ['soon', 'late', 'last'].map((trace) => fleet.gap(trace));
    expect(late?.keepValue).toBeLessThan(soon?.keepValue as number);
    expect(last?.keepValue).toBeLessThan(late?.keepValue as number);
    // When its children will be done it does not know: it is kept before what is used in minutes.
    expect(fleet.gap('last', { children: 2 }).keepValue).toBeGreaterThan(late?.keepValue as number);
  });

  test('under pressure a prefix leaves at once and is on its way back before it is needed; else it stays', () => {
    const tight = new SmallFleet(policies.oracle.make({ earlyBy: 2, demoteOver: 0.5, recallUnder: 1 }, future)).at(10_000).beat('w1', { running: 4, hbmGrantable: 10 });
    expect(tight.gap('late')).toMatchObject({ demoteAfterMs: 0, recallAfterMs: 490_000 - 20 });
    nextMs['now'] = 10_025;
    expect(tight.gap('now')).toMatchObject({ demoteAfterMs: null });
    const roomy = new SmallFleet(policies.oracle.make({ earlyBy: 2, demoteOver: 0.5 }, future)).at(10_000).beat('w1', { running: 1, hbmGrantable: 90, hbmUsed: 100 });
    expect(roomy.gap('late')).toMatchObject({ demoteAfterMs: null, recallAfterMs: 490_000 - 20 });
    expect(roomy.beat('w1', { running: 9, hbmGrantable: 40 }).gap('late')).toMatchObject({ recallAfterMs: null });
  });

  test('of two waiting steps the trace with less left goes first, whatever its past looks like', () => {
    const fleet = new SmallFleet(policies.oracle.make({}, future)).beat('w1', { hbmGrantable: 0, running: 1 });
    expect(fleet.priority('short', { stepsDone: 300, attainedMs: 900_000 })).toBeLessThan(fleet.priority('long'));
  });

  test('a trace begins where the least work is left, and moves only where that is far sooner than to stay', () => {
    const fleet = new SmallFleet(policies.oracle.make({ movePrice: 16 }, future)).beat('w1').beat('w2').beat('w3');
    expect([fleet.step('long'), fleet.step('short'), fleet.step('other')]).toEqual(['w1', 'w2', 'w3']);
    expect(fleet.step('third')).toBe('w2');
    // 1,000 tokens take 1.7 s: sixteen times that is 27 s.
    fleet.beat('w1', { backlogTokens: 15_000 }).beat('w2').beat('w3');
    expect(fleet.step('long', { stepsDone: 1 })).toBe('w1');
    fleet.beat('w1', { backlogTokens: 20_000 }).beat('w2').beat('w3');
    expect(fleet.step('long', { stepsDone: 1 })).toBe('w2');
  });
});
