import { describe, expect, test } from 'vitest';
import type { Beat, WorkerLoad } from '../../schemas/messages.ts';
import type { PlaceAsk } from '../lib/asks.ts';
import type { Instant } from '../lib/logic.ts';
import { controlLogic, controlStart } from './control.ts';
import { type PolicySettings, policyNamed } from './policies/named.ts';
import type { ControlEffect, ControlEvent, Held } from './types.ts';

const limits = { beatLostMs: 1_000, waitingMax: 3, candidatesMax: 256, claimAfterMs: 10_000 };

describe('control', () => {
  test('a step goes to the worker that holds its prefix, and says why', () => {
    const fleet = new Fleet().beat('w1').beat('w2');
    const [made] = fleet.ask(ask('a/1'), [{ worker: 'w2', hbmTokens: 960, dramTokens: 0 }]);
    expect(made).toMatchObject({ kind: 'decided', decided: { what: 'place', worker: 'w2', decision: { why: 'holds 960 of 1000 tokens in hbm, 0 in dram; queue 0.00 s' } } });
    expect((made as Placed).decided.decision.alternatives.map(({ choice }) => choice).sort()).toEqual(['w1', 'w2']);
  });

  test('a prefix one tier down is still worth more than none', () => {
    const fleet = new Fleet().beat('w1').beat('w2');
    expect(fleet.ask(ask('a/1'), [{ worker: 'w1', hbmTokens: 0, dramTokens: 960 }])).toMatchObject([{ decided: { worker: 'w1' } }]);
  });

  test('a long queue outweighs a short prefix', () => {
    const fleet = new Fleet().beat('w1', { backlogTokens: 20_000 }).beat('w2');
    expect(fleet.ask(ask('a/1'), [{ worker: 'w1', hbmTokens: 128, dramTokens: 0 }])).toMatchObject([{ decided: { worker: 'w2' } }]);
  });

  test('a step whose worker is full waits for its prefix, and moves after that only to a worker with nothing to do', () => {
    const held = [{ worker: 'w1', hbmTokens: 960, dramTokens: 0 }];
    // 960 tokens at 600 a second: a move costs 1.6 s.
    const waitFor = (idle: Partial<WorkerLoad>, waitedMs: number): readonly ControlEffect[] => {
      const fleet = new Fleet().beat('w1', { hbmGrantable: 0, running: 1 }).beat('w2', idle);
      fleet.ask(ask('a/1'), held);
      return fleet.at(waitedMs).beat('w1', { hbmGrantable: 0, running: 1 }).beat('w2', idle).tick();
    };
    expect(waitFor({}, 1_000)).toEqual([]);
    expect(waitFor({}, 2_000)).toMatchObject([{ decided: { what: 'place', worker: 'w2' } }]);
    expect(waitFor({ running: 1 }, 2_000)).toEqual([]);
    expect(waitFor({ running: 1 }, 8_000)).toMatchObject([{ decided: { what: 'place', worker: 'w2' } }]);
  });

  test('a worker that runs nothing is full of pins, which give way', () => {
    expect(new Fleet().beat('w1', { hbmGrantable: 4 }).ask(ask('a/1'))).toMatchObject([{ decided: { what: 'place', worker: 'w1' } }]);
  });

  test('a step that its worker refused, another conductor having been first, waits for it and does not see itself queueing there', () => {
    const held = [{ worker: 'w1', hbmTokens: 320, dramTokens: 0 }];
    const fleet = new Fleet().beat('w1', { hbmGrantable: 30 }).beat('w2', { running: 1 });
    expect(fleet.ask(ask('a/1'), held)).toMatchObject([{ decided: { worker: 'w1' } }]);
    expect(fleet.ask(ask('a/1'), held)).toMatchObject([{ decided: { what: 'defer' } }]);
    expect(fleet.at(100).beat('w1').tick()).toMatchObject([{ decided: { what: 'place', worker: 'w1' } }]);
  });

  test('what was placed since the last beat counts: two steps at once do not both take the last room', () => {
    const fleet = new Fleet().beat('w1', { hbmGrantable: 20 });
    expect(fleet.ask(ask('a/1'))).toMatchObject([{ decided: { what: 'place' } }]);
    expect(fleet.ask(ask('b/1'))).toMatchObject([{ decided: { what: 'defer', decision: { why: 'w1: 2 of 64 blocks are free, 18 needed' } } }]);
  });

  test('a deferred step is said once, and placed by the tick after room shows up', () => {
    const fleet = new Fleet().beat('w1', { hbmGrantable: 0, running: 1 });
    expect(fleet.ask(ask('a/1'))).toMatchObject([{ decided: { what: 'defer' } }]);
    expect(fleet.tick()).toEqual([]);
    fleet.beat('w1');
    expect(fleet.tick()).toMatchObject([{ trace: 'a', decided: { what: 'place', worker: 'w1' } }]);
    expect(fleet.tick()).toEqual([]);
  });

  test('of two waiting steps the trace with less left to do goes first, and interactive ones before both', () => {
    const fleet = new Fleet().beat('w1', { hbmGrantable: 0, running: 1 });
    fleet.ask({ ...ask('long/9'), stepsDone: 100, attainedMs: 900_000 });
    fleet.ask({ ...ask('short/2'), stepsDone: 1, attainedMs: 100 });
    fleet.ask({ ...ask('person/2'), class: 'interactive', stepsDone: 100, attainedMs: 900_000 });
    fleet.beat('w1', { hbmGrantable: 64 });
    expect(fleet.tick().map((made) => (made.kind === 'decided' ? made.trace : ''))).toEqual(['person', 'short', 'long']);
  });

  test('a wait ages a step past a shorter trace that came later', () => {
    const fleet = new Fleet().beat('w1', { hbmGrantable: 0, running: 1 });
    fleet.ask({ ...ask('long/9'), stepsDone: 10, attainedMs: 10_000 });
    fleet.at(60_000).beat('w1', { hbmGrantable: 0, running: 1 });
    fleet.ask({ ...ask('short/2'), stepsDone: 1, attainedMs: 10, acceptedAtMs: 60_000 });
    fleet.beat('w1', { hbmGrantable: 20 });
    expect(fleet.tick()).toMatchObject([{ trace: 'long' }]);
  });

  test('a full queue rejects the next step with the numbers', () => {
    const fleet = new Fleet();
    for (const step of ['a/1', 'b/1', 'c/1']) fleet.ask(ask(step));
    expect(fleet.ask(ask('d/1'))).toMatchObject([{ decided: { what: 'reject', limit: 3, got: 4, message: '3 of 3 steps wait for a worker' } }]);
  });

  test('in a full queue the one that came last makes room for an older one', () => {
    const fleet = new Fleet();
    for (const [i, step] of ['a/1', 'b/1', 'c/1'].entries()) fleet.ask({ ...ask(step), acceptedAtMs: 100 + i });
    expect(fleet.ask({ ...ask('old/1'), acceptedAtMs: 50 })).toMatchObject([{ trace: 'c', decided: { what: 'reject', step: 'c/1' } }, { trace: 'old', decided: { what: 'defer' } }]);
    expect(fleet.ask({ ...ask('c/1'), acceptedAtMs: 102 })).toMatchObject([{ trace: 'c', decided: { what: 'reject' } }]);
  });

  test('a withdrawn step is never placed', () => {
    const fleet = new Fleet();
    fleet.ask(ask('a/1'));
    fleet.on({ kind: 'ask', ask: { what: 'withdraw', trace: 'a', step: 'a/1' }, held: [] });
    fleet.beat('w1');
    expect(fleet.tick()).toEqual([]);
  });

  test('a worker whose beats stop is lost, and one that started anew has lost what it ran', () => {
    const fleet = new Fleet().beat('w1');
    expect(fleet.at(1_500).tick()).toEqual([{ kind: 'workerLost', worker: 'w1' }]);
    fleet.beat('w1');
    expect(fleet.on(fleet.beatOf('w1', {}, 2))).toEqual([{ kind: 'workerLost', worker: 'w1' }]);
    expect(fleet.on(fleet.beatOf('w1', {}, 1))).toEqual([]);
  });

  test('a worker is not lost while the conductor itself hears nothing, and is when it goes on hearing nothing of it', () => {
    const fleet = new Fleet().beat('w1').at(1_500);
    fleet.on({ kind: 'deaf' });
    expect(fleet.tick()).toEqual([]);
    expect(fleet.at(2_501).tick()).toEqual([{ kind: 'workerLost', worker: 'w1' }]);
  });

  test('a model that nobody serves waits, and the reason names who serves what', () => {
    const fleet = new Fleet().beat('w1');
    expect(fleet.ask({ ...ask('a/1'), model: 'other' })).toMatchObject([{ decided: { what: 'defer', decision: { why: 'w1: serves m' } } }]);
  });

  test('in a tight arena a gap demotes and is back before the expected resume; in a roomy one a short gap stays', () => {
    const gap = { what: 'retain', trace: 'a', step: 'a/1', worker: 'w1', tokens: 2_000, gapsMs: [8_000, 9_000], children: 0, stepsDone: 2 } as const;
    const [tight] = new Fleet().beat('w1', { hbmUsed: 60 }).on({ kind: 'ask', ask: gap, held: [] });
    expect(tight).toMatchObject({ decided: { what: 'retain', demoteAfterMs: 0, decision: { forecast: { resumeP50Ms: 9_000 } } } });
    const { recallAfterMs } = (tight as unknown as { decided: { recallAfterMs: number } }).decided;
    expect(recallAfterMs).toBeGreaterThan(8_000);
    expect(recallAfterMs).toBeLessThan(9_000);
    expect(new Fleet().beat('w1', { hbmUsed: 4 }).on({ kind: 'ask', ask: gap, held: [] })).toMatchObject([{ decided: { demoteAfterMs: null } }]);
  });

  test('a small parent is pinned resident, one that would fill the arena a tier down', () => {
    const pin = { what: 'pin', trace: 'a', step: 'a/1', worker: 'w1', children: 4 } as const;
    const fleet = new Fleet().beat('w1');
    expect(fleet.on({ kind: 'ask', ask: { ...pin, tokens: 400 }, held: [] })).toMatchObject([{ decided: { tier: 'hbm' } }]);
    expect(fleet.on({ kind: 'ask', ask: { ...pin, tokens: 3_000 }, held: [] })).toMatchObject([{ decided: { tier: 'dram' } }]);
  });

  test('round robin takes turns whatever is held', () => {
    const fleet = new Fleet({ name: 'round-robin-lru', demoteAfterMs: 0 }).beat('w1').beat('w2');
    const held = [{ worker: 'w2', hbmTokens: 960, dramTokens: 0 }];
    const workers = ['a/1', 'b/1', 'c/1'].map((step) => (fleet.ask(ask(step), held)[0] as Placed).decided.worker);
    expect(workers).toEqual(['w1', 'w2', 'w1']);
  });
});

