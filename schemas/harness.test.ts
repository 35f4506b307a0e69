import { describe, expect, test } from 'vitest';
import { encodeStep, parseStep, stepLimits, type StepRequest } from './harness.ts';
import { isRefused, type Refused } from './refused.ts';

const utf8 = new TextEncoder();
const parse = (value: unknown): StepRequest | Refused => parseStep(utf8.encode(JSON.stringify(value)));
const user = { role: 'user', content: 'hello' };
const small = { model: 'm', messages: [user] };

function refusal(got: StepRequest | Refused): Refused {
  if (!isRefused(got)) throw new Error(`was taken: ${JSON.stringify(got, (_, value) => (typeof value === 'bigint' ? String(value) : value))}`);
  return got;
}
function taken(got: StepRequest | Refused): StepRequest {
  if (isRefused(got)) throw new Error(got.message);
  return got;
}

test('the step of the contracts is taken as it stands', () => {
  const step = taken(parse({
    v: 1, id: 'my-key-0012', trace: 'issue-4711', parent: null, seq: 12, model: 'smollm2-135m', messages: [{ role: 'system', content: '…' }, { role: 'user', content: '…' }], append: null,
    tools: [], sampling: { max_tokens: 256, temperature: 0, top_p: 1, seed: 7, stop: [] }, class: 'agent', deadline_ms: 60000, end: false, reply: '_INBOX.x1',
  }));
  expect(step).toStrictEqual({
    v: 1, id: 'my-key-0012', trace: 'issue-4711', parent: null, seq: 12, model: 'smollm2-135m', messages: [{ role: 'system', content: '…' }, { role: 'user', content: '…' }], append: null,
    tools: [], sampling: { max_tokens: 256, temperature: 0, top_p: 1, top_k: 0, seed: 7n, stop: [] }, class: 'agent', deadline_ms: 60000, end: false, reply: '_INBOX.x1',
  });
});

test('what is left out gets its default', () => {
  expect(taken(parse(small))).toStrictEqual({
    v: 1, id: null, trace: null, parent: null, seq: null, model: 'm', messages: [user], append: null, tools: [],
    sampling: { max_tokens: 256, temperature: 0, top_p: 1, top_k: 0, seed: null, stop: [] }, class: 'agent', deadline_ms: null, end: false, reply: null,
  });
});

test('a conversation with parts, calls and tool results becomes plain messages', () => {
  const call = { id: 'c1', type: 'function', function: { name: 'read', arguments: '{"path":"a"}' } };
  const step = taken(parse({ model: 'm', messages: [
    { role: 'user', content: [{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }] }, { role: 'assistant', content: null, tool_calls: [call] }, { role: 'tool', tool_call_id: 'c1', content: 'x' },
  ] }));
  expect(step.messages).toStrictEqual([{ role: 'user', content: 'ab' }, { role: 'assistant', content: '', tool_calls: [call] }, { role: 'tool', content: 'x', tool_call_id: 'c1' }]);
});

test('a trace can be extended and ended without its history', () => {
  expect(taken(parse({ model: 'm', trace: 't', seq: 2, append: [user] })).append).toHaveLength(1);
  expect(taken(parse({ trace: 't', end: true }))).toMatchObject({ end: true, model: '', messages: null });
});

