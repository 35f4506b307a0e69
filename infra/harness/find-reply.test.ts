import { expect, test } from 'vitest';
import { findReply } from './find-reply.ts';

const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('a step that is refused is told so where it asked for it', () => {
  expect(findReply(bytes('{"mood":1,"reply":"_INBOX.x.1"}'), null)).toBe('_INBOX.x.1');
  expect(findReply(bytes('{"reply":"a"}'), 'application/json; charset=utf-8')).toBe('a');
});

test.each([['{'], ['null'], ['{}'], ['{"reply":5}'], ['{"reply":"sw.v1.local.in.0.x"}'], ['{"reply":"$SYS.x"}'], ['{"reply":"a.*"}']])('%s names no subject that answers may go to', (text) => {
  expect(findReply(bytes(text), null)).toBeNull();
});

test('what a step in protobuf wants is found beside what is wrong with it', () => {
  // v 1, seq 0 (which is refused), model "m", and reply, field 14: "_INBOX.y"; then a step that says only "$SYS.x".
  const step = fromHex('0801280032016d72085f494e424f582e79');
  expect(findReply(step, 'application/x-protobuf')).toBe('_INBOX.y');
  expect(findReply(step.subarray(0, step.length - 3), 'application/x-protobuf')).toBeNull();
  expect(findReply(fromHex('7206245359532e78'), 'application/x-protobuf')).toBeNull();
});

test('a type that is not known is not looked into', () => {
  expect(findReply(bytes('{"reply":"a"}'), 'text/plain')).toBeNull();
});
