import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { policies } from '../../../../actors/control/policies/all.ts';
import { generator } from '../../../../infra/replay/random.ts';
import { PrefixTree } from '../../../../infra/replay/simulation/prefix-tree.ts';
import { rateAt } from '../../../../infra/replay/simulation/rate.ts';
import { faultOf } from '../../../../schemas/replay-trace.ts';
import { UsageError } from '../../usage-error.ts';
import { benchPolicy } from '../policy.ts';
import { claims } from './claims.ts';
import { policyFile, withSeen } from './docstrings.ts';
import { fleetOf } from './hardware.ts';
import { runPublished } from './job.ts';
import { arrivals, drawn, type Law, programsOf, requestsOf } from './programs.ts';
import { setups } from './setups.ts';
import { verdictOf } from './verdict.ts';
import { readPublishedFlags } from './published.ts';

function many(law: Law, count = 20_000): number[] {
  const draw = generator(11);
  return Array.from({ length: count }, () => drawn(law, draw)).sort((a, b) => a - b);
}
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const quantile = (values: readonly number[], share: number): number => values[Math.floor(share * values.length)]!;
function spread(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}

test('laws: what is drawn has the mean, the spread and the percentiles that the law names', () => {
  const lognormal = many({ law: 'lognormal', mean: 925, sd: 1_200 });
  expect(mean(lognormal) / 925).toBeCloseTo(1, 1);
  expect(spread(lognormal) / 1_200).toBeCloseTo(1, 0);
  expect(quantile(lognormal, 0.5)).toBeLessThan(700);
  const tool = many({ law: 'percentiles', p50: 180, p95: 2_400 });
  expect(quantile(tool, 0.5) / 180).toBeCloseTo(1, 1);
  expect(quantile(tool, 0.95) / 2_400).toBeCloseTo(1, 1);
  const turns = many({ law: 'normal', mean: 10.9, sd: 2.1, least: 1 });
  expect(mean(turns)).toBeCloseTo(10.9, 1);
  expect(spread(turns)).toBeCloseTo(2.1, 1);
  expect(quantile(turns, 0.975)).toBeCloseTo(10.9 + 1.96 * 2.1, 0);
  const steps = many({ law: 'gamma', mean: 37 });
  expect(mean(steps) / 37).toBeCloseTo(1, 1);
  expect(spread(steps) / (37 / Math.SQRT2)).toBeCloseTo(1, 1);
  const between = many({ law: 'between', from: 100, to: 500 });
  expect([between[0]! >= 100, between.at(-1)! <= 500]).toEqual([true, true]);
  expect(quantile(between, 0.5) / 300).toBeCloseTo(1, 1);
  expect(many({ law: 'lognormal', mean: 7, sd: 30, least: 1, most: 80 }).every((value) => value >= 1 && value <= 80)).toBe(true);
  expect(new Set(many({ law: 'always', value: 4 }, 10))).toEqual(new Set([4]));
});

test('programs: valid traces of growing prompts that share the system prompt of their kind and nothing else', () => {
  const { kinds } = setups['swe-bench, 16 A100'].work, tasks = programsOf(kinds, 300, 3), tree = new PrefixTree();
  for (const { root } of tasks) {
    expect(faultOf(root)).toBe(null);
    for (const [i, step] of root.steps.entries()) {
      expect(tree.path(step.blocks, root.trace).blocks).toBe(Math.floor(step.prompt_tokens / 64));
      expect(step.prompt_tokens + step.out_tokens).toBeLessThanOrEqual(32_768);
      if (i > 0) expect(step.prompt_tokens).toBeGreaterThan(root.steps[i - 1]!.prompt_tokens);
    }
  }
  expect(new Set(tasks.map(({ root }) => root.steps[0]!.blocks[0]![0])).size).toBe(1);
  expect(new Set(tasks.map(({ root }) => root.steps[0]!.blocks[1]![0])).size).toBe(300);
  // 37 without the end of the context.
  expect(mean(tasks.map(({ steps }) => steps)) / 37).toBeGreaterThan(0.75);
  const tools = tasks.flatMap(({ root }) => root.steps.slice(1).map(({ tool }) => tool));
  expect(tools.filter((tool) => tool === 'code').length / tools.length).toBeCloseTo(0.45, 1);
  expect(programsOf(kinds, 300, 3)).toEqual(tasks);
  expect(programsOf(kinds, 300, 4)).not.toEqual(tasks);
});

