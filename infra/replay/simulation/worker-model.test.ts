import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blockTokens } from '../../../actors/lib/chain.ts';
import { type Device, type ModelShape, contextOfChunk, iterationMs } from './engine-model.ts';
import { EventQueue } from './event-queue.ts';
import { readDevice, readFleet } from '../fleet.ts';
import { type Path, PrefixTree } from './prefix-tree.ts';
import { freeContext, roundModel } from '../round-numbers.fixture.ts';
import type { RunEnd } from './run.ts';
import { WorkerModel } from './worker-model.ts';

interface Given { readonly adapter?: number; readonly prompt?: readonly (readonly [number, number])[]; readonly after?: Path; readonly priority?: number }

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

  constructor(capacity: { hbm: number; dram?: number; nvme?: number; adapterBytes?: number }, spills = false, device = freeContext, model = roundModel) {
    this.worker = new WorkerModel('w1', device, model, { dram: 0, nvme: 0, ...capacity }, spills, this.events, {
      onFirstToken: ({ trace }) => { this.firstAtMs[trace] = this.events.nowMs; },
      onEnded: (end) => { this.ends.push(end); this.endedAtMs[end.request.trace] = this.events.nowMs; },
      onChange: () => {},
      onNoRoom: () => { this.noRooms++; this.onNoRoom(); },
    });
  }

  at(atMs: number, trace: string, promptTokens: number, outTokens: number, { prompt = [], after, priority = 0, adapter }: Given = {}): this {
    const path = this.tree.path(prompt, trace);
    this.events.at(atMs, () => this.worker.submit({ trace, step: `${trace}/1`, attempt: 1, prompt: path, promptTokens, outTokens, after: after ?? path, priority, adapter: adapter ?? null }));
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
  expect(ends[0]!.usage).toEqual({ hit: 0, recalled: 0, migrated: 0, computed: 300, avoidable: 0, again: 0 });
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
  expect(usageOf('b')).toEqual({ hit: 192, recalled: 0, migrated: 0, computed: 64, avoidable: 0, again: 0 });
  expect(timesOf('b')).toEqual([0, 0, 68, 0]);
  expect(usageOf('c')).toEqual({ hit: 256, recalled: 0, migrated: 0, computed: 4, avoidable: 0, again: 0 });
});

test('worker model: a run that needs all of the memory starts although all of its prompt is resident, the block of its last token included', () => {
  const bench = new Bench({ hbm: 10 }).at(0, 'a', 576, 1, { prompt: [[0, 9]] }).at(1_000, 'b', 576, 64, { prompt: [[0, 9]] });
  const { usageOf, worker } = bench.run();
  expect(usageOf('b')).toEqual({ hit: 512, recalled: 0, migrated: 0, computed: 64, avoidable: 0, again: 0 });
  expect(worker.memory.used.hbm).toBe(9);
});

test('worker model: two that compute the same prefix at once hold it once afterwards, and the second is not called avoidable', () => {
  const { usageOf, worker } = new Bench({ hbm: 100 }).at(0, 'a', 64, 1, { prompt: [[0, 1]] }).at(0, 'b', 64, 1, { prompt: [[0, 1]] }).run();
  expect([usageOf('a'), usageOf('b')]).toEqual([{ hit: 0, recalled: 0, migrated: 0, computed: 64, avoidable: 0, again: 0 }, { hit: 0, recalled: 0, migrated: 0, computed: 64, avoidable: 0, again: 0 }]);
  expect([worker.memory.used.hbm, worker.memory.grantable]).toEqual([1, 100]);
});

test('worker model: what was evicted and is computed again was avoidable; where it spilled, it is recalled', () => {
  const prompts = (bench: Bench) => bench.at(0, 'a', 260, 1, { prompt: [[0, 4]] }).at(1_000, 'b', 260, 1, { prompt: [[50, 4]] }).at(2_000, 'c', 260, 1, { prompt: [[0, 4]] });
  expect(prompts(new Bench({ hbm: 5 })).run().usageOf('c')).toEqual({ hit: 0, recalled: 0, migrated: 0, computed: 260, avoidable: 256, again: 0 });
  const { usageOf, timesOf, worker } = prompts(new Bench({ hbm: 5, dram: 20 }, true)).run();
  expect(usageOf('c')).toEqual({ hit: 0, recalled: 256, migrated: 0, computed: 4, avoidable: 0, again: 0 });
  // b and c need 5 blocks each: all 4 of the one before go, 8 ms on the line; c's own 4 come back behind them: 8 + 8 + 10 ms.
  expect(timesOf('c')).toEqual([0, 26, 8, 0]);
  expect(worker.lines.dram.bytes).toBe((4 + 4 + 4) * 256);
});

