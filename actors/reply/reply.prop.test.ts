import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Out, ResultOut } from '../../schemas/messages.ts';
import type { Instant } from '../lib/logic.ts';
import { type ReplyEffect, newReply, reply } from './reply.ts';

const step = 'tr_00abc/1';
const now = 0 as Instant;
const tokenAt = (i: number): number => 1_000 + i;
const answerOf = (length: number): Int32Array => Int32Array.from({ length }, (_, i) => tokenAt(i));

/** One attempt as its worker publishes it: announced, then cut into deltas at arbitrary places up to where it died. */
interface Attempt { readonly cuts: readonly number[]; readonly isBroken: boolean }

const attempt = fc.record({ cuts: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 12, size: 'max' }), isBroken: fc.boolean() });

function publish(attempts: readonly Attempt[], length: number): Out[] {
  const out: Out[] = [];
  for (const [i, { cuts, isBroken }] of attempts.entries()) {
    const number = i + 1;
    out.push({ kind: 'attemptStarted', step, id: 'k', attempt: number, worker: 'w' });
    let offset = 0;
    for (const cut of cuts) {
      const tokens = answerOf(length).slice(offset, offset + cut);
      // A replaced attempt may say anything: its tokens must not get through once it is replaced.
      if (isBroken && number < attempts.length) tokens.fill(-number);
      if (tokens.length > 0) out.push({ kind: 'delta', step, attempt: number, offset, tokens, logprobs: [] });
      offset += cut;
    }
  }
  return out;
}

const resultOf = (attempts: number, length: number): ResultOut => ({
  kind: 'result', step, id: 'k', attempt: attempts, worker: 'w', tokens: answerOf(length), finish: 'stop', costUsd: 0, logprobs: [],
  usage: { prompt: 1, hit: 0, recalled: 0, computed: 1, generated: length }, timing: { queuedMs: 0, recallMs: 0, firstTokenMs: 0, totalMs: 0 },
});

const world = fc.record({
  attempts: fc.array(attempt, { minLength: 1, maxLength: 4, size: 'max' }),
  length: fc.integer({ min: 0, max: 40 }),
  /** Per message: lost, once or twice, and how far it is late. */
  fates: fc.array(fc.record({ copies: fc.constantFrom(0, 1, 1, 1, 2), lateness: fc.nat(12) }), { minLength: 60, maxLength: 60 }),
  endsBy: fc.constantFrom('result', 'saved'),
  endsAt: fc.nat(80),
});

function run(messages: readonly Out[], result: ResultOut, endsBy: string, endsAt: number): ReplyEffect[] {
  const state = newReply(step);
  const effects: ReplyEffect[] = [];
  const take = (message: Out): void => { effects.push(...reply.step(state, { kind: 'out', message }, now).effects); };
  const end = (): void => { effects.push(...reply.step(state, endsBy === 'saved' ? { kind: 'saved', answer: result } : { kind: 'out', message: result }, now).effects); };
  for (const [i, message] of messages.entries()) {
    if (i === endsAt) end();
    take(message);
  }
  end();
  end();
  return effects;
}

const shuffle = (messages: readonly Out[], fates: readonly { copies: number; lateness: number }[]): Out[] =>
  messages.flatMap((message, i) => {
    const { copies, lateness } = fates[i % fates.length] as { copies: number; lateness: number };
    return Array.from({ length: copies }, (_, copy) => ({ message, due: i + lateness * (copy + 1) }));
  }).sort((a, b) => a.due - b.due).map(({ message }) => message);

test('reply: whatever is lost, late, doubled or from a replaced attempt, a client gets every token once, in order, and one end', () => {
  fc.assert(fc.property(world, ({ attempts, length, fates, endsBy, endsAt }) => {
    const same = attempts.map((each) => ({ ...each, isBroken: false }));
    const effects = run(shuffle(publish(same, length), fates), resultOf(attempts.length, length), endsBy, endsAt);
    const delivered: number[] = [];
    for (const effect of effects) {
      if (effect.kind !== 'deliver') continue;
      expect(effect.offset).toBe(delivered.length);
      delivered.push(...effect.tokens);
    }
    expect(delivered).toEqual([...answerOf(length)]);
    expect(effects.filter((effect) => effect.kind === 'finish')).toHaveLength(1);
    expect(effects.at(-1)?.kind).toBe('finish');
    expect(effects.some((effect) => effect.kind === 'diverged')).toBe(false);
  }));
});

test('reply: no token of a replaced attempt gets through after its successor was announced', () => {
  fc.assert(fc.property(world, ({ attempts, length, fates, endsBy, endsAt }) => {
    const messages = shuffle(publish(attempts, length), fates);
    const state = newReply(step);
    let announced = 0;
    for (const message of [...messages.slice(0, endsAt)]) {
      if (message.kind === 'attemptStarted') announced = Math.max(announced, message.attempt);
      for (const effect of reply.step(state, { kind: 'out', message }, now).effects) {
        if (effect.kind === 'deliver') for (const token of effect.tokens) expect(token > 0 || token === -announced, `token ${token} under attempt ${announced}`).toBe(true);
      }
    }
    const ends = run(messages, resultOf(attempts.length, length), endsBy, endsAt).filter((effect) => effect.kind === 'finish');
    expect(ends).toHaveLength(1);
  }));
});
