import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockTokens, namesOf, pageTokens } from '../../actors/lib/chain.ts';
import { buildPrompt, chainOf, joinTokens, PageMemory, salt } from './pages.ts';

const here = salt('tenant', 'digest', '', 'bf16');
const ids = (length: number, seed: number): Int32Array => Int32Array.from({ length }, (_, i) => Math.imul(i + 1, 2654435761 ^ seed) >>> 16);
const joined = (...parts: Int32Array[]): Int32Array => Int32Array.from(parts.flatMap((part) => [...part]));
const names = (tokens: Int32Array, secret = here): string[] => namesOf(chainOf(buildPrompt(secret, tokens)));

/** The contract, word by word. */
function namesByHand(secret: Uint8Array, tokens: Int32Array): string[] {
  const made: string[] = [];
  let parent = Buffer.alloc(16);
  for (let at = 0; at + 64 <= tokens.length; at += 64) {
    const bytes = Buffer.alloc(256);
    for (let i = 0; i < 64; i++) bytes.writeUInt32LE(tokens[at + i]!, 4 * i);
    parent = createHash('blake2s256').update(secret).update(parent).update(bytes).digest().subarray(0, 16);
    made.push(parent.toString('hex'));
  }
  return made;
}

const lengths = fc.oneof(fc.nat({ max: 300 }), fc.integer({ min: pageTokens - 70, max: pageTokens + 70 }), fc.integer({ min: 2 * pageTokens - 2, max: 2 * pageTokens + 130 }));
const seeds = fc.nat({ max: 9 });

describe('pages', () => {
  it('names blocks as the contract says, a page by its last block', () => {
    fc.assert(fc.property(lengths, seeds, (length, seed) => {
      const tokens = ids(length, seed);
      const prompt = buildPrompt(here, tokens);
      const expected = namesByHand(here, tokens);
      expect(namesOf(chainOf(prompt))).toEqual(expected);
      expect(prompt.pages.map((page) => page.name)).toEqual(expected.filter((_, i) => i % 64 === 63));
      expect(prompt.pages.map((page) => page.parent)).toEqual(prompt.pages.map((_, i) => prompt.pages[i - 1]?.name ?? ''));
      expect([prompt.tokens, prompt.tail.length]).toEqual([length, length % pageTokens]);
    }), { numRuns: 40 });
  });

  it('gives the tokens back when its pages are joined', () => {
    fc.assert(fc.property(lengths, seeds, (length, seed) => {
      const tokens = ids(length, seed);
      const prompt = buildPrompt(here, tokens);
      expect(Buffer.compare(Buffer.from(joinTokens(prompt.pages, prompt.tail).buffer), Buffer.from(tokens.buffer))).toBe(0);
    }), { numRuns: 40 });
  });

  it('shares every full block and page with the prompt that it extends, and not one with another prompt or salt', () => {
    fc.assert(fc.property(lengths, fc.nat({ max: 5000 }), seeds, (length, more, seed) => {
      const first = ids(length, seed);
      const second = joined(first, ids(more, seed + 100));
      const [a, b] = [names(first), names(second)];
      expect(b.slice(0, a.length)).toEqual(a);
      const changed = joined(Int32Array.of(first[0] === 1 ? 2 : 1), first.subarray(1));
      const others = [...names(changed), ...names(first, salt('other', 'digest', '', 'bf16'))];
      if (length > 0) expect(others.filter((name) => a.includes(name))).toEqual([]);
    }), { numRuns: 40 });
  });

  it('builds the same prompt from an earlier one as from nothing, whatever they share, and reuses its pages', () => {
    fc.assert(fc.property(lengths, lengths, lengths, seeds, (shared, before, after, seed) => {
      const common = ids(shared, seed);
      const previous = buildPrompt(here, joined(common, ids(before, seed + 1)));
      const tokens = joined(common, ids(after, seed + 2));
      const prompt = buildPrompt(here, tokens, previous);
      expect(namesOf(chainOf(prompt))).toEqual(namesByHand(here, tokens));
      expect([...joinTokens(prompt.pages, prompt.tail)]).toEqual([...tokens]);
      for (let page = 0; page < Math.floor(shared / pageTokens); page++) expect(prompt.pages[page]).toBe(previous.pages[page]);
    }), { numRuns: 40 });
  });

  it('remembers the latest prompt of a lane, within its bytes and apart by salt', () => {
    const memory = new PageMemory(3 * pageTokens * 5);
    const tokens = ids(pageTokens + 100, 1);
    const first = memory.build('a', here, tokens);
    expect(memory.build('a', here, joined(tokens, ids(50, 2))).pages[0]).toBe(first.pages[0]);
    expect(memory.build('a', salt('other', 'digest', '', 'bf16'), tokens).pages[0]?.name).not.toBe(first.pages[0]?.name);
    for (const lane of ['b', 'c', 'd']) memory.build(lane, here, tokens);
    expect(memory.build('a', here, tokens).pages[0]).not.toBe(first.pages[0]);
    expect(memory.build('a', here, tokens).pages[0]?.name).toBe(first.pages[0]?.name);
  });

  it('keeps no more than a tail and new pages of the tokens that it was given', () => {
    const tokens = ids(2 * pageTokens + 10, 3);
    const prompt = buildPrompt(here, tokens);
    for (const part of [prompt.tail, prompt.pages[0]!.tokens, prompt.pages[0]!.chain, prompt.tailChain]) expect(part.buffer.byteLength).toBe(part.byteLength);
  });

  it('has salts of 32 bytes that differ with each of their parts', () => {
    const salts: Parameters<typeof salt>[] = [['t', 'w', 'a', 'k'], ['u', 'w', 'a', 'k'], ['t', 'v', 'a', 'k'], ['t', 'w', '', 'k'], ['t', 'w', 'a', 'j'], ['tw', '', 'a', 'k']];
    expect(new Set(salts.map((parts) => Buffer.from(salt(...parts)).toString('hex'))).size).toBe(salts.length);
    expect([here.length, blockTokens]).toEqual([32, 64]);
    expect(() => buildPrompt(new Uint8Array(31), ids(64, 1))).toThrow(/a salt has 32 bytes, not 31/);
  });
});
