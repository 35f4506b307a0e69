import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GapSample } from './gap-sample.ts';

const gains = (sample: readonly number[], benefitMs: number, waitMs: number): number => (sample.filter((ms) => ms <= waitMs).length / sample.length) * benefitMs - waitMs;

test('gap sample: the best wait of the most recent gaps is that of trying every one of them, and none', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 100 }), (gapsMs, max, benefitMs) => {
    const sample = new GapSample(max);
    for (const ms of gapsMs) sample.add(ms);
    const recent = gapsMs.slice(-max);
    expect(sample.size).toBe(recent.length);
    const best = Math.max(...[0, ...recent].map((waitMs) => gains(recent, benefitMs, waitMs)));
    expect(gains(recent, benefitMs, sample.bestWaitMs(benefitMs))).toBeCloseTo(best, 9);
    expect(sample.quantile(0.5)).toBe([...recent].sort((a, b) => a - b)[Math.floor(recent.length / 2)]);
  }));
});
