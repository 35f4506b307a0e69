import { describe, expect, test } from 'vitest';
import type { Bill, InboxEvent, StepAccepted, StepEnded, StepFailed } from '../../schemas/messages.ts';
import { costUsd } from '../lib/cost.ts';
import type { Instant } from '../lib/logic.ts';
import { type Ledger, type LedgerEvent, ledger, ledgerLimits, newLedger } from './ledger.ts';
import { sumBills } from './sum.ts';

const prices = { acceleratorUsdPerHour: 3.6, dramGibUsdPerHour: 0.004 };
const logic = ledger(prices);

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

describe('ledger', () => {
  test('an accelerator hour at its price, and a gibibyte hour of dram at its own', () => {
    expect(costUsd(3_600_000, 0, prices)).toBeCloseTo(3.6, 12);
    expect(costUsd(0, 2 ** 30 * 3_600_000, prices)).toBeCloseTo(0.004, 12);
  });

  test('a bill is saved a second after the last, only when something changed, with the cursor it contains', () => {
    const state = newLedger(3, 7);
    expect(feed(state, [...entries([accepted('tr_03a'), ended('tr_03a', 1)]), tick], 500)).toEqual([]);
    const [bill] = feed(state, [tick], 1_000);
    expect(bill).toMatchObject({ partition: 3, epoch: 7, cursor: 2 });
    expect(bill?.rows.at(-1)).toMatchObject({ trace: 'tr_03a', tenant: 'acme', steps: 1, acceleratorMs: 1_000, usage: { generated: 10 } });
    expect(bill?.rows.at(-1)?.costUsd).toBeCloseTo(0.001, 12);
    expect(feed(state, [tick], 9_000)).toEqual([]);
  });

  test('a replaced attempt costs its accelerator time; only the first end of a step is billed as an answer', () => {
    const state = newLedger(0, 1);
    const bills = feed(state, [...entries([accepted('tr_00a'), ended('tr_00a', 1, 2, 1_000, 10), ended('tr_00a', 1, 1, 400, 7), ended('tr_00a', 1, 2, 1_000, 10)]), tick], 1_000);
    expect(sumBills(bills).get('tr_00a')).toMatchObject({ steps: 1, acceleratorMs: 1_400, usage: { prompt: 100, generated: 10 } });
  });

  test('a replaced attempt that was cancelled before the answer came costs its time; the answer is what is billed', () => {
    const state = newLedger(0, 1);
    const bills = feed(state, [...entries([accepted('tr_00a'), ended('tr_00a', 1, 1, 400, 7, 'cancelled'), ended('tr_00a', 1, 2, 1_000, 10)]), tick], 1_000);
    expect(sumBills(bills).get('tr_00a')).toMatchObject({ steps: 1, acceleratorMs: 1_400, usage: { prompt: 100, generated: 10 } });
  });

  test('a failed attempt costs what it took, once, and its step is billed when it is answered, be it by the same attempt ordered again', () => {
    const state = newLedger(0, 1);
    const bills = feed(state, [...entries([accepted('tr_00a'), failed('tr_00a', 1, 1, 300), failed('tr_00a', 1, 1, 300), failed('tr_00a', 1, 2, 0), ended('tr_00a', 1, 1, 1_000)]), tick], 1_000);
    expect(sumBills(bills).get('tr_00a')).toMatchObject({ steps: 1, acceleratorMs: 1_300, costUsd: costUsd(1_300, 0, prices), usage: { generated: 10 } });
  });

  test('a late attempt whose step was billed by the owner before costs its time, because the loaded trace says who answered', () => {
    const bills = feed(newLedger(0, 1), [...entries([accepted('tr_00a'), ended('tr_00a', 1, 2)]), tick], 1_000);
    const next = newLedger(0, 2);
    const loaded: LedgerEvent[] = [{ kind: 'loaded', bill: bills[0] as Bill }, { kind: 'answered', trace: 'tr_00a', step: 'tr_00a/1', attempt: 2, seq: 2 }, { kind: 'answered', trace: 'tr_00a', step: 'tr_00a/2', attempt: 1, seq: 3 }];
    bills.push(...feed(next, [...loaded, ...entries([ended('tr_00a', 2), ended('tr_00a', 1, 1, 300)], 3), tick], 2_000));
    expect(sumBills(bills).get('tr_00a')).toMatchObject({ steps: 2, acceleratorMs: 2_300, usage: { generated: 20 } });
  });

  test('entries up to the cursor of the loaded bill change nothing, and their ends are known as such', () => {
    const log = [accepted('tr_00a'), ended('tr_00a', 1), ended('tr_00a', 2)];
    const bills = feed(newLedger(0, 1), [...entries(log), tick], 1_000);
    const next = newLedger(0, 2);
    expect(feed(next, [{ kind: 'loaded', bill: bills[0] as Bill }, ...entries(log), tick], 2_000)).toEqual([]);
    bills.push(...feed(next, [...entries([ended('tr_00a', 2, 2, 300)], 4), tick], 3_000));
    expect(sumBills(bills).get('tr_00a')).toMatchObject({ steps: 2, acceleratorMs: 2_300 });
  });

  test('a trace that is done leaves memory when no attempt of it can still end, and adds up when it goes on', () => {
    const state = newLedger(0, 1);
    const bills = feed(state, [...entries([accepted('tr_00a'), ended('tr_00a', 1)]), { kind: 'traceDone', trace: 'tr_00a' }], 0);
    bills.push(...feed(state, [tick, ...entries([ended('tr_00a', 1, 2, 50)], 3), tick], 1_000));
    bills.push(...feed(state, [{ kind: 'traceDone', trace: 'tr_00a' }, tick], 2_000));
    expect(state.rows.size).toBe(1);
    bills.push(...feed(state, [tick], 2_000 + ledgerLimits.doneMs));
    expect(state.rows.size).toBe(0);
    bills.push(...feed(state, [...entries([accepted('tr_00a'), ended('tr_00a', 2)], 4), tick], 900_000));
    expect(sumBills(bills).get('tr_00a')).toMatchObject({ steps: 2, acceleratorMs: 2_050, tenant: 'acme' });
  });

  test('a bill that was stored twice is counted once', () => {
    const [bill] = feed(newLedger(0, 1), [...entries([accepted('tr_00a'), ended('tr_00a', 1)]), tick], 1_000) as [Bill];
    expect(sumBills([bill, bill]).get('tr_00a')?.steps).toBe(1);
  });

  test('many changes make a bill due before its second is over, and rows in memory stay bounded', () => {
    const state = newLedger(0, 1);
    const log = Array.from({ length: 30_000 }, (_, i) => ended(`tr_00${i}`, 1));
    const bills = feed(state, entries(log), 0);
    expect(bills.length).toBe(15);
    expect(Math.max(...bills.map((bill) => bill.rows.length))).toBeLessThanOrEqual(2 * ledgerLimits.rowsPerBill);
    expect(state.rows.size).toBe(ledgerLimits.rowsMax);
  });

  test('a bill of another partition is a bug of the host', () => {
    expect(() => feed(newLedger(1, 1), [{ kind: 'loaded', bill: { kind: 'bill', partition: 2, epoch: 1, cursor: 0, rows: [] } }], 0)).toThrow('partition 2 loaded by partition 1');
  });
});
