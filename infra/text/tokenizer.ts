import { Bpe, type BpeConfig } from './bpe.ts';
import type { Gguf } from './gguf.ts';
import { ignoresMerges, preTokenizerPattern } from './pre-tokenizer.ts';
import { TextError } from './text-error.ts';
import { byteCharacters, Vocabulary } from './vocabulary.ts';

/** A part of template text: plain text, or the id of a control token. */
export type LiteralPart = string | number;

const cachedWordLengthMax = 64;
const cachedWordsMax = 65_536;

/**
 * Byte-level BPE built from a GGUF's own tokens, merges and pre-tokenizer name. Ids equal those of the reference library.
 *
 * `encode` cannot produce a control token, whatever the text says: no merge leads to one (checked here), and control tokens
 * are looked for only by `splitLiteral`, which only ever sees what a template wrote. A byte that has no token of its own is left out,
 * as the reference does; in SmolLM2 these are six ASCII control characters and the lead bytes of unassigned planes.
 */
export class Tokenizer {
  readonly vocabulary: Vocabulary;
  readonly #bpe: Bpe;
  readonly #pattern: RegExp;
  readonly #control: RegExp | null;
  readonly #userDefined: RegExp | null;
  // Two generations of words: the older one is forgotten when the younger is full. Bounded, and cheaper than an LRU.
  #young = new Map<string, readonly number[]>();
  #old = new Map<string, readonly number[]>();

  /** Throws `tokenizer_unsupported` when the model is not byte-level BPE or its pre-tokenizer is not known. */
  constructor(gguf: Gguf) {
    const { model, pre, tokens, merges } = gguf.tokenizer;
    if (model !== 'gpt2' || tokens.length === 0 || merges.length === 0) {
      throw new TextError('tokenizer_unsupported', `tokenizer.ggml.model "${model}" with ${tokens.length} tokens and ${merges.length} merges; only gpt2 (byte-level BPE) is read`);
    }
    this.vocabulary = new Vocabulary(gguf);
    this.#pattern = preTokenizerPattern(pre);
    this.#control = anyOf(this.vocabulary.control);
    this.#userDefined = anyOf(this.vocabulary.userDefined);
    this.#bpe = new Bpe(bpeConfig(tokens, splitMerges(merges, this.vocabulary), ignoresMerges(pre)));
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
    for (const word of text.match(this.#pattern) ?? []) {
      for (const id of this.#young.get(word) ?? this.#encodeWord(word)) ids.push(id);
    }
  }

  #encodeWord(word: string): readonly number[] {
    const found = this.#old.get(word) ?? this.#merge(word);
    if (word.length > cachedWordLengthMax) return found;
    if (this.#young.size >= cachedWordsMax) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(word, found);
    return found;
  }

  #merge(word: string): readonly number[] {
    let mapped = '';
    for (const byte of Buffer.from(word)) mapped += byteCharacters[byte]!;
    return this.#bpe.encode([mapped]).map((token) => this.#bpe.tokens_to_ids.get(token)!);
  }
}

function bpeConfig(tokens: readonly string[], merges: [string, string][], ignore: boolean): BpeConfig {
  const vocab: Record<string, number> = Object.create(null); // "__proto__" is a possible token
  for (const [id, token] of tokens.entries()) vocab[token] = id;
  return { type: 'BPE', vocab, merges, ignore_merges: ignore, byte_fallback: false };
}

function splitMerges(merges: readonly string[], vocabulary: Vocabulary): [string, string][] {
  return merges.map((merge, rank) => {
    const cut = merge.indexOf(' ', 1);
    const pair: [string, string] = [merge.slice(0, cut), merge.slice(cut + 1)];
    if (cut < 1 || vocabulary.control.has(pair.join(''))) {
      throw new TextError('tokenizer_unsupported', `merge ${rank} of ${merges.length} is "${merge}": ${cut < 1 ? 'not two tokens' : 'it makes a control token out of plain text'}`);
    }
    return pair;
  });
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
