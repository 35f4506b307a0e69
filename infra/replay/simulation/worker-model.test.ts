import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blockTokens } from '../../../actors/lib/chain.ts';
import { type Device, type ModelShape, contextOfChunk, iterationMs } from './engine-model.ts';
import { EventQueue } from './event-queue.ts';
import { readDevice, readFleet } from '../fleet.ts';
import { type Path, PrefixTree } from './prefix-tree.ts';
import { freeContext, roundModel } from '../round-numbers.fixture.ts';
import { type RunEnd, WorkerModel } from './worker-model.ts';

interface Given { readonly prompt?: readonly (readonly [number, number])[]; readonly after?: Path; readonly priority?: number }

/** One worker with round numbers: an iteration takes 4 ms, and 1 ms for each token in it. */
class Bench {
  readonly events = new EventQueue();
  readonly tree = new PrefixTree();
  readonly ends: RunEnd[] = [];
  readonly endedAtMs: Record<string, number> = {};
  readonly firstAtMs: Record<string, number> = {};
  noRooms = 0;
  onNoRoom: () => void = () => {};
  readonly worker: WorkerModel;

  constructor(capacity: { hbm: number; dram?: number; nvme?: number }, spills = false, device = freeContext, model = roundModel) {
    this.worker = new WorkerModel('w1', device, model, { dram: 0, nvme: 0, ...capacity }, spills, this.events, {
      onFirstToken: ({ trace }) => { this.firstAtMs[trace] = this.events.nowMs; },
      onEnded: (end) => { this.ends.push(end); this.endedAtMs[end.request.trace] = this.events.nowMs; },
      onChange: () => {},
      onNoRoom: () => { this.noRooms++; this.onNoRoom(); },
    });
  }

  at(atMs: number, trace: string, promptTokens: number, outTokens: number, { prompt = [], after, priority = 0 }: Given = {}): this {
    const path = this.tree.path(prompt, trace);
    this.events.at(atMs, () => this.worker.submit({ trace, step: `${trace}/1`, attempt: 1, prompt: path, promptTokens, outTokens, after: after ?? path, priority }));
    return this;
  }

  run(untilMs = Number.POSITIVE_INFINITY): this {
    while (this.events.nowMs < untilMs && this.events.next()) this.worker.memory.check();
    return this;
  }

  readonly timesOf = (trace: string): number[] => { const end = this.ends.find(({ request }) => request.trace === trace)!; return [end.queuedMs, end.recallMs, end.prefillMs, end.decodeMs]; };
  readonly usageOf = (trace: string): unknown => this.ends.find(({ request }) => request.trace === trace)!.usage;
}

test('worker model: a prompt is computed in chunks, its last one gives the first token, and each further token is an iteration', () => {
  // 128, 128 and 44 tokens: 132 + 132 + 48 ms; then two tokens of 5 ms.
  const { ends, timesOf, worker } = new Bench({ hbm: 100 }).at(0, 'a', 300, 3).run();
  expect(timesOf('a')).toEqual([0, 0, 312, 10]);
  expect(ends[0]!.usage).toEqual({ hit: 0, recalled: 0, computed: 300, avoidable: 0 });
  expect([worker.iterations, worker.busyMs, ends[0]!.acceleratorMs]).toEqual([5, 322, 322]);
});

test('worker model: who comes while an iteration is under way joins the next one', () => {
  // a: its prompt until 132, then tokens at 137 and 142. b comes at 141 and is computed beside a's next token: 60 + 1 tokens, until 207. One token of both, 6 ms,
  // is b's last. a has had 4 of its 10 further tokens, and 6 more take 5 ms each.
  const { timesOf, endedAtMs, ends, worker } = new Bench({ hbm: 100 }).at(0, 'a', 128, 11).at(141, 'b', 60, 2).run();
  expect([timesOf('a'), timesOf('b')]).toEqual([[0, 0, 132, 111], [0, 0, 66, 6]]);
  expect(endedAtMs).toEqual({ a: 243, b: 213 });
  // What an iteration took is shared by the runs in it, and nothing is counted twice.
  expect(ends.reduce((sum, { acceleratorMs }) => sum + acceleratorMs, 0)).toBeCloseTo(worker.busyMs, 9);
  expect(worker.busyMs).toBe(243);
});

