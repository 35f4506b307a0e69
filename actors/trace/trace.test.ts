import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SavedTrace, StepAccepted } from '../../schemas/messages.ts';
import type { Decided } from '../lib/asks.ts';
import type { Instant } from '../lib/logic.ts';
import { fromSaved, toSaved } from './saved.ts';
import { type TraceActor, traceLogic } from './trace.ts';
import type { TraceEffect, TraceEvent } from './types.ts';

const limits = { attemptMs: 1_000, attemptsMax: 3, idleMs: 5_000, sideCallsMax: 2, childrenMax: 10 };
const trace = 'tr_00a';

describe('trace', () => {
  test('a first step runs, its end opens a gap that asks what to keep, the next step resumes', () => {
    const actor = new Driver();
    expect(kinds(actor.on(accepted(1)))).toEqual(['timerSet', 'ask place', 'evt transition']);
    expect(kinds(actor.on(placed(1, 'w1')))).toEqual(['evt decision', 'timerSet', 'announce attemptStarted', 'orderRun']);
    expect(actor.value).toBe('running');
    expect(kinds(actor.on(ended(1, 1, 'w1')))).toEqual(['timerClear', 'timerClear', 'answer', 'timerSet', 'ask retain', 'evt transition', 'segment']);
    expect(actor.value).toBe('toolGap');
    actor.at(7_000).on(accepted(2));
    expect(actor.value).toBe('resumed');
    expect(actor.context.gapsMs).toEqual([7_000 - 3]);
    actor.on(placed(2, 'w1'));
    actor.on({ kind: 'firstToken', trace, step: `${trace}/2`, attempt: 1, hit: 1, recalled: 0, computed: 1 });
    expect(actor.value).toBe('running');
  });

  test('the gap order carries what control decided', () => {
    const actor = inGap();
    const effects = actor.on({ kind: 'decided', decided: { what: 'retain', step: `${trace}/1`, keepValue: 2, demoteAfterMs: 10, recallAfterMs: 500, decision } });
    expect(effects.find((effect) => effect.kind === 'order')).toMatchObject({ worker: 'w1', order: { kind: 'gap', keepValue: 2, demoteAfterMs: 10, recallAfterMs: 500 } });
  });

  test('a report of an older attempt changes nothing', () => {
    const actor = new Driver();
    actor.on(accepted(1));
    actor.on(placed(1, 'w1'));
    actor.on({ kind: 'workerLost', worker: 'w1' });
    actor.on(placed(1, 'w2'));
    const before = actor.state;
    expect(kinds(actor.on(ended(1, 1, 'w1')))).toEqual([]);
    expect(actor.state).toEqual(before);
    expect(kinds(actor.on(ended(1, 2, 'w2')))).toContain('answer');
  });

  test('a lost worker costs an attempt, and the step is asked for again, away from it', () => {
    const actor = new Driver();
    actor.on(accepted(1));
    actor.on(placed(1, 'w1'));
    const effects = actor.on({ kind: 'workerLost', worker: 'w1' });
    expect(kinds(effects)).toEqual(['order cancel', 'timerClear', 'ask place']);
    expect(effects.find((effect) => effect.kind === 'ask')).toMatchObject({ ask: { avoid: ['w1'] } });
    expect(actor.context.run).toMatchObject({ phase: 'waiting', failures: 1 });
  });

  test('a worker that refuses for lack of room is not avoided, one that refuses for another reason is; neither costs an attempt', () => {
    for (const [code, avoid] of [['worker_full', []], ['arena_too_small', ['w1']]] as const) {
      const actor = new Driver();
      actor.on(accepted(1));
      actor.on(placed(1, 'w1'));
      const effects = actor.on({ kind: 'orderRefused', step: actor.context.run?.step ?? '', attempt: 1, worker: 'w1', code, message: '', retry: 'later' });
      expect(effects.find((effect) => effect.kind === 'ask')).toMatchObject({ ask: { avoid } });
      expect(actor.context.run).toMatchObject({ phase: 'waiting', failures: 0 });
    }
  });

  test('a step that fails as often as it may is given up, and the trace goes on', () => {
    const actor = new Driver();
    actor.on(accepted(1));
    let effects: readonly TraceEffect[] = [];
    for (let attempt = 1; attempt <= 3; attempt++) {
      actor.on(placed(1, 'w1'));
      effects = actor.on({ kind: 'stepFailed', trace, step: `${trace}/1`, attempt, worker: 'w1', code: 'engine', message: 'broke', retry: 'elsewhere', acceleratorMs: 5, logSeq: 10 + attempt });
    }
    expect(effects.find((effect) => effect.kind === 'announce')).toMatchObject({ out: { kind: 'failed', code: 'engine', message: 'broke; 3 of 3 attempts failed' } });
    expect(actor.context.attainedMs).toBe(15);
    expect(actor.value).toBe('toolGap');
    actor.on(accepted(2));
    expect(actor.value).toBe('resumed');
  });

  test('a refusal for lack of room costs no attempt', () => {
    const actor = new Driver();
    actor.on(accepted(1));
    for (let attempt = 1; attempt <= 9; attempt++) {
      actor.on(placed(1, 'w1'));
      actor.on({ kind: 'orderRefused', step: `${trace}/1`, attempt, worker: 'w1', code: 'worker_full', message: '', retry: 'later' });
    }
    expect(actor.context.run).toMatchObject({ phase: 'waiting', failures: 0, attempt: 9 });
  });

  test('a prompt whose pages are not there costs attempts, and the step ends when they are used up', () => {
    const actor = new Driver();
    actor.on(accepted(1));
    let effects: readonly TraceEffect[] = [];
    let rounds = 0;
    for (; actor.context.run !== null && rounds < 20; rounds++) {
      actor.on(placed(1, 'w1'));
      effects = actor.on({ kind: 'orderRefused', step: `${trace}/1`, attempt: actor.context.run.attempt, worker: 'w1', code: 'page_missing', message: 'page 1 of 2', retry: 'later' });
    }
    expect(rounds).toBe(limits.attemptsMax);
    expect(effects.find((effect) => effect.kind === 'announce')).toMatchObject({ out: { kind: 'failed', code: 'page_missing', message: 'page 1 of 2; 3 of 3 attempts failed', retry: 'later' } });
    expect(actor.context.timers.map(({ id }) => id)).toEqual(['idle']);
  });

  test('a worker that refuses the same step again is asked again after a while, not at once', () => {
    const actor = new Driver();
    actor.on(accepted(1));
    const refuse = (attempt: number) => {
      actor.on(placed(1, 'w1'));
      return kinds(actor.on({ kind: 'orderRefused', step: `${trace}/1`, attempt, worker: 'w1', code: 'closing', message: '', retry: 'elsewhere' }));
    };
    expect(refuse(1)).toEqual(['timerClear', 'ask place']);
    expect(refuse(2)).toEqual(['timerClear', 'timerSet']);
    const again = actor.context.timers.find(({ id }) => id === `ask:${trace}/1`);
    expect(kinds(actor.on({ kind: 'timer', id: again?.id ?? '', generation: again?.generation ?? -1 }))).toEqual(['ask place']);
    expect(actor.context.run).toMatchObject({ phase: 'waiting', failures: 0, attempt: 2 });
  });

  test('a step that control has no room for stays, and asks again until it is placed', () => {
    const actor = new Driver();
    actor.on(accepted(1));
    const reject = () => actor.on({ kind: 'decided', decided: { what: 'reject', step: `${trace}/1`, message: '4096 of 4096 steps wait for a worker', limit: 4_096, got: 4_097 } });
    const again = () => actor.context.timers.find(({ id }) => id === `ask:${trace}/1`);
    expect(kinds(reject())).toEqual(['timerSet']);
    expect(actor.context.run).toMatchObject({ phase: 'waiting', failures: 0 });
    expect(kinds(actor.on({ kind: 'timer', id: again()?.id ?? '', generation: again()?.generation ?? -1 }))).toEqual(['ask place']);
    reject();
    actor.on(placed(1, 'w1'));
    expect(actor.context.run?.phase).toBe('ordered');
    expect(again()).toBeUndefined();
  });

  test('a step that control has no room for still has its deadline', () => {
    const actor = new Driver();
    actor.on(accepted(1));
    actor.on({ kind: 'decided', decided: { what: 'reject', step: `${trace}/1`, message: '', limit: 1, got: 2 } });
    const deadline = actor.context.timers.find((timer) => timer.id.startsWith('deadline:'));
    const effects = actor.at(60_001).on({ kind: 'timer', id: deadline?.id ?? '', generation: deadline?.generation ?? -1 });
    expect(effects.find((effect) => effect.kind === 'announce')).toMatchObject({ out: { kind: 'failed', code: 'deadline' } });
    expect(actor.context.timers.map(({ id }) => id)).toEqual(['idle']);
  });

  test('a given seq with a gap, or used before, is refused with the numbers', () => {
    const actor = inGap();
    for (const [seq, code] of [[3, 'seq_gap'], [1, 'seq_old']] as const) {
      const effects = actor.on({ ...accepted(seq), id: 'other', step: `${trace}/x`, isSeqGiven: true });
      expect(effects[0]).toMatchObject({ kind: 'announce', out: { kind: 'failed', code, limit: 2, got: seq } });
    }
    expect(actor.value).toBe('toolGap');
  });

  test('a second step under a number that was answered is refused under its own id', () => {
    expect(inGap().on({ ...accepted(1), id: 'other', isSeqGiven: true })).toMatchObject([{ kind: 'announce', out: { kind: 'failed', step: `${trace}/1`, id: 'other', code: 'seq_old' } }]);
  });

  test('the same id again is answered with the first answer', () => {
    const actor = inGap();
    expect(actor.on({ ...accepted(2), id: 'id-1' })).toEqual([{ kind: 'answer', id: 'id-1', step: `${trace}/1`, attempt: 1, endedSeq: 100 }]);
  });

  test('children pin the parent until the last of them is done', () => {
    const actor = inGap();
    const start = (child: string) => actor.on({ kind: 'childStarted', trace, child, logSeq: 50 });
    const end = (child: string) => actor.on({ kind: 'childEnded', trace, child, outcome: 'finished', logSeq: 51 });
    expect(kinds(start('tr_00b'))).toContain('ask pin');
    expect(actor.value).toBe('fanOut');
    expect(kinds(actor.on({ kind: 'decided', decided: { what: 'pin', step: '', tier: 'hbm', decision } }))).toContain('order pin');
    start('tr_00c');
    expect(kinds(end('tr_00b'))).toEqual([]);
    expect(kinds(end('tr_00c'))).toContain('order unpin');
    expect(actor.value).toBe('toolGap');
  });

  test('a pin is ordered again as long as children live, and no longer', () => {
    const actor = inGap();
    actor.on({ kind: 'childStarted', trace, child: 'tr_00b', logSeq: 50 });
    actor.on({ kind: 'decided', decided: { what: 'pin', step: '', tier: 'dram', decision } });
    const pinTimer = () => actor.context.timers.find(({ id }) => id === 'pin');
    const effects = actor.on({ kind: 'timer', id: 'pin', generation: pinTimer()?.generation ?? 0 });
    expect(effects.find((effect) => effect.kind === 'order')).toMatchObject({ worker: 'w1', order: { kind: 'pin', tier: 'dram' } });
    actor.on({ kind: 'childEnded', trace, child: 'tr_00b', outcome: 'finished', logSeq: 51 });
    expect(pinTimer()).toBeUndefined();
  });

  test("the parent's step resumes it while children live, and their end unpins it", () => {
    const actor = inGap();
    actor.on({ kind: 'childStarted', trace, child: 'tr_00b', logSeq: 50 });
    actor.on({ kind: 'decided', decided: { what: 'pin', step: '', tier: 'hbm', decision } });
    actor.on(accepted(2));
    expect(actor.value).toBe('resumed');
    expect(kinds(actor.on({ kind: 'childEnded', trace, child: 'tr_00b', outcome: 'finished', logSeq: 51 }))).toContain('order unpin');
    actor.on(placed(2, 'w1'));
    actor.on(ended(2, 1, 'w1'));
    expect(actor.value).toBe('toolGap');
  });

  test('a side call that comes before its trace\'s first step begins the trace, which that step then resumes as its first', () => {
    const actor = new Driver();
    expect(kinds(actor.on(sideCall(1)))).toEqual(['timerSet', 'ask place', 'timerSet', 'evt transition']);
    expect(actor.state).toMatchObject({ value: 'toolGap', context: { seq: 0, sidesSeen: 1, ids: [{ id: 's1' }] } });
    actor.on({ kind: 'decided', decided: { what: 'place', step: `${trace}/s1`, worker: 'w2', priority: 0, decision } });
    actor.at(900).on(accepted(1));
    expect(actor.state).toMatchObject({ value: 'running', context: { seq: 1, gapsMs: [], gapOpenedAtMs: 0 } });
    expect(kinds(actor.on({ ...ended(1, 1, 'w2'), step: `${trace}/s1`, logSeq: 61 }))).toContain('answer');
    actor.on(placed(1, 'w1'));
    expect(kinds(actor.on(ended(1, 1, 'w1')))).toContain('ask retain');
    actor.on(accepted(2));
    expect(actor.value).toBe('resumed');
  });

  test('behind a side call a trace may be taken up in its middle', () => {
    const actor = new Driver();
    actor.on(sideCall(1));
    expect(kinds(actor.on({ ...accepted(5), isSeqGiven: true }))).toContain('ask place');
    expect(actor.state).toMatchObject({ value: 'running', context: { seq: 5 } });
  });

  test('a trace that has only a side call is over when its idle limit has passed and the call has ended', () => {
    const actor = new Driver();
    actor.on(sideCall(1));
    const idle = () => actor.context.timers.find(({ id }) => id === 'idle')?.generation ?? -1;
    actor.on({ kind: 'timer', id: 'idle', generation: idle() });
    expect(actor.value).toBe('toolGap');
    actor.on({ kind: 'decided', decided: { what: 'place', step: `${trace}/s1`, worker: 'w2', priority: 0, decision } });
    actor.on({ ...ended(1, 1, 'w2'), step: `${trace}/s1`, logSeq: 61 });
    actor.on({ kind: 'timer', id: 'idle', generation: idle() });
    expect(actor.state).toMatchObject({ value: 'done', context: { outcome: 'abandoned', timers: [] } });
    expect(kinds(actor.on(accepted(1)))).toContain('ask place');
    expect(actor.state).toMatchObject({ value: 'running', context: { outcome: null } });
  });

  test('a side call runs beside the main chain and leaves its state alone', () => {
    const actor = inGap();
    actor.on({ ...accepted(1), id: 's', step: `${trace}/s1`, lane: 'side', logSeq: 60 });
    actor.on({ kind: 'decided', decided: { what: 'place', step: `${trace}/s1`, worker: 'w2', priority: 0, decision } });
    expect(actor.value).toBe('toolGap');
    const effects = actor.on({ ...ended(1, 1, 'w2'), step: `${trace}/s1`, logSeq: 61 });
    expect(kinds(effects)).toContain('answer');
    expect(effects.find((effect) => effect.kind === 'order')).toMatchObject({ worker: 'w2', order: { kind: 'drop', lane: `${trace}/s1` } });
    expect(actor.context).toMatchObject({ worker: 'w1', seq: 1 });
  });

  test('nobody comes back: finished after a last answer, abandoned when a tool result is owed', () => {
    for (const [finish, outcome] of [['stop', 'finished'], ['tool_calls', 'abandoned']] as const) {
      const actor = inGap(finish);
      const idle = actor.context.timers.find((timer) => timer.id === 'idle');
      const effects = actor.at(9_000).on({ kind: 'timer', id: 'idle', generation: idle?.generation ?? -1 });
      expect(actor.value).toBe('done');
      expect(actor.context.outcome).toBe(outcome);
      expect(kinds(effects)).toEqual(['order drop', 'evt transition', 'segment']);
      expect(effects.at(-1)).toMatchObject({ segment: { state: 'toolGap', root: { outcome, steps: 1 } } });
    }
  });

  test('a timer of an older generation fires for nobody', () => {
    const actor = inGap();
    const before = actor.state;
    expect(actor.on({ kind: 'timer', id: 'idle', generation: 0 })).toEqual([]);
    expect(actor.state).toBe(before);
  });

  test('a late step reopens a trace that is done, and its parent hears of both', () => {
    const actor = new Driver();
    expect(kinds(actor.on({ ...accepted(1), parent: 'tr_01p' }))).toContain('tell childStarted');
    actor.on(placed(1, 'w1'));
    actor.on(ended(1, 1, 'w1'));
    expect(kinds(actor.on({ kind: 'endAsked', trace, outcome: 'finished', reason: '', logSeq: 70 }))).toContain('tell childEnded');
    expect(kinds(actor.on({ ...accepted(2), parent: 'tr_01p' }))).toContain('tell childStarted');
    expect(actor.value).toBe('resumed');
    expect(actor.context.outcome).toBe(null);
  });

  test('an end while a step runs cancels it, answers its client, and frees the worker', () => {
    const actor = new Driver();
    actor.on(accepted(1));
    actor.on(placed(1, 'w1'));
    const effects = actor.on({ kind: 'endAsked', trace, outcome: 'cancelled', reason: 'by hand', logSeq: 70 });
    expect(actor.value).toBe('done');
    expect(kinds(effects)).toEqual(expect.arrayContaining(['order cancel', 'announce failed']));
    expect(actor.context.timers).toEqual([]);
  });

  test('a new owner orders again what was ordered, under the same attempt and priority, and asks again for what waited', () => {
    const actor = new Driver();
    actor.on(accepted(1));
    expect(kinds(actor.on({ kind: 'takenOver' }))).toEqual(['ask place']);
    actor.on(placed(1, 'w1'));
    expect(actor.on({ kind: 'takenOver' })).toMatchObject([{ kind: 'orderRun', worker: 'w1', attempt: 1, acceptedSeq: 100, priority: 1 }]);
  });

  test('a step past its deadline is given up wherever it is', () => {
    const actor = new Driver();
    actor.on(accepted(1));
    const deadline = actor.context.timers.find((timer) => timer.id.startsWith('deadline:'));
    const effects = actor.at(60_001).on({ kind: 'timer', id: deadline?.id ?? '', generation: deadline?.generation ?? -1 });
    expect(kinds(effects)).toEqual(expect.arrayContaining(['ask withdraw', 'announce failed']));
    expect(actor.value).toBe('toolGap');
  });

  test('saved and loaded, a trace is the same trace', () => {
    const actor = inGap();
    const saved = { actor: actor.state as TraceActor, cursor: 7, outbox: [], epoch: 3, saves: 2 };
    expect(fromSaved(toSaved(saved))).toEqual(saved);
  });

  test('a placement is told what came of it: promised and measured first token', () => {
    const actor = new Driver();
    actor.on(accepted(1));
    const made = { ...decision, step: `${trace}/1`, alternatives: [{ choice: 'w1', score: 0.25 }, { choice: 'w2', score: 3 }] };
    actor.on({ kind: 'decided', decided: { what: 'place', step: `${trace}/1`, worker: 'w1', priority: 1, decision: made } });
    actor.on(ended(1, 1, 'w1'));
    expect(actor.context.decisions[0]?.outcome).toEqual({ firstTokenMs: 1, promisedMs: 250 });
  });

  test('an idle trace with a side call under way is not over', () => {
    const actor = inGap();
    actor.on({ ...accepted(1), id: 's', step: `${trace}/s1`, lane: 'side', logSeq: 60 });
    const idle = () => actor.context.timers.find(({ id }) => id === 'idle')?.generation ?? 0;
    actor.on({ kind: 'timer', id: 'idle', generation: idle() });
    expect(actor.value).toBe('toolGap');
    actor.on({ kind: 'stepCancelled', trace, step: `${trace}/s1`, reason: '', logSeq: 61 });
    actor.on({ kind: 'timer', id: 'idle', generation: idle() });
    expect(actor.value).toBe('done');
  });

  test.each([1, 2, 3])('the golden snapshot of version %i is still read, and goes on', (version) => {
    const record = JSON.parse(readFileSync(join(import.meta.dirname, `golden/trace-v${version}.json`), 'utf8')) as SavedTrace;
    const saved = fromSaved(record);
    if ('kind' in saved) throw new Error(saved.message);
    const now = inGap().state as TraceActor;
    // Version 1 did not know where an answer's step was accepted.
    const answers = now.context.answers.map((answer) => (version === 1 ? { ...answer, acceptedSeq: answer.endedSeq } : answer));
    expect(saved.actor).toEqual({ ...now, context: { ...now.context, answers } });
    const logic = traceLogic(limits);
    expect(logic.step(saved.actor, accepted(2), 50 as Instant).state?.value).toBe('resumed');
  });

  test('runs of a version that did not keep their priority are read with none', () => {
    const actor = new Driver();
    actor.on(accepted(1));
    actor.on(placed(1, 'w1'));
    actor.on({ ...accepted(1), id: 's', step: `${trace}/s1`, lane: 'side', logSeq: 60 });
    const saved = toSaved({ actor: actor.state as TraceActor, cursor: 7, outbox: [], epoch: 3, saves: 2 });
    const without = JSON.stringify(JSON.parse(saved.contextJson), (key, value) => (key === 'priority' ? undefined : value));
    expect(without).not.toContain('priority');
    const { run, sides } = (fromSaved({ ...saved, version: 2, contextJson: without }) as { readonly actor: TraceActor }).actor.context;
    expect([run?.priority, ...sides.map(({ priority }) => priority)]).toEqual([0, 0]);
  });

  test('a snapshot of a version from the future is refused with both versions', () => {
    const saved = toSaved({ actor: inGap().state as TraceActor, cursor: 7, outbox: [], epoch: 3, saves: 2 });
    expect(fromSaved({ ...saved, version: 99 })).toEqual({ kind: 'fault', message: 'trace saved at version 99; this program reads up to 3' });
  });
});

