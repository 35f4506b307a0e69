import { describe, expect, test } from 'vitest';
import type { DeltaOut, Out, ResultOut, TokenLogprob } from '../../schemas/messages.ts';
import type { Instant } from '../lib/logic.ts';
import { type Reply, type ReplyEffect, type ReplyEvent, newReply, reply, replyLimits } from './reply.ts';

const step = 'tr_00abc/3';
const now = 0 as Instant;
const answer = [10, 11, 12, 13, 14, 15, 16, 17];

const started = (attempt: number): Out => ({ kind: 'attemptStarted', step, id: 'k', attempt, worker: `w${attempt}` });
const delta = (attempt: number, offset: number, tokens: readonly number[], logprobs: readonly TokenLogprob[] = []): DeltaOut =>
  ({ kind: 'delta', step, attempt, offset, tokens: Int32Array.from(tokens), logprobs });
const result = (attempt: number, tokens: readonly number[] = answer): ResultOut => ({
  kind: 'result', step, id: 'k', attempt, worker: `w${attempt}`, tokens: Int32Array.from(tokens), finish: 'stop',
  usage: { prompt: 5, hit: 0, recalled: 0, computed: 5, generated: tokens.length },
  timing: { queuedMs: 0, recallMs: 0, firstTokenMs: 1, totalMs: 2 }, costUsd: 0, logprobs: [],
});

function read(state: Reply, events: readonly (Out | ReplyEvent)[]): ReplyEffect[] {
  return events.flatMap((event) => [...reply.step(state, event.kind === 'saved' || event.kind === 'out' ? event : { kind: 'out', message: event }, now).effects]);
}

/** What a client has seen, as one list of words. */
const seen = (effects: readonly ReplyEffect[]): (number | string)[] =>
  effects.flatMap((effect): (number | string)[] => (effect.kind === 'deliver' ? [...effect.tokens] : effect.kind === 'diverged' ? [`diverged@${effect.offset}`] : [effect.kind]));

describe('reply', () => {
  test('deltas in order are passed on one by one, and the result only adds what was missing', () => {
    const effects = read(newReply(step), [started(1), delta(1, 0, [10, 11]), delta(1, 2, [12]), result(1)]);
    expect(effects.map((effect) => (effect.kind === 'deliver' ? [effect.offset, ...effect.tokens] : effect.kind))).toEqual([[0, 10, 11], [2, 12], [3, 13, 14, 15, 16, 17], 'finish']);
  });

  test('a delta before its announcement waits for it', () => {
    const state = newReply(step);
    expect(read(state, [delta(1, 0, [10, 11]), delta(1, 2, [12])])).toEqual([]);
    expect(seen(read(state, [started(1)]))).toEqual([10, 11, 12]);
  });

  test('a delta of a replaced attempt is dropped, held or not', () => {
    const state = newReply(step);
    expect(seen(read(state, [delta(1, 0, [99]), started(2), delta(1, 0, [98]), started(1), delta(1, 0, [97]), delta(2, 0, [10])]))).toEqual([10]);
  });

  test('what was held of a skipped attempt does not stand in the way of the announced one', () => {
    expect(seen(read(newReply(step), [delta(1, 0, [99]), delta(2, 0, [10, 11]), delta(3, 0, [98]), started(2), delta(2, 2, [12])]))).toEqual([10, 11, 12]);
  });

  test('a retry is led through what the client has already', () => {
    expect(seen(read(newReply(step), [started(1), delta(1, 0, [10, 11, 12]), started(2), delta(2, 0, [10, 11]), delta(2, 2, [12, 13]), result(2)]))).toEqual([...answer, 'finish']);
  });

  test('a result whose announcement was lost brings its attempt along', () => {
    const state = newReply(step);
    read(state, [started(1), delta(1, 0, [10]), result(2)]);
    expect(state.attempt).toBe(2);
  });

  test('a retry that says something else is reported once, and the client keeps one text', () => {
    expect(seen(read(newReply(step), [started(1), delta(1, 0, [10, 11, 12]), started(2), delta(2, 0, [10, 7]), delta(2, 2, [8, 9]), result(2, [10, 7, 8, 9])]))).toEqual([10, 11, 12, 'diverged@1', 9, 'finish']);
  });

  test('a result shorter than what was delivered is reported as diverging at its end', () => {
    expect(seen(read(newReply(step), [started(1), delta(1, 0, [10, 11, 12]), result(2, [10, 11])]))).toEqual([10, 11, 12, 'diverged@2', 'finish']);
  });

  test('a delta ahead of a lost one waits; the result closes the hole', () => {
    expect(seen(read(newReply(step), [started(1), delta(1, 0, [10]), delta(1, 4, [14, 15]), delta(1, 2, [12, 13]), result(1)]))).toEqual([...answer, 'finish']);
    expect(seen(read(newReply(step), [started(1), delta(1, 0, [10]), delta(1, 4, [14, 15]), delta(1, 2, [12, 13]), delta(1, 1, [11])]))).toEqual([10, 11, 12, 13, 14, 15]);
  });

  test('a result whose attempt was never announced counts; one of a replaced attempt does not', () => {
    expect(seen(read(newReply(step), [started(1), delta(1, 0, [10]), result(2)]))).toEqual([...answer, 'finish']);
    expect(seen(read(newReply(step), [started(2), result(1, [1, 2])]))).toEqual([]);
  });

  test('the saved answer counts whatever was announced, and nothing comes after the end', () => {
    const state = newReply(step);
    expect(seen(read(state, [started(3), delta(3, 0, [10]), { kind: 'saved', answer: result(2) }]))).toEqual([...answer, 'finish']);
    expect(read(state, [result(3), started(4), delta(4, 8, [18]), { kind: 'saved', answer: result(2) }])).toEqual([]);
  });

  test('a failure ends the reply once, after what was delivered', () => {
    const failed: Out = { kind: 'failed', step, id: 'k', code: 'no_worker', message: 'no worker for 600000 ms', retry: 'later', limit: null, got: null };
    expect(seen(read(newReply(step), [started(1), delta(1, 0, [10]), failed, failed, result(1)]))).toEqual([10, 'fail']);
  });

  test('logprobs stay with their tokens when a part of a delta is skipped', () => {
    const logprobs = [10, 11, 12].map((token) => ({ token, logprob: -token, top: [] }));
    const effects = read(newReply(step), [started(1), delta(1, 0, [10]), delta(1, 0, [10, 11, 12], logprobs)]);
    expect(effects[1]).toMatchObject({ kind: 'deliver', offset: 1, logprobs: logprobs.slice(1) });
  });

  test('what is held is bounded: the nearest stays, the rest comes with the result', () => {
    const state = newReply(step);
    read(state, [started(1)]);
    for (let i = 1_000; i > 0; i--) read(state, [delta(1, i * 2, [i * 2, i * 2 + 1])]);
    expect(state.held.length).toBe(replyLimits.heldMax);
    expect(seen(read(state, [delta(1, 0, [0, 1])])).length).toBe(2 * (replyLimits.heldMax + 1));
    read(state, [delta(2, 0, new Array<number>(replyLimits.heldTokensMax + 1).fill(1))]);
    expect(state.heldTokens).toBeLessThanOrEqual(replyLimits.heldTokensMax);
  });

  test('a message of another step is a bug of the host', () => {
    expect(() => read(newReply('tr_00abc/4'), [started(1)])).toThrow('a message of tr_00abc/3 given to the reply of tr_00abc/4');
  });
});
