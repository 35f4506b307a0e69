import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Detokenizer } from './detokenizer.ts';
import { readGguf } from './gguf.ts';
import { modelPath, readGolden } from './golden/model-under-test.ts';
import { StopFilter } from './stop-filter.ts';
import { Tokenizer } from './tokenizer.ts';

const tokenizer = new Tokenizer(readGguf(modelPath));
const { vocabulary } = tokenizer;
const detokenize = (ids: ArrayLike<number>): string => { const all = new Detokenizer(vocabulary); return all.push(ids) + all.flush(); };

/** A list and the places where it is cut. */
const cut = <Item>(list: readonly Item[], cuts: readonly number[]): Item[][] => {
  const places = [0, ...cuts.map((place) => place % (list.length + 1)).sort((a, b) => a - b), list.length];
  return places.slice(1).map((place, i) => list.slice(places[i], place));
};
const anyIds = fc.oneof(
  fc.array(fc.nat({ max: vocabulary.size - 1 }), { maxLength: 40 }),
  fc.array(fc.integer({ min: 17, max: 260 }), { maxLength: 40 }), // single bytes: broken characters of every kind
  fc.string({ unit: 'grapheme' }).map((text) => [...tokenizer.encode(text)]),
  fc.string({ unit: 'binary' }).map((text) => [...text].flatMap((character) => [...tokenizer.encode(character)])),
);
const anyCuts = fc.array(fc.nat({ max: 100 }), { maxLength: 12 });

describe('detokenizer', () => {
  it('gives the same text however the ids are cut, in well-formed pieces', () => {
    fc.assert(fc.property(anyIds, anyCuts, (ids, cuts) => {
      const stream = new Detokenizer(vocabulary);
      const pieces = [...cut(ids, cuts).map((part) => stream.push(part)), stream.flush()];
      expect(pieces.every((piece) => piece.isWellFormed())).toBe(true);
      expect(pieces.join('')).toBe(detokenize(ids));
    }));
  });

  it('gives the text of the reference, also for ids that make no valid UTF-8', () => {
    const { decoded } = readGolden<{ decoded: { ids: number[]; s: string }[] }>('tokens.json.gz');
    expect(decoded.some((row) => row.s.includes('\ufffd'))).toBe(true);
    for (const row of decoded) expect(detokenize(row.ids)).toBe(row.s);
  });

  it('holds an unfinished character until it is whole, or says at the end that it never came', () => {
    const ids = [...tokenizer.encode('\u{1f9d1}')];
    expect(ids.length).toBeGreaterThan(1);
    const stream = new Detokenizer(vocabulary);
    expect(ids.map((id) => stream.push([id])).join('|')).toBe(`${'|'.repeat(ids.length - 1)}\u{1f9d1}`);
    stream.push(ids.slice(0, -1));
    expect(stream.flush()).toBe('\ufffd');
    expect(stream.push(tokenizer.encode('next')) + stream.flush()).toBe('next');
  });

  it('skips control tokens and keeps a byte order mark', () => {
    expect(detokenize([1, ...tokenizer.encode('\ufeffa'), 2, ...tokenizer.encode('b'), 0])).toBe('\ufeffab');
  });

  it('refuses an id outside the vocabulary', () => { expect(() => detokenize([49152])).toThrow(/token 49152; the vocabulary has 49152/); });
});

describe('stop filter', () => {
  const letters = fc.array(fc.constantFrom('a', 'b', 'c', '\n', '\u{1f600}'), { maxLength: 30 });
  const stops = fc.array(fc.array(fc.constantFrom('a', 'b', 'c', '\n', '\u{1f600}'), { minLength: 1, maxLength: 4 }).map((s) => s.join('')), { maxLength: 3 });

  it('shows the text up to the first stop string however it comes, and never a part of one', () => {
    fc.assert(fc.property(letters, stops, anyCuts, (text, stop, cuts) => {
      const filter = new StopFilter(stop);
      let shown = '';
      let whole = '';
      for (const part of cut(text, cuts)) {
        whole += part.join('');
        shown += filter.push(part.join(''));
        const ends = stop.flatMap((s) => (whole.includes(s) ? [whole.indexOf(s) + s.length] : []));
        const naive = ends.length === 0 ? null : stop.filter((s) => whole.indexOf(s) + s.length === Math.min(...ends)).map((s) => whole.slice(0, whole.indexOf(s)));
        if (naive === null) expect(whole.startsWith(shown) && stop.every((s) => !whole.slice(shown.length).includes(s))).toBe(true);
        else expect(naive).toContain(shown);
        expect(shown.isWellFormed()).toBe(true);
        expect(filter.found === null).toBe(naive === null);
      }
      if (filter.found === null) expect(shown + filter.flush()).toBe(whole);
      else expect(filter.push('more') + filter.flush()).toBe('');
    }));
  });

  it('holds back no more than it must', () => {
    const filter = new StopFilter(['STOP', '']);
    expect([filter.push('ab S'), filter.push('T'), filter.push('x'), filter.push('yST'), filter.push('OP z'), filter.found]).toEqual(['ab ', '', 'STx', 'y', '', 'STOP']);
  });
});
