import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Bill, InboxEvent, StepAccepted, StepEnded, StepFailed } from '../../schemas/messages.ts';
import type { Instant } from '../lib/logic.ts';
import { type Ledger, type LedgerEvent, ledger, ledgerLimits, newLedger } from './ledger.ts';
import { sumBills } from './sum.ts';

const logic = ledger({ acceleratorUsdPerHour: 3.6, dramGibUsdPerHour: 0.004 });

const accepted = (trace: string, tenant = 'acme'): StepAccepted => ({
  kind: 'stepAccepted', trace, step: `${trace}/1`, id: 'k', tenant, parent: null, lane: 'main', seq: 1, isSeqGiven: false, model: 'm',
  prompt: { pages: [], tail: new Int32Array(0), tailChain: new Uint8Array(0), tokens: 0 }, messageChain: 'h',
  sampling: { maxTokens: 1, temperature: 0, topP: 1, topK: 0, seed: 0n, stop: [], logprobs: -1 }, class: 'agent', deadlineMs: 1_000,
  identity: { how: 'new', confidence: 1 }, atMs: 0,
});
const ended = (trace: string, number: number, attempt = 1, acceleratorMs = 1_000, generated = 10, finish: StepEnded['finish'] = 'stop'): StepEnded => ({
  kind: 'stepEnded', trace, step: `${trace}/${number}`, attempt, worker: 'w', tokens: new Int32Array(0), finish,
  usage: { prompt: 100, hit: 60, recalled: 30, computed: 10, generated }, timing: { queuedMs: 0, recallMs: 0, firstTokenMs: 0, totalMs: 0 },
  acceleratorMs, logprobs: [], chain: new Uint8Array(0),
});
const failed = (trace: string, number: number, attempt: number, acceleratorMs: number): StepFailed =>
  ({ kind: 'stepFailed', trace, step: `${trace}/${number}`, attempt, worker: 'w', code: 'engine_failed', message: '', retry: 'elsewhere', acceleratorMs });

function feed(state: Ledger, events: readonly LedgerEvent[], nowMs: number): Bill[] {
  return events.flatMap((event) => logic.step(state, event, nowMs as Instant).effects.map((effect) => effect.bill));
}
const entries = (events: readonly InboxEvent[], from = 1): LedgerEvent[] => events.map((event, i) => ({ kind: 'entry', seq: from + i, event }));
const tick: LedgerEvent = { kind: 'tick' };

const entry = fc.oneof(
  fc.record({ trace: fc.nat(4), kind: fc.constant('accepted' as const) }),
  fc.record({ trace: fc.nat(4), kind: fc.constantFrom('ended' as const, 'cancelled' as const, 'failed' as const), number: fc.integer({ min: 1, max: 3 }), attempt: fc.integer({ min: 1, max: 3 }), ms: fc.nat(500) }),
);
const act = fc.oneof(
  { weight: 8, arbitrary: entry },
  { weight: 2, arbitrary: fc.constant({ kind: 'tick' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('done' as const), trace: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'takeover' as const }) },
);

test('ledger: the bills add up to the log, whatever was saved, replayed, dropped or taken over in between', () => {
  fc.assert(fc.property(fc.array(act, { maxLength: 60, size: 'max' }), (acts) => {
    const lives = new Array<number>(5).fill(0);
    const log: InboxEvent[] = [];
    const bills: Bill[] = [];
    let state = newLedger(0, 1);
    let nowMs = 0;
    for (const each of acts) {
      nowMs += 1_000;
      if (each.kind === 'tick') bills.push(...feed(state, [tick], nowMs));
      else if (each.kind === 'done') {
        // Long over: what comes now are other steps.
        bills.push(...feed(state, [tick, { kind: 'traceDone', trace: `tr_00${each.trace}` }], nowMs));
        bills.push(...feed(state, [tick], nowMs += ledgerLimits.doneMs));
        lives[each.trace] = (lives[each.trace] as number) + 1;
      }
      else if (each.kind === 'takeover') {
        const last = bills.at(-1);
        state = newLedger(0, state.epoch + 1);
        bills.push(...feed(state, [...(last === undefined ? [] : [{ kind: 'loaded' as const, bill: last }]), ...entries(log)], nowMs));
      } else {
        const trace = `tr_00${each.trace}`;
        const number = (within: number): number => within + 10 * (lives[each.trace] as number);
        if (each.kind === 'accepted') log.push(accepted(trace));
        else if (each.kind === 'failed') log.push(failed(trace, number(each.number), each.attempt, each.ms));
        else log.push(ended(trace, number(each.number), each.attempt, each.ms, 10, each.kind === 'cancelled' ? 'cancelled' : 'stop'));
        bills.push(...feed(state, entries(log.slice(-1), log.length), nowMs));
      }
    }
    bills.push(...feed(state, [tick], nowMs + 1_000));
    const totals = sumBills(bills);
    for (let trace = 0; trace < 5; trace++) {
      const { steps, acceleratorMs } = naive(log, `tr_00${trace}`);
      expect({ steps: 0, acceleratorMs: 0, ...totals.get(`tr_00${trace}`) }).toMatchObject({ steps, acceleratorMs });
    }
  }));
});

function naive(log: readonly InboxEvent[], trace: string): { steps: number; acceleratorMs: number } {
  const ends = new Map<string, number>();
  const answered = new Set<string>();
  for (const event of log) {
    if (event.trace !== trace || (event.kind !== 'stepEnded' && event.kind !== 'stepFailed')) continue;
    if (event.kind === 'stepFailed' && event.acceleratorMs === 0) continue; // nothing was spent: another report of that attempt may say more
    const key = `${event.kind} ${event.step} ${event.attempt}`;
    if (ends.has(key)) continue;
    ends.set(key, event.acceleratorMs);
    if (event.kind === 'stepEnded' && event.finish !== 'cancelled') answered.add(event.step);
  }
  return { steps: answered.size, acceleratorMs: [...ends.values()].reduce((a, b) => a + b, 0) };
}
