import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Order, OrderReply, PromptRef } from '../../schemas/messages.ts';
import { blockTokens, nameBytes, packNames } from '../lib/chain.ts';
import type { Instant } from '../lib/logic.ts';
import { promisedBlocks } from './reservation.ts';
import type { WorkerConfig, WorkerEffect, WorkerEvent } from './types.ts';
import { newWorker, worker, workerLoad } from './worker.ts';

const config: WorkerConfig = { node: 'w1', epoch: 1, model: 'm', contextLength: 64 * 40, hbmBlocks: 24, runsMax: 5, unreportedMax: 12, runMs: 5_000 };
const trace = 'tr_00a';

/** Prompts are prefixes of one of three sequences, so that they share blocks. */
function promptOf(family: number, tokens: number): PromptRef {
  const names = Array.from({ length: Math.floor(tokens / blockTokens) }, (_, depth) => nameOf(family, depth));
  return { pages: [], tail: new Int32Array(tokens).fill(family), tailChain: packNames(names), tokens };
}
const nameOf = (family: number, depth: number): string => (family * 1_000 + depth).toString(16).padStart(2 * nameBytes, '0');

const command = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('run' as const), step: fc.integer({ min: 1, max: 4 }), attempt: fc.integer({ min: 1, max: 4 }), epoch: fc.integer({ min: 1, max: 3 }), family: fc.integer({ min: 0, max: 2 }), tokens: fc.integer({ min: 1, max: 1_400 }), maxTokens: fc.integer({ min: 1, max: 300 }), lane: fc.integer({ min: 0, max: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), step: fc.integer({ min: 1, max: 4 }), attempt: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('resolve' as const), pick: fc.nat(9), isMissing: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('engine' as const), pick: fc.nat(9), finish: fc.constantFrom('stop' as const, 'length' as const, 'failed' as const), tokens: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pin' as const), family: fc.integer({ min: 0, max: 2 }), blocks: fc.nat(8) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reported' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(3_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('tick' as const, 'submitFailed' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('abandon' as const) }) },
);

/** Plays the host and the engine, and remembers what the actor said. */
class Driver {
  readonly state = newWorker(config);
  readonly resolving: { run: number; prompt: PromptRef }[] = [];
  readonly running = new Map<number, { prompt: number; told: number; isCancelled: boolean; step: string; attempt: number; lane: string }>();
  readonly replies = new Map<number, OrderReply>();
  readonly granted = new Set<string>();
  readonly reports = new Map<string, number>();
  readonly highest = new Map<string, number>();
  /** Accelerator time that the engine told, and that was reported. */
  spentMs = 0;
  reportedMs = 0;
  readonly #logic = worker(config);
  readonly asked = new Map<number, { step: string; attempt: number }>();
  now = 1_000;
  tokens = 0;

