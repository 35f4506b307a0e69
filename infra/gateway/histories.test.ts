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
