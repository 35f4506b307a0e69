import { describe, expect, test } from 'vitest';
import { readFleet } from '../../infra/replay/fleet.ts';
import { iterationMs } from '../../infra/replay/simulation/engine-model.ts';
import { RateTable } from '../../infra/replay/simulation/rate.ts';
import { benchCalibrate, mergedSections } from './calibrate.ts';
import { type Compared, type JctRun, roundsOf, type Told } from './calibrate-jct.ts';
import { jctPart } from './calibrate-jct-part.ts';
import { calibrateCpu, cells, iterationOf, nameOf, refuseOthers } from './calibrate-cpu.ts';
import { h200Points } from './calibrate-h200.ts';
import { fitted } from './fit.ts';
import { UsageError } from './usage-error.ts';

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

  test('rates that made the times are found again, and it does not matter when the machine was slower', () => {
    const { device: file, model } = readFleet('laptop');
    const truth = { ...file, linearFlopsPerS: new RateTable([[1, 5e10], [4, 1.4e11], [16, 2e11], [64, 2.5e11], [256, 3e11]]), attentionFlopsPerS: new RateTable([[1, 5e10], [16, 1.3e11], [64, 2e11]]), overheadPerSequenceMs: 0.2 };
    const times = [1, 1, 3, 1].map((slower, round) => cells.map((cell, i) => iterationMs(truth, model, iterationOf(cell)) * (round === 1 && i === 4 ? 5 : slower)));
    const references = [1, 1, 3, 1].map((slower) => [...cells, null].map(() => 90 * slower));
    const { rows } = calibrateCpu({ engines: { device: 'cpu-1core', count: 2, threads: 1 }, numerics: 'made', cells, times, references, commit: 'none' }, model);
    for (const { cell, measuredMs, modelMs } of rows) {
      expect(measuredMs, nameOf(cell)).toBeCloseTo(iterationMs(truth, model, iterationOf(cell)), 6);
      expect(Math.abs(modelMs / measuredMs - 1), nameOf(cell)).toBeLessThan(0.05);
    }
  }, 60_000);

  test('sections of a document that are made anew take the place of theirs, the others stay', () => {
    expect(mergedSections('### One\n\nold\n\n### Two\n\nkept\n', '### Three\n\nmade\n### One\n\nnew\n')).toBe('### One\n\nnew\n\n### Two\n\nkept\n\n### Three\n\nmade');
    expect(mergedSections('', '### One\n\nnew')).toBe('### One\n\nnew');
  });

  test('again takes all rounds that were recorded, more begins behind the largest, anew takes none', () => {
    const files = ['10.slackwater.jsonl', '10.slackwater.json', '2.round-robin-lru.jsonl', '2.slackwater.jsonl', '1.slackwater.jsonl', '11.slackwater.json', '12.other.jsonl', 'work.jsonl', 'cpu-1core.json'];
    expect(roundsOf(files, 2, 'again')).toEqual({ earlier: [1, 2, 10], further: [] });
    expect(roundsOf(files, 2, 'more')).toEqual({ earlier: [1, 2, 10], further: [11, 12] });
    expect(roundsOf(files, 3, 'anew')).toEqual({ earlier: [], further: [1, 2, 3] });
    expect(roundsOf(['work.jsonl'], 2, 'more')).toEqual({ earlier: [], further: [1, 2] });
  });

  test.each([
    [['--again', '--more'], 'one of them'], [['--again', '--rounds', '3'], 'not with --rounds 3'], [['--rounds', '0'], '--rounds 0: a whole number from 1 on'], [['--only', 'gpu'], '--only gpu: h200, cpu, jct'], [['--agian'], '--agian'],
  ])('%j is refused before anything is measured', async (args, message) => {
    await expect(benchCalibrate(args)).rejects.toThrow(UsageError);
    await expect(benchCalibrate(args)).rejects.toThrow(message);
  });

  test('rounds of other cells, engines or numerics are not joined, and what differs is said', () => {
    const now = { engines: { device: 'cpu-1core', count: 2, threads: 1 }, numerics: 'avx512', cells };
    const refused = (earlier: Partial<typeof now>, message: string): void => {
      const joined = (): void => refuseOthers({ ...now, ...earlier }, now);
      expect(joined).toThrow(UsageError);
      expect(joined).toThrow(message);
    };
    expect(() => refuseOthers(JSON.parse(JSON.stringify(now)) as typeof now, now)).not.toThrow();
    refused({ cells: cells.slice(0, -1) }, `were of ${cells.length - 1} cells, now ${cells.length}; the first that differs is number ${cells.length}: none, now prefill 32 at 512 + decode 8 at 256 (held out): measure anew`);
    refused({ cells: [cells[1]!, cells[0]!, ...cells.slice(2)] }, 'number 1: prefill 256 at 0 (fitted), now prefill 512 at 0 (fitted)');
    refused({ cells: cells.with(3, { ...cells[3]!, use: 'held out' }) }, 'number 4: prefill 64 at 0 (held out), now prefill 64 at 0 (fitted)');
    refused({ engines: { ...now.engines, count: 1 }, numerics: 'avx2' }, 'the rounds of cpu-1core that are there were of 1 engines of 1 threads, now 2 engines of 1 threads; numerics avx2, now avx512: measure anew, without --more');
  });

  test('a round that lacks a policy compares nothing, and none at all is said to be none', () => {
    const told = (jctS: number): Told => ({ jctS, servedS: jctS, tokens: { hit: 1, recalled: 1, computed: 1, generated: 1 }, seconds: { queue: 0, recall: 0, prefill: 0, decode: 0 }, busyS: 1, wallS: 1 });
    const run = (round: number, policy: Compared, live: number, simulated: number): JctRun => ({ round, policy, steps: 1, outsideMsP50: 1, live: told(live), simulated: told(simulated) });
    expect(jctPart([run(1, 'slackwater', 10, 11), run(1, 'round-robin-lru', 20, 21), run(2, 'round-robin-lru', 90, 90)], 'c')).toContain('medians of 1 rounds: **2.000 live, 1.909 simulated: −4.5%**');
    expect(jctPart([run(2, 'round-robin-lru', 90, 90)], 'c')).toContain('Nothing was run live.');
  });
});
