import { expect, test } from 'vitest';
import { slackwater } from './gen/slackwater.js';
import { parseStep, type StepRequest } from './harness.ts';
import { isRefused, type Refused } from './refused.ts';

const { v1 } = slackwater;
const type = 'application/x-protobuf';
const encode = (request: slackwater.v1.StepRequest.$Properties): Uint8Array => v1.StepRequest.encode(request).finish();

function refusal(got: StepRequest | Refused): Refused {
  if (!isRefused(got)) throw new Error('was taken');
  return got;
}
function taken(got: StepRequest | Refused): StepRequest {
  if (isRefused(got)) throw new Error(got.message);
  return got;
}

test('a step in protobuf gives the same step as JSON', () => {
  const json = taken(parseStep(new TextEncoder().encode(JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hello' }], trace: 't', seq: 3, class: 'background', deadline_ms: 1.5, tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }], sampling: { temperature: 0.5, seed: 5, stop: ['x'] } }))));
  const bytes = encode({
    v: 1, trace: 't', seq: 3, model: 'm', class: 3, deadlineMs: 1.5, messages: [{ role: 'user', content: 'hello' }], tools: [{ name: 'f', parametersJson: '{"type":"object"}' }],
    sampling: { temperature: 0.5, seed: 5, stop: ['x'] },
  });
  expect(taken(parseStep(bytes, `${type}; charset=utf-8`))).toStrictEqual(json);
});

test('a step in protobuf keeps all 64 bits of a seed', () => {
  const bytes = encode({ model: 'm', messages: [{ role: 'user', content: '' }], sampling: { seed: { low: -1, high: -1, unsigned: true } } });
  expect(taken(parseStep(bytes, type)).sampling.seed).toBe(2n ** 64n - 1n);
});

test('a step in protobuf is judged as strictly as JSON', () => {
  const bytes = encode({ model: 'm', messages: [{ role: 'user', content: 'hello' }] });
  expect(refusal(parseStep(new Uint8Array([...bytes, 0xfa, 0x3e, 0x00]), type)).message).toContain('unknown field 1007 (wire type 2) in StepRequest');
  expect(refusal(parseStep(encode({ model: 'm', messages: [{ role: 'tool', content: '' }] }), type)).message).toContain('"messages[0].tool_call_id" is missing');
  expect(refusal(parseStep(bytes.subarray(0, bytes.length - 2), type)).code).toBe('invalid_protobuf');
  expect(refusal(parseStep(encode({ model: 'm', messages: [{ role: 'user', content: '' }], class: 9 as never }), type)).message).toContain('"class" is 9');
  expect(refusal(parseStep(encode({ model: 'm', messages: [{ role: 'user', content: '' }], sampling: { temperature: NaN } }), type)).message).toContain('"sampling.temperature" is NaN');
});
