import { TextError } from './text-error.ts';

/**
 * Unicode White_Space, spelled out: JavaScript's `\s` lacks U+0085 and has U+FEFF, the reference's has it the other way round.
 */
const space = '\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const contraction = "'s|'t|'re|'ve|'m|'ll|'d";

/** `tokenizer.ggml.pre` → the pattern whose matches are tokenised independently. They cover the text without gaps. */
const patterns: Readonly<Record<string, string>> = {
  'gpt-2': `${contraction}| ?\\p{L}+| ?\\p{N}+| ?[^${space}\\p{L}\\p{N}]+|[${space}]+(?![^${space}])|[${space}]+`,
  // Digits are cut out one by one before the rest is split as in GPT-2, so a run of spaces ends at a digit as it does at the end of the text.
  smollm: `${contraction}|\\p{N}| ?\\p{L}+| ?[^${space}\\p{L}\\p{N}]+|[${space}]+(?![^${space}\\p{N}])|[${space}]+`,
  'llama-bpe': `(?i:${contraction})|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^${space}\\p{L}\\p{N}]+[\\r\\n]*|[${space}]*[\\r\\n]+|[${space}]+(?![^${space}])|[${space}]+`,
};
const aliases: Readonly<Record<string, string>> = { default: 'gpt-2', gpt2: 'gpt-2', llama3: 'llama-bpe', 'llama-v3': 'llama-bpe' };

/** Throws `tokenizer_unsupported` with the list of what is known. */
export function preTokenizerPattern(pre: string): RegExp {
  const source = patterns[aliases[pre] ?? pre];
  if (source === undefined) {
    throw new TextError('tokenizer_unsupported', `tokenizer.ggml.pre "${pre}"; known are ${[...Object.keys(patterns), ...Object.keys(aliases)].join(', ')}`);
  }
  return new RegExp(source, 'gu');
}

/** Llama 3's tokenizer takes a word that is a token as it is, whatever the merges say. */
export function ignoresMerges(pre: string): boolean { return (aliases[pre] ?? pre) === 'llama-bpe'; }
