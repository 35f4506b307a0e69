import { describe, expect, test } from 'vitest';
import { blockTokens, namesOf } from '../../actors/lib/chain.ts';
import type { EngineEvent, EngineRun } from '../../actors/lib/ports.ts';
import { SimWorld } from './clock.ts';
import { engineClock, SimEngine, simEngineDefaults, type SimEngineOptions } from './engine.ts';
import { simAnswer, simChain } from './engine-names.ts';
import { noFaults } from './faults.ts';
import { Random } from './random.ts';

const salt = new Uint8Array(32).fill(7);

function stage(options: Partial<SimEngineOptions> = {}) {
  const world = new SimWorld(1, noFaults);
  const events: EngineEvent[] = [];
  const all = { ...simEngineDefaults, ...options };
  const engine = new SimEngine(all, engineClock(world.start('w')), (batch) => events.push(...batch));
  const submit = (run: number, tokens: Int32Array, more: Partial<EngineRun> = {}): void => engine.submit({
    run, lane: `lane${run}`, salt, tokens, maxTokens: 8, temperature: 0, topK: 0, topP: 1, seed: 1n, stop: [], logprobs: -1, priority: 0, ...more,
  });
  const ended = (run: number) => events.find((event): event is Extract<EngineEvent, { kind: 'ended' }> => event.kind === 'ended' && event.run === run);
  const told = (run: number): number[] => events.flatMap((event) => (event.kind === 'delta' && event.run === run ? event.tokens : []));
  const until = (run: number) => world.run({ forMs: 600_000, isDone: () => ended(run) !== undefined });
  return { world, engine, events, submit, ended, told, until, options: all };
}
const promptOf = (tokens: number, first = 1): Int32Array => Int32Array.from({ length: tokens }, (_, i) => 1 + ((first * 7_919 + i * 31) % 4_000));

