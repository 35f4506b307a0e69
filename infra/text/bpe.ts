import * as library from '@huggingface/tokenizers';

/**
 * The merge step of `@huggingface/tokenizers`, with the part of its interface that is used here.
 * Declared by hand: the package's declarations import without file extensions, which resolves to nothing under `nodenext`.
 */
export interface Bpe {
  readonly tokens_to_ids: ReadonlyMap<string, number>;
  /** Words, each written in byte characters → tokens. Bytes without a token are left out. */
  encode(words: string[]): string[];
}

export interface BpeConfig {
  readonly type: 'BPE';
  readonly vocab: Readonly<Record<string, number>>;
  readonly merges: readonly (readonly [string, string])[];
  readonly ignore_merges: boolean;
  readonly byte_fallback: boolean;
}

export const Bpe = (library as unknown as { BPE: new (config: BpeConfig) => Bpe }).BPE;