test('worker model: a recall that would take longer than computing is not made', () => {
  const slow = { ...freeContext, dram: { bytesPerS: 256, latencyMs: 0 } }; // a second a block; a block is computed in 66 ms
  const bench = new Bench({ hbm: 5, dram: 20 }, true, slow).at(0, 'a', 260, 1, { prompt: [[0, 4]] }).at(10_000, 'b', 260, 1, { prompt: [[50, 4]] }).at(20_000, 'c', 260, 1, { prompt: [[0, 4]] });
  expect(bench.run().usageOf('c')).toEqual({ hit: 0, recalled: 0, migrated: 0, computed: 260, avoidable: 256, again: 0 });
});

test('worker model: a step longer than the memory runs alone, leaves nothing behind, and those behind it go on', () => {
  const bench = new Bench({ hbm: 4 }).at(0, 'a', 64, 40, { prompt: [[0, 1]] }).at(10, 'long', 64 * 9, 65, { prompt: [[0, 1], [100, 8]], priority: -1 }).at(11, 'b', 64, 1);
  const { ends, timesOf, usageOf, worker } = bench.run();
  expect(ends.map(({ request }) => request.trace)).toEqual(['a', 'long', 'b']);
  expect(timesOf('long')[0]).toBe(bench.endedAtMs['a']! - 10);
  expect(usageOf('long')).toEqual({ hit: 64, recalled: 0, migrated: 0, computed: 512, avoidable: 0, again: 0 });
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

test('worker model: lost, it runs and holds nothing, and nothing of it ends later', () => {
  const bench = new Bench({ hbm: 4 }).at(0, 'a', 128, 1, { prompt: [[0, 2]] }).at(5, 'b', 128, 1).at(6, 'c', 128, 1).run(5);
  bench.run(6);
  expect(bench.worker.running + bench.worker.waiting).toBe(3);
  bench.worker.lose();
  bench.run();
  expect([bench.ends, bench.worker.running, bench.worker.waiting, bench.worker.isAlive]).toEqual([[], 0, 0, false]);
  expect(bench.worker.memory.used).toEqual({ hbm: 0, dram: 0, nvme: 0 });
});

test('worker model: the blocks of an answer are there for the prompt that goes on with them', () => {
  const bench = new Bench({ hbm: 100 });
  const next = bench.tree.path([[0, 4]], 'next');
  bench.at(0, 'a', 128, 128, { prompt: [[0, 2]], after: next }).at(5_000, 'b', 300, 1, { prompt: [[0, 4]] });
  expect(bench.run().usageOf('b')).toEqual({ hit: 4 * blockTokens, recalled: 0, migrated: 0, computed: 44, avoidable: 0, again: 0 });
});

const onPrompt: Device = { ...freeContext, admission: 'prompt' };

test('worker model: let in on its prompt, the later of two gives way when no block is left to grow into, and computes anew what it had', () => {
  // 4 blocks. Both prompts until 124; 67 tokens more each, 6 ms the two, until 526: 128 tokens in two blocks each. b leaves, a has its other 12 in 5 ms each, until 586.
  // b computes all 128, of which 127 had been, in 132 ms, and draws the next: the other 11 end at 773.
  const bench = new Bench({ hbm: 4 }, false, onPrompt).at(0, 'a', 60, 80).at(0, 'b', 60, 80).run(), { worker, ends } = bench;
  expect([bench.timesOf('a'), bench.timesOf('b')]).toEqual([[0, 0, 124, 402 + 60], [60, 0, 124 + 132, 402 + 55]]);
  expect(bench.endedAtMs).toEqual({ a: 586, b: 773 });
  expect(bench.usageOf('b')).toEqual({ hit: 0, recalled: 0, migrated: 0, computed: 60 + 127, avoidable: 127, again: 127 });
  expect(ends.map(({ preemptions, firstTokenMs }) => [preemptions, firstTokenMs])).toEqual([[0, 124], [1, 124]]);
  expect([worker.preempted, worker.busyMs, worker.memory.used.hbm]).toEqual([1, 773, 0]);
  expect(ends.reduce((sum, { acceleratorMs }) => sum + acceleratorMs, 0)).toBeCloseTo(773, 9);
});

test('worker model: what has a name of one that gave way stays as cache, is found when it comes back, and is no hit', () => {
  // 7 blocks, 3 for each to begin with. a's prompt until 132, b's beside a token of a until 265. 63 tokens of both until 643: a has 193 in 4 blocks, b 192 in 3.
  // a ends its 35 at 818. b finds its prompt, computes 64 tokens until 886, and ends 35 later.
  const bench = new Bench({ hbm: 7 }, false, onPrompt), answered = bench.tree.path([[0, 3]], 'b');
  bench.at(0, 'a', 128, 100, { prompt: [[100, 2]] }).at(0, 'b', 128, 100, { prompt: [[0, 2]], after: answered }).run();
  expect(bench.endedAtMs).toEqual({ a: 818, b: 1061 });
  expect(bench.timesOf('b')).toEqual([175, 0, 265 + 68, 378 + 175]);
  expect(bench.usageOf('b')).toEqual({ hit: 0, recalled: 0, migrated: 0, computed: 128 + 63, avoidable: 63, again: 63 });
});

test('worker model: one that gives way in the middle of its prompt comes back to the full blocks that it had', () => {
  // Chunks of 4 tokens, 7 blocks: 1 is a's, 6 are b's. a's prompt until 8, then 59 of its tokens beside 59 chunks of b, 9 ms each, until 539: a has 64 tokens, b 236.
  // a goes on alone, 64 × 5 ms, until 859. b finds 3 blocks, computes 44 tokens anew and 84 that it never had: 32 × 8 ms.
  const bench = new Bench({ hbm: 7 }, false, { ...onPrompt, iterationTokens: 4 }).at(0, 'a', 4, 124).at(1, 'b', 320, 1, { prompt: [[0, 5]] }).run();
  expect([bench.timesOf('a'), bench.timesOf('b')]).toEqual([[0, 0, 8, 59 * 9 + 64 * 5], [320, 0, 538 + 256, 0]]);
  expect(bench.usageOf('b')).toEqual({ hit: 0, recalled: 0, migrated: 0, computed: 320 + 44, avoidable: 44, again: 44 });
});

test('worker model: one that gives way while its blocks are on their way up has not had them, and recalls them when it comes back', () => {
  // 6 blocks, 20 ms each on the line. c's 4 fall to dram for a. d has its prompt at 2064, and e, which asks for c's, begins at 2074, when d's token is out. At 2079 d
  // has 64 tokens and needs a second block. It ends at 3059, and e has its 4 blocks 90 ms later.
  const bench = new Bench({ hbm: 6, dram: 20 }, true, { ...onPrompt, dram: { bytesPerS: 12_800, latencyMs: 10 } });
  bench.at(0, 'c', 260, 1, { prompt: [[0, 4]] }).at(1_000, 'a', 320, 1, { prompt: [[50, 5]] }).at(2_000, 'd', 60, 200).at(2_070, 'e', 260, 1, { prompt: [[0, 4]] }).run();
  expect(bench.timesOf('e')).toEqual([4 + 980, 5 + 90, 8, 0]);
  expect([bench.worker.preempted, bench.usageOf('e')]).toEqual([1, { hit: 0, recalled: 256, migrated: 0, computed: 4, avoidable: 0, again: 0 }]);
});

test('worker model: whoever is let in beside others leaves a hundredth of the memory to those that grow', () => {
  const queuedOf = (blocks: number): number => new Bench({ hbm: 200 }, false, onPrompt).at(0, 'a', 64 * 99, 2).at(1, 'b', 64 * blocks - 1, 1).run().timesOf('b')[0]!;
  expect(queuedOf(98)).toBe(0);
  expect(queuedOf(99)).toBeGreaterThan(0);
});

test('worker model: a block that was given for tokens to come is taken back for one who comes', () => {
  // 5 blocks. a is given 3 for its 140 tokens; b needs 3 and has room when the iteration ends that is under way: 64, 69, 74.
  const bench = new Bench({ hbm: 5 }, false, onPrompt).at(0, 'a', 60, 80).at(71, 'b', 180, 1).run();
  expect(bench.timesOf('b').slice(0, 1)).toEqual([3]);
  expect(bench.worker.preempted).toBe(0);
});

test('worker model: alone and without a block for its next token, a run has what was pinned', () => {
  const bench = new Bench({ hbm: 4 }, false, onPrompt).at(0, 'a', 128, 1, { prompt: [[0, 2]] });
  bench.run();
  const path = bench.tree.path([[0, 2]], '');
  bench.worker.memory.pin(path, bench.events.nowMs);
  bench.onNoRoom = () => bench.worker.memory.unpin(path, bench.events.nowMs);
  bench.at(1_000, 'b', 60, 80).run();
  expect([bench.noRooms, bench.worker.preempted, bench.timesOf('b')]).toEqual([1, 0, [0, 0, 64, 79 * 5]]);
});

test('worker model: with room for all of each, a better run is let in at the next iteration, and the worse one comes back when it can', () => {
  // a's prompt until 64, then 5 ms a token; b comes at 101 and begins at 104, when a has 69 tokens. b: 64 + 67 × 5 ms, until 503. a: its 69 in 73 ms, then 90 tokens.
  const bench = new Bench({ hbm: 4 }).at(0, 'a', 60, 100, { priority: 5 }).at(101, 'b', 60, 68, { priority: 1 }).run();
  expect([bench.timesOf('a'), bench.timesOf('b')]).toEqual([[399, 0, 64 + 73, 40 + 450], [3, 0, 64, 335]]);
  expect(bench.usageOf('a')).toEqual({ hit: 0, recalled: 0, migrated: 0, computed: 60 + 68, avoidable: 68, again: 68 });
  expect(bench.worker.preempted).toBe(1);
});

test('worker model: with room for all of each, nobody gives way to an equal, or in vain', () => {
  const equal = new Bench({ hbm: 4 }).at(0, 'a', 60, 100, { priority: 1 }).at(101, 'b', 60, 68, { priority: 1 }).run();
  const vain = new Bench({ hbm: 6 }).at(0, 'a', 60, 100, { priority: 1 }).at(1, 'b', 60, 68, { priority: 5 }).at(101, 'c', 250, 1, { priority: 2 }).run();
  expect([equal.worker.preempted, vain.worker.preempted]).toEqual([0, 0]);
});

test('worker model: only those give way whose blocks are needed, and where a place is missing the worst', () => {
  const ways = (bench: Bench): Record<string, number> => Object.fromEntries(bench.run().ends.map(({ request, preemptions }) => [request.trace, preemptions]));
  // a 2 blocks, b 4, c 2: d needs 4, and b's will do.
  expect(ways(new Bench({ hbm: 8 }).at(0, 'a', 60, 60, { priority: 3 }).at(0, 'b', 60, 190, { priority: 4 }).at(0, 'c', 60, 60, { priority: 5 }).at(100, 'd', 250, 1, { priority: 1 }))).toEqual({ a: 0, b: 1, c: 0, d: 0 });
  expect(ways(new Bench({ hbm: 80 }, false, { ...freeContext, runsMax: 2 }).at(0, 'a', 60, 60, { priority: 3 }).at(0, 'b', 60, 60, { priority: 4 }).at(100, 'd', 250, 1, { priority: 1 }))).toEqual({ a: 0, b: 1, d: 0 });
});

test('worker model: where an iteration has a time that it takes at most, a long prompt beside those who decode goes in blocks, and alone as ever', () => {
  const inTime: Device = { ...freeContext, iterationMsMax: 100 };
  // Alone: 128 tokens an iteration, 132 ms each, 640 tokens.
  expect(new Bench({ hbm: 100 }, false, inTime).at(0, 'a', 640, 1).run().endedAtMs['a']).toBe(5 * 132);
  // Beside one that decodes from 5 ms on: 64 tokens and its row, 69 ms each; 100 rows would take longer than 100 ms.
  const bench = new Bench({ hbm: 100 }, false, inTime).at(0, 'b', 1, 100).at(5, 'a', 640, 1).run();
  expect(bench.endedAtMs['a']).toBe(5 + 10 * 69);
});

test('worker model: what a run that gave way leaves is looked at again after one iteration, and growth that was given beyond it is there for who waits', () => {
  // c gives way at 4,146; of what it leaves w needs 20 blocks, less than a would be given for its next 512 tokens.
  const bench = new Bench({ hbm: 40 }, false, onPrompt).at(0, 'a', 500, 1_000).at(0, 'c', 1_270, 1_000, { priority: 9 }).at(2_500, 'w', 1_270, 10, { priority: 5 }).run();
  expect([bench.worker.preempted, Math.round(bench.timesOf('w')[0]!)]).toEqual([1, 1_651]);
});

test('worker model: an adapter is brought from the host once, those who come meanwhile wait for it, and it stays for those who come later', () => {
  // 5 blocks of 256 bytes, 10 ms and 10 ms of latency on the line: there at 20. b comes at 5 and waits 15. Both prompts until 20 + 64; c finds it idle.
  const bench = new Bench({ hbm: 20, adapterBytes: 1_280 }).at(0, 'a', 30, 1, { adapter: 3 }).at(5, 'b', 30, 1, { adapter: 3 }).at(1_000, 'c', 30, 1, { adapter: 3 }).at(2_000, 'd', 30, 1).run();
  expect(['a', 'b', 'c', 'd'].map((trace) => bench.timesOf(trace))).toEqual([[0, 20, 64, 0], [0, 15, 64, 0], [0, 0, 34, 0], [0, 0, 34, 0]]);
  expect([bench.worker.adapters!.counters, bench.worker.lines.dram.bytes]).toEqual([{ loaded: 1, evicted: 0 }, 1_280]);
  expect([bench.worker.memory.used.hbm, bench.worker.memory.grantable]).toEqual([5, 20]);
});

test('worker model: adapters take the room of KV, the one that was idle longest goes first, before any KV, and none that is in use', () => {
  // 20 blocks: 0, 1 and 2 take 15 and are idle, in that order; KV of 3 blocks beside them. For 3 and its run's 3 blocks 0 and 1 go; for 10 blocks of c 2 goes, and a block of KV, while 3 is in use.
  const bench = new Bench({ hbm: 20, adapterBytes: 1_280 });
  for (const adapter of [0, 1, 2]) bench.at(adapter * 100, `a${adapter}`, 30, 1, { adapter });
  bench.at(1_000, 'kv', 250, 1, { prompt: [[0, 3]] }).run();
  expect([bench.worker.memory.used.hbm, bench.worker.adapters!.counters]).toEqual([18, { loaded: 3, evicted: 0 }]);
  bench.at(2_000, 'b', 30, 100, { adapter: 3 }).at(2_100, 'c', 64 * 9, 1).run(2_100);
  bench.run(2_101);
  expect([1, 2, 3].map((adapter) => bench.worker.adapters!.isResident(adapter))).toEqual([false, false, true]);
  expect([bench.worker.memory.counters.evicted, bench.worker.memory.find(bench.tree.path([[0, 3]], '')).hbm]).toEqual([1, 2]);
});

test('worker model: a run that finds no room for its adapter beside those in use waits for one to end', () => {
  // Two of 5 blocks are in use, 2 more are the runs' own: 8 blocks are not enough for a third.
  const bench = new Bench({ hbm: 16, adapterBytes: 1_280 }).at(0, 'a', 30, 10, { adapter: 0 }).at(0, 'b', 30, 20, { adapter: 1 }).at(100, 'c', 30, 1, { adapter: 2 }).run();
  expect(bench.timesOf('c')[0]).toBe(bench.endedAtMs['a']! - 100);
  expect(bench.worker.adapters!.counters).toEqual({ loaded: 3, evicted: 1 });
});

test('worker model: a run that fits only without its adapter runs alone', () => {
  const bench = new Bench({ hbm: 10, adapterBytes: 1_280 }).at(0, 'a', 64 * 5, 1, { adapter: 0 }).at(1, 'b', 30, 1, { adapter: 0 }).at(2, 'c', 30, 1).run();
  expect(['b', 'c'].map((trace) => bench.timesOf(trace)[0]! + (trace === 'b' ? 1 : 2))).toEqual([bench.endedAtMs['a'], bench.endedAtMs['a']]);
});

test('worker model: an adapter that leaves no block to KV is refused with the numbers', () => {
  expect(() => new Bench({ hbm: 5, adapterBytes: 1_280 })).toThrow('an adapter of 1280 bytes takes 5 of 5 blocks of hbm');
});

test('worker model: with room for all of each, the adapter of a run that gives way makes room too', () => {
  // 11 blocks: adapter 0 and a's 3 leave 3; b needs 5 for adapter 1 and 2 of its own.
  const bench = new Bench({ hbm: 11, adapterBytes: 1_280 }).at(0, 'a', 60, 100, { priority: 5, adapter: 0 }).at(121, 'b', 60, 68, { priority: 1, adapter: 1 }).run();
  expect(bench.ends.map(({ request, preemptions }) => [request.trace, preemptions])).toEqual([['b', 0], ['a', 1]]);
  expect(bench.worker.adapters!.counters.loaded).toBe(3);
});

interface Order { readonly atMs: number; readonly promptTokens: number; readonly outTokens: number }

/** The same engine, one iteration after the other, with so many blocks and no cache. Answers when each order ends, and how often one gave way. */
function oneByOne(orders: readonly Order[], device: Device, model: ModelShape, blocks = Number.POSITIVE_INFINITY): { readonly ends: readonly number[]; readonly preempted: number } {
  const runs = orders.map((order, index) => ({ ...order, index, left: order.promptTokens, context: 0, outLeft: order.outTokens })).sort((a, b) => a.atMs - b.atMs || a.index - b.index);
  let there: typeof runs = [], preempted = 0;
  const ends: number[] = [], sizeOf = ({ promptTokens, outTokens, outLeft }: (typeof runs)[number]): number => promptTokens + outTokens - outLeft;
  /** Those that decode have a block for their next token when an iteration begins, not before. */
  const used = (ofDecoding: 0 | 1): number => there.reduce((sum, run) => sum + Math.ceil((sizeOf(run) + (run.left > 0 ? 1 : ofDecoding)) / blockTokens), 0);
  for (let nowMs = runs[0]!.atMs; runs.length > 0;) {
    for (const run of runs) {
      if (there.includes(run)) continue;
      const spare = there.length > 0 && blocks < 1e6 ? Math.floor(0.01 * blocks) : 0;
      if (run.atMs > nowMs || used(0) + spare + Math.ceil((sizeOf(run) + 1) / blockTokens) > blocks) break;
      there.push(run);
    }
    if (there.length === 0) { nowMs = runs[0]!.atMs; continue; }
    for (; used(1) > blocks; preempted++) {
      const last = there.toSorted((a, b) => a.atMs - b.atMs || a.index - b.index).at(-1)!;
      there = there.filter((run) => run !== last);
      Object.assign(last, { left: sizeOf(last), context: 0 });
    }
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
    for (const run of there) if (run.left === 0 && run.outLeft === 0) { ends[run.index] = nowMs; runs.splice(runs.indexOf(run), 1); there = there.filter((one) => one !== run); }
  }
  return { ends, preempted };
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
    expect(endsOf(orders)[0]! / oneByOne(orders, fast, shape).ends[0]!).toBeCloseTo(1, 9);
  }), { numRuns: 40 });
});

