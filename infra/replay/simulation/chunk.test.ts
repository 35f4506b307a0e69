import fc from 'fast-check';
import { expect, test } from 'vitest';
import { freeContext, roundDevice, roundModel } from '../round-numbers.fixture.ts';
import { chunkInTime } from './chunk.ts';
import type { Iteration } from './engine-model.ts';

const beside: Iteration = { prefillTokens: 0, prefillContext: 0, decodes: 1, decodeContext: 0 };
// An iteration takes 4 ms, and 1 ms for each row: one decodes.
const device = { ...freeContext, iterationTokens: 512, iterationMsMax: 155 };
const chunk = (left: number, context: number, given: { isFirst?: boolean; budget?: number; has?: Partial<Iteration> } = {}): number =>
  chunkInTime(device, roundModel, { left, context }, given.budget ?? 512, { ...beside, ...given.has }, given.isFirst ?? true);

test('chunk: beside those who decode a prompt is cut to the time, at the last edge of a block', () => {
  expect(chunk(1_000, 0)).toBe(128); // 150 tokens are in time
  expect(chunk(1_000, 40)).toBe(88); // up to token 128: the edge behind it is 152 away
  expect(chunk(150, 0)).toBe(150); // all that is left is in time: no edge is needed
  expect(chunk(151, 0)).toBe(128);
});

test('chunk: the tokens of an iteration bind where time does not', () => {
  expect(chunk(1_000, 0, { budget: 100 })).toBe(64);
  expect(chunk(90, 0, { budget: 100 })).toBe(90);
});

test('chunk: the first prompt gets to the edge of a block however late it is, the others wait', () => {
  const late = { has: { decodes: 400 } };
  expect([chunk(1_000, 0, late), chunk(1_000, 10, late), chunk(20, 10, late), chunk(1_000, 0, { ...late, isFirst: false })]).toEqual([64, 54, 20, 0]);
  expect(chunk(1_000, 0, { isFirst: false, has: { prefillTokens: 100 } })).toBe(0); // 50 more are in time: no edge is
  expect(chunk(50, 0, { isFirst: false, has: { prefillTokens: 100 } })).toBe(50);
});

test('chunk: never more than is left or allowed, and always something of the first', () => {
  const rest = fc.record({ left: fc.integer({ min: 1, max: 5_000 }), context: fc.integer({ min: 0, max: 9_000 }) });
  fc.assert(fc.property(rest, fc.integer({ min: 1, max: 512 }), fc.integer({ min: 1, max: 64 }), fc.boolean(), (one, budget, decodes, isFirst) => {
    const tokens = chunkInTime({ ...roundDevice, iterationMsMax: 100 }, roundModel, one, budget, { ...beside, decodes }, isFirst);
    expect(tokens).toBeLessThanOrEqual(Math.min(one.left, budget));
    expect(tokens).toBeGreaterThanOrEqual(isFirst ? 1 : 0);
  }));
});
