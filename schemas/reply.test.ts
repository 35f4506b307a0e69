import { describe, expect, test } from 'vitest';
import { encodeReply, parseReply, type Reply } from './reply.ts';

const utf8 = new TextEncoder();
const bytes = (text: string): Uint8Array => utf8.encode(text);

const examples: readonly Reply[] = [
  { kind: 'accepted', step: 'tr_01J/12', trace: 'tr_01J', attempt: 1, prompt_tokens: 8123, known_tokens: 7900, identity: { how: 'explicit', confidence: 1 } },
  { kind: 'deferred', retry_after_ms: 2000, code: 'fleet_full', message: 'inbox holds 4096 of 4096 waiting steps' },
  { kind: 'refused', code: 'context_length', message: 'prompt of 9001 tokens; smollm2-135m takes 8192', limit: 8192, got: 9001 },
  { kind: 'refused', code: 'unknown_field', message: 'unknown field "foo"' },
  { kind: 'delta', step: 'tr_01J/12', attempt: 1, offset: 0, tokens: 3, text: 'The file' },
  {
    kind: 'result', step: 'tr_01J/12', attempt: 1, text: 'The file …', finish: 'stop', tool_calls: [{ id: 'c1', type: 'function', function: { name: 'read', arguments: '{}' } }],
    usage: { prompt: 8123, hit: 7872, recalled: 0, computed: 251, generated: 48 }, timing_ms: { queued: 2, recall: 0, first_token: 61, total: 402 }, worker: 'w1', cost_usd: 0.0000041,
  },
  { kind: 'failed', step: 'tr_01J/12', code: 'no_worker', message: '…', retry: 'later' },
];

test.each(examples)('$kind comes back as it was written', (reply) => {
  expect(parseReply(encodeReply(reply))).toStrictEqual(reply);
});

test('a field of a later version is ignored', () => {
  expect(parseReply(bytes('{"kind":"deferred","retry_after_ms":1,"code":"c","message":"m","queue":7}'))).toStrictEqual({ kind: 'deferred', retry_after_ms: 1, code: 'c', message: 'm' });
});

describe('what is no reply is a fault', () => {
  test.each([
    ['no JSON', bytes('{'), 'reply of 1 bytes'],
    ['no UTF-8', Uint8Array.of(0xff), 'reply of 1 bytes'],
    ['an unknown kind', bytes('{"kind":"surprise"}'), '"kind" is "surprise"'],
    ['a missing field', bytes('{"kind":"delta","step":"s","attempt":1,"offset":0,"tokens":1}'), '"text" is missing'],
    ['a number that is none', bytes('{"kind":"deferred","retry_after_ms":"soon","code":"c","message":"m"}'), '"retry_after_ms" is "soon"'],
  ])('%s', (_, input, message) => {
    const got = parseReply(input);
    expect(got).toMatchObject({ kind: 'fault', message: expect.stringContaining(message) });
  });
});
