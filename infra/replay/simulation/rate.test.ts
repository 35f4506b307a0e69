import fc from 'fast-check';
import { expect, test } from 'vitest';
import { roundDevice, roundModel } from '../round-numbers.fixture.ts';
import { iterationMs } from './engine-model.ts';
import { RateTable, rateAt, timesRate } from './rate.ts';

test('rate: a table holds at its points, is a straight line between their logarithms, and constant outside', () => {
  const table = new RateTable([[4, 100], [16, 400], [64, 800]]);
  expect([4, 16, 64].map((rows) => table.at(rows))).toEqual([100, 400, 800].map((rate) => expect.closeTo(rate, 9)));
  expect([table.at(8), table.at(32)]).toEqual([expect.closeTo(200, 9), expect.closeTo(Math.sqrt(400 * 800), 9)]);
  expect([0, 1, 3, 65, 1e9].map((rows) => table.at(rows))).toEqual([100, 100, 100, 800, 800].map((rate) => expect.closeTo(rate, 9)));
});

test('rate: a number is the same for all rows, and both can be multiplied', () => {
  expect([rateAt(7, 1), rateAt(7, 1_000), timesRate(7, 2)]).toEqual([7, 7, 14]);
  expect(rateAt(timesRate(new RateTable([[1, 10], [2, 15]]), 0.5), 2)).toBeCloseTo(7.5, 9);
});

test('rate: an iteration multiplies at the rate of all its rows, looks at the context of its prompts at that of theirs, and at that of others as one row', () => {
  const device = { ...roundDevice, overheadMs: 0, readBytesPerS: 1e40, linearFlopsPerS: new RateTable([[1, 1e5], [10, 1e6]]), attentionFlopsPerS: new RateTable([[1, 1e5], [8, 4e5]]) };
  const ms = (prefillTokens: number, prefillContext: number, decodes: number, decodeContext: number): number => iterationMs(device, roundModel, { prefillTokens, prefillContext, decodes, decodeContext });
  // 1,000 flops a row; 8 flops a pair.
  expect(ms(0, 0, 1, 0)).toBeCloseTo(10, 9);
  expect(ms(10, 0, 0, 0)).toBeCloseTo(10, 9);
  expect(ms(8, 1_000, 2, 500)).toBeCloseTo(10 + 20 + 40, 9);
});

test('rate: more rows never take less time', () => {
  const points = fc.array(fc.tuple(fc.integer({ min: 1, max: 64 }), fc.double({ min: 0.05, max: 1, noNaN: true })), { minLength: 1, maxLength: 6 }).map((steps) => {
    const made: [number, number][] = [];
    for (const [more, share] of steps) {
      const [rows, perS] = made.at(-1) ?? [0, 0];
      made.push(rows === 0 ? [more, 100] : [rows + more, perS * ((rows + more) / rows) * share]);
    }
    return made;
  });
  fc.assert(fc.property(points, (made) => {
    const table = new RateTable(made);
    for (let rows = 1; rows < 400; rows++) expect((rows + 1) / table.at(rows + 1)).toBeGreaterThanOrEqual((rows / table.at(rows)) * (1 - 1e-9));
  }));
});
