import { describe, expect, it } from 'vitest';
import type { ReplayTrace } from '../../schemas/replay-trace.ts';
import { step, trace } from './samples.fixture.ts';
import { StatsMeter, type TraceStats } from './stats.ts';
import { statsSvg } from './stats-svg.ts';
import { statsBlocks } from './stats-table.ts';
import { familiesOf, timelineOf } from './timeline.ts';

async function statsOf(traces: readonly ReplayTrace[]): Promise<TraceStats> {
  const meter = new StatsMeter();
  for await (const family of familiesOf(each(traces))) meter.add(family);
  return meter.result(new Map([['broken & bent', 2]]));
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> { yield* items; }

const parent = trace('p', { start_ms: 1_000, steps: [step(1, { took_ms: 500, children: ['a', 'b'] }), step(2, { gap: 'join', gap_ms: 100, took_ms: 50 }), step(3, { gap: 'human', gap_ms: 7, took_ms: 1 })] });
const a = trace('a', { parent: 'p', start_ms: 10, steps: [step(1, { took_ms: 100 }), step(2, { gap_ms: 300, took_ms: 100 })] });
const b = trace('b', { parent: 'p', start_ms: 20, steps: [step(1, { took_ms: 5 })] });

describe('a timeline', () => {
  it('of a family: children start after the generation that lists them, a join after the last of them', () => {
    expect(timelineOf([parent, a, b]).map(({ trace, step, startMs, endMs }) => [trace.trace, step.seq, startMs, endMs])).toEqual([
      ['p', 1, 1000, 1500], ['a', 1, 1510, 1610], ['b', 1, 1520, 1525], ['a', 2, 1910, 2010], ['p', 2, 2110, 2160], ['p', 3, 2167, 2168],
    ]);
  });

  it('families are whole before they are told, however their lines are mixed', async () => {
    const names: string[][] = [];
    for await (const family of familiesOf(each([parent, trace('q'), a, trace('r'), b]))) names.push(family.map((member) => member.trace));
    expect(names).toEqual([['q'], ['r'], ['p', 'a', 'b']]);
  });
});

describe('statistics of traces', () => {
  it('by hand: steps, ratio, fan-out, what runs at once', async () => {
    const stats = await statsOf([parent, a, b]);
    expect(stats).toMatchObject({
      tasks: 1, traces: 3, steps: 6, steps_per_task: { mean: 6, p50: 6 }, prompt_tokens: 128 * (1 + 2 + 3 + 1 + 2 + 1), generated_tokens: 60, prompt_per_generated: 1280 / 60,
      time: { generating_s: 0.756, idle_s: 0.407 }, fan_out: { parents: 1, children: 2, children_per_parent: { max: 2 } }, concurrency: { in_task_max: 2, tasks: null },
      gaps: { tool: { count: 0 }, human: { count: 1 }, join: { count: 1 }, in_children: { count: 1, mean_s: 0.3 }, all: { count: 3 } }, skipped: { 'broken & bent': 2 },
    });
  });

  it('by hand: percentiles lie between values, and long gaps hold the idle time', async () => {
    const gaps = [0, 1_000, 2_000, 4_000, 61_000].map((gap_ms, i) => step(i + 2, { gap_ms }));
    const { tool } = (await statsOf([trace('a', { steps: [step(1), ...gaps] })])).gaps;
    expect(tool).toMatchObject({ count: 5, mean_s: 13.6, p50_s: 2, p95_s: expect.closeTo(49.6), max_s: 61, over_60s: { share_of_gaps: 0.2, share_of_idle: 61 / 68 } });
    const byLength = (await statsOf([trace('a', { steps: [step(1), ...gaps] })])).idle_by_length;
    expect(byLength.map((part) => part.gaps)).toEqual([2, 2, 0, 0, 1, 0, 0]);
    expect(byLength.reduce((sum, part) => sum + part.share_of_idle, 0)).toBeCloseTo(1);
  });

  it('by hand: what caches would have', async () => {
    // Ten blocks, then the same and two more after 20 s, then all twelve after 200 s; another trace shares the first five.
    const steps = [step(1, { prompt_tokens: 640, blocks: [[0, 10]] }), step(2, { gap_ms: 20_000, prompt_tokens: 768, blocks: [[0, 12]] }), step(3, { gap_ms: 200_000, prompt_tokens: 768, blocks: [[0, 12]] })];
    const { reuse, prompt_tokens, working_set } = await statsOf([trace('a', { steps }), trace('b', { steps: [step(1, { prompt_tokens: 640, blocks: [[0, 5], [50, 5]] })] })]);
    const total = prompt_tokens / 64;
    const some = (uses: number): number => 1 - (7 / 8) ** uses;
    expect(working_set.distinct_tokens).toBe(17 * 64);
    expect(reuse.infinite_cache).toBeCloseTo((10 + 12 + 5) / total);
    expect(reuse.random_routing[0]!.hit).toBeCloseTo((10 * some(1) + 10 * some(2) + 2 * some(1) + 5 * some(3)) / total);
    expect(reuse.forgetting.map(({ seconds, hit }) => [seconds, Math.round(hit * total)])).toEqual([[5, 0], [30, 10], [300, 22]]);
  });

  it('caches that forget find blocks of other traces where starts are known', async () => {
    const at = (id: string, start_ms: number) => trace(id, { start_ms, steps: [step(1, { prompt_tokens: 640, blocks: [[0, 10]], took_ms: 1_000 })] });
    const { reuse, concurrency } = await statsOf([at('a', 0), at('b', 500), at('c', 20_000)]);
    expect(reuse.forgetting.map(({ hit }) => Math.round(hit * 30))).toEqual([10, 20, 20]);
    expect(concurrency.tasks).toMatchObject({ max: 2 });
  });

  it('steps of one trace are not at once, also where no time is known between them', async () => {
    const steps = [1, 2, 3].map((seq) => step(seq, { gap_ms: 0 }));
    expect((await statsOf([trace('a', { steps }), trace('b', { steps })])).concurrency).toEqual({ in_task_max: 1, tasks: null });
  });

  it('ids that are hashes have the figures of ids in a row, and no chunk of memory each', async () => {
    const blocks = 20_000, spread = Math.floor(2 ** 51 / blocks);
    const traces = (ids: (first: number) => [number, number][]) => ['a', 'b'].map((id) => trace(id, { steps: [step(1, { prompt_tokens: 64 * blocks, blocks: ids(0) }), step(2, { prompt_tokens: 64 * blocks, blocks: ids(1) })] }));
    const before = process.memoryUsage().arrayBuffers;
    const hashed = await statsOf(traces((first) => Array.from({ length: blocks - 1 }, (_, i) => [2 ** 50 + (first + i) * spread, 1])));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50e6); // a chunk each: 320 MB
    expect(hashed.reuse).toEqual((await statsOf(traces((first) => [[first, blocks - 1]]))).reuse);
  });

  it('nothing at all: no figure is NaN', async () => {
    expect(JSON.stringify(await statsOf([]))).not.toContain('null,"p50');
    expect(JSON.stringify(await statsOf([trace('a', { steps: [step(1, { prompt_tokens: 0, blocks: [], out_tokens: 0 })] })]))).not.toContain('NaN');
  });

  it('as table and as picture: every figure is there, names are escaped', async () => {
    const stats = await statsOf([parent, a, b]);
    const text = statsBlocks(stats).flatMap(({ title, rows }) => [title, ...rows.map((row) => row.join(' '))]).join('\n');
    expect(text).toContain('1 tasks, 3 traces, 6 steps, 1280 prompt tokens, 60 generated: 21.3 to 1');
    expect(text).toContain('left out broken & bent 2');
    const svg = statsSvg(stats, 'a<b> & "c".jsonl');
    expect(svg).toContain('a&lt;b&gt; &amp; &quot;c&quot;.jsonl');
    expect(svg).toContain('prefers-color-scheme: dark');
    expect(svg.match(/<rect/g)!.length).toBe(1 + 2 + 2 * 7 + 6);
    expect(svg).not.toMatch(/NaN|undefined/);
    const arrivals = statsSvg(await statsOf([trace('a', { steps: [step(1)] })]), 'arrivals');
    expect(arrivals.match(/<rect/g)!.length).toBe(1 + 6);
  });
});
