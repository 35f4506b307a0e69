import { describe, expect, test } from 'vitest';
import type { Migration } from './migration.ts';
import { broughtFrom, transferMs } from './migration.ts';
import { policies } from './policies/all.ts';
import { policyNamed, policyNames } from './policies/named.ts';
import type { Future } from './policies/oracle.ts';
import { roundRobinLru } from './policies/round-robin-lru.ts';
import { SmallFleet, idleLoad } from './policies/small-fleet.fixture.ts';
import type { Policy } from './policy.ts';
import type { Held, WorkerLink, WorkerView } from './types.ts';

/** A block is 1 MB: 1 ms on the way to a neighbour, 100 ms to another region. */
const near = { bytesPerS: 1e9, latencyMs: 2 }, far = { bytesPerS: 1e7, latencyMs: 30 };
const linked = (given: Partial<WorkerLink> = {}): WorkerLink => ({ region: 'east', near, far, sendingMs: 0, receivingMs: 0, ...given });
const viewOf = (name: string, link: WorkerLink | null): WorkerView =>
  ({ name, epoch: 1, seq: 1, seenAtMs: 0, load: idleLoad, promisedBlocks: 0, promisedRuns: 0, promisedTokens: new Map(), idleSinceMs: 0, link });
const holds = (worker: string, hbmTokens: number): Held => ({ worker, hbmTokens, dramTokens: 0 });

/** Always to w1, and asked what else: from the first that has more. */
const fetching = (asked: string[] = []): Policy => ({
  ...roundRobinLru(), name: 'fetching', place: (_ask, candidates) => candidates.find(({ worker }) => worker === 'w1') ?? null,
  migrate(_ask, to, candidates): Migration | null {
    asked.push(to.worker);
    return candidates.map((candidate) => broughtFrom(candidate, to)).find((migration) => migration !== null) ?? null;
  },
});

describe('a migration', () => {
  test('takes what the line has before it, the latency and the bytes; over the other line where the regions differ, and for ever where none leads there', () => {
    const at = (sends: WorkerLink | null, receives: WorkerLink | null): number => transferMs(640, viewOf('w2', sends), viewOf('w1', receives));
    expect(at(linked(), linked())).toBe(2 + 10);
    expect(at(linked({ sendingMs: 7, receivingMs: 50 }), linked({ sendingMs: 90, receivingMs: 5 }))).toBe(7 + 2 + 10);
    expect(at(linked({ sendingMs: 7 }), linked({ receivingMs: 15 }))).toBe(15 + 2 + 10);
    expect(at(linked({ region: 'west' }), linked())).toBe(30 + 1_000);
    expect([at(linked({ region: 'west' }), linked({ far: null })), at(null, linked()), at(linked(), null)]).toEqual([Infinity, Infinity, Infinity]);
  });

  test('is asked for of linked workers only, and the decision says what comes from whom', () => {
    const asked: string[] = [], held = [holds('w2', 640), holds('w1', 128)];
    const fleet = new SmallFleet(fetching(asked)).beat('w1', {}, linked()).beat('w2', {}, linked());
    // 512 tokens are 8 blocks; 600 tokens a second are computed.
    expect(fleet.moves('a', {}, held)).toEqual(['w1', 'w2', 'holds 128 of 1000 tokens in hbm, 0 in dram; queue 0.00 s; 512 tokens come from w2 in 10 ms; to compute them takes 853 ms']);
    expect(asked).toEqual(['w1']);
    expect(fleet.moves('b', {}, [])).toMatchObject(['w1', null, expect.not.stringContaining('come from')]);
    const live = new SmallFleet(fetching(asked)).beat('w1').beat('w2');
    expect(live.moves('a', {}, held)).toEqual(['w1', null, 'holds 128 of 1000 tokens in hbm, 0 in dram; queue 0.00 s']);
    expect(asked).toEqual(['w1', 'w1']);
  });

  test('is asked for by no policy that a live fleet can run', () => {
    expect(policyNames.filter((name) => policyNamed({ name, demoteAfterMs: 0 }).migrate !== undefined)).toEqual([]);
  });

  test('to another region counts the way there and back in what a worker is expected to take', () => {
    const stay = new SmallFleet(policies.slackwater.make({}, nobody)).beat('w1', {}, linked({ region: 'west' })).beat('w2', {}, linked());
    expect(stay.step('a', { region: 'east' })).toBe('w2');
    expect(stay.step('b', { region: 'west' })).toBe('w1');
    // What is held there is worth more than the way: 100 ms of tokens are 60.
    expect(stay.step('c', { region: 'east' }, [holds('w1', 128)])).toBe('w1');
    const apart = new SmallFleet(policies.slackwater.make({}, nobody)).beat('w1', {}, linked({ region: 'west', far: null }));
    expect(apart.step('a', { region: 'east' })).toBe('waits');
  });
});

const nobody: Future = { nextUseMs: () => Infinity, remainingS: () => 1 };

describe('who moves KV', () => {
  test('the routers, those that keep or pause, and ours: nobody but saga and the oracle', () => {
    expect(Object.entries(policies).filter(([, { make }]) => make({}, nobody).migrate !== undefined).map(([name]) => name)).toEqual(['saga', 'oracle']);
  });

  test('saga: a stolen session takes its KV along, one that is sent on because its worker is loaded does not', () => {
    const full = { running: 15, hbmGrantable: 10 };
    const make = (): SmallFleet => new SmallFleet(policies.saga.make({ idleMs: 100, loadMax: 1 }, nobody)).beat('w1', {}, linked()).beat('w2', { running: 1 }, linked());
    const stolen = make();
    stolen.step('a', { step: 'a/1' });
    expect(stolen.at(1_000).beat('w1', full, linked()).beat('w2', {}, linked()).at(1_200).moves('a', { step: 'a/2', promptTokens: 1_280 }, [holds('w1', 1_216)])).toEqual(['w2', 'w1', expect.stringContaining('1216 tokens come from w1')]);
    const sent = new SmallFleet(policies.saga.make({ idleMs: 100, loadMax: 0.5 }, nobody)).beat('w1', {}, linked()).beat('w2', { running: 1 }, linked());
    sent.step('a', { step: 'a/1' });
    expect(sent.at(1_000).beat('w1', { running: 9 }, linked()).beat('w2', {}, linked()).at(1_200).moves('a', { step: 'a/2', promptTokens: 1_280 }, [holds('w1', 1_216)])).toMatchObject(['w2', null, expect.anything()]);
  });

  test('oracle: KV comes from whoever saves the most, where that is sooner than computing, and makes a move to an idle worker worth it', () => {
    const home = { running: 8, backlogTokens: 3_000 };
    const placed = (link: WorkerLink | undefined): ReturnType<SmallFleet['moves']> => {
      const fleet = new SmallFleet(policies.oracle.make({ movePrice: 6 }, nobody)).beat('w1', {}, link);
      fleet.step('a');
      return fleet.at(1_000).beat('w1', home, link).beat('w2', {}, link).beat('w3', {}, link).moves('a', { promptTokens: 1_400, previousWorker: 'w1' }, [holds('w1', 1_280), holds('w3', 320)]);
    };
    // To compute all of it takes 2.3 s, times 6; the queue at home is 5 s, and sharing with eight.
    expect(placed(undefined)).toMatchObject(['w1', null, expect.anything()]);
    expect(placed(linked())).toMatchObject(['w3', 'w1', expect.stringContaining('960 tokens come from w1 in 17 ms')]);
    expect(placed(linked({ sendingMs: 60_000 }))).toMatchObject(['w1', null, expect.anything()]);
  });
});
