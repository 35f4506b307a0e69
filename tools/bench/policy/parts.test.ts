import { expect, test } from 'vitest';
import { PrefixTree } from '../../../infra/replay/simulation/prefix-tree.ts';
import { readFleet } from '../../../infra/replay/fleet.ts';
import type { Task } from '../../../infra/replay/tasks.ts';
import { iterationMs } from '../../../infra/replay/simulation/engine-model.ts';
import { familiesOf } from '../../../infra/traces/timeline.ts';
import { aloneTimes } from './alone.ts';
import { handMadeTraces } from './hand-made.fixture.ts';
import { intervalOf, ratioInterval, tPoint } from './intervals.ts';
import { loadOf } from './load.ts';
import { halfOf, type Pool, repeated, sliceOf } from './pool.ts';
import { regimes } from './regimes.ts';
import { at, placeOf, tune } from './tuning.ts';

async function made(count: number): Promise<Task[]> {
  async function* all() { yield* handMadeTraces(count); }
  const tasks: Task[] = [];
  for await (const family of familiesOf(all())) {
    const steps = family.flatMap((trace) => trace.steps);
    tasks.push({ root: family[0]!, members: new Map(family.map((trace) => [trace.trace, trace])), steps: steps.length, contextTokens: Math.max(...steps.map(({ prompt_tokens, out_tokens }) => prompt_tokens + out_tokens)) });
  }
  return tasks;
}

test('an interval of five values: mean, Student’s t and the middle, on known numbers', () => {
  const { mean, low, high, median, min, max, n } = intervalOf([3, 1, 2, 5, 4]);
  // The standard error is sqrt(2.5 / 5); with four degrees of freedom t is 2.776.
  expect([mean, median, min, max, n]).toEqual([3, 3, 1, 5, 5]);
  expect(high - mean).toBeCloseTo(2.776 * Math.sqrt(0.5), 10);
  expect(mean - low).toBeCloseTo(2.776 * Math.sqrt(0.5), 10);
});

test('an interval of one value has no bounds, and of none there is none', () => {
  expect(intervalOf([7])).toMatchObject({ mean: 7, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY });
  expect(() => intervalOf([])).toThrow(RangeError);
  expect(tPoint(11)).toBe(2.228);
  expect(tPoint(10_000)).toBe(1.98);
});

test('ratios are taken seed by seed: what both have in common drops out', () => {
  expect(ratioInterval([2, 20, 200], [1, 10, 100])).toMatchObject({ mean: 2, low: 2, high: 2 });
  expect(() => ratioInterval([1], [1, 2])).toThrow(RangeError);
});

test('a task that comes again shares what tasks share, and nothing else', async () => {
  const tasks = await made(4), twice = repeated(tasks, 8);
  expect(twice.slice(0, 4)).toEqual(tasks);
  const copy = twice[4]!;
  expect(copy.root.trace).toBe('made-0~1');
  expect([...copy.members.keys()]).toEqual(['made-0~1', 'made-0/a~1']);
  expect(copy.members.get('made-0/a~1')!.parent).toBe('made-0~1');
  expect(copy.root.steps[2]!.children).toEqual(['made-0/a~1']);
  expect(copy.root.steps[0]!.blocks[0]).toEqual([0, 16]);
  expect(copy.root.steps[0]!.blocks[1]![0]).not.toBe(tasks[0]!.root.steps[0]!.blocks[1]![0]);
  // The replay refuses block ids that follow different ones in different prompts: all of them together make one tree.
  const tree = new PrefixTree();
  for (const task of twice) for (const trace of task.members.values()) for (const step of trace.steps) expect(tree.path(step.blocks, 'here').blocks).toBe(Math.floor(step.prompt_tokens / 64));
});

test('halves: every task is on one side, by its name alone', async () => {
  const tasks = await made(40), pool: Pool = { tasks, arrivalGapsMs: [], leftOut: new Map() };
  const slices = (half: 'tuning' | 'report') => [...sliceOf(pool, half, 'mixed'), ...sliceOf(pool, half, 'short')].map(({ root }) => root.trace);
  expect([...slices('tuning'), ...slices('report')].sort()).toEqual(tasks.map(({ root }) => root.trace).sort());
  expect(slices('tuning').length).toBeGreaterThan(10);
  expect(slices('report').length).toBeGreaterThan(10);
  expect(tasks.map(halfOf)).toEqual((await made(40)).map(halfOf));
  expect(sliceOf(pool, 'report', 'fan-out').every(({ members }) => members.size === 2)).toBe(true);
});