const decision = { kind: 'decision', atMs: 0, trace, step: '', what: 'place', choice: 'w1', policy: 'slackwater', regime: 'fixed', why: '', alternatives: [], forecast: null, outcome: null } as const;

/** Applies events to one trace, a millisecond apart. */
class Driver {
  readonly #logic = traceLogic(limits);
  #now = 0;
  state: TraceActor | null = null;
  get value() { return this.state?.value; }
  get context() { return (this.state as TraceActor).context; }
  at(nowMs: number): this { this.#now = nowMs - 1; return this; }
  on(event: TraceEvent): readonly TraceEffect[] {
    this.#now += 1;
    const step = this.#logic.step(this.state, event, this.#now as Instant);
    this.state = step.state;
    return step.effects;
  }
}

function inGap(finish: 'stop' | 'tool_calls' = 'stop'): Driver {
  const actor = new Driver();
  actor.on(accepted(1));
  actor.on(placed(1, 'w1'));
  actor.on({ ...ended(1, 1, 'w1'), finish });
  return actor;
}

function accepted(seq: number): StepAccepted & { readonly logSeq: number } {
  return {
    kind: 'stepAccepted', trace, step: `${trace}/${seq}`, id: `id-${seq}`, tenant: 't', parent: null, lane: 'main', seq, isSeqGiven: false, model: 'm',
    prompt: { pages: [], tail: new Int32Array(100), tailChain: new Uint8Array(16), tokens: 100 }, messageChain: `chain-${seq}`,
    sampling: { maxTokens: 10, temperature: 0, topP: 1, topK: 0, seed: 1n, stop: [], logprobs: -1 }, class: 'agent', deadlineMs: 60_000,
    identity: { how: 'new', confidence: 1 }, atMs: 0, logSeq: 100 * seq,
  };
}

const sideCall = (number: number) => ({ ...accepted(1), id: `s${number}`, step: `${trace}/s${number}`, lane: 'side' as const, seq: 0, logSeq: 60 });

const placed = (seq: number, worker: string): TraceEvent & { readonly kind: 'decided'; readonly decided: Decided } =>
  ({ kind: 'decided', decided: { what: 'place', step: `${trace}/${seq}`, worker, priority: 1, decision } });

function ended(seq: number, attempt: number, worker: string) {
  return {
    kind: 'stepEnded' as const, trace, step: `${trace}/${seq}`, attempt, worker, tokens: new Int32Array(5), finish: 'stop' as const,
    usage: { prompt: 100, hit: 0, recalled: 0, computed: 100, generated: 5 }, timing: { queuedMs: 0, recallMs: 0, firstTokenMs: 1, totalMs: 2 },
    acceleratorMs: 10, logprobs: [], chain: new Uint8Array(16), logSeq: 100 * seq,
  };
}

/** An effect in a word or two. */
const kinds = (effects: readonly TraceEffect[]): string[] => effects.map((effect) => {
  switch (effect.kind) {
    case 'ask': return `ask ${effect.ask.what}`;
    case 'order': return `order ${effect.order.kind}`;
    case 'announce': return `announce ${effect.out.kind}`;
    case 'tell': return `tell ${effect.event.kind}`;
    case 'evt': return `evt ${effect.evt.kind}`;
    default: return effect.kind;
  }
});
