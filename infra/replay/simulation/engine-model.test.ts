import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Iteration, blockBytes, contextOfChunk, hbmBlocks, iterationMs, kvBytesPerToken, prefillRate } from './engine-model.ts';
import { freeContext, roundDevice, roundModel } from '../round-numbers.fixture.ts';

const nothing: Iteration = { prefillTokens: 0, prefillContext: 0, decodes: 0, decodeContext: 0 };
const ms = (given: Partial<Iteration>, device = roundDevice, model = roundModel): number => iterationMs(device, model, { ...nothing, ...given });

test('engine model: sizes are those of the shape', () => {
  expect(kvBytesPerToken(roundModel)).toBe(4); // K and V, 1 layer, 1 head of 2 values of 1 byte
  expect(blockBytes(roundModel)).toBe(256);
  expect(hbmBlocks({ ...roundDevice, hbmBytes: 10_000, reservedBytes: 1_000 }, roundModel)).toBe(33); // 8,500 bytes beside 500 of weights
  expect(hbmBlocks({ ...roundDevice, hbmBytes: 1_400, reservedBytes: 1_000 }, roundModel)).toBe(0);
});

test('engine model: an iteration is the larger of multiplying and reading the weights, then attention, then what it costs by itself', () => {
  expect(ms({})).toBe(0);
  expect(ms({ prefillTokens: 100 })).toBeCloseTo(4 + 100, 9); // 100 × 1,000 flops at 1e6 a second; the weights take 0.5 ms
  expect(ms({ prefillTokens: 1 }, { ...roundDevice, readBytesPerS: 1e5 })).toBeCloseTo(4 + 5, 9); // 500 bytes at 1e5 a second take longer than 1 ms
  expect(ms({ decodes: 2, decodeContext: 1_000 })).toBeCloseTo(4 + 2 + 4, 9); // 4,000 bytes of KV at 1e6 a second
  expect(ms({ decodes: 2, decodeContext: 1_000 }, { ...roundDevice, overheadPerSequenceMs: 0.25 })).toBeCloseTo(4 + 2 + 4 + 0.5, 9);
  // A pair costs 4 flops × 2: at 1e5 a second 1,000 pairs take 80 ms, of a prompt and of decoding alike where that is dearer than reading.
  const slow = { ...roundDevice, attentionFlopsPerS: 1e5 };
  expect(ms({ prefillTokens: 10, prefillContext: 1_000 }, slow)).toBeCloseTo(4 + 10 + 80, 9);
  expect(ms({ decodes: 1, decodeContext: 1_000 }, slow)).toBeCloseTo(4 + 1 + 80, 9);
  expect(ms({ prefillTokens: 10, prefillContext: 1_000, decodes: 3, decodeContext: 500 }, slow)).toBeCloseTo(4 + 13 + 80 + 40, 9);
});

test('engine model: a token of a chunk sees those before it and itself', () => {
  expect([contextOfChunk(0, 1), contextOfChunk(0, 4), contextOfChunk(100, 3)]).toEqual([1, 10, 306]);
});

test('engine model: few tokens wake few experts, many wake all, and each token is multiplied with its own share only', () => {
  const experts = { ...roundModel, params: 1_000, activeParams: 250 }, reading = { ...freeContext, linearFlopsPerS: 1e18, readBytesPerS: 1e6 };
  // A token wakes a quarter of 1,000 bytes; two 1 - (3/4)² of them.
  expect([1, 2, 3].map((decodes) => ms({ decodes }, reading, experts) - 4)).toEqual([0.25, 0.4375, 0.578125].map((wanted) => expect.closeTo(wanted, 9)));
  expect(ms({ prefillTokens: 1_000 }, reading, experts) - 4).toBeCloseTo(1, 6);
  expect(ms({ prefillTokens: 100 }, roundDevice, experts)).toBeCloseTo(4 + 50, 9); // 2 × 250 flops a token
});

test('engine model: the rate of a long prompt is a full iteration\'s tokens over its time, and falls with depth', () => {
  expect(prefillRate(freeContext, roundModel, 0)).toBeCloseTo((128 / 132) * 1_000, 3);
  const slow = { ...roundDevice, attentionFlopsPerS: 1e6 };
  expect(prefillRate(slow, roundModel, 10_000)).toBeLessThan(prefillRate(slow, roundModel, 1_000));
});

test('engine model: more of anything never takes less time, and two iterations never less than both in one', () => {
  const part = fc.record({ prefillTokens: fc.integer({ min: 0, max: 500 }), before: fc.integer({ min: 0, max: 5_000 }), decodes: fc.integer({ min: 0, max: 64 }), each: fc.integer({ min: 1, max: 5_000 }) })
    .map(({ prefillTokens, before, decodes, each }) => ({ prefillTokens, prefillContext: contextOfChunk(before, prefillTokens), decodes, decodeContext: decodes * each }));
  const share = fc.constantFrom(1, 0.5, 0.1);
  fc.assert(fc.property(part, part, share, (one, other, active) => {
    const model = { ...roundModel, activeParams: roundModel.params * active }, device = { ...roundDevice, attentionFlopsPerS: 1e6, overheadPerSequenceMs: 0.1 };
    const both = { prefillTokens: one.prefillTokens + other.prefillTokens, prefillContext: one.prefillContext + other.prefillContext, decodes: one.decodes + other.decodes, decodeContext: one.decodeContext + other.decodeContext };
    const [oneMs, otherMs, bothMs] = [one, other, both].map((iteration) => iterationMs(device, model, iteration)) as [number, number, number];
    expect(bothMs).toBeGreaterThanOrEqual(Math.max(oneMs, otherMs) - 1e-9);
    expect(bothMs).toBeLessThanOrEqual(oneMs + otherMs + 1e-9);
  }));
});
