import type { ModelFacts } from '../../text/model-facts.ts';
import type { ChatMessage } from '../../text/message.ts';
import { PromptEncoder } from '../../text/prompt.ts';
import { InputError } from '../input-error.ts';
import { Words } from './words.ts';

/** How many tokens a model's chat template puts around what messages say, and words to say. */
export interface Layout {
  readonly words: Words;
  /** Before the first token of a first message of role user. */
  readonly head: number;
  /** Around a single message, `head` among them: a prompt of n words has `around + n` tokens. */
  readonly around: number;
  /** Around an answer and the message after it: with an answer of a tokens and n words a prompt grows by `turn + a + n`. */
  readonly turn: number;
}

/** Measured on the model's own template and tokenizer. Throws InputError when its prompts do not grow as described, TextError when it has no template. */
export function layoutOf(facts: ModelFacts): Layout {
  const encoder = new PromptEncoder(facts);
  const words = Words.of(encoder.tokenizer);
  const user = (count: number, seed: number): ChatMessage => ({ role: 'user', content: words.text(0, count, () => seed) });
  const answer = { tokens: encoder.tokenizer.encode(words.text(0, 5, () => 5)), rest: '' };
  const encode = (messages: readonly ChatMessage[]): Int32Array => encoder.encode({ messages, generated: new Map(messages.flatMap(({ role }, at) => (role === 'assistant' ? [[at, answer] as const] : []))) }).tokens;
  const assistant: ChatMessage = { role: 'assistant', content: '' };
  const one = encode([user(1, 1)]);
  // Two blocks may have one word in common.
  const head = Math.min(...[2, 3, 4, 5].map((seed) => encode([user(1, seed)]).findIndex((token, at) => token !== one[at])).filter((at) => at >= 0));
  const around = one.length - 1;
  const turn = encode([user(1, 1), assistant, user(1, 2)]).length - around - 7;
  const longer = encode([user(200, 1), assistant, user(90, 2), assistant, user(1, 3)]).length, expected = around + 291 + 2 * (turn + 5);
  if (longer !== expected) throw new InputError(`${facts.path}: a conversation of three messages and two answers should have ${expected} tokens by this model's template, and has ${longer}: prompts of a given length cannot be written for it`);
  return { words, head, around, turn };
}