test('worker model: those who come at one instant share the iteration that begins then', () => {
  expect(new Bench({ hbm: 100 }).at(0, 'a', 30, 1).at(0, 'b', 40, 1).at(0, 'c', 50, 1).run().endedAtMs).toEqual({ a: 124, b: 124, c: 124 }); // 4 + 30 + 40 + 50
});

test('worker model: chunks are given in order of arrival, and what is left of an iteration goes to the next prompt', () => {
  // a 100 and b 28 until 132; b's other 22 and a's second token until 159.
  expect(new Bench({ hbm: 100 }).at(0, 'a', 100, 2).at(0, 'b', 50, 1).run().endedAtMs).toEqual({ a: 159, b: 159 });
});

test('worker model: a run without room waits for one that ends, the smallest priority first', () => {
  // 4 blocks: a has 3 (of 128 prompt tokens and 1), so b and c of 2 wait; both would fit when a ends at 132, but d of 4 goes before them, until 340.
  const bench = new Bench({ hbm: 4 }).at(0, 'a', 128, 1, { priority: 9 }).at(10, 'b', 60, 10, { priority: 5 }).at(11, 'c', 60, 10, { priority: 4 }).at(12, 'd', 190, 3, { priority: 1 });
  const { ends, timesOf } = bench.run();
  expect(ends.map(({ request }) => request.trace)).toEqual(['a', 'd', 'c', 'b']);
  expect(timesOf('d')).toEqual([120, 0, 198, 10]); // 128 and 62 tokens, then 2
  expect([timesOf('c'), timesOf('b')].map(([queuedMs]) => queuedMs)).toEqual([329, 330]);
});

test('worker model: no more runs at once than the device takes', () => {
  const { timesOf } = new Bench({ hbm: 100 }, false, { ...freeContext, runsMax: 1 }).at(0, 'a', 10, 1).at(0, 'b', 10, 1).run();
  expect([timesOf('a'), timesOf('b')]).toEqual([[0, 0, 14, 0], [14, 0, 14, 0]]);
});

test('worker model: what is resident is not computed, but the last token of a prompt always is', () => {
  const bench = new Bench({ hbm: 100 }).at(0, 'a', 256, 1, { prompt: [[0, 4]] }).at(1_000, 'b', 256, 1, { prompt: [[0, 4]] }).at(2_000, 'c', 260, 1, { prompt: [[0, 4]] });
  const { usageOf, timesOf } = bench.run();
  expect(usageOf('b')).toEqual({ hit: 192, recalled: 0, computed: 64, avoidable: 0 });
  expect(timesOf('b')).toEqual([0, 0, 68, 0]);
  expect(usageOf('c')).toEqual({ hit: 256, recalled: 0, computed: 4, avoidable: 0 });
});

test('worker model: a run that needs all of the memory starts although all of its prompt is resident, the block of its last token included', () => {
  const bench = new Bench({ hbm: 10 }).at(0, 'a', 576, 1, { prompt: [[0, 9]] }).at(1_000, 'b', 576, 64, { prompt: [[0, 9]] });
  const { usageOf, worker } = bench.run();
  expect(usageOf('b')).toEqual({ hit: 512, recalled: 0, computed: 64, avoidable: 0 });
  expect(worker.memory.used.hbm).toBe(9);
});

test('worker model: two that compute the same prefix at once hold it once afterwards, and the second is not called avoidable', () => {
  const { usageOf, worker } = new Bench({ hbm: 100 }).at(0, 'a', 64, 1, { prompt: [[0, 1]] }).at(0, 'b', 64, 1, { prompt: [[0, 1]] }).run();
  expect([usageOf('a'), usageOf('b')]).toEqual([{ hit: 0, recalled: 0, computed: 64, avoidable: 0 }, { hit: 0, recalled: 0, computed: 64, avoidable: 0 }]);
  expect([worker.memory.used.hbm, worker.memory.grantable]).toEqual([1, 100]);
});

