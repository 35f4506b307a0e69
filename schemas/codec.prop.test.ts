import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as codec from './codec.ts';
import { goldenCases } from './golden/golden.ts';
import type * as M from './messages.ts';

type Arbitraries<T> = { readonly [K in keyof T]: fc.Arbitrary<T[K]> };
const of = <T extends object>(fields: Arbitraries<T>): fc.Arbitrary<T> => fc.record(fields as never, { noNullPrototype: true } as never) as unknown as fc.Arbitrary<T>;

const name = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' });
const text = fc.string({ maxLength: 200, unit: 'grapheme' });
const count = fc.nat({ max: 2 ** 32 - 1 }).map(Math.trunc);
const whole = fc.maxSafeNat();
/** -0 is 0 on the wire. */
const real = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const tokens = fc.array(fc.nat({ max: 2 ** 31 - 1 }), { maxLength: 300 }).map((ids) => Int32Array.from(ids));
const names = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length * 16, maxLength: length * 16 });
const chain = fc.nat({ max: 8 }).chain(names);
const nullable = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });
const one = <T extends string>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

const prompt: fc.Arbitrary<M.PromptRef> = fc.tuple(fc.array(name, { maxLength: 5 }), tokens).chain(([pages, tail]) =>
  names(Math.floor(tail.length / 64)).map((tailChain) => ({ pages, tail, tailChain, tokens: pages.length * 4096 + tail.length })));
const sampling = of<M.Sampling>({ maxTokens: count, temperature: real, topP: real, topK: count, seed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), stop: fc.array(text), logprobs: fc.integer({ min: -1, max: 20 }) });
const usage = of<M.Usage>({ prompt: count, hit: count, recalled: count, computed: count, generated: count });
const timing = of<M.Timing>({ queuedMs: real, recallMs: real, firstTokenMs: real, totalMs: real });
const chance = of<M.TokenLogprob['top'][number]>({ token: count, logprob: fc.oneof(real, fc.constant(-Infinity)) });
const logprobs = fc.array(of<M.TokenLogprob>({ token: count, logprob: real, top: fc.array(chance, { maxLength: 3 }) }), { maxLength: 3 });
const identity = of<M.Identity>({ how: one('explicit', 'inferred', 'new'), confidence: fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0) });
const finish = one<M.Finish>('stop', 'length', 'tool_calls', 'cancelled');
const outcome = one<M.Outcome>('finished', 'abandoned', 'failed', 'cancelled');
const retry = one<M.Retry>('never', 'later', 'elsewhere');
const tier = one<M.Tier>('hbm', 'dram');
const state = one<M.TraceState>('running', 'toolGap', 'fanOut', 'resumed', 'done');
const kind = <T extends string>(value: T): fc.Arbitrary<T> => fc.constant(value);
const ofStep = { trace: name, step: name } as const;

const inbox: fc.Arbitrary<M.InboxEvent> = fc.oneof(
  of<M.StepAccepted>({ kind: kind('stepAccepted'), ...ofStep, id: name, tenant: name, parent: nullable(name), lane: one('main', 'side'), seq: count, isSeqGiven: fc.boolean(), model: name, prompt, messageChain: text, sampling, class: one('interactive', 'agent', 'background'), deadlineMs: real, identity, atMs: real }),
  of<M.StepEnded>({ kind: kind('stepEnded'), ...ofStep, attempt: count, worker: name, tokens, finish, usage, timing, acceleratorMs: real, logprobs, chain }),
  of<M.StepFailed>({ kind: kind('stepFailed'), ...ofStep, attempt: count, worker: text, code: name, message: text, retry, acceleratorMs: real }),
  of<M.StepCancelled>({ kind: kind('stepCancelled'), ...ofStep, reason: text }),
  of<M.ChildStarted>({ kind: kind('childStarted'), trace: name, child: name }),
  of<M.ChildEnded>({ kind: kind('childEnded'), trace: name, child: name, outcome }),
  of<M.EndAsked>({ kind: kind('endAsked'), trace: name, outcome, reason: text }),
);

