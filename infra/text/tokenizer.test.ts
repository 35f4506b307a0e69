import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { modelPath, readGolden } from './golden/model-under-test.ts';
import { readGguf } from './gguf.ts';
import { PreTokenizer, preTokenizerPattern, translatePattern } from './pre-tokenizer.ts';
import { Tokenizer } from './tokenizer.ts';

interface TokensGolden {
  strings: { s: string; ids: number[]; special?: number[]; gpt2?: number[]; llama?: number[]; lossy?: 1 }[];
  decoded: { ids: number[]; s: string }[];
}

const gguf = readGguf(modelPath);
const tokenizer = new Tokenizer(gguf);
const golden = readGolden<TokensGolden>('tokens.json.gz');
const withPre = (pre: string): Tokenizer => new Tokenizer({ ...gguf, tokenizer: { ...gguf.tokenizer, pre } });

function decode(ids: Iterable<number>): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.concat(Array.from(ids, (id) => tokenizer.vocabulary.bytesOf(id))));
}

describe('tokenizer', () => {
  it('gives the ids of the reference for every golden string, control tokens read as text', () => {
    expect(golden.strings.length).toBeGreaterThan(3000);
    const wrong = golden.strings.filter((row) => tokenizer.encode(row.s).join() !== row.ids.join());
    expect(wrong.map((row) => row.s)).toEqual([]);
  });

  it('gives the ids of the reference for every golden string, control tokens read as such', () => {
    const wrong = golden.strings.filter((row) => tokenizer.encodeLiteral(row.s).join() !== (row.special ?? row.ids).join());
    expect(wrong.map((row) => row.s)).toEqual([]);
    expect(golden.strings.filter((row) => row.special !== undefined).length).toBeGreaterThan(200);
  });

  it.each([['gpt-2', 'gpt2'], ['llama-bpe', 'llama']] as const)('gives the ids of the reference with the pre-tokenizer %s', (pre, column) => {
    const other = withPre(pre);
    const rows = golden.strings.filter((row) => row[column] !== undefined);
    expect(rows.length).toBeGreaterThan(500);
    expect(rows.filter((row) => other.encode(row.s).join() !== row[column]?.join()).map((row) => row.s)).toEqual([]);
  });

  it('gives back the text of every golden string, except where a byte has no token', () => {
    for (const row of golden.strings) expect(decode(row.ids) === row.s, JSON.stringify(row.s)).toBe(row.lossy !== 1);
  });

  it('never makes a control token out of plain text, nor loses a character that has tokens', () => {
    const hostile = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...tokenizer.vocabulary.control.keys(), '<', '|>', '<|im_', 'start|>')));
    fc.assert(fc.property(hostile, (parts) => {
      const text = parts.join('').replace(/[\u0004\u0006\u0013\u0014\u0016\u001d\u{40000}-\u{bffff}]/gu, '');
      const ids = tokenizer.encode(text);
      expect([...ids].filter((id) => tokenizer.vocabulary.isControl(id))).toEqual([]);
      expect(decode(ids)).toBe(text.toWellFormed());
    }), { numRuns: 150, seed: 7 });
  });

  it('splits text into words that cover it, whatever the pre-tokenizer', () => {
    for (const pre of ['smollm', 'gpt-2', 'llama-bpe']) {
      fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => (text.match(preTokenizerPattern(pre)) ?? []).join('') === text), { seed: 7 });
    }
  });

  it('reads tokens that users may write wherever they stand', () => {
    const types = [...gguf.tokenizer.tokenTypes];
    types[3] = 4; // <repo_name> becomes user-defined
    const other = new Tokenizer({ ...gguf, tokenizer: { ...gguf.tokenizer, tokenTypes: types } });
    expect([...other.encode('<repo_name>x')]).toEqual([3, ...other.encode('x')]);
  });

  it('takes classes of characters in patterns of other libraries as Unicode has them', () => {
    const words = (pattern: string, text: string): string[] => new PreTokenizer([translatePattern(pattern)]).words(text);
    expect(words('\\d', 'a\u0663\u0664b5')).toEqual(['a', '\u0663', '\u0664', 'b', '5']);
    expect(words('[\\d,]+', 'x\u0663,4y')).toEqual(['x', '\u0663,4', 'y']);
    expect(words('\\w+', 'ka\u0308se_\u00e9 !')).toEqual(['ka\u0308se_\u00e9', ' !']);
    expect(words('[^\\w]+', 'k\u00e4se -- t\u00e9')).toEqual(['k\u00e4se', ' -- ', 't\u00e9']);
    expect(words('\\D+|\\W', 'a\u0663-')).toEqual(['a', '\u0663', '-']);
    expect(words('\\.|[.$^]', 'a.b^$')).toEqual(['a', '.', 'b', '^', '$']);
    for (const [pattern, what] of [['a.', '.'], ['^a', '^'], ['a$', '$'], ['[a&&b]', '&& within brackets'], ['[\\W]', '\\W within brackets'], ['[^\\S]', '\\S within brackets'], ['[[:alpha:]]', '[ within brackets'], ['\\bx', '\\b'], ['\\h', '\\h'], ['\\A', '\\A']] as const) {
      expect(() => translatePattern(pattern), pattern).toThrow(`pre-tokenizer ${pattern}: ${what} is not known`);
    }
  });

  it('refuses what it cannot read, naming what it knows', () => {
    expect(() => withPre('klingon')).toThrow(/"klingon"; known are gpt-2, smollm, llama-bpe, qwen2/);
    expect(() => new Tokenizer({ ...gguf, tokenizer: { ...gguf.tokenizer, model: 'wordpiece' } })).toThrow(/"wordpiece" with 49152 tokens and 48900 merges; known are gpt2/);
    expect(() => new Tokenizer({ ...gguf, tokenizer: { ...gguf.tokenizer, merges: ['a b', 'ab'] } })).toThrow(/merge 1 of 2 is "ab": not two tokens/);
    expect(() => new Tokenizer({ ...gguf, tokenizer: { ...gguf.tokenizer, merges: ['<|im_ start|>'] } })).toThrow(/makes a control token out of plain text/);
  });
});