  tell(event: WorkerEvent): void {
    for (const effect of this.#logic.step(this.state, event, this.now as Instant).effects) this.#perform(effect);
    expect(promisedBlocks(this.state.reservation)).toBeLessThanOrEqual(config.hbmBlocks);
  }

  order(order: Order): void {
    const token = ++this.tokens;
    if (order.kind === 'run') this.asked.set(token, order);
    this.tell({ kind: 'order', token, order, traceparent: null });
  }

  #perform(effect: WorkerEffect): void {
    switch (effect.kind) {
      case 'reply': {
        expect(this.replies.has(effect.token), 'one answer per order').toBe(false);
        this.replies.set(effect.token, effect.reply);
        const asked = this.asked.get(effect.token);
        if (asked !== undefined && effect.reply.kind === 'granted') this.granted.add(`${asked.step}/${asked.attempt}`);
        break;
      }
      case 'resolve': this.resolving.push({ run: effect.run, prompt: effect.prompt }); break;
      case 'submit': {
        for (const other of this.running.values()) expect(other.lane, 'one run of a lane at a time').not.toBe(effect.request.lane);
        const { order } = this.state.runs.get(effect.request.run)!;
        this.running.set(effect.request.run, { prompt: effect.request.tokens.length, told: 0, isCancelled: false, step: order.step, attempt: order.attempt, lane: order.lane });
        break;
      }
      case 'cancelRun': this.running.get(effect.run)!.isCancelled = true; break;
      case 'publishOut': expect(effect.out.attempt, 'no delta of an old attempt').toBe(this.highest.get(effect.out.step)); break;
      case 'report': {
        const key = `${effect.report.event.step}/${effect.report.event.attempt}`;
        expect(effect.id).toBe(`${key}/ended`);
        expect(this.granted.has(key), 'only what was granted is reported').toBe(true);
        const isOld = effect.report.event.attempt !== this.highest.get(effect.report.event.step);
        if (!this.reports.has(key)) {
          this.reportedMs += effect.report.event.acceleratorMs;
          if (isOld) expect(effect.report.event, 'an old attempt says what it took, and no more').toMatchObject({ kind: 'stepEnded', finish: 'cancelled' });
        }
        this.reports.set(key, (this.reports.get(key) ?? 0) + 1);
        if (effect.report.event.kind === 'stepEnded') {
          const { usage, tokens } = effect.report.event;
          expect(usage.hit + usage.recalled + usage.computed).toBe(usage.prompt);
          expect(tokens.length).toBe(usage.generated);
        }
        break;
      }
      default: break;
    }
  }

  end(run: number, finish: 'stop' | 'length' | 'failed'): void {
    const { told, prompt, isCancelled } = this.running.get(run)!;
    this.running.delete(run);
    const engineMs = 1 + (run % 7);
    this.spentMs += engineMs;
    this.tell({ kind: 'engine', event: { kind: 'ended', run, finish: isCancelled ? 'cancelled' : finish, generated: told, hit: 0, recalled: 0, computed: prompt, queuedMs: 0, recallMs: 0, firstTokenMs: 1, totalMs: 2, engineMs, chain: new Uint8Array(0) } });
  }
}

const pick = <T>(items: readonly T[], index: number): T | undefined => items[index % Math.max(1, items.length)];

