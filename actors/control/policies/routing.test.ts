import { describe, expect, test } from 'vitest';
import { policies } from './all.ts';
import type { Future } from './oracle.ts';
import { SmallFleet } from './small-fleet.fixture.ts';

const unknown: Future = { nextUseMs: () => 0, remainingS: () => 0 };

describe('every policy', () => {
  test('says its name, takes its starts, and refuses what it does not know or what is out of range', () => {
    for (const [name, { make, tunables }] of Object.entries(policies)) {
      expect(make({}, unknown).name).toBe(name);
      for (const [tunable, { from, to, start, scale }] of Object.entries(tunables)) {
        expect(start, `${name} ${tunable}`).toBeGreaterThanOrEqual(from);
        expect(start, `${name} ${tunable}`).toBeLessThanOrEqual(to);
        if (scale === 'log') expect(from, `${name} ${tunable}`).toBeGreaterThan(0);
        expect(() => make({ [tunable]: to * 2 + 1 }, unknown)).toThrow(`${tunable} is ${to * 2 + 1}; it may be ${from} to ${to}`);
        expect(() => make({ [tunable]: Number.NaN }, unknown)).toThrow(RangeError);
      }
      expect(() => make({ nosuch: 1 }, unknown)).toThrow('no tunable is called nosuch');
    }
    expect(() => policies.plas.make({ queues: 2.5 }, unknown)).toThrow('queues is 2.5; it may be a whole number only');
  });

  test('a worker that could never take the step is not chosen, and with none at all the step waits', () => {
    for (const { make } of Object.values(policies)) {
      const fleet = new SmallFleet(make({}, unknown)).beat('small', { contextLength: 500 }).beat('w1');
      expect(fleet.step('a')).toBe('w1');
      expect(new SmallFleet(make({}, unknown)).beat('small', { contextLength: 500 }).step('a')).toBe('waits');
    }
  });

  test('a worker that refused the step is asked again only where there is no other', () => {
    for (const [name, { make }] of Object.entries(policies)) {
      const refused = { avoid: ['w1'], stepsDone: 1, previousWorker: 'w1', promptTokens: 200 };
      if (name !== 'round-robin-lru') expect(new SmallFleet(make({}, unknown)).beat('w1').beat('w2').step('a', { ...refused, stepsDone: 0 }), name).toBe('w2');
      expect(new SmallFleet(make({}, unknown)).beat('w1').step('a', { ...refused, stepsDone: 0 }), name).toBe('w1');
    }
  });

  test('a trace that is as large as its worker runs there all the same', () => {
    for (const [name, { make }] of Object.entries(policies)) {
      const fleet = new SmallFleet(make({}, unknown)).beat('w1');
      const placed = [fleet.step('huge', { promptTokens: 6_300 }), ...fleet.at(60_000).beat('w1').tick().map((line) => line.split(' ')[1])];
      expect(placed, name).toContain('w1');
    }
  });

  test('a trace whose worker is gone goes on elsewhere', () => {
    for (const [name, { make }] of Object.entries(policies)) {
      const policy = make({}, unknown);
      const before = new SmallFleet(policy).beat('w1');
      expect(before.step('a'), name).toBe('w1');
      before.at(1_000).gap('a', { worker: 'w1' });
      const after = new SmallFleet(policy).at(2_000).beat('w2');
      const placed = [after.step('a', { stepsDone: 1, previousWorker: 'w1', promptTokens: 3_000 }), ...after.at(60_000).beat('w2').tick().map((line) => line.split(' ')[1])];
      expect(placed, name).toContain('w2');
    }
  });
});

describe('least loaded', () => {
  test('the worker with the fewest steps gets the next one, with its prefix or not, and with room or not', () => {
    const fleet = new SmallFleet(policies['least-loaded-lru'].make({}, unknown)).beat('w1', { running: 3 }).beat('w2', { running: 2, waiting: 0, hbmGrantable: 0 });
    expect(fleet.step('a', {}, [{ worker: 'w1', hbmTokens: 960, dramTokens: 0 }])).toBe('w2');
    expect(fleet.step('b')).toBe('w1');
  });
});

