import { TextError } from './text-error.ts';

/**
 * Unicode White_Space, spelled out: JavaScript's `\s` lacks U+0085 and has U+FEFF, the reference's has it the other way round.
 */
const space = '\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const contraction = "'s|'t|'re|'ve|'m|'ll|'d";

export const gpt2Pattern = `${contraction}| ?\\p{L}+| ?\\p{N}+| ?[^${space}\\p{L}\\p{N}]+|[${space}]+(?![^${space}])|[${space}]+`;
export const digits = '\\p{N}';
export const digitRuns = '\\p{N}+';

/** `tokenizer.ggml.pre` → the pattern whose matches are tokenised independently. They cover the text without gaps. */
const patterns: Readonly<Record<string, string>> = {
  'gpt-2': gpt2Pattern,
  // Digits are cut out one by one before the rest is split as in GPT-2, so a run of spaces ends at a digit as it does at the end of the text.
  smollm: `${contraction}|\\p{N}| ?\\p{L}+| ?[^${space}\\p{L}\\p{N}]+|[${space}]+(?![^${space}\\p{N}])|[${space}]+`,
  'llama-bpe': `(?i:${contraction})|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^${space}\\p{L}\\p{N}]+[\\r\\n]*|[${space}]*[\\r\\n]+|[${space}]+(?![^${space}])|[${space}]+`,
  qwen2: `(?i:${contraction})|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^${space}\\p{L}\\p{N}]+[\\r\\n]*|[${space}]*[\\r\\n]+|[${space}]+(?![^${space}])|[${space}]+`,
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

/** Qwen's tokenizer composes characters first. */
export function normalFormOf(pre: string): 'NFC' | null { return pre === 'qwen2' ? 'NFC' : null; }

const wordCharacters = '\\p{L}\\p{M}\\p{Nd}\\p{Pc}';
/** Oniguruma's classes are Unicode's, JavaScript's are ASCII's. What a class stands for outside of brackets, and within. */
const classes: Readonly<Record<string, readonly [outside: string, inside: string | null]>> = {
  '\\s': [`[${space}]`, space], '\\S': [`[^${space}]`, null],
  '\\d': ['\\p{Nd}', '\\p{Nd}'], '\\D': ['\\P{Nd}', '\\P{Nd}'],
  '\\w': [`[${wordCharacters}]`, wordCharacters], '\\W': [`[^${wordCharacters}]`, null],
};

/**
 * A pattern of tokenizer.json (Oniguruma) in JavaScript's words. What would mean something else there is refused (`tokenizer_unsupported`);
 * what JavaScript cannot say is refused where it is compiled.
 */
export function translatePattern(pattern: string): string {
  let out = '', isInClass = false, before = '';
  const refuse = (what: string): never => {
    throw new TextError('tokenizer_unsupported', `pre-tokenizer ${pattern}: ${what}${isInClass ? ' within brackets' : ''} is not known`);
  };
  for (const [token] of pattern.matchAll(/\\[\s\S]|[\s\S]/gu)) {
    const known = classes[token];
    if (known !== undefined) out += (isInClass ? known[1] : known[0]) ?? refuse(token);
    else if (/^\\['"<>&#~`%@!,:;= ]$/.test(token)) out += token.slice(1); // needless, and an error in JavaScript
    else if (/^\\[^pPrntfvux^$\\.*+?()[\]{}|/-]$/u.test(token)) refuse(token);
    else if (isInClass ? token === '[' || (token === '&' && before === '&') : token === '.' || token === '$' || token === '^') refuse(token === '&' ? '&&' : token);
    else out += token;
    if (token === '[') isInClass = true;
    if (token === ']') isInClass = false;
    before = token;
  }
  return out;
}

/** Cuts a text by patterns, one after the other; what is between two matches is a word too. */
export class PreTokenizer {
  readonly #patterns: readonly RegExp[];

  /** Throws `tokenizer_unsupported` with a pattern that JavaScript does not take. */
  constructor(sources: readonly string[]) {
    this.#patterns = sources.map((source) => {
      try { return new RegExp(source, 'gu'); } catch (error) {
        throw new TextError('tokenizer_unsupported', `pre-tokenizer ${source}: ${(error as Error).message}`);
      }
    });
  }

  words(text: string): string[] {
    return this.#patterns.reduce((words, pattern) => words.flatMap((word) => isolate(word, pattern)), text === '' ? [] : [text]);
  }
}

function isolate(text: string, pattern: RegExp): string[] {
  const words: string[] = [];
  let start = 0;
  for (const match of text.matchAll(pattern)) {
    if (match[0] === '') continue;
    if (match.index > start) words.push(text.slice(start, match.index));
    words.push(match[0]);
    start = match.index + match[0].length;
  }
  if (start < text.length) words.push(text.slice(start));
  return words;
}

/** Llama 3's tokenizer takes a word that is a token as it is, whatever the merges say. */
export function ignoresMerges(pre: string): boolean { return (aliases[pre] ?? pre) === 'llama-bpe'; }
