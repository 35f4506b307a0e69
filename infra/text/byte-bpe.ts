import { Bpe, type BpeConfig } from './bpe.ts';
import type { TokenizerFacts } from './model-facts.ts';
import { ignoresMerges, preTokenizerPattern, PreTokenizer } from './pre-tokenizer.ts';
import { TextError } from './text-error.ts';
import { byteCharacters } from './vocabulary.ts';

/**
 * Byte-level BPE: words by the pre-tokenizer, each written in byte characters and merged by `@huggingface/tokenizers`. A byte that has no token of its
 * own is left out, as the reference does; in SmolLM2 these are six ASCII control characters and the lead bytes of unassigned planes.
 */
export class ByteBpe {
  readonly #bpe: Bpe;
  readonly #words: (text: string) => readonly string[];

  /** Throws `tokenizer_unsupported`: a pre-tokenizer that is not known, a merge that is none or makes a control token. */
  constructor(facts: TokenizerFacts, control: ReadonlyMap<string, number>) {
    const { pre, splits, tokens, merges } = facts;
    if (splits !== undefined) {
      const cutter = new PreTokenizer(splits);
      this.#words = (text) => cutter.words(text);
    } else {
      const pattern = preTokenizerPattern(pre);
      this.#words = (text) => text.match(pattern) ?? [];
    }
    this.#bpe = new Bpe(bpeConfig(tokens, splitMerges(merges, control), facts.ignoresMerges ?? ignoresMerges(pre)));
  }

  words(text: string): readonly string[] { return this.#words(text); }

  encode(word: string): number[] {
    let mapped = '';
    for (const byte of Buffer.from(word)) mapped += byteCharacters[byte]!;
    return this.#bpe.encode([mapped]).map((token) => this.#bpe.tokens_to_ids.get(token)!);
  }
}

function bpeConfig(tokens: readonly string[], merges: [string, string][], ignore: boolean): BpeConfig {
  const vocab: Record<string, number> = Object.create(null); // "__proto__" is a possible token
  for (const [id, token] of tokens.entries()) {
    if (token !== '') vocab[token] = id;
  }
  return { type: 'BPE', vocab, merges, ignore_merges: ignore, byte_fallback: false };
}

function splitMerges(merges: readonly string[], control: ReadonlyMap<string, number>): [string, string][] {
  return merges.map((merge, rank) => {
    const cut = merge.indexOf(' ', 1);
    const pair: [string, string] = [merge.slice(0, cut), merge.slice(cut + 1)];
    if (cut < 1 || control.has(pair.join(''))) {
      throw new TextError('tokenizer_unsupported', `merge ${rank} of ${merges.length} is "${merge}": ${cut < 1 ? 'not two tokens' : 'it makes a control token out of plain text'}`);
    }
    return pair;
  });
}
