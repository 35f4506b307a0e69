import { expect, test } from 'vitest';
import { slackwater } from '../../schemas/gen/slackwater.js';
import { findReply } from './find-reply.ts';

const { v1 } = slackwater;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('a step that is refused is told so where it asked for it', () => {
  expect(findReply(bytes('{"mood":1,"reply":"_INBOX.x.1"}'), null)).toBe('_INBOX.x.1');
  expect(findReply(bytes('{"reply":"a"}'), 'application/json; charset=utf-8')).toBe('a');
});

test.each([['{'], ['null'], ['{}'], ['{"reply":5}'], ['{"reply":"sw.v1.local.in.0.x"}'], ['{"reply":"$SYS.x"}'], ['{"reply":"a.*"}']])('%s names no subject that answers may go to', (text) => {
  expect(findReply(bytes(text), null)).toBeNull();
});

test('what a step in protobuf wants is found beside what is wrong with it', () => {
  const step = v1.StepRequest.encode({ v: 1, model: 'm', seq: 0, reply: '_INBOX.y' }).finish();
  expect(findReply(step, 'application/x-protobuf')).toBe('_INBOX.y');
  expect(findReply(step.subarray(0, step.length - 3), 'application/x-protobuf')).toBeNull();
  expect(findReply(v1.StepRequest.encode({ reply: '$SYS.x' }).finish(), 'application/x-protobuf')).toBeNull();
});

test('a type that is not known is not looked into', () => {
  expect(findReply(bytes('{"reply":"a"}'), 'text/plain')).toBeNull();
});
