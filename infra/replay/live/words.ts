import { hash32 } from '../../../actors/lib/ids.ts';
import type { Tokenizer } from '../../text/tokenizer.ts';
import { InputError } from '../input-error.ts';

/** Which recorded block a position of a prompt lies in, or a number below 0 where no recorded block is known. */
export type BlockAt = (position: number) => number;

/** So many, at most: equal words of different blocks are then rare, and a block of equal words never happens. */
const wordsMax = 4_096;
const wordsMin = 256;

/**
 * Text out of block ids: a word a token, and the same word for the same block at the same position. So equal ids are equal
 * tokens, and other ids are others. Each word is one token of the model, at the start of a text and behind a space.
 */
export class Words {
  readonly #words: readonly string[];
  private constructor(words: readonly string[]) { this.#words = words; }

  /** Throws InputError when the tokenizer has too few such words, or joins some of them. */
  static of(tokenizer: Tokenizer): Words {
    const { vocabulary } = tokenizer, utf8 = new TextDecoder();
    const isOne = (text: string): boolean => tokenizer.encode(text).length === 1;
    const words: string[] = [];
    for (let id = 0; id < vocabulary.size && words.length < wordsMax; id++) {
      const text = utf8.decode(vocabulary.bytesOf(id));
      if (/^ [a-z]{3,8}$/.test(text) && isOne(text) && isOne(text.slice(1))) words.push(text.slice(1));
    }
    if (words.length < wordsMin) throw new InputError(`the model's tokenizer has ${words.length} words of 3 to 8 letters that are one token each, alone and behind a space; ${wordsMin} are needed to write prompts of a given length`);
    const counted = tokenizer.encode(words.join(' ')).length;
    if (counted !== words.length) throw new InputError(`the model's tokenizer makes ${counted} tokens of ${words.length} words that are one token each: prompts of a given length cannot be written for it`);
    return new Words(words);
  }

  /** Exactly `count` tokens, for the positions from `from` on. */
  text(from: number, count: number, blockAt: BlockAt): string {
    const words: string[] = [];
    for (let position = from; position < from + count; position++) words.push(this.#words[mixed(blockAt(position), position) % this.#words.length]!);
    return words.join(' ');
  }
}

/** Stands for a block that the recording does not name: what is behind the last full one. */
export const unnamedBlock = (name: string): number => -1 - hash32(name);

/** 32 bits in which every bit of the id and of the position counts (the finaliser of MurmurHash3, Appleby). */
function mixed(block: number, position: number): number {
  let hash = Math.imul(position + 1, 0x9e3779b1) ^ (block % 2 ** 32) ^ Math.imul(Math.floor(block / 2 ** 32), 0x85ebca77);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
