import type { Bill, BillRow, InboxEvent, StepAccepted, StepEnded, StepFailed, TraceId } from '../../schemas/messages.ts';
import { costUsd, type Prices } from '../lib/cost.ts';
import { limits } from '../lib/limits.ts';
import { type Instant, type Logic, assert } from '../lib/logic.ts';
import { addUsage } from '../lib/usage.ts';
import { emptyRow } from './sum.ts';

/**
 * The bills of one partition: a fold over its inbox, saved about once a second.
 *
 * - **Accelerator time** of every attempt counts that its worker reported, whatever became of it: answered, replaced,
 *   cancelled, failed, too late. It was spent. What a worker computed that died without a word is in no report, and is
 *   not billed; nor is what an engine did not say in time when its process closed.
 * - **Steps and tokens** count once a step, with the first whole answer in the log. An attempt that was cancelled is
 *   none: its trace had given it up. It adds its time only, and so does one that ends after the answer; the same end
 *   delivered twice adds nothing.
 * - A step accepted and never run costs nothing. `dram` residency is in no inbox entry, so it is not billed here.
 *
 * Which attempts of a step have ended is remembered, not saved: a new owner knows it again from the saved traces, which
 * tell their latest answers, and from the entries that it reads once more.
 *
 * A row is the running total of its trace since the row began. Each bill holds the rows that changed since the last,
 * and is one message, so cursor and rows are saved together or not at all. A row that begins (a new trace, or one
 * dropped from memory that goes on) is first saved as zeros: what a reader had for that trace before stays and the new
 * row is added to it (`sumBills`). That is why a row may be dropped at any time after its save, and why a new owner
 * needs only the partition's last bill.
 */
export const ledger = (prices: Prices): Logic<Ledger, LedgerEvent, LedgerEffect> => ({
  step(state, event, now) {
    const effects: LedgerEffect[] = [];
    switch (event.kind) {
      case 'loaded': load(state, event.bill); break;
      case 'entry': enter(state, event.seq, event.event, prices); break;
      // What is not billed yet is among the entries that are still to come.
      case 'answered': if (event.seq <= state.cursor) remember(rowOf(state, event.trace), event.step, event.attempt, true); break;
      case 'traceDone': if (state.rows.has(event.trace)) state.done.set(event.trace, now); break;
      case 'tick': dropDone(state, now); break;
    }
    const isDue = event.kind === 'tick' && now - state.savedAtMs >= ledgerLimits.saveMs;
    if (state.changed.size > 0 && (isDue || state.changed.size >= ledgerLimits.rowsPerBill)) save(state, now, effects);
    return { state, effects };
  },
});

export const ledgerLimits = {
  saveMs: 1_000,
  /** Rows that changed before a bill is due; a bill stays well below the bus's 1 MB (a row is about 120 bytes, each at most twice). */
  rowsPerBill: 2_000,
  /** Rows in memory; above it the one that changed longest ago is dropped. */
  rowsMax: 20_000,
  /** Steps of a trace whose ends are remembered, to know a second end from the first. */
  stepsPerTrace: 64,
  /** A finished trace stays this long, so that the end of a replaced attempt is not taken for a first one. */
  doneMs: limits.attemptMs,
} as const;

export interface Ledger {
  readonly partition: number;
  /** Of the owner's lease. */
  readonly epoch: number;
  cursor: number;
  /** In order of their last change. */
  readonly rows: Map<TraceId, Row>;
  readonly changed: Set<TraceId>;
  /** Traces that are over, and since when. */
  readonly done: Map<TraceId, number>;
  savedAtMs: number;
}

/** A row and what has to be remembered of it between entries. */
interface Row {
  row: BillRow;
  /** Step → what ended of it, oldest step first. */
  readonly ended: Map<string, Ends>;
  /** Its beginning, all zeros, is in no bill yet. */
  isNew: boolean;
}

/** An attempt may be in both: it failed with a worker's process, and was ordered again, as it was, of the next one. */
interface Ends { readonly attempts: number[]; readonly failures: number[]; isAnswered: boolean }

export type LedgerEvent =
  /** The partition's last bill, before anything else. */
  | { readonly kind: 'loaded'; readonly bill: Bill }
  /** One inbox entry, in order; those up to the cursor change no bill, they only refresh what is known about steps. */
  | { readonly kind: 'entry'; readonly seq: number; readonly event: InboxEvent }
  /** From a trace that was loaded: the end of `attempt` at `seq` of the log answered the step. */
  | { readonly kind: 'answered'; readonly trace: TraceId; readonly step: string; readonly attempt: number; readonly seq: number }
  | { readonly kind: 'traceDone'; readonly trace: TraceId }
  | { readonly kind: 'tick' };

/** To be published with compare-and-set on `bill.<p>` and a message id of (partition, epoch, cursor). */
export interface LedgerEffect { readonly kind: 'save'; readonly bill: Bill }

export const newLedger = (partition: number, epoch: number): Ledger =>
  ({ partition, epoch, cursor: 0, rows: new Map(), changed: new Set(), done: new Map(), savedAtMs: 0 });

function load(state: Ledger, bill: Bill): void {
  assert(bill.partition === state.partition, `a bill of partition ${bill.partition} loaded by partition ${state.partition}`);
  state.cursor = bill.cursor;
  for (const row of bill.rows) state.rows.set(row.trace, { row, ended: new Map(), isNew: false });
}

