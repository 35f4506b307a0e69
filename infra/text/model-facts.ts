export type MetadataValue = number | bigint | boolean | string | readonly MetadataValue[];

/** What the gateway needs of a model, in whatever files it is kept. Token ids index `tokens` and `tokenTypes`. */
export interface ModelFacts {
  readonly path: string;
  /** Of the files with weights. */
  readonly fileBytes: number;
  /** A GGUF's own; of a folder its numbers under the names that a GGUF would give them. */
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  /** "gemma3", "llama", "qwen2", "qwen3", or what a GGUF says. */
  readonly architecture: string;
  readonly name: string;
  /** Tokens, prompt and generation together; 0 when the file does not say. */
  readonly contextLength: number;
  readonly tokenizer: TokenizerFacts;
  /** Jinja source, null when the model has none. */
  readonly chatTemplate: string | null;
}

/** A tokenizer as data. The names are GGUF's. */
export interface TokenizerFacts {
  /** "gpt2": byte-level BPE; "llama": pieces with U+2581 for spaces, merged by `merges` or, without any, by `scores`. Others are refused. */
  readonly model: string;
  /** Name of the pre-tokenizer, for byte-level BPE. */
  readonly pre: string;
  /** Patterns that cut a text one after the other, in place of `pre`. */
  readonly splits?: readonly string[];
  /** The form of Unicode a text is brought into first. */
  readonly normalForm?: 'NFC' | null;
  /** A word that is a token is taken as it is, whatever the merges say. By default as `pre` has it. */
  readonly ignoresMerges?: boolean;
  readonly tokens: readonly string[];
  readonly merges: readonly string[];
  /** Of "llama" without merges: the higher, the earlier a piece is made. */
  readonly scores?: readonly number[];
  /** Of "llama": whether a text gets a space in front; `unlessThere`: not when it begins with one. */
  readonly addsSpace?: 'always' | 'unlessThere' | 'never';
  /** 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte. Empty when absent. */
  readonly tokenTypes: readonly number[];
  readonly bosToken: number | null;
  readonly eosTokens: readonly number[];
  readonly unkToken: number | null;
  readonly padToken: number | null;
}

export const tokenType = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;