const ofLane = { trace: name, lane: name, fence: of<M.Fence>({ partition: count, epoch: whole }) } as const;
type OrderOf<K extends M.Order['kind']> = Extract<M.Order, { readonly kind: K }>;
const order: fc.Arbitrary<M.Order> = fc.oneof(
  of<OrderOf<'run'>>({ kind: kind('run'), ...ofLane, step: name, attempt: count, tenant: name, model: name, prompt, sampling, priority: real }),
  of<OrderOf<'cancel'>>({ kind: kind('cancel'), ...ofStep, fence: ofLane.fence, attempt: count }),
  of<OrderOf<'gap'>>({ kind: kind('gap'), ...ofLane, keepValue: real, demoteAfterMs: nullable(real), recallAfterMs: nullable(real) }),
  of<OrderOf<'pin'>>({ kind: kind('pin'), ...ofLane, tier }),
  of<OrderOf<'unpin'>>({ kind: kind('unpin'), ...ofLane }),
  of<OrderOf<'drop'>>({ kind: kind('drop'), ...ofLane }),
);
const refusal = one<M.RefusalCode>('worker_full', 'old_attempt', 'old_epoch', 'unknown_model', 'context_length', 'arena_too_small', 'page_missing', 'closing', 'bad_order');
const orderReply: fc.Arbitrary<M.OrderReply> = fc.oneof(
  of<Extract<M.OrderReply, { kind: 'granted' }>>({ kind: kind('granted'), workerEpoch: whole }),
  of<Extract<M.OrderReply, { kind: 'refused' }>>({ kind: kind('refused'), code: refusal, message: text, retry }),
);

const out: fc.Arbitrary<M.Out> = fc.oneof(
  of<M.AttemptStarted>({ kind: kind('attemptStarted'), step: name, id: name, attempt: count, worker: text }),
  of<M.DeltaOut>({ kind: kind('delta'), step: name, attempt: count, offset: count, tokens, logprobs }),
  of<M.ResultOut>({ kind: kind('result'), step: name, id: name, attempt: count, worker: text, tokens, finish, usage, timing, costUsd: real, logprobs }),
  of<M.FailedOut>({ kind: kind('failed'), step: name, id: name, code: name, message: text, retry, limit: nullable(real), got: nullable(real) }),
);

const counters = of<M.WorkerCounters>({ demotedBlocks: whole, recalledBlocks: whole, evictedBlocks: whole, migratedBlocks: whole, promptTokens: whole, generatedTokens: whole, iterations: whole, busyMs: real });
const load = of<M.WorkerLoad>({
  model: name, weights: text, numerics: text, contextLength: count, blockBytes: whole, device: text, runsMax: count, running: count, waiting: count, hbmBlocks: count, hbmGrantable: count, hbmUsed: count,
  dramBlocks: count, dramUsed: count, prefillTokensPerS: real, decodeTokensPerS: real, recallBytesPerS: real, backlogTokens: whole, counters,
});
const beat = of<M.Beat>({ kind: kind('beat'), node: name, role: one('worker', 'conductor', 'gateway'), epoch: whole, seq: whole, atMs: real, worker: nullable(load), claim: nullable(of<M.Claim>({ worker: name, step: name, blocks: count, sinceMs: real })) });
const blockEvents = of<M.BlockEvents>({ kind: kind('blockEvents'), node: name, epoch: whole, seq: whole, isSnapshot: fc.boolean(), events: fc.array(of<M.BlockEvents['events'][number]>({ op: one('stored', 'removed'), tier, chain })), from: count, next: count });