function enter(state: Ledger, seq: number, event: InboxEvent, prices: Prices): void {
  const isReplay = seq <= state.cursor;
  if (event.kind === 'stepAccepted') onAccepted(state, event, isReplay);
  else if (event.kind === 'stepEnded') onEnded(state, event, isReplay, prices);
  else if (event.kind === 'stepFailed') onFailed(state, event, isReplay, prices);
  if (!isReplay) state.cursor = seq;
}

/** Says whose trace it is; nothing to pay yet. */
function onAccepted(state: Ledger, accepted: StepAccepted, isReplay: boolean): void {
  const row = rowOf(state, accepted.trace);
  if (row.row.tenant === accepted.tenant) return;
  if (isReplay) row.row = { ...row.row, tenant: accepted.tenant };
  else change(state, accepted.trace, { tenant: accepted.tenant });
}

function onEnded(state: Ledger, ended: StepEnded, isReplay: boolean, prices: Prices): void {
  const row = rowOf(state, ended.trace);
  const known = row.ended.get(ended.step);
  if (known?.attempts.includes(ended.attempt)) return;
  const isAnswer = ended.finish !== 'cancelled' && known?.isAnswered !== true;
  remember(row, ended.step, ended.attempt, isAnswer);
  if (isReplay) return;
  change(state, ended.trace, {
    steps: row.row.steps + (isAnswer ? 1 : 0),
    usage: isAnswer ? addUsage(row.row.usage, ended.usage) : row.row.usage,
    ...timed(row.row, ended.acceleratorMs, prices),
  });
}

/** Nothing was answered, but time was spent. */
function onFailed(state: Ledger, failed: StepFailed, isReplay: boolean, prices: Prices): void {
  if (failed.acceleratorMs === 0) return;
  const row = rowOf(state, failed.trace);
  const { failures } = endsOf(row, failed.step);
  if (failures.includes(failed.attempt)) return;
  failures.push(failed.attempt);
  if (!isReplay) change(state, failed.trace, timed(row.row, failed.acceleratorMs, prices));
}

const timed = (row: BillRow, acceleratorMs: number, prices: Prices): Pick<BillRow, 'acceleratorMs' | 'costUsd'> =>
  ({ acceleratorMs: row.acceleratorMs + acceleratorMs, costUsd: row.costUsd + costUsd(acceleratorMs, 0, prices) });

function remember(row: Row, step: string, attempt: number, isAnswer: boolean): void {
  const ends = endsOf(row, step);
  if (!ends.attempts.includes(attempt)) ends.attempts.push(attempt);
  ends.isAnswered ||= isAnswer;
}

function endsOf(row: Row, step: string): Ends {
  const known = row.ended.get(step);
  if (known !== undefined) return known;
  const ends: Ends = { attempts: [], failures: [], isAnswered: false };
  row.ended.set(step, ends);
  if (row.ended.size > ledgerLimits.stepsPerTrace) row.ended.delete(row.ended.keys().next().value as string);
  return ends;
}

function change(state: Ledger, trace: TraceId, part: Partial<BillRow>): void {
  const row = rowOf(state, trace);
  row.row = { ...row.row, ...part };
  state.done.delete(trace); // a late step reopens the trace
  state.rows.delete(trace);
  state.rows.set(trace, row);
  state.changed.add(trace);
}

function rowOf(state: Ledger, trace: TraceId): Row {
  const known = state.rows.get(trace);
  if (known !== undefined) return known;
  const row: Row = { row: emptyRow(trace, ''), ended: new Map(), isNew: true };
  state.rows.set(trace, row);
  if (state.rows.size > ledgerLimits.rowsMax) dropOldest(state);
  return row;
}

/** The oldest that is saved; unsaved ones are among the last `rowsPerBill`, because that many make a bill due. */
function dropOldest(state: Ledger): void {
  for (const trace of state.rows.keys()) {
    if (state.changed.has(trace)) continue;
    state.rows.delete(trace);
    state.done.delete(trace);
    return;
  }
}

/** In order of their end; a reopened trace is not among them. */
function dropDone(state: Ledger, now: Instant): void {
  for (const [trace, doneAtMs] of state.done) {
    if (now - doneAtMs < ledgerLimits.doneMs) return;
    if (state.changed.has(trace)) continue;
    state.done.delete(trace);
    state.rows.delete(trace);
  }
}

function save(state: Ledger, now: Instant, effects: LedgerEffect[]): void {
  const rows: BillRow[] = [];
  for (const trace of state.changed) {
    const row = state.rows.get(trace);
    assert(row !== undefined, `row of ${trace} was dropped before it was saved`);
    if (row.isNew) rows.push(emptyRow(trace, row.row.tenant));
    row.isNew = false;
    if (!isEmpty(row.row)) rows.push(row.row);
  }
  state.changed.clear();
  state.savedAtMs = now;
  effects.push({ kind: 'save', bill: { kind: 'bill', partition: state.partition, epoch: state.epoch, cursor: state.cursor, rows } });
}

const isEmpty = (row: BillRow): boolean => row.steps === 0 && row.acceleratorMs === 0;