describe('exact prefix', () => {
  const make = (given: Record<string, number> = {}): SmallFleet => new SmallFleet(policies['exact-prefix'].make(given, unknown));

  test('the longest prefix wins, and one in hbm wins over one in dram', () => {
    const fleet = make().beat('w1').beat('w2').beat('w3');
    expect(fleet.step('a', {}, [{ worker: 'w2', hbmTokens: 0, dramTokens: 960 }, { worker: 'w3', hbmTokens: 960, dramTokens: 0 }])).toBe('w3');
    expect(fleet.step('b', {}, [{ worker: 'w2', hbmTokens: 0, dramTokens: 960 }])).toBe('w2');
  });

  test('between equals the one with the adapter wins, and a block of prefix is worth more', () => {
    const fleet = make().beat('w1').beat('w2').beat('w3');
    expect(fleet.step('a', {}, [{ worker: 'w2', hbmTokens: 0, dramTokens: 0, isAdapterResident: true }])).toBe('w2');
    expect(make().beat('w1').beat('w2').beat('w3').step('b', {}, [{ worker: 'w2', hbmTokens: 0, dramTokens: 0, isAdapterResident: true }, { worker: 'w3', hbmTokens: 64, dramTokens: 0 }])).toBe('w3');
  });

  test('load outweighs a prefix by as much as the weight of prefill lets it', () => {
    const held = [{ worker: 'w1', hbmTokens: 960, dramTokens: 0 }];
    const busy = { running: 1, hbmGrantable: 60 };
    expect(make({ prefillScale: 1 }).beat('w1', busy).beat('w2').step('a', {}, held)).toBe('w2');
    expect(make({ prefillScale: 8 }).beat('w1', busy).beat('w2').step('a', {}, held)).toBe('w1');
  });

  test('no worker gets more than its cap, however much it holds', () => {
    const held = [{ worker: 'w1', hbmTokens: 960, dramTokens: 0 }];
    const fleet = make({ prefillScale: 64, loadCap: 2 }).beat('w1', { running: 5 }).beat('w2', { running: 1 });
    // Mean 3: up to 8 are allowed; mean 4.5 of 8 and 1: up to 11.
    expect(fleet.step('a', {}, held)).toBe('w1');
    expect(make({ prefillScale: 64, loadCap: 1.2 }).beat('w1', { running: 5 }).beat('w2', { running: 1 }).step('a', {}, held)).toBe('w2');
  });

  test('with nothing left of its prefix a trace stays where it was', () => {
    const fleet = make({ affinity: 0.1 }).beat('w1').beat('w2');
    expect(fleet.step('a', { previousWorker: 'w2' })).toBe('w2');
  });
});