test('worker model: so it is where others come between, at any instant', () => {
  fc.assert(fc.property(fc.array(orderOf, { minLength: 2, maxLength: 12 }), (orders) => {
    const exact = oneByOne(orders, fast, shape).ends;
    endsOf(orders).forEach((endMs, i) => { expect(endMs / exact[i]!).toBeCloseTo(1, 9); });
  }), { numRuns: 40 });
});

/** Times are not those of ends and iterations: which of two at one instant comes first is nobody's rule. */
const crowded = fc.array(fc.record({ atMs: fc.integer({ min: 0, max: 3_000 }).map((ms) => ms + 0.377), promptTokens: fc.integer({ min: 1, max: 400 }), outTokens: fc.integer({ min: 1, max: 400 }) }), { minLength: 2, maxLength: 12 })
  .map((orders) => orders.map((order, i) => ({ ...order, atMs: order.atMs + i / 1_000 })));

test('worker model: so it is where there is little room, and whoever is last gives way', () => {
  let preempted = 0;
  fc.assert(fc.property(crowded, fc.integer({ min: 13, max: 120 }), (orders, blocks) => {
    const bench = new Bench({ hbm: blocks }, false, onPrompt), exact = oneByOne(orders, onPrompt, roundModel, blocks);
    orders.forEach(({ atMs, promptTokens, outTokens }, index) => { bench.at(atMs, `${index}`, promptTokens, outTokens); });
    bench.run();
    orders.forEach((_, index) => { expect(bench.endedAtMs[`${index}`]! / exact.ends[index]!).toBeCloseTo(1, 9); });
    expect(bench.worker.preempted).toBe(exact.preempted);
    preempted += exact.preempted;
  }), { numRuns: 150 });
  expect(preempted).toBeGreaterThan(20);
});
