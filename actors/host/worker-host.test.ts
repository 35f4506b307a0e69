import { describe, expect, test } from 'vitest';
import { decodeBeat, decodeBlockEvents, decodeInbox, decodeOrderReply, decodeOut, encodeOrder, encodePage, encodeSnapshotAsked, isFault } from '../../schemas/codec.ts';
import type { Beat, BlockEvents, DeltaOut, GapOrder, InboxEvent, Order, OrderReply, PromptRef, RunOrder } from '../../schemas/messages.ts';
import { subjects } from '../../schemas/subjects.ts';
import { streamTable } from '../../infra/nats/streams.ts';
import { SimWorld } from '../../test/sim/clock.ts';
import { engineClock, SimEngine, simEngineDefaults, type SimEngineOptions } from '../../test/sim/engine.ts';
import { simAnswer, simChain } from '../../test/sim/engine-names.ts';
import { drawFaults, type Faults, noFaults } from '../../test/sim/faults.ts';
import { Random } from '../../test/sim/random.ts';
import { SimServer } from '../../test/sim/server.ts';
import { simPorts } from '../../test/sim/bus.ts';
import { nameBytes, namesOf, pageTokens } from '../lib/chain.ts';
import { WorkerHost, type WorkerSpan } from './worker-host.ts';

const names = subjects('r');
const salt = new Uint8Array(32).fill(3);
const trace = 'tr_00abc';
const fence = { partition: 0, epoch: 1 };

function stage(options: { readonly seed?: number; readonly faults?: Faults; readonly engine?: Partial<SimEngineOptions>; readonly runsMax?: number } = {}) {
  const world = new SimWorld(options.seed ?? 1, options.faults ?? noFaults);
  const server = new SimServer(world, streamTable('r'));
  const process = world.start('w1');
  const there = simPorts(server, world.start('conductor'));
  const beats: Beat[] = [];
  const batches: BlockEvents[] = [];
  const spans: WorkerSpan[] = [];
  there.bus.listen(names.beats, ({ bytes }) => { const beat = decodeBeat(bytes); if (!isFault(beat)) beats.push(beat); });
  there.bus.listen(names.kvs, ({ bytes }) => { const batch = decodeBlockEvents(bytes); if (!isFault(batch)) batches.push(batch); });
  let engine!: SimEngine;
  const host = new WorkerHost({
    ports: simPorts(server, process), region: 'r', node: 'w1', epoch: 5, model: 'm', weightsDigest: 'ab', device: 'sim', runsMax: options.runsMax ?? 8, offload: true,
    saltFor: () => salt, onSpan: (span) => spans.push(span),
    openEngine: (onEvents) => (engine = new SimEngine({ ...simEngineDefaults, ...options.engine }, engineClock(process), onEvents)),
  });
  const log = async <T>(stream: 'in' | 'out', decode: (bytes: Uint8Array) => T): Promise<T[]> => {
    let entries: T[] | null = null;
    const found: T[] = [];
    const reader = there.bus.readLog(stream, `sw.v1.r.${stream}.>`, 1, (entry) => found.push(decode(entry.bytes)));
    await world.run({ forMs: 2_000, isDone: () => entries !== null });
    reader.stop();
    entries = found;
    return entries;
  };
  return {
    world, server, host, engine, beats, batches, spans, there,
    /** Runs the world until the promise settles. */
    async wait<T>(promise: Promise<T>): Promise<T> {
      let done = false;
      void promise.finally(() => { done = true; });
      await world.run({ forMs: 300_000, isDone: () => done });
      return promise;
    },
    async order(order: Order): Promise<OrderReply | null> {
      const answer = await this.wait(there.bus.request(names.order('w1'), encodeOrder(order), 1_000, { traceparent: '00-1-2-01' }));
      const reply = answer === null ? null : decodeOrderReply(answer);
      return reply !== null && isFault(reply) ? null : reply;
    },
    reports: () => log('in', decodeInbox) as Promise<InboxEvent[]>,
    deltas: () => log('out', decodeOut) as Promise<DeltaOut[]>,
    idle: () => world.run({ forMs: 120_000, isDone: () => host.stats().load.running + host.stats().load.waiting + host.stats().reports.pending === 0 }),
  };
}

