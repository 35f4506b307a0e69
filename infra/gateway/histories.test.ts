import { expect, test } from 'vitest';
import type { ChatMessage } from '../../schemas/chat.ts';
import { Histories } from './histories.ts';

const user = (content: string): ChatMessage => ({ role: 'user', content });
const answer = (content: string): ChatMessage => ({ role: 'assistant', content });

test('histories: a step that appends gets what was said before it, and its repetition gets the same', () => {
  const histories = new Histories();
  histories.remember('t', 1, [user('a'), answer('b')]);
  histories.remember('t', 2, [user('a'), answer('b'), user('c'), answer('d')]);
  expect(histories.extend('t', 3, [user('e')])).toEqual([user('a'), answer('b'), user('c'), answer('d'), user('e')]);
  expect(histories.extend('t', 2, [user('c')])).toEqual([user('a'), answer('b'), user('c')]);
});

test('histories: the first step needs none', () => {
  expect(new Histories().extend('t', 1, [user('a')])).toEqual([user('a')]);
});

test('histories: a gap, another trace, and a step without an answer are not known', () => {
  const histories = new Histories();
  histories.remember('t', 1, [user('a')]);
  expect(histories.extend('t', 2, [user('b')])).toBeNull();
  histories.remember('t', 1, [user('a'), answer('b')]);
  expect(histories.extend('t', 3, [user('b')])).toBeNull();
  expect(histories.extend('u', 2, [user('b')])).toBeNull();
  expect(histories.extend(null, null, [user('b')])).toBeNull();
});

test('histories: a harness that sends everything anew is counted in full, and old traces make room', () => {
  const histories = new Histories(1 << 20);
  const said = (steps: number) => Array.from({ length: steps }, (_, i) => [user(`${i} `.repeat(2_000)), answer('b')]).flat();
  for (let trace = 0; trace < 8; trace++) for (let seq = 1; seq <= 20; seq++) histories.remember(`t${trace}`, seq, said(seq));
  // 20 messages of about 5,000 characters, twice: 0.4 MB a trace.
  const known = [0, 1, 2, 3, 4, 5, 6, 7].filter((trace) => histories.extend(`t${trace}`, 21, []) !== null);
  expect(known).toEqual([6, 7]);
});

test('histories: a late answer of an older step changes nothing', () => {
  const histories = new Histories();
  histories.remember('t', 2, [user('a'), answer('b'), user('c'), answer('d')]);
  histories.remember('t', 1, [user('a'), answer('b')]);
  expect(histories.extend('t', 3, [])?.length).toBe(4);
});
