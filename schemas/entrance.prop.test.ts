import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseStep } from './harness.ts';
import { parseChat } from './openai.ts';
import { parseReply } from './reply.ts';

const utf8 = new TextEncoder();
const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } };
const step = {
  v: 1, id: 'k', trace: 't', parent: 'p', seq: 2, model: 'm', messages: [{ role: 'system', content: 's' }, { role: 'user', content: [{ type: 'text', text: 'u' }] }, { role: 'assistant', content: 'a', tool_calls: [call] }, { role: 'tool', content: 'x', tool_call_id: 'c' }],
  tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }], sampling: { max_tokens: 5, temperature: 0.5, top_p: 1, seed: 7, stop: ['x'] }, class: 'agent', deadline_ms: 5, reply: 'r',
};
const chat = { model: 'm', messages: step.messages, tools: step.tools, stop: ['x'], stream: true, stream_options: { include_usage: true }, logprobs: true, top_logprobs: 2, n: 1, seed: 5, slackwater: { trace: 't', seq: 1 } };

/** Every place in a document that another value could be put at. */
const places = (value: unknown, at: readonly (string | number)[] = []): (readonly (string | number)[])[] =>
  typeof value === 'object' && value !== null ? [at, ...Object.entries(value).flatMap(([key, inner]) => places(inner, [...at, Array.isArray(value) ? Number(key) : key]))] : [at];

function changed(document: unknown, place: readonly (string | number)[], value: unknown): unknown {
  if (place.length === 0) return value;
  const copy = structuredClone(document) as Record<string | number, unknown>;
  let inner = copy;
  for (const key of place.slice(0, -1)) inner = inner[key] as Record<string | number, unknown>;
  inner[place.at(-1)!] = value;
  return copy;
}

const odd = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(null, -1, 0, 1e308, 2 ** 53, '', [], {}, '__proto__', { __proto__: null }));

for (const [name, document, parse] of [['step', step, (bytes: Uint8Array) => parseStep(bytes)], ['chat request', chat, (bytes: Uint8Array) => parseChat(bytes)]] as const) {
  test(`${name}: any value at any place is taken or refused with a reason`, () => {
    fc.assert(fc.property(fc.constantFrom(...places(document)), odd, (place, value) => {
      const got = parse(utf8.encode(JSON.stringify(changed(document, place, value))));
      const refusal = 'kind' in got ? (got.kind === 'refused' ? got : got.kind === 'chatRefusal' ? got.refused : null) : null;
      if (refusal !== null) {
        expect(refusal.message.length).toBeGreaterThan(5);
        expect(refusal.message).not.toMatch(/\[object|NaN;|Invalid input$/);
      }
    }));
  });

  test(`${name}: bytes changed anywhere are taken or refused`, () => {
    const bytes = utf8.encode(JSON.stringify(document));
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 3 }), (edits) => {
      const copy = bytes.slice();
      for (const [at, value] of edits) copy[at] = value;
      expect(typeof parse(copy)).toBe('object');
    }));
  });
}

test('random bytes are no step in protobuf, and no reply, but never an exception', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
    expect(typeof parseStep(bytes, 'application/x-protobuf')).toBe('object');
    expect(typeof parseReply(bytes).kind).toBe('string');
  }));
});
