import { expect, test } from 'vitest';
import { findReply } from './find-reply.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('a step that is refused is told so where it asked for it', () => {
  expect(findReply(bytes('{"mood":1,"reply":"_INBOX.x.1"}'), null)).toBe('_INBOX.x.1');
  expect(findReply(bytes('{"reply":"a"}'), 'application/json; charset=utf-8')).toBe('a');
});

test.each([['{'], ['null'], ['{}'], ['{"reply":5}'], ['{"reply":"sw.v1.local.in.0.x"}'], ['{"reply":"$SYS.x"}'], ['{"reply":"a.*"}']])('%s names no subject that answers may go to', (text) => {
  expect(findReply(bytes(text), null)).toBeNull();
});

test('what is no JSON is not looked into', () => {
  expect(findReply(bytes('{"reply":"a"}'), 'application/x-protobuf')).toBeNull();
});