test('the table of interceptions: programs are intercepted as often, and are away as long, as it says', () => {
  const { kinds } = setups.augmented.work, ve = programsOf([kinds[2]!], 500, 1), chat = programsOf([kinds[3]!], 500, 1);
  expect(mean(ve.map(({ steps }) => steps - 1)) / 28.18).toBeCloseTo(1, 0);
  const away = chat.flatMap(({ root }) => root.steps.slice(1).map(({ gap_ms }) => gap_ms / 1000));
  expect(mean(away) / 28.6).toBeCloseTo(1, 0);
  // Half of the context at first, growth to one and a half of it: the mean over its calls is that of the table.
  expect(mean(ve.flatMap(({ root }) => root.steps.map(({ prompt_tokens }) => prompt_tokens))) / 2_185).toBeGreaterThan(0.7);
  expect(mean(ve.flatMap(({ root }) => root.steps.map(({ prompt_tokens }) => prompt_tokens))) / 2_185).toBeLessThan(1.3);
});

test('programs of SWE-Bench and ShareGPT have the turns and the tokens that are published', () => {
  const swe = programsOf(setups['swe-bench, B200'].work.kinds, 2_000, 1), chat = programsOf(setups.sharegpt.work.kinds, 4_000, 1);
  expect(mean(swe.map(({ steps }) => steps)) / 10.9).toBeCloseTo(1, 1);
  expect(mean(swe.map(({ contextTokens }) => contextTokens)) / 70_126).toBeCloseTo(1, 1);
  expect(spread(swe.map(({ contextTokens }) => contextTokens)) / 19_732).toBeCloseTo(1, 0);
  expect(mean(swe.flatMap(({ root }) => root.steps.slice(1).map(({ gap_ms }) => gap_ms))) / 925).toBeCloseTo(1, 0);
  expect(mean(chat.map(({ steps }) => steps)) / 6.66).toBeCloseTo(1, 1);
  expect(mean(chat.flatMap(({ root }) => root.steps.map(({ out_tokens }) => out_tokens))) / 277).toBeCloseTo(1, 1);
});

test('requests on shared prompts: each prompt comes again when all have come, and those of a group begin alike', () => {
  const work = setups['llm-d'].work, times = arrivals(1_500, 15, 1_000, generator(1)), tasks = requestsOf(work, times);
  const prompts = tasks.map(({ root }) => JSON.stringify(root.steps[0]!.blocks));
  expect(new Set(prompts).size).toBe(750);
  expect(prompts[750]).toBe(prompts[0]);
  expect(tasks[150]!.root.steps[0]!.blocks[0]).toEqual(tasks[0]!.root.steps[0]!.blocks[0]);
  expect(tasks[150]!.root.steps[0]!.blocks[0]![1]).toBe(93);
  expect(times[0]).toBeGreaterThan(1_000);
  expect((times.at(-1)! - 1_000) / 1000 / 100).toBeCloseTo(1, 0);
});

test('a worker has the memory that its authors say, or what is left beside the weights', () => {
  expect(fleetOf(setups['llm-d'].fleet).capacity.hbm).toBe(4_802);
  const { capacity, device } = fleetOf(setups.sharegpt.fleet);
  // 72 GB less 16.06 of weights, by 131,072 bytes a token.
  expect(capacity.hbm).toBe(Math.floor((72e9 - 16.06e9) / 131_072 / 64));
  expect(device.runsMax).toBe(256);
  expect(rateAt(device.linearFlopsPerS, 2_048)).toBeCloseTo(0.315 * rateAt(fleetOf(setups['claude code, H200'].fleet).device.linearFlopsPerS, 2_048), -3);
});