test('worker model: what was evicted and is computed again was avoidable; where it spilled, it is recalled', () => {
  const prompts = (bench: Bench) => bench.at(0, 'a', 260, 1, { prompt: [[0, 4]] }).at(1_000, 'b', 260, 1, { prompt: [[50, 4]] }).at(2_000, 'c', 260, 1, { prompt: [[0, 4]] });
  expect(prompts(new Bench({ hbm: 5 })).run().usageOf('c')).toEqual({ hit: 0, recalled: 0, computed: 260, avoidable: 256 });
  const { usageOf, timesOf, worker } = prompts(new Bench({ hbm: 5, dram: 20 }, true)).run();
  expect(usageOf('c')).toEqual({ hit: 0, recalled: 256, computed: 4, avoidable: 0 });
  // b and c need 5 blocks each: all 4 of the one before go, 8 ms on the line; c's own 4 come back behind them: 8 + 8 + 10 ms.
  expect(timesOf('c')).toEqual([0, 26, 8, 0]);
  expect(worker.lines.dram.bytes).toBe((4 + 4 + 4) * 256);
});

test('worker model: a recall that would take longer than computing is not made', () => {
  const slow = { ...freeContext, dram: { bytesPerS: 256, latencyMs: 0 } }; // a second a block; a block is computed in 66 ms
  const bench = new Bench({ hbm: 5, dram: 20 }, true, slow).at(0, 'a', 260, 1, { prompt: [[0, 4]] }).at(10_000, 'b', 260, 1, { prompt: [[50, 4]] }).at(20_000, 'c', 260, 1, { prompt: [[0, 4]] });
  expect(bench.run().usageOf('c')).toEqual({ hit: 0, recalled: 0, computed: 260, avoidable: 256 });
});

test('worker model: a step longer than the memory runs alone, leaves nothing behind, and those behind it go on', () => {
  const bench = new Bench({ hbm: 4 }).at(0, 'a', 64, 40, { prompt: [[0, 1]] }).at(10, 'long', 64 * 9, 65, { prompt: [[0, 1], [100, 8]], priority: -1 }).at(11, 'b', 64, 1);
  const { ends, timesOf, usageOf, worker } = bench.run();
  expect(ends.map(({ request }) => request.trace)).toEqual(['a', 'long', 'b']);
  expect(timesOf('long')[0]).toBe(bench.endedAtMs['a']! - 10);
  expect(usageOf('long')).toEqual({ hit: 64, recalled: 0, computed: 512, avoidable: 0 });
  expect(worker.memory.used.hbm).toBe(1);
});

test('worker model: pins give way when nothing runs and the next run has no room', () => {
  const bench = new Bench({ hbm: 4 }).at(0, 'a', 192, 1, { prompt: [[0, 3]] });
  bench.run();
  const path = bench.tree.path([[0, 3]], '');
  bench.worker.memory.pin(path, bench.events.nowMs);
  bench.onNoRoom = () => bench.worker.memory.unpin(path, bench.events.nowMs);
  bench.at(1_000, 'b', 200, 1, { prompt: [[70, 3]] }).run();
  expect([bench.noRooms, bench.endedAtMs['b']]).toEqual([1, 1_000 + 132 + 76]);
});

test('worker model: lost, it answers what it was asked, holds nothing, and nothing of it ends later', () => {
  const bench = new Bench({ hbm: 4 }).at(0, 'a', 128, 1, { prompt: [[0, 2]] }).at(5, 'b', 128, 1).at(6, 'c', 128, 1).run(5);
  bench.run(6);
  expect(bench.worker.lose().map(({ trace }) => trace).sort()).toEqual(['a', 'b', 'c']);
  bench.run();
  expect([bench.ends, bench.worker.running, bench.worker.waiting, bench.worker.isAlive]).toEqual([[], 0, 0, false]);
  expect(bench.worker.memory.used).toEqual({ hbm: 0, dram: 0, nvme: 0 });
});

