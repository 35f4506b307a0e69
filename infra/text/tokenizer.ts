import { ByteBpe } from './byte-bpe.ts';
import type { ModelFacts } from './model-facts.ts';
import { PieceBpe } from './piece-bpe.ts';
import { TextError } from './text-error.ts';
import { Vocabulary } from './vocabulary.ts';

/** A part of template text: plain text, or the id of a control token. */
export type LiteralPart = string | number;

const cachedWordLengthMax = 64;
const cachedWordsMax = 65_536;

/** Cuts a text into words whose ids do not depend on each other, and encodes a word. */
interface Words { words(text: string): readonly string[]; encode(word: string): readonly number[] }

/**
 * BPE built from a model's own tokens and merges, byte-level or over pieces. Ids equal those of the reference library.
 *
 * `encode` cannot produce a control token, whatever the text says: no merge leads to one, and control tokens
 * are looked for only by `splitLiteral`, which only ever sees what a template wrote.
 */
export class Tokenizer {
  readonly vocabulary: Vocabulary;
  readonly #words: Words;
  readonly #normalForm: 'NFC' | null;
  readonly #unknown: number | null;
  readonly #control: RegExp | null;
  readonly #userDefined: RegExp | null;
  // Two generations of words: the older one is forgotten when the younger is full. Bounded, and cheaper than an LRU.
  #young = new Map<string, readonly number[]>();
  #old = new Map<string, readonly number[]>();

  /** Throws `tokenizer_unsupported` when the model is neither byte-level BPE nor BPE over pieces, or its pre-tokenizer is not known. */
  constructor(model: ModelFacts) {
    const facts = model.tokenizer;
    const isKnown = facts.model === 'llama' || (facts.model === 'gpt2' && facts.merges.length > 0);
    if (!isKnown || facts.tokens.length === 0) {
      throw new TextError('tokenizer_unsupported', `tokenizer.ggml.model "${facts.model}" with ${facts.tokens.length} tokens and ${facts.merges.length} merges; known are gpt2 (byte-level BPE) and llama (BPE over pieces)`);
    }
    this.vocabulary = new Vocabulary(model);
    this.#control = anyOf(this.vocabulary.control);
    this.#userDefined = anyOf(this.vocabulary.userDefined);
    this.#words = facts.model === 'llama' ? new PieceBpe(facts) : new ByteBpe(facts, this.vocabulary.control);
    this.#normalForm = facts.normalForm ?? null;
    this.#unknown = facts.model === 'llama' ? facts.unkToken : null;
  }

  /** Text → ids. Never a control token. */
  encode(text: string): Int32Array {
    const ids: number[] = [];
    for (const part of splitAt(this.#userDefined, text.toWellFormed(), this.vocabulary.userDefined)) {
      if (typeof part === 'number') ids.push(part);
      else this.#encodePlain(part, ids);
    }
    return Int32Array.from(ids);
  }

  /** Cuts text that a template wrote at its control tokens, the longest first where several begin at one place. */
  splitLiteral(text: string): LiteralPart[] { return splitAt(this.#control, text, this.vocabulary.control); }

  /** `encode` with control tokens: for text that is a template's alone. */
  encodeLiteral(text: string): Int32Array {
    return Int32Array.from(this.splitLiteral(text).flatMap((part) => typeof part === 'number' ? [part] : [...this.encode(part)]));
  }

  #encodePlain(text: string, ids: number[]): void {
    const normal = this.#normalForm === null ? text : text.normalize(this.#normalForm);
    for (const word of this.#words.words(normal)) {
      for (const id of this.#young.get(word) ?? this.#encodeWord(word)) {
        if (id !== this.#unknown || ids.at(-1) !== id) ids.push(id); // what is unknown in a row is one token
      }
    }
  }

  #encodeWord(word: string): readonly number[] {
    const found = this.#old.get(word) ?? this.#words.encode(word);
    if (word.length > cachedWordLengthMax) return found;
    if (this.#young.size >= cachedWordsMax) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(word, found);
    return found;
  }
}

function anyOf(tokens: ReadonlyMap<string, number>): RegExp | null {
  if (tokens.size === 0) return null;
  const longestFirst = [...tokens.keys()].sort((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map((token) => token.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'), 'gu');
}

function splitAt(pattern: RegExp | null, text: string, ids: ReadonlyMap<string, number>): LiteralPart[] {
  if (pattern === null) return [text];
  const parts: LiteralPart[] = [];
  let start = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > start) parts.push(text.slice(start, match.index));
    parts.push(ids.get(match[0])!);
    start = match.index + match[0].length;
  }
  if (start < text.length) parts.push(text.slice(start));
  return parts;
}