describe('claims', () => {
  const busy = { running: 1, hbmGrantable: 30 };
  /** 64 blocks, 30 of them free; `large` needs 47, what comes by needs 18. */
  const large = (step: string): PlaceAsk => ({ ...ask(step), promptTokens: 2_900 });
  const whatOf = (made: readonly ControlEffect[]): string[] => made.map((effect) => (effect.kind === 'decided' ? `${effect.trace} ${effect.decided.what}` : effect.kind));

  test('a step that is too large for a busy worker gets room after ten seconds, although small ones go on coming', () => {
    const fleet = new Fleet().beat('w1', busy);
    expect(whatOf(fleet.ask(large('big/1')))).toEqual(['big defer']);
    fleet.at(9_000).beat('w1', busy);
    expect(fleet.tick()).toEqual([]);
    expect(whatOf(fleet.ask({ ...ask('small/1'), acceptedAtMs: 9_000 }))).toEqual(['small place']);
    fleet.at(10_000).beat('w1', busy).tick();
    expect(fleet.ownClaim).toEqual({ worker: 'w1', step: 'big/1', blocks: 47, sinceMs: 0 });
    expect(fleet.ask({ ...ask('small/2'), acceptedAtMs: 10_000 })).toMatchObject([{ decided: { what: 'defer', decision: { why: 'w1: 30 of 64 blocks are free, 47 kept for big/1, 18 needed' } } }]);
    fleet.at(10_200).beat('w1', { running: 1, hbmGrantable: 48 });
    expect(fleet.tick()).toMatchObject([{ trace: 'big', decided: { what: 'place', decision: { why: expect.stringContaining('room was kept for it') } } }]);
    expect(fleet.ownClaim).toBeNull();
    expect(whatOf(fleet.at(10_400).beat('w1', busy).tick())).toEqual(['small place']);
  });

  test('a background step gets its turn beside agents that never end', () => {
    const fleet = new Fleet().beat('w1', { running: 16, hbmGrantable: 64 });
    fleet.ask({ ...ask('slow/1'), class: 'background' });
    fleet.at(12_000).beat('w1', { running: 16, hbmGrantable: 64 }).tick();
    fleet.ask({ ...ask('agent/1'), acceptedAtMs: 12_000 });
    expect(whatOf(fleet.at(12_100).beat('w1', { running: 15, hbmGrantable: 64 }).tick())).toEqual(['slow place']);
  });

  test('what another conductor claims is left free, until its beats stop', () => {
    const theirs = { worker: 'w1', step: 'other/1', blocks: 20, sinceMs: 0 };
    const fleet = new Fleet().beat('w1', busy).claim('c2', theirs);
    expect(whatOf(fleet.ask(ask('a/1')))).toEqual(['a defer']);
    expect(whatOf(fleet.at(500).beat('w1', { running: 1, hbmGrantable: 38 }).tick())).toEqual(['a place']);
    expect(whatOf(fleet.claim('c2', theirs).beat('w1', busy).ask(ask('b/1')))).toEqual(['b defer']);
    expect(whatOf(fleet.at(1_600).beat('w1', busy).tick())).toEqual(['b place']);
  });

  test('of two claims on one worker the older counts, and an idle worker is no exception', () => {
    const fleet = new Fleet().beat('w1', busy);
    fleet.ask({ ...large('mine/1'), acceptedAtMs: 1_000 });
    fleet.at(11_000).beat('w1', busy).claim('c2', { worker: 'w1', step: 'older/1', blocks: 40, sinceMs: 500 }).tick();
    expect(fleet.ownClaim).toMatchObject({ worker: 'w1', step: 'mine/1' });
    expect(fleet.beat('w1').tick()).toEqual([]);
    expect(whatOf(fleet.claim('c2', { worker: 'w1', step: 'younger/1', blocks: 40, sinceMs: 1_500 }).tick())).toEqual(['mine place']);
  });

  test('a claim goes where the step would go, and ends with its worker or its step', () => {
    const fleet = new Fleet().beat('w1', busy).beat('w2', { ...busy, backlogTokens: 5_000 });
    fleet.ask(large('big/1'));
    fleet.at(10_000).beat('w1', busy).beat('w2', { ...busy, backlogTokens: 5_000 }).claim('c2', { worker: 'w1', step: 'other/1', blocks: 20, sinceMs: -1 }).tick();
    expect(fleet.ownClaim).toMatchObject({ worker: 'w1' });
    fleet.at(10_900).beat('w2', busy).at(11_100).tick();
    expect(fleet.ownClaim).toMatchObject({ worker: 'w2' });
    fleet.on({ kind: 'ask', ask: { what: 'withdraw', trace: 'big', step: 'big/1' }, held: [] });
    fleet.tick();
    expect(fleet.ownClaim).toBeNull();
  });

  test('a step that no worker could ever take claims nothing, the next one does', () => {
    const fleet = new Fleet().beat('w1', busy);
    fleet.ask({ ...ask('foreign/1'), model: 'other' });
    fleet.ask({ ...large('big/1'), acceptedAtMs: 1 });
    fleet.at(10_500).beat('w1', busy).tick();
    expect(fleet.ownClaim).toMatchObject({ step: 'big/1' });
  });
});