const tokensOf = (count: number, first = 1): Int32Array => Int32Array.from({ length: count }, (_, i) => 1 + ((first * 97 + i * 13) % 4_000));

function runOf(tokens: Int32Array, more: Partial<RunOrder> = {}): RunOrder & { fence: typeof fence } {
  const chain = simChain(salt, tokens);
  const pages = Array.from({ length: Math.floor(tokens.length / pageTokens) }, (_, i) => namesOf(chain)[64 * (i + 1) - 1]!);
  const prompt: PromptRef = { pages, tail: tokens.slice(pages.length * pageTokens), tailChain: chain.slice(pages.length * 64 * nameBytes), tokens: tokens.length };
  return {
    kind: 'run', trace, step: `${trace}/1`, attempt: 1, lane: trace, tenant: 't', model: 'm', prompt, priority: 1, fence,
    sampling: { maxTokens: 12, temperature: 0, topP: 1, topK: 0, seed: 9n, stop: [], logprobs: -1 }, ...more,
  };
}
const gapOf = (more: Partial<GapOrder>): Order => ({ kind: 'gap', trace, lane: trace, keepValue: 1, demoteAfterMs: null, recallAfterMs: null, fence, ...more });

describe('worker host', () => {
  test('a run is granted, told as it goes, and reported with every token', async () => {
    const { order, idle, reports, deltas, spans, ...rest } = stage();
    const host = { order, ...rest };
    const tokens = tokensOf(200);
    expect(await host.order(runOf(tokens))).toEqual({ kind: 'granted', workerEpoch: 5 });
    await idle();
    const answer = simAnswer(tokens, 9n, 12, simEngineDefaults.vocab);
    const [report] = await reports();
    expect(report).toMatchObject({ kind: 'stepEnded', step: `${trace}/1`, attempt: 1, worker: 'w1', finish: answer.finish, usage: { prompt: 200, hit: 0, recalled: 0, computed: 200, generated: answer.tokens.length } });
    expect(report).toMatchObject({ tokens: Int32Array.from(answer.tokens) });
    expect((await deltas()).flatMap((delta) => [...delta.tokens])).toEqual(answer.tokens);
    expect(spans).toMatchObject([{ traceparent: '00-1-2-01', report: { step: `${trace}/1` } }]);
  });

  test('an order that comes again is granted again, and reported once', async () => {
    const host = stage();
    await host.order(runOf(tokensOf(100)));
    expect(await host.order(runOf(tokensOf(100)))).toMatchObject({ kind: 'granted' });
    await host.idle();
    expect(await host.order(runOf(tokensOf(100)))).toMatchObject({ kind: 'granted' });
    await host.idle();
    expect(await host.reports()).toHaveLength(1);
  });

  test.each([['by the order of the higher one', false], ['by a cancel before it', true]])('a higher attempt replaces the lower one, stopped %s, which is reported cancelled, with what it took', async (_, isCancelled) => {
    const host = stage();
    await host.order(runOf(tokensOf(100)));
    await host.world.run({ forMs: 100 });
    if (isCancelled) await host.order({ kind: 'cancel', trace, step: `${trace}/1`, attempt: 1, fence });
    await host.order(runOf(tokensOf(100), { attempt: 2 }));
    expect(await host.order(runOf(tokensOf(100)))).toMatchObject({ kind: 'refused', code: 'old_attempt' });
    await host.idle();
    const [first, ...others] = await host.reports();
    expect(first).toMatchObject({ kind: 'stepEnded', attempt: 1, finish: 'cancelled', acceleratorMs: expect.closeTo(85, -2) });
    expect((first as { readonly acceleratorMs: number }).acceleratorMs).toBeGreaterThan(20);
    expect(others).toMatchObject([{ kind: 'stepEnded', attempt: 2 }]);
    expect(others[0]).not.toMatchObject({ finish: 'cancelled' });
  });

  test('a higher attempt whose lower one never came to the engine leaves nothing to report of that', async () => {
    const host = stage();
    await host.order(runOf(tokensOf(100), { step: `${trace}/2` }));
    await host.order(runOf(tokensOf(100)));
    await host.order(runOf(tokensOf(100), { attempt: 2 }));
    await host.idle();
    expect((await host.reports()).map((report) => `${(report as { readonly step: string }).step} ${(report as { readonly attempt: number }).attempt}`)).toEqual([`${trace}/2 1`, `${trace}/1 2`]);
  });

  test('an owner that was replaced is refused', async () => {
    const host = stage();
    await host.order({ ...gapOf({}), fence: { partition: 0, epoch: 7 } });
    expect(await host.order(runOf(tokensOf(10)))).toEqual({ kind: 'refused', code: 'old_epoch', message: 'epoch 1 of partition 0; 7 owns it now', retry: 'never' });
  });

  test('what does not fit is refused with the numbers', async () => {
    const host = stage({ engine: { hbmBlocks: 10 } });
    const sampling = { ...runOf(tokensOf(1)).sampling, maxTokens: 100 };
    await host.order(runOf(tokensOf(300), { sampling }));
    const second = { step: `${trace}/2`, lane: `${trace}/s1`, sampling };
    expect(await host.order(runOf(tokensOf(200, 2), second))).toEqual({ kind: 'refused', code: 'worker_full', message: '5 blocks needed; 7 of 10 promised, 0 of them pinned', retry: 'later' });
    expect(await host.order(runOf(tokensOf(600), second))).toMatchObject({ code: 'arena_too_small', message: '11 blocks needed for 600 + 100 tokens; the arena has 10', retry: 'elsewhere' });
    expect(await host.order(runOf(tokensOf(8_192), second))).toMatchObject({ code: 'context_length', retry: 'never' });
    expect(await host.order(runOf(tokensOf(10), { ...second, model: 'other' }))).toMatchObject({ code: 'unknown_model', retry: 'never' });
  });

  test('pages are fetched; one that is missing is a refusal to retry', async () => {
    const host = stage({ engine: { contextLength: 16_384, hbmBlocks: 200 } });
    const tokens = tokensOf(2 * pageTokens + 10);
    const order = runOf(tokens);
    expect(await host.order(order)).toMatchObject({ kind: 'refused', code: 'page_missing', retry: 'later' });
    const chain = simChain(salt, tokens);
    for (const [i, name] of order.prompt.pages.entries()) {
      const page = { kind: 'page', parent: order.prompt.pages[i - 1] ?? '', tokens: tokens.slice(i * pageTokens, (i + 1) * pageTokens), chain: chain.slice(i * 1_024, (i + 1) * 1_024) } as const;
      await host.wait(host.there.bus.publish(names.page('t', name), encodePage(page)));
    }
    expect(await host.order(order)).toMatchObject({ kind: 'granted' });
    await host.idle();
    expect((await host.reports())[0]).toMatchObject({ tokens: Int32Array.from(simAnswer(tokens, 9n, 12, simEngineDefaults.vocab).tokens) });
  });

  test('a report outlives a server that is gone when the run ends', async () => {
    const host = stage();
    await host.order(runOf(tokensOf(100)));
    host.server.restart(20_000);
    await host.world.run({ forMs: 10_000 });
    expect(host.host.stats().reports.pending).toBe(1);
    await host.idle();
    expect(await host.reports()).toHaveLength(1);
  });

  test('a gap demotes and recalls; what the node says it holds is what a snapshot says', async () => {
    const host = stage();
    await host.order(runOf(tokensOf(300)));
    await host.idle();
    await host.order(gapOf({ demoteAfterMs: 100, recallAfterMs: 2_000 }));
    await host.world.run({ forMs: 1_000 });
    expect(host.host.stats()).toMatchObject({ tier: { demoted: 4 }, load: { hbmUsed: 0, dramUsed: 4 } });
    await host.world.run({ forMs: 2_000 });
    expect(host.host.stats()).toMatchObject({ tier: { recalled: 4 }, load: { hbmUsed: 4, dramUsed: 0 } });
    const bytes = await host.wait(host.there.bus.request(names.snapshot('w1'), encodeSnapshotAsked({ kind: 'snapshotAsked', from: 0 }), 1_000));
    const snapshot = decodeBlockEvents(bytes!) as BlockEvents;
    const held = new Set<string>();
    for (const { events } of host.batches) for (const { op, tier, chain } of events) for (const name of namesOf(chain)) { if (op === 'stored') held.add(`${tier} ${name}`); else held.delete(`${tier} ${name}`); }
    expect(snapshot).toMatchObject({ isSnapshot: true, seq: host.batches.at(-1)!.seq, epoch: 5 });
    expect([...held].sort()).toEqual(snapshot.events.flatMap(({ tier, chain }) => namesOf(chain).map((name) => `${tier} ${name}`)).sort());
  });

  test('children of a pinned parent fit beside it, because they share its blocks', async () => {
    const host = stage({ engine: { hbmBlocks: 20 } });
    await host.order(runOf(tokensOf(600)));
    await host.idle();
    await host.order({ kind: 'pin', trace, lane: trace, tier: 'hbm', fence });
    expect(host.host.stats().tier.hbmPinned).toBe(9);
    for (let child = 1; child <= 4; child++) { // 11 blocks each: two would fill the arena.
      const tokens = Int32Array.from([...tokensOf(600), ...tokensOf(50, child)]);
      expect(await host.order(runOf(tokens, { step: `${trace}/s${child}`, lane: `${trace}/s${child}` }))).toMatchObject({ kind: 'granted' });
    }
    await host.idle();
    expect(await host.reports()).toHaveLength(5);
    expect((await host.reports()).slice(1)).toMatchObject(Array.from({ length: 4 }, () => ({ usage: { hit: 576 } })));
  });

  test('a run that fits only without the pins makes them give way when nothing runs', async () => {
    const host = stage({ engine: { hbmBlocks: 20 } });
    await host.order(runOf(tokensOf(600)));
    await host.idle();
    await host.order({ kind: 'pin', trace, lane: trace, tier: 'hbm', fence });
    const other = runOf(tokensOf(1_000, 5), { step: `${trace}/s1`, lane: `${trace}/s1` });
    expect(await host.order(other)).toMatchObject({ code: 'worker_full' });
    expect(await host.order(other)).toMatchObject({ kind: 'granted' });
    await host.idle();
    expect(host.host.stats().tier).toMatchObject({ hbmPinned: 0, dramPinned: 9 });
  });

  test('beats come every 250 ms, and at once when a run ends', async () => {
    const host = stage();
    await host.world.run({ forMs: 2_000 });
    expect(host.beats.length).toBeGreaterThanOrEqual(8);
    expect(host.beats[0]).toMatchObject({ node: 'w1', role: 'worker', epoch: 5, seq: 1, worker: { model: 'm', hbmBlocks: 128, hbmGrantable: 128, running: 0 } });
    const before = host.beats.length;
    await host.order(runOf(tokensOf(20)));
    await host.world.run({ forMs: 200, isDone: () => host.beats.length > before });
    expect(host.beats.at(-1)!.worker).toMatchObject({ hbmGrantable: 128 });
  });

  test('closing lets runs end, refuses new ones, and gives what is left back to its trace', async () => {
    const host = stage();
    const sampling = { ...runOf(tokensOf(1)).sampling, maxTokens: 4_000 };
    await host.order(runOf(tokensOf(20)));
    await host.order(runOf(tokensOf(30), { step: `${trace}/2`, lane: `${trace}/s1`, sampling }));
    const closed = host.host.close(2_000);
    expect(await host.order(runOf(tokensOf(20), { step: `${trace}/3` }))).toMatchObject({ kind: 'refused', code: 'closing', retry: 'elsewhere' });
    await host.wait(closed);
    expect(await host.reports()).toMatchObject([{ kind: 'stepEnded', step: `${trace}/1` }, { kind: 'stepFailed', step: `${trace}/2`, code: 'closing', retry: 'elsewhere' }]);
    expect(((await host.reports())[1] as { readonly acceleratorMs: number }).acceleratorMs).toBeGreaterThan(1_000);
    expect(host.engine.stats()).toMatchObject({ running: 0, waiting: 0 });
  });

  test('bytes that are no order are refused, and an engine that fails gives the step back', async () => {
    const host = stage();
    const answer = await host.wait(host.there.bus.request(names.order('w1'), Uint8Array.of(1, 2, 3), 1_000));
    expect(decodeOrderReply(answer!)).toMatchObject({ kind: 'refused', code: 'bad_order' });
    host.engine.failNext('the backend refused an iteration');
    await host.order(runOf(tokensOf(20)));
    await host.order(runOf(Int32Array.of(5, 90_000), { step: `${trace}/2`, lane: `${trace}/s1` }));
    await host.idle();
    expect(await host.reports()).toHaveLength(2);
    const failed = (await host.reports()).find((report) => report.kind === 'stepFailed' && report.code === 'engine_failed');
    expect((failed as { readonly acceleratorMs: number }).acceleratorMs).toBeGreaterThan(0);
    expect(await host.reports()).toEqual(expect.arrayContaining([
      expect.objectContaining({ kind: 'stepFailed', step: `${trace}/1`, code: 'engine_failed', retry: 'elsewhere' }),
      expect.objectContaining({ kind: 'stepFailed', step: `${trace}/2`, code: 'token_range', retry: 'never' }),
    ]));
  });
});