test.each([
  ['inside of the range', { mean: 1.8, low: 1.7, high: 1.9 }, { from: 1.6, to: 2, isMore: true }, 'reproduced'],
  ['within 15% of the number', { mean: 1.5, low: 1.4, high: 1.6 }, { from: 1.73, to: 1.73, isMore: true }, 'reproduced'],
  ['the same way, another size', { mean: 1.3, low: 1.2, high: 1.4 }, { from: 1.73, to: 1.73, isMore: true }, 'direction only'],
  ['the same way, far more', { mean: 3.9, low: 3.8, high: 4 }, { from: 1.6, to: 2, isMore: true }, 'direction only'],
  ['the same way, but perhaps luck', { mean: 1.3, low: 0.9, high: 1.7 }, { from: 1.73, to: 1.73, isMore: true }, 'not reproduced'],
  ['the other way', { mean: 0.9, low: 0.8, high: 0.95 }, { from: 1.73, to: 1.73, isMore: true }, 'not reproduced'],
  ['near the end of a range that says a difference, and none is seen', { mean: 1, low: 0.97, high: 1.03 }, { from: 1.12, to: 3.66, isMore: true }, 'not reproduced'],
  ['no difference claimed, none seen', { mean: 0.98, low: 0.9, high: 1.06 }, { from: 1.04, to: 1.04, isMore: true }, 'reproduced'],
  ['less is claimed, and less is seen', { mean: 0.5, low: 0.4, high: 0.6 }, { from: 0.46, to: 0.46, isMore: false }, 'reproduced'],
  ['less is claimed, more is seen', { mean: 1.5, low: 1.4, high: 1.6 }, { from: 0.46, to: 0.46, isMore: false }, 'not reproduced'],
  ['a way without a number', { mean: 5, low: 4, high: 6 }, { from: null, to: null, isMore: true }, 'direction only'],
  ['no ratio', { mean: Number.NaN, low: Number.NaN, high: Number.NaN }, { from: 1, to: 2, isMore: true }, 'not reproduced'],
] as const)('verdict: %s', (_, seen, claimed, verdict) => {
  expect(verdictOf(seen, claimed)).toBe(verdict);
});

test('every baseline has one published figure, and its docstring says which and what was seen', () => {
  expect(claims.map(({ policy }) => policy).sort()).toEqual(Object.keys(policies).filter((name) => name !== 'slackwater').sort());
  for (const { policy } of claims) {
    const text = readFileSync(policyFile(policy), 'utf8');
    expect(text, policy).toMatch(/Published: /);
    expect(withSeen(text, { interval: null, verdict: 'reproduced' }, policy)).toContain('here no ratio: reproduced, see docs/benchmarks/policy-published.md');
  }
  expect(() => withSeen('/** Nothing. */', { interval: null, verdict: 'reproduced' }, 'nobody')).toThrow(/docstring of nobody/);
});

test('one job: a search stays between its ends or has no rate, a set-up without its recordings has no outcome', () => {
  const job = { policy: 'swap-ttl', params: {}, seed: 1, shrink: 0.1 };
  const search = runPublished({ ...job, setup: 'augmented' }, {})!;
  expect(Number.isNaN(search.values.rate) || (search.values.rate > 0.25 && search.values.rate < 32)).toBe(true);
  // Who rents for as long as buying takes pays at most twice, and somebody who does not know the gaps pays something.
  expect(search.values.rent).toBeGreaterThan(1);
  expect(search.values.rent).toBeLessThanOrEqual(2);
  expect(runPublished({ ...job, setup: 'augmented', policy: 'least-loaded-lru, forgets' }, {})!.recomputedRate).toBeGreaterThan(0.5);
  expect(runPublished({ ...job, setup: 'claude code, H200' }, {})).toBe(null);
}, 180_000);

test('the command: the same figures on one thread and on two', async () => {
  const out = vi.spyOn(console, 'log').mockImplementation(() => {}), err = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const folder = mkdtempSync(join(tmpdir(), 'published-'));
  const figures = async (threads: number): Promise<string> => {
    const json = join(folder, `${threads}.ndjson`);
    await benchPolicy(['--published', '--policies', 'saga,oracle', '--shrink', '0.1', '--seeds', '2', '--threads', `${threads}`, '--json', json]);
    return readFileSync(json, 'utf8');
  };
  try {
    const once = await figures(1);
    expect(await figures(2)).toBe(once);
    expect(once.trim().split('\n').map((line) => (JSON.parse(line) as { subject: string }).subject)).toEqual(['saga', 'oracle']);
    expect(String(out.mock.calls[0]![0])).toMatch(/^baseline +over +metric +published +here +verdict/);
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}, 180_000);

test.each([
  [['--published', '--policies', 'slackwater'], /no published figure is kept of slackwater; there are round-robin-lru/],
  [['--published', '--fleet', 'laptop'], /--published: .*--fleet/],
  [['--published', '--shrink', '2'], /--shrink is above 0 and at most 1, not 2/],
  [['--published', '--seeds', '1'], /--seeds is 2 to 1000, not 1/],
  [['--published', '--write', '--policies', 'mori'], /--write takes all figures/],
])('bad flags are refused: %j', (args, why) => {
  expect(() => readPublishedFlags(args)).toThrow(UsageError);
  expect(() => readPublishedFlags(args)).toThrow(why);
});