describe('saga', () => {
  const make = (): SmallFleet => new SmallFleet(policies.saga.make({}, unknown));

  test('a session stays with its worker while that is not loaded, and moves when it is', () => {
    const fleet = make().beat('w1').beat('w2');
    expect(fleet.step('a')).toBe('w1');
    fleet.at(1_000).beat('w1', { running: 5, hbmGrantable: 40 }).beat('w2');
    expect(fleet.step('a', { stepsDone: 1 })).toBe('w1');
    fleet.at(2_000).beat('w1', { running: 5, hbmGrantable: 19 }).beat('w2');
    expect(fleet.step('a', { stepsDone: 2 })).toBe('w2');
  });

  test('a worker that is idle long enough steals the step that waits for a busy one', () => {
    const fleet = make().beat('w1').beat('w2', { running: 2, hbmGrantable: 0 });
    expect(fleet.step('a')).toBe('w1');
    // w1 is not loaded enough to be left, but has no room for 33 blocks.
    const busy = { running: 2, hbmGrantable: 25 };
    fleet.at(1_000).beat('w1', busy).beat('w2');
    expect(fleet.at(1_050).step('a', { promptTokens: 2_000, stepsDone: 1 })).toBe('waits');
    expect(fleet.at(1_090).tick()).toEqual([]);
    expect(fleet.at(1_100).beat('w1', busy).tick()).toEqual(['a w2']);
  });

  test('a step that came when there was no worker is in a queue as soon as there is one', () => {
    const { worthALook, ...looksAtAll } = policies.saga.make({ stealRatio: 4 }, unknown);
    for (const policy of [looksAtAll, { ...looksAtAll, worthALook: worthALook! }]) {
      const fleet = new SmallFleet(policy), large = { promptTokens: 3_000 };
      expect([fleet.step('a', large), fleet.step('b', large)]).toEqual(['waits', 'waits']);
      expect(fleet.at(10).beat('w1', { running: 2, hbmGrantable: 30 }).beat('w2', { running: 2, hbmGrantable: 0 }).tick()).toEqual([]);
      // With a and b in w1's queue that has four times as much as w3, and w3 steals.
      expect(fleet.at(20).beat('w3').at(500).step('c', { ...large, previousWorker: 'w1', acceptedAtMs: 500 })).toBe('w3');
    }
  });

  test('a step that went where room was kept for it waits no longer: nobody steals for its sake', () => {
    const stolenAfter = (claimAfterMs: number): string => {
      const fleet = new SmallFleet(policies.saga.make({ stealRatio: 4, idleMs: 100 }, unknown), claimAfterMs), full = { running: 2, hbmGrantable: 30 }, large = { promptTokens: 3_000 };
      expect(fleet.beat('w1', full).beat('w2', { running: 4, hbmGrantable: 0 }).step('a', { ...large, previousWorker: 'w1' })).toBe('waits');
      fleet.at(7_000).beat('w1', full).tick();
      expect(fleet.at(7_100).beat('w1', { running: 1, hbmGrantable: 70 }).tick()).toEqual(['a w1']);
      return fleet.at(7_200).beat('w1', full).beat('w2').at(7_600).step('c', { ...large, previousWorker: 'w1', acceptedAtMs: 7_600 });
    };
    expect([stolenAfter(1e9), stolenAfter(5_000)]).toEqual(['waits', 'waits']);
  });

  test('where room was kept for a step, its session stays from then on', () => {
    const fleet = new SmallFleet(policies.saga.make({}, unknown), 5_000), full = { running: 4, hbmGrantable: 0 };
    expect(fleet.beat('w1').beat('w2', full).step('a')).toBe('w1');
    fleet.gap('a', { worker: 'w1' });
    expect(fleet.at(1_000).beat('w1', full).step('a', { stepsDone: 1, acceptedAtMs: 1_000 })).toBe('waits');
    // The claim is on w2, where it would begin soonest; w1 could take it too by then, and is where it belongs.
    expect(fleet.at(7_000).beat('w1', { ...full, backlogTokens: 5_000 }).tick()).toEqual([]);
    expect(fleet.at(7_100).beat('w2', { running: 1, hbmGrantable: 50 }).tick()).toEqual(['a w2']);
    fleet.gap('a', { worker: 'w2' });
    expect(fleet.at(8_000).beat('w1').beat('w2').step('a', { stepsDone: 2 })).toBe('w2');
  });

  test('a hold is the quantile of the tool, halved under memory pressure', () => {
    const fleet = make().beat('w1');
    for (let i = 0; i < 40; i++) {
      fleet.at(i * 10_000).gap('a', { tool: 'Bash' });
      fleet.at(i * 10_000 + 2_000).step('a', { stepsDone: i });
    }
    expect(fleet.at(500_000).beat('w1').gap('a', { tool: 'Bash' })).toMatchObject({ holdMs: 2_000 });
    expect(fleet.beat('w1', { hbmUsed: 95 }).gap('a', { tool: 'Bash' })).toMatchObject({ holdMs: 1_000 });
  });

  test('what was used last is kept, unless it is much larger', () => {
    const fleet = make().beat('w1');
    const old = fleet.at(0).gap('a').keepValue;
    expect(fleet.at(1_000).gap('b').keepValue).toBeGreaterThan(old);
    expect(fleet.at(2_000).gap('c', { tokens: 6_400 }).keepValue).toBeLessThan(old);
  });
});
