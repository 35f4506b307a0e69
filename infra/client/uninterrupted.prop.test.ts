import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Delta, Reply } from '../../schemas/reply.ts';
import { Uninterrupted } from './uninterrupted.ts';

const step = 'tr_00a/1';
const words = fc.array(fc.string({ minLength: 0, maxLength: 3 }), { minLength: 1, maxLength: 30 });

/** One telling of the answer: token by token, but several in one delta where `cuts` says so, and no further than `upTo`. */
function telling(tokens: readonly string[], cuts: readonly boolean[], upTo: number): Reply[] {
  const deltas: Delta[] = [];
  for (const [at, text] of tokens.entries()) {
    const last = deltas.at(-1);
    if (last !== undefined && cuts[at % cuts.length]) deltas[deltas.length - 1] = { ...last, tokens: last.tokens + 1, text: last.text + text };
    else deltas.push({ kind: 'delta', step, attempt: 1, offset: at, tokens: 1, text });
  }
  const result: Reply = {
    kind: 'result', step, attempt: 1, text: tokens.join(''), finish: 'stop', tool_calls: [], usage: { prompt: 1, hit: 0, recalled: 0, computed: 1, generated: tokens.length },
    timing_ms: { queued: 0, recall: 0, first_token: 0, total: 0 }, worker: 'w', cost_usd: 0,
  };
  return [{ kind: 'accepted', step, trace: 'tr_00a', attempt: 1, prompt_tokens: 1, known_tokens: 0, identity: { how: 'new', confidence: 1 } }, ...deltas.slice(0, upTo), ...(upTo >= deltas.length ? [result] : [])];
}

test('whatever is cut off, told again and cut otherwise: every character and token once, in order', () => {
  fc.assert(fc.property(words, fc.array(fc.record({ cuts: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }), upTo: fc.nat(12) }), { maxLength: 4 }), fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }), (tokens, broken, lastCuts) => {
    const answer = new Uninterrupted();
    const got: Reply[] = [];
    for (const { cuts, upTo } of [...broken, { cuts: lastCuts, upTo: Infinity }]) {
      answer.startOver();
      for (const reply of telling(tokens, cuts, upTo)) {
        if (got.at(-1)?.kind === 'result') break;
        const news = answer.take(reply);
        expect(news, 'no telling here loses anything').not.toBeNull();
        got.push(...(news ?? []));
      }
    }
    const deltas = got.filter((reply) => reply.kind === 'delta');
    expect(deltas.map((delta) => delta.text).join('')).toBe(tokens.join(''));
    let offset = 0;
    for (const delta of deltas) { expect(delta.offset).toBe(offset); offset += delta.tokens; }
    expect(offset).toBe(tokens.length);
    expect(got.filter((reply) => reply.kind === 'accepted')).toHaveLength(1);
    expect(got.at(-1)?.kind).toBe('result');
  }));
});

test('a delta that was lost on the way is noticed at the next one', () => {
  const answer = new Uninterrupted();
  const [accepted, first, , third] = telling(['a', 'b', 'c', 'd'], [false], 4);
  for (const reply of [accepted, first]) expect(answer.take(reply as Reply)).toHaveLength(1);
  expect(answer.take(third as Reply)).toBeNull();
});

test('a sign of life says nothing', () => {
  const answer = new Uninterrupted();
  expect(answer.take({ kind: 'delta', step, attempt: 1, offset: 0, tokens: 0, text: '' })).toEqual([]);
});