test('worker model: the blocks of an answer are there for the prompt that goes on with them', () => {
  const bench = new Bench({ hbm: 100 });
  const next = bench.tree.path([[0, 4]], 'next');
  bench.at(0, 'a', 128, 128, { prompt: [[0, 2]], after: next }).at(5_000, 'b', 300, 1, { prompt: [[0, 4]] });
  expect(bench.run().usageOf('b')).toEqual({ hit: 4 * blockTokens, recalled: 0, computed: 44, avoidable: 0 });
});

interface Order { readonly atMs: number; readonly promptTokens: number; readonly outTokens: number }

/** The same engine, one iteration after the other, with room for everybody. Answers when each order ends. */
function oneByOne(orders: readonly Order[], device: Device, model: ModelShape): number[] {
  const runs = orders.map((order, index) => ({ ...order, index, left: order.promptTokens, context: 0, outLeft: order.outTokens })).sort((a, b) => a.atMs - b.atMs || a.index - b.index);
  const ends: number[] = [];
  for (let nowMs = runs[0]!.atMs; runs.length > 0;) {
    const there = runs.filter(({ atMs }) => atMs <= nowMs);
    if (there.length === 0) { nowMs = runs[0]!.atMs; continue; }
    const decoding = there.filter(({ left }) => left === 0);
    let budget = device.iterationTokens, prefillTokens = 0, prefillContext = 0;
    const chunks = there.filter(({ left }) => left > 0).map((run) => {
      const tokens = Math.min(run.left, budget);
      budget -= tokens;
      prefillTokens += tokens;
      prefillContext += contextOfChunk(run.context, tokens);
      return { run, tokens };
    });
    nowMs += iterationMs(device, model, { prefillTokens, prefillContext, decodes: decoding.length, decodeContext: decoding.reduce((sum, { context }) => sum + context, 0) });
    for (const run of decoding) { run.context++; run.outLeft--; }
    for (const { run, tokens } of chunks) { run.left -= tokens; run.context += tokens; if (run.left === 0) run.outLeft--; }
    for (const run of there) if (run.left === 0 && run.outLeft === 0) { ends[run.index] = nowMs; runs.splice(runs.indexOf(run), 1); }
  }
  return ends;
}

const fast: Device = readDevice('h200', 'bf16'), { model: shape } = readFleet('h200x8');
const orderOf = fc.record({ atMs: fc.integer({ min: 0, max: 4_000 }), promptTokens: fc.integer({ min: 1, max: 60_000 }), outTokens: fc.integer({ min: 1, max: 1_500 }) });

function endsOf(orders: readonly Order[]): number[] {
  const bench = new Bench({ hbm: 1e9 }, false, fast, shape);
  orders.forEach(({ atMs, promptTokens, outTokens }, index) => { bench.at(atMs, `${index}`, promptTokens, outTokens); });
  bench.run();
  return orders.map((_, index) => bench.endedAtMs[`${index}`]!);
}

test('worker model: alike iterations at once take what they take one after the other, to rounding, when nobody comes between', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 200_000 }), fc.integer({ min: 1, max: 2_000 }), (promptTokens, outTokens) => {
    const orders = [{ atMs: 0, promptTokens, outTokens }];
    expect(endsOf(orders)[0]! / oneByOne(orders, fast, shape)[0]!).toBeCloseTo(1, 9);
  }), { numRuns: 40 });
});

test('worker model: so it is where others come between, at any instant', () => {
  fc.assert(fc.property(fc.array(orderOf, { minLength: 2, maxLength: 12 }), (orders) => {
    const exact = oneByOne(orders, fast, shape);
    endsOf(orders).forEach((endMs, i) => { expect(endMs / exact[i]!).toBeCloseTo(1, 9); });
  }), { numRuns: 40 });
});