const refusals: [string, unknown, string, string][] = [
  ['an unknown field', { ...small, foo: 1 }, 'unknown_field', 'unknown field "foo"'],
  ['an unknown field deep inside', { model: 'm', messages: [user, user, { ...user, foo: 1 }] }, 'unknown_field', 'unknown field "messages[2].foo"'],
  ['an unknown sampling field', { ...small, sampling: { topp: 1 } }, 'unknown_field', 'unknown field "sampling.topp"'],
  ['calls on a user\'s message', { model: 'm', messages: [{ ...user, tool_calls: [] }] }, 'unknown_field', 'unknown field "messages[0].tool_calls"'],
  ['a tool result that answers nothing', { model: 'm', messages: [{ role: 'tool', content: 'x' }] }, 'missing_field', '"messages[0].tool_call_id" is missing'],
  ['an assistant who says nothing', { model: 'm', messages: [{ role: 'assistant' }] }, 'invalid_field', '"messages[0]" of role assistant has neither content nor tool_calls'],
  ['an unknown role', { model: 'm', messages: [{ role: 'robot', content: '' }] }, 'invalid_field', '"messages[0].role" is "robot"; it may be "system", "developer", "user", "assistant", "tool"'],
  ['content that is no text', { model: 'm', messages: [{ role: 'user', content: 7 }] }, 'invalid_field', '"messages[0].content" is 7; expected a string or array'],
  ['an image', { model: 'm', messages: [{ role: 'user', content: [{ type: 'image_url', text: '' }] }] }, 'invalid_field', '"messages[0].content[0].type" is "image_url"; it may be "text"'],
  ['no model', { messages: [user] }, 'missing_field', '"model" is missing'],
  ['neither messages nor append', { model: 'm' }, 'invalid_step', 'neither "messages" nor "append"'],
  ['both of them', { ...small, append: [user], trace: 't', seq: 1 }, 'invalid_step', 'both "messages"'],
  ['append without trace and seq', { model: 'm', append: [user] }, 'invalid_step', '"append" needs "trace" and "seq"'],
  ['append without seq', { model: 'm', trace: 't', append: [user] }, 'invalid_step', '"append" needs "seq"'],
  ['an end with messages', { ...small, end: true, trace: 't' }, 'invalid_step', 'comes without "messages"'],
  ['an end of nothing', { end: true }, 'invalid_step', 'which one is over'],
  ['a trace that is its own parent', { ...small, trace: 't', parent: 't' }, 'invalid_step', '"t" is its own "parent"'],
  ['seq 0', { ...small, trace: 't', seq: 0 }, 'invalid_field', '"seq" is 0; it must be at least 1'],
  ['seq 1.5', { ...small, trace: 't', seq: 1.5 }, 'invalid_field', '"seq" is 1.5; expected a whole number'],
  ['a temperature beyond the range', { ...small, sampling: { temperature: 2.5 } }, 'invalid_field', '"sampling.temperature" is 2.5; it may be at most 2'],
  ['top_p 0', { ...small, sampling: { top_p: 0 } }, 'invalid_field', '"sampling.top_p" is 0; it must be more than 0'],
  ['17 stops', { ...small, sampling: { stop: Array(17).fill('x') } }, 'invalid_field', '"sampling.stop" has 17 entries; it may be at most 16'],
  ['an id with spaces', { ...small, id: 'a b' }, 'invalid_field', '"id" is "a b"'],
  ['an unknown class', { ...small, class: 'urgent' }, 'invalid_field', '"class" is "urgent"; it may be "interactive", "agent", "background"'],
  ['a later version', { ...small, v: 2 }, 'invalid_field', '"v" is 2; it may be 1'],
  ['a reply into the fleet', { ...small, reply: 'sw.v1.eu.order.w1' }, 'invalid_field', 'lies among the subjects of the fleet'],
  ['a reply to a wildcard', { ...small, reply: 'a.*' }, 'invalid_field', 'is no subject to publish to'],
  ['a list', [], 'invalid_field', 'the document is a list of 0; expected an object'],
  ['a field that JavaScript knows', JSON.parse('{"model":"m","messages":[{"role":"user","content":"x"}],"__proto__":{"end":true}}'), 'unknown_field', 'unknown field "__proto__"'],
];

test.each(refusals)('%s is refused with its path', (_, value, code, message) => {
  const got = refusal(parse(value));
  expect(got.message).toContain(message);
  expect(got.code).toBe(code);
});

test('numbers are in the refusal', () => {
  expect(refusal(parse({ ...small, sampling: { temperature: 2.5 } }))).toMatchObject({ limit: 2, got: 2.5 });
});

describe('bytes that are no JSON', () => {
  const bytes = (text: string, ...tail: number[]): Uint8Array => new Uint8Array([...utf8.encode(text), ...tail]);
  test.each([
    ['too many', new Uint8Array(stepLimits.bytesMax + 1), 'payload_too_large', '1000001 bytes; 1000000 may come'],
    ['none', bytes(''), 'invalid_json', 'at position 0'],
    ['cut short', bytes('{"model": "m"'), 'invalid_json', 'at position 13'],
    ['a surprising character', bytes('{"messages": [1, 2, x]}'), 'invalid_json', 'Unexpected "x" in JSON at position 20'],
    ['a comma too many', bytes('{"a": [1,]}'), 'invalid_json', 'Unexpected "]" in JSON at position 9'],
    ['not UTF-8', bytes('{"model": "', 0xc3, 0x28, 0x22, 0x7d), 'invalid_utf8', 'byte 12 of 15'],
    ['half a character at the end', bytes('"ab', 0xe2, 0x82), 'invalid_utf8', 'byte 4 of 5'],
  ])('%s', (_, input, code, message) => {
    const got = refusal(parseStep(input));
    expect(got.code).toBe(code);
    expect(got.message).toContain(message);
  });

  test('nested a hundred thousand deep, it is refused, not a crash', () => {
    const depth = 100_000;
    const parameters = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
    expect(refusal(parseStep(bytes(`{"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"function":{"name":"t","parameters":${parameters}}}]}`))).message).toContain('nested more than 64 deep');
    expect(refusal(parseStep(bytes('['.repeat(500_000)))).code).toBe('invalid_json');
  });
});

test('another content type is refused by name', () => {
  expect(refusal(parseStep(utf8.encode('a: 1'), 'text/yaml')).message).toContain('"text/yaml"; application/json and application/x-protobuf');
});

test('a client cannot encode what would be refused', () => {
  expect(refusal(encodeStep({ model: 'm', messages: [] }) as Refused).message).toContain('"messages" has 0 entries; it must be at least 1');
  expect(taken(parseStep(encodeStep({ model: 'm', messages: [{ role: 'user', content: 'x' }] }) as Uint8Array)).model).toBe('m');
});