describe('simulated engine', () => {
  test('a prompt again hits its full blocks, and draws the same tokens', async () => {
    const { submit, ended, told, until, options } = stage();
    const prompt = promptOf(300);
    submit(1, prompt);
    await until(1);
    submit(2, prompt);
    await until(2);
    expect(ended(1)).toMatchObject({ hit: 0, recalled: 0, computed: 300 });
    expect(ended(2)).toMatchObject({ hit: 4 * blockTokens, recalled: 0, computed: 300 - 4 * blockTokens });
    expect(told(1)).toEqual(simAnswer(prompt, 1n, 8, options.vocab).tokens);
    expect(told(2)).toEqual(told(1));
    expect(ended(2)!.totalMs).toBeLessThan(ended(1)!.totalMs);
  });

  test('the chain of an end names every full block of prompt and generation', async () => {
    const { submit, ended, told, until } = stage();
    submit(1, promptOf(120), { maxTokens: 20 });
    await until(1);
    const all = Int32Array.from([...promptOf(120), ...told(1).slice(0, -1)]);
    expect(namesOf(ended(1)!.chain)).toEqual(namesOf(simChain(salt, all)));
  });

  test('a demoted lane is recalled by its next run, and by an order ahead of it', async () => {
    const { world, engine, events, submit, ended, until } = stage();
    submit(1, promptOf(300));
    await until(1);
    engine.demote('lane1');
    await world.run({ forMs: 1_000 });
    expect(events.find((event) => event.kind === 'moved')).toMatchObject({ what: 'demote', blocks: 4, cancelled: false });
    expect(engine.stats()).toMatchObject({ hbmFree: 128, dramFree: 508 });
    submit(2, promptOf(300), { lane: 'lane1' });
    await until(2);
    expect(ended(2)).toMatchObject({ hit: 0, recalled: 4 * blockTokens });
    expect(ended(2)!.recallMs).toBeGreaterThan(0);
    engine.demote('lane1');
    await world.run({ forMs: 1_000 });
    engine.recall('lane1');
    await world.run({ forMs: 1_000 });
    expect(engine.stats().dramFree).toBe(512);
  });

  test('a run of the lane cancels its demotion', async () => {
    const { engine, events, submit, ended, until } = stage({ copyBytesPerS: 1e6 });
    submit(1, promptOf(300));
    await until(1);
    engine.demote('lane1');
    submit(2, promptOf(300), { lane: 'lane1' });
    await until(2);
    expect(events.find((event) => event.kind === 'moved')).toMatchObject({ blocks: 0, cancelled: true });
    expect(ended(2)).toMatchObject({ hit: 4 * blockTokens });
  });

  test('a cancelled run ends once, within an iteration', async () => {
    const { world, engine, events, submit, until } = stage();
    submit(1, promptOf(300), { maxTokens: 2_000 });
    await world.run({ forMs: 300 });
    engine.cancel(1);
    engine.cancel(1);
    await until(1);
    await world.run({ forMs: 1_000 });
    expect(events.filter((event) => event.kind === 'ended')).toMatchObject([{ finish: 'cancelled' }]);
    engine.checkIntegrity();
    expect(engine.stats()).toMatchObject({ running: 0, waiting: 0 });
  });

  test('under pressure the least valuable leaf goes first, pinned blocks stay, and what the events told is what is held', async () => {
    const { engine, events, submit, until } = stage({ hbmBlocks: 12, dramBlocks: 4 });
    submit(1, promptOf(300, 1), { lane: 'dear' });
    await until(1);
    engine.retain('dear', 5);
    submit(2, promptOf(300, 2), { lane: 'pinned' });
    await until(2);
    engine.pin('pinned', 'hbm');
    submit(3, promptOf(200, 3), { lane: 'cheap' });
    await until(3);
    for (let run = 4; run < 12; run++) {
      submit(run, promptOf(200, run));
      await until(run);
      engine.checkIntegrity();
    }
    const held = new Set<string>();
    for (const event of events) {
      if (event.kind !== 'blocks') continue;
      for (const { op, tier, name } of event.events) { const key = `${tier} ${namesOf(name)[0]}`; if (op === 'stored') held.add(key); else held.delete(key); }
    }
    expect([...held].sort()).toEqual(engine.snapshot().map(({ tier, name }) => `${tier} ${namesOf(name)[0]}`).sort());
    for (const name of namesOf(simChain(salt, promptOf(300, 2)))) expect(held).toContain(`hbm ${name}`);
    for (const name of namesOf(simChain(salt, promptOf(300, 1)))) expect(held.has(`hbm ${name}`) || held.has(`dram ${name}`)).toBe(true);
    for (const name of namesOf(simChain(salt, promptOf(200, 3)))) expect(held.has(`hbm ${name}`) || held.has(`dram ${name}`)).toBe(false);
  });

  test('200 random histories keep its books, end every run once, and never change an answer', async () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = new Random(seed);
      const { world, engine, events, submit, told, ended, options } = stage({ hbmBlocks: random.between(10, 30), dramBlocks: random.pick([0, 3, 40]), runningMax: 4, iterationTokensMax: random.pick([64, 200]) });
      const prompts = new Map<number, Int32Array>();
      for (let run = 1; run <= 15; run++) {
        const prompt = promptOf(random.between(1, 500), random.between(1, 3));
        prompts.set(run, prompt);
        submit(run, prompt, { lane: `lane${run % 5}`, maxTokens: random.between(1, 60), priority: random.below(3) });
        const lane = `lane${random.below(5)}`;
        random.pick([() => engine.demote(lane), () => engine.recall(lane), () => engine.drop(lane), () => engine.retain(lane, random.below(9)), () => engine.pin(lane, 'dram'), () => engine.unpin(lane), () => engine.cancel(run), () => {}])();
        await world.run({ forMs: random.below(300) });
        engine.checkIntegrity();
      }
      for (let i = 0; i < 5; i++) engine.unpin(`lane${i}`);
      await world.run({ forMs: 600_000 });
      engine.checkIntegrity();
      for (const [run, prompt] of prompts) {
        expect(events.filter((event) => event.kind === 'ended' && event.run === run), `seed ${seed} run ${run}`).toHaveLength(1);
        expect(ended(run)!.generated).toBe(told(run).length);
        expect(told(run)).toEqual(simAnswer(prompt, 1n, told(run).length, options.vocab).tokens);
        if (ended(run)!.finish !== 'cancelled') expect(ended(run)!.message, `seed ${seed} run ${run}`).toBeUndefined();
      }
      expect(engine.stats()).toMatchObject({ running: 0, waiting: 0 });
    }
  }, 60_000);
});