type Placed = ControlEffect & { readonly decided: { readonly worker: string; readonly decision: { readonly alternatives: readonly { readonly choice: string }[] } } };

class Fleet {
  readonly #state = controlStart();
  readonly #logic: ReturnType<typeof controlLogic>;
  #now = 0;
  #seq = 0;
  constructor(policy: PolicySettings = { name: 'slackwater', demoteAfterMs: 0 }) { this.#logic = controlLogic(policyNamed(policy), limits); }
  at(nowMs: number): this { this.#now = nowMs; return this; }
  on(event: ControlEvent): readonly ControlEffect[] { return this.#logic.step(this.#state, event, this.#now as Instant).effects; }
  ask(placed: PlaceAsk, held: readonly Held[] = []): readonly ControlEffect[] { return this.on({ kind: 'ask', ask: placed, held }); }
  tick(): readonly ControlEffect[] { return [...this.on({ kind: 'watch' }), ...this.on({ kind: 'tick' })]; }
  claim(conductor: string, claim: Beat['claim']): this { this.on({ kind: 'beat', beat: { kind: 'beat', node: conductor, role: 'conductor', epoch: 1, seq: ++this.#seq, atMs: this.#now, worker: null, claim } }); return this; }
  get ownClaim(): Beat['claim'] { return this.#state.claim; }
  beat(node: string, load: Partial<WorkerLoad> = {}): this { this.on(this.beatOf(node, load, 1)); return this; }
  beatOf(node: string, load: Partial<WorkerLoad>, epoch: number): ControlEvent {
    const beat: Beat = { kind: 'beat', node, role: 'worker', epoch, seq: ++this.#seq, atMs: this.#now, worker: { ...idle, ...load }, claim: null };
    return { kind: 'beat', beat };
  }
}

const idle: WorkerLoad = {
  model: 'm', weights: '', numerics: '', contextLength: 8_192, blockBytes: 1_474_560, device: 'cpu', runsMax: 16, running: 0, waiting: 0,
  hbmBlocks: 64, hbmGrantable: 64, hbmUsed: 0, dramBlocks: 200, dramUsed: 0, prefillTokensPerS: 600, decodeTokensPerS: 60, recallBytesPerS: 2e9, backlogTokens: 0,
  counters: { demotedBlocks: 0, recalledBlocks: 0, evictedBlocks: 0, migratedBlocks: 0, promptTokens: 0, generatedTokens: 0, iterations: 0, busyMs: 0 },
};

const ask = (step: string): PlaceAsk => ({
  what: 'place', trace: step.split('/')[0] ?? '', parent: null, step, tenant: 't', model: 'm', class: 'agent', promptTokens: 1_000, maxTokens: 100,
  acceptedSeq: 1, acceptedAtMs: 0, previousWorker: null, avoid: [], stepsDone: 0, attainedMs: 0,
});
