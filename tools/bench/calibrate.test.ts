import { describe, expect, test } from 'vitest';
import { h200Points } from './calibrate-h200.ts';
import { fitted } from './fit.ts';

describe('calibration', () => {
  test('three published throughputs of an H200 that no rate was fitted to come out within 15%', () => {
    const judged = h200Points().filter(({ use }) => use === 'judged');
    expect(judged).toHaveLength(3);
    for (const { name, error } of judged) expect(Math.abs(error), name).toBeLessThan(0.15);
  }, 60_000);

  test('a fit finds the parameters that made the figures, and keeps under its bounds', () => {
    const xs = [1, 2, 3, 5, 8], truth = { slope: 3, offset: 0.5 };
    const errors = ({ slope, offset }: typeof truth): number[] => xs.map((x) => Math.log((slope * x + offset) / (truth.slope * x + truth.offset)));
    const { params, error } = fitted({ slope: 1, offset: 1 }, {}, errors, 4_000);
    expect(error).toBeLessThan(2e-3);
    expect(params.slope).toBeCloseTo(3, 1);
    expect(fitted({ slope: 1, offset: 1 }, { slope: 2 }, errors, 4_000).params.slope).toBeLessThanOrEqual(2);
  });
});