test('alone: a step takes its new tokens and its answer, the next one only what was added', async () => {
  const laptop = readFleet('laptop'), fleet = { ...laptop, device: { ...laptop.device, keepsTails: false } }, [first] = await made(2), task = (await made(2))[1]!;
  const { device, model } = fleet;
  const prefillMs = (from: number, to: number): number => {
    let ms = 0;
    for (let done = from; done < to; done += device.iterationTokens) {
      const tokens = Math.min(device.iterationTokens, to - done);
      ms += iterationMs(device, model, { prefillTokens: tokens, prefillContext: tokens * done + (tokens * (tokens + 1)) / 2, decodes: 0, decodeContext: 0 });
    }
    return ms;
  };
  const decodeMs = (prompt: number): number => 59 * iterationMs(device, model, { prefillTokens: 0, prefillContext: 0, decodes: 1, decodeContext: prompt + 29.5 });
  // A prompt ends 20 tokens into a block; its answer of 60 fills that block, so one more is there for the next step.
  const prompt = (seq: number): number => (16 + 8 * seq) * 64 + 20;
  const expected = [1, 2, 3, 4, 5, 6].reduce((ms, seq) => ms + prefillMs(seq === 1 ? 0 : (16 + 8 * (seq - 1) + 1) * 64, prompt(seq)) + decodeMs(prompt(seq)), 0);
  const [alone] = aloneTimes([task], fleet, 0);
  expect(alone!.servedS).toBeCloseTo(expected / 1000, 9);
  expect(alone!.jctS).toBeCloseTo((expected + 5 * 20_000 + 61_000) / 1000, 9);
  // Where last blocks are kept, no step is charged for what may be in one.
  expect(aloneTimes([task], laptop, 0)[0]!.servedS).toBeLessThan(alone!.servedS);
  // Behind another task the system prompt is there.
  const [, second] = aloneTimes([first!, task], fleet, 0);
  expect(alone!.servedS - second!.servedS).toBeCloseTo((prefillMs(0, prompt(1)) - prefillMs(1024, prompt(1))) / 1000, 9);
});

test('a load has as many tasks at once as make its pressure, and arrivals that swap do', async () => {
  const fleet = readFleet('laptop'), pool: Pool = { tasks: await made(60), arrivalGapsMs: [100, 900, 50, 2_000], leftOut: new Map() };
  const of = (id: string) => loadOf(regimes.find((regime) => regime.id === id)!, pool, 'report', fleet, 1)!;
  expect(of('past-10x').concurrency / of('past-2x').concurrency).toBeCloseTo(5, 0);
  expect(of('past-2x').arrivals).toEqual({ kind: 'closed', concurrency: of('past-2x').concurrency });
  const open = of('open');
  expect(open.tasks.map(({ root }) => root.start_ms)).toEqual(open.tasks.map(({ root }) => root.start_ms).toSorted((a, b) => a - b));
  expect(open.tasks.every((task) => task.members.get(task.root.trace) === task.root)).toBe(true);
  const swapping = of('drifting').tasks.map(({ root }) => root.trace);
  expect(new Set(swapping).size).toBe(swapping.length);
  for (const { root } of of('drifting').tasks) expect(root.steps[1]!.gap_ms > 2_000).toBe(Math.floor(root.start_ms / 600_000) % 2 === 0);
  expect(loadOf(regimes.find(({ id }) => id === 'open')!, { ...pool, arrivalGapsMs: [] }, 'report', fleet, 1)).toBe(null);
});

test('a tunable is stepped through by its scale', () => {
  const log = { from: 1, to: 100, scale: 'log', start: 10 } as const, whole = { from: 1, to: 20, scale: 'whole', start: 5 } as const;
  expect(at(log, 0.5)).toBe(10);
  expect(at(whole, 0.5)).toBe(11);
  expect(placeOf(log, 10)).toBeCloseTo(0.5);
  expect([at(log, 0), at(log, 1)]).toEqual([1, 100]);
});

test('tuning: the fastest setting that keeps the throughput wins, and every policy is asked as often', async () => {
  const asked = new Map<string, number>();
  const tuned = await tune({
    close: async () => {},
    run: async (jobs) => jobs.map((job) => {
      asked.set(job.policy, (asked.get(job.policy) ?? 0) + 1);
      const ttl = job.params.ttlMs ?? 10_000;
      // Longer is faster, and beyond 60 s it costs throughput.
      return { values: { jct_mean_s: 1e6 / ttl, steps_per_s: ttl > 60_000 ? 1 : 10 } } as never;
    }),
  }, ['fixed-ttl', 'swap-ttl', 'round-robin-lru']);
  expect(Object.keys(tuned)).toEqual(['fixed-ttl', 'swap-ttl']);
  expect(asked.get('fixed-ttl')).toBe(asked.get('swap-ttl'));
  expect(tuned['fixed-ttl']!.params.ttlMs).toBeLessThanOrEqual(60_000);
  expect(tuned['fixed-ttl']!.jctS).toBeLessThan(tuned['fixed-ttl']!.startJctS);
});