test('worker: whatever comes, blocks are never overcommitted, every order has one answer, every granted run that stayed wanted one report, and all that the engine spent is reported', () => {
  fc.assert(fc.property(fc.array(command, { maxLength: 80 }), (commands) => {
    const driver = new Driver();
    for (const each of commands) {
      switch (each.do) {
        case 'run': {
          const step = `${trace}/${each.step}`;
          const isStale = each.epoch < (driver.state.epochs.get(0) ?? 0);
          if (!isStale) driver.highest.set(step, Math.max(each.attempt, driver.highest.get(step) ?? 0));
          driver.order({
            kind: 'run', trace, step, attempt: each.attempt, lane: `lane${each.lane}`, tenant: 't', model: 'm', prompt: promptOf(each.family, each.tokens), priority: 1,
            sampling: { maxTokens: each.maxTokens, temperature: 0, topP: 1, topK: 0, seed: 1n, stop: [], logprobs: -1 }, fence: { partition: 0, epoch: each.epoch },
          });
          break;
        }
        case 'cancel': {
          const step = `${trace}/${each.step}`;
          const epoch = driver.state.epochs.get(0) ?? 1;
          if (each.attempt > (driver.highest.get(step) ?? 0)) driver.highest.set(step, each.attempt);
          driver.order({ kind: 'cancel', trace, step, attempt: each.attempt, fence: { partition: 0, epoch } });
          break;
        }
        case 'resolve': {
          const [next] = driver.resolving.splice(each.pick % Math.max(1, driver.resolving.length), 1);
          if (next === undefined) break;
          if (each.isMissing && each.pick === 0) driver.tell({ kind: 'promptMissing', run: next.run, message: 'gone' });
          else driver.tell({ kind: 'promptReady', run: next.run, tokens: next.prompt.tail, chain: next.prompt.tailChain, blocksFound: 0 });
          break;
        }
        case 'engine': {
          const found = pick([...driver.running], each.pick);
          if (found === undefined) break;
          if (each.tokens > 0) {
            const tokens = Array.from({ length: each.tokens }, () => 7);
            driver.tell({ kind: 'engine', event: { kind: 'delta', run: found[0], offset: found[1].told, tokens } });
            found[1].told += each.tokens;
          } else driver.end(found[0], each.finish);
          break;
        }
        case 'pin': { // As the tier does it: never more than there is room for.
          const names = Array.from({ length: each.blocks }, (_, depth) => nameOf(each.family, depth));
          const added = names.filter((name) => !driver.state.reservation.holders.has(name)).length;
          if (promisedBlocks(driver.state.reservation) + added <= config.hbmBlocks) driver.tell({ kind: 'pinned', names });
          break;
        }
        case 'reported': driver.tell({ kind: 'reported' }); break;
        case 'wait': driver.now += each.ms; break;
        case 'tick': driver.tell({ kind: 'tick' }); break;
        case 'abandon': if (!driver.state.isAbandoned) driver.tell({ kind: 'abandon' }); break;
        case 'submitFailed': {
          const [first] = driver.running.keys();
          if (first === undefined) break;
          driver.running.delete(first);
          driver.tell({ kind: 'submitFailed', run: first, failure: { code: 'token_range', message: 'no such token', retry: 'never' } });
          break;
        }
      }
    }
    for (const { run, prompt } of driver.resolving.splice(0)) driver.tell({ kind: 'promptReady', run, tokens: prompt.tail, chain: prompt.tailChain, blocksFound: 0 });
    while (driver.running.size > 0) driver.end([...driver.running.keys()][0]!, 'stop');
    expect(driver.state.runs.size).toBe(0);
    expect(driver.reportedMs, 'all that was spent is reported').toBe(driver.spentMs);
    expect(driver.state.reservation.own).toBe(0);
    expect(driver.replies.size).toBe(driver.tokens);
    for (const key of driver.granted) {
      const step = key.slice(0, key.lastIndexOf('/'));
      const attempt = Number(key.slice(key.lastIndexOf('/') + 1));
      if (attempt === driver.highest.get(step)) expect(driver.reports.get(key) ?? 0, `a report of ${key}`).toBeGreaterThan(0);
    }
  }), { numRuns: 500 });
});

test('worker: a granted run is a backlog of what the node lacks of its prompt, then of what the engine says, and of nothing once it decodes', () => {
  const driver = new Driver();
  const backlogs: number[] = [];
  const told = (event: WorkerEvent): void => { driver.tell(event); backlogs.push(workerLoad(driver.state).backlogTokens); };
  const prompt = promptOf(0, 700);
  driver.highest.set(`${trace}/1`, 1);
  driver.order({
    kind: 'run', trace, step: `${trace}/1`, attempt: 1, lane: 'l', tenant: 't', model: 'm', prompt, priority: 1,
    sampling: { maxTokens: 9, temperature: 0, topP: 1, topK: 0, seed: 1n, stop: [], logprobs: -1 }, fence: { partition: 0, epoch: 1 },
  });
  backlogs.push(workerLoad(driver.state).backlogTokens);
  told({ kind: 'promptReady', run: 1, tokens: prompt.tail, chain: prompt.tailChain, blocksFound: 8 });
  told({ kind: 'engine', event: { kind: 'started', run: 1, hit: 640, recalled: 0, computed: 60, queuedMs: 0, recallMs: 0 } });
  told({ kind: 'engine', event: { kind: 'delta', run: 1, offset: 0, tokens: [7] } });
  expect(backlogs).toEqual([0, 700 - 8 * blockTokens, 60, 0]);
});