test('worker host: whatever the bus does, every attempt that was granted and stayed the latest is reported, with the right tokens', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const host = stage({ seed, engine: { hbmBlocks: 30, dramBlocks: 20 }, runsMax: 4, faults: drawFaults(new Random(seed)) });
    const { world, server, there } = host;
    const random = new Random(seed + 1_000);
    const latest = new Map<string, { order: RunOrder & { fence: typeof fence }; isGranted: boolean }>();
    for (let i = 0; i < 40; i++) {
      const number = random.between(1, 12);
      const before = latest.get(`${trace}/${number}`);
      const order = before !== undefined && random.chance(0.6) ? { ...before.order, attempt: before.order.attempt + (random.chance(0.4) ? 1 : 0) }
        : before?.order ?? runOf(tokensOf(random.between(1, 700), random.between(1, 3)), { step: `${trace}/${number}`, lane: `${trace}/s${number % 5}` });
      const known = { order, isGranted: before?.order.attempt === order.attempt && before.isGranted };
      latest.set(order.step, known);
      void there.bus.request(names.order('w1'), encodeOrder(order), 1_000).then((answer) => {
        const reply = answer === null ? null : decodeOrderReply(answer);
        if (reply?.kind === 'granted') known.isGranted = true;
      });
      const lane = order.lane;
      if (random.chance(0.3)) void there.bus.request(names.order('w1'), encodeOrder(random.pick<Order>([gapOf({ lane, demoteAfterMs: 20, recallAfterMs: 300 }), { kind: 'pin', trace, lane, tier: 'hbm', fence }, { kind: 'unpin', trace, lane, fence }, { kind: 'drop', trace, lane, fence }])), 1_000);
      if (random.chance(0.05)) server.restart(random.below(4_000));
      await world.run({ forMs: random.below(400) });
      host.engine.checkIntegrity();
    }
    world.heal();
    await world.run({ forMs: 10_000 });
    await host.idle();
    const { load, reports } = host.host.stats();
    expect([load.running, load.waiting, reports.pending], `seed ${seed}`).toEqual([0, 0, 0]);
    const reported = await host.reports();
    for (const { order, isGranted } of latest.values()) {
      if (!isGranted) continue;
      const own = reported.filter((event) => event.kind === 'stepEnded' && event.step === order.step && event.attempt === order.attempt);
      expect(own.length, `seed ${seed}: ${order.step}/${order.attempt}`).toBeGreaterThan(0);
      const { tokens } = simAnswer(order.prompt.tail, 9n, 12, simEngineDefaults.vocab);
      for (const event of own) expect(event).toMatchObject({ tokens: Int32Array.from(tokens) });
    }
  }
}, 30_000);