const decision = of<M.Decision>({
  kind: kind('decision'), atMs: real, trace: text, step: text, what: one('place', 'order', 'demote', 'recall', 'pin', 'unpin', 'evict', 'gang', 'migrate', 'defer', 'regime'), choice: text, policy: text, regime: text, why: text,
  alternatives: fc.array(of<M.Decision['alternatives'][number]>({ choice: text, score: real })),
  forecast: nullable(of<NonNullable<M.Decision['forecast']>>({ resumeP50Ms: real, resumeP95Ms: real })), outcome: nullable(of<NonNullable<M.Decision['outcome']>>({ firstTokenMs: real, promisedMs: real })),
});
const transition = of<M.TransitionEvent>({ kind: kind('transition'), atMs: real, trace: name, tenant: name, parent: nullable(name), from: fc.oneof(state, kind('start')), to: state, step: text, seq: count, worker: text, usage, outcome: nullable(outcome) });
const billUsage = of<M.Usage>({ prompt: whole, hit: whole, recalled: whole, computed: whole, generated: whole });
const bill = of<M.Bill>({ kind: kind('bill'), partition: count, epoch: whole, cursor: whole, rows: fc.array(of<M.BillRow>({ trace: name, tenant: name, steps: count, usage: billUsage, acceleratorMs: real, costUsd: real })) });
const saved = of<M.SavedTrace>({ kind: kind('savedTrace'), epoch: whole, saves: whole, cursor: whole, machine: name, version: count, value: state, contextJson: fc.json(), outboxJson: fc.json(), timers: fc.array(of<M.SavedTimer>({ id: name, generation: whole, dueAtMs: real })) });
const firstToken = of<M.FirstToken>({ kind: kind('firstToken'), ...ofStep, attempt: count, hit: count, recalled: count, computed: count });
const who = of<M.Who>({ kind: kind('who'), tenant: name, model: name, id: name, trace: nullable(name), parent: nullable(name), seq: nullable(count), chain: fc.array(name) });
const whoReply = of<M.WhoReply>({ kind: kind('whoReply'), trace: name, parent: nullable(name), step: name, seq: count, lane: one('main', 'side'), identity, isKnown: fc.boolean() });
const page = fc.tuple(text, fc.nat(), names(64)).map(([parent, first, bytes]): M.Page => ({ kind: 'page', parent, tokens: Int32Array.from({ length: 4096 }, (_, i) => (first ^ Math.imul(i, 0x9e3779b1)) & 0x7fffffff), chain: bytes }));

describe('what is encoded comes back equal', () => {
  const same = <T extends { readonly kind: string }>(title: string, arbitrary: fc.Arbitrary<T>, encode: (message: T) => Uint8Array, decode: (bytes: Uint8Array) => T | codec.Fault, bounds: fc.Parameters<[T]> = {}): void =>
    test(title, () => fc.assert(fc.property(arbitrary, (message) => { expect(decode(encode(message))).toStrictEqual(message); }), bounds));
  same('inbox', inbox, codec.encodeInbox, codec.decodeInbox);
  same('first token', firstToken, codec.encodeFirstToken, codec.decodeFirstToken);
  same('order', order, codec.encodeOrder, codec.decodeOrder);
  same('order reply', orderReply, codec.encodeOrderReply, codec.decodeOrderReply);
  same('beat', beat, codec.encodeBeat, codec.decodeBeat);
  same('block events', blockEvents, codec.encodeBlockEvents, codec.decodeBlockEvents);
  same('snapshot asked', of<M.SnapshotAsked>({ kind: kind('snapshotAsked'), from: count }), codec.encodeSnapshotAsked, codec.decodeSnapshotAsked);
  same('out', out, codec.encodeOut, codec.decodeOut);
  same('who', who, codec.encodeWho, codec.decodeWho);
  same('who reply', whoReply, codec.encodeWhoReply, codec.decodeWhoReply);
  same('page', page, codec.encodePage, codec.decodePage, { numRuns: 20 }); // comparing 4,096 tokens takes vitest 14 ms
  same('splice', tokens.map((ids): M.Splice => ({ kind: 'splice', tokens: ids })), codec.encodeSplice, codec.decodeSplice);
  same('evt', fc.oneof(decision, transition), codec.encodeEvt, codec.decodeEvt);
  same('bill', bill, codec.encodeBill, codec.decodeBill);
  same('saved trace', saved, codec.encodeSavedTrace, codec.decodeSavedTrace);
  same('checkpoint', of<M.Checkpoint>({ kind: kind('checkpoint'), epoch: whole, cursor: whole }), codec.encodeCheckpoint, codec.decodeCheckpoint);
});

describe('no bytes make a decoder throw', () => {
  test.each(goldenCases)('$name: random bytes', ({ decode }) => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => { expect(typeof decode(bytes).kind).toBe('string'); }));
  });

  test.each(goldenCases)('$name: a message with bytes changed, removed or put in gives a fault or a message that can be encoded', ({ message, encode, decode }) => {
    const bytes = encode(message);
    const place = fc.nat({ max: bytes.length - 1 });
    fc.assert(fc.property(fc.array(fc.tuple(place, fc.nat({ max: 255 }), one('set', 'remove', 'insert')), { minLength: 1, maxLength: 4 }), (edits) => {
      const changed = [...bytes];
      for (const [at, value, how] of edits) changed.splice(at, how === 'insert' ? 0 : 1, ...(how === 'remove' ? [] : [value]));
      const decoded = decode(Uint8Array.from(changed));
      if (!codec.isFault(decoded)) expect(decode(encode(decoded))).toStrictEqual(decoded);
    }));
  });
});
