import type { StepAccepted, StepId, TraceId, Who, WhoReply } from '../../schemas/messages.ts';
import { hash32, mainStep, sideStep } from '../lib/ids.ts';
import { type Instant, type Logic, unreachable } from '../lib/logic.ts';
import type { KnownId, Tip } from '../lib/tips.ts';
import { type Assignment, confidence, recognise } from './recognise.ts';
import { type Identities, type Row, addEarlierKnown, addEarlierTips, addKnown, addPending, addTip, dropRow, keyOf, removeTip, rowLimits, spaceOf, touch, withdraw } from './rows.ts';

/**
 * Which trace does a step belong to? One actor per partition, rebuilt from saved traces and the inbox.
 *
 * The same (tenant, id) gets the same answer: from what was accepted, else from what was answered and is pending. A
 * pending answer counts as if it had been accepted, so two steps asked about at once do not get the same place; it
 * expires when its gateway publishes nothing. Names of new traces and side calls are functions of (partition, tenant,
 * id): a question repeated after a change of owner gets the old name again.
 */
export const identity: Logic<Identities, IdentityEvent, WhoReply> = {
  step(state, event, now) {
    expire(state, now);
    switch (event.kind) {
      case 'who': return { state, effects: [answer(state, event, now)] };
      case 'accepted': onAccepted(state, event.accepted); break;
      case 'refused': onRefused(state, event); break;
      case 'ended': onEnded(state, event.trace, event.step, event.atMs); break;
      case 'done': onDone(state, event.trace); break;
      case 'loaded': onLoaded(state, event.saved); break;
      case 'forgotten': forget(state, event.trace); break;
      default: unreachable(event);
    }
    return { state, effects: [] };
  },
};

/** How long an answer stays good while its step is not in the log: several publish deadlines. */
export const pendingMs = 10_000;

export type IdentityEvent =
  | Who
  | { readonly kind: 'accepted'; readonly accepted: StepAccepted }
  /** The trace did not take the accepted step (a gap in seq, one in flight): the place is free again. */
  | { readonly kind: 'refused'; readonly tenant: string; readonly id: string; readonly trace: TraceId; readonly step: StepId }
  /** Its trace has the step no more: answered, failed for good, or cancelled; side calls too. Not: one attempt of it. `atMs`: when that was. */
  | { readonly kind: 'ended'; readonly trace: TraceId; readonly step: StepId; readonly atMs: number }
  /** The trace is over; a late step may still reopen it. */
  | { readonly kind: 'done'; readonly trace: TraceId }
  | { readonly kind: 'loaded'; readonly saved: SavedIdentity }
  | { readonly kind: 'forgotten'; readonly trace: TraceId };

/** What a saved trace says at a change of owner. */
export interface SavedIdentity {
  readonly trace: TraceId;
  readonly tenant: string;
  readonly model: string;
  readonly parent: TraceId | null;
  /** Of the last accepted main step. */
  readonly seq: number;
  /** As `tipsAfter` and `idsAfter` of actors/lib/tips.ts keep them. */
  readonly tips: readonly Tip[];
  readonly ids: readonly KnownId[];
  readonly isRunning: boolean;
  readonly isDone: boolean;
  /** Side calls not answered yet. */
  readonly sides: readonly StepId[];
  /** When its last answer was; 0: not known, and then it counts as longest ago. */
  readonly answeredAtMs: number;
}

function answer(state: Identities, who: Who, now: Instant): WhoReply {
  const key = keyOf(who.tenant, who.id);
  const known = state.known.get(key);
  if (known !== undefined) return replyOfKnown(known.row, known.step);
  const asked = state.pending.get(key);
  if (asked !== undefined) {
    state.pending.delete(key);
    state.pending.set(key, { ...asked, expiresAtMs: now + pendingMs });
    return asked.reply;
  }
  const assignment = recognise(state, who);
  const reply: WhoReply = { kind: 'whoReply', ...assignment, step: stepOf(state, assignment, key), isKnown: false };
  // A wrong seq: its step will not come under this number, so nothing is kept for it.
  if (who.trace === reply.trace && who.seq !== null && who.seq !== reply.seq) return reply;
  const row = touch(state, reply.trace, who.tenant, reply.parent);
  const tip = { row, space: spaceOf(who.tenant, who.model), chain: who.chain.at(-1) ?? '', seq: reply.lane === 'main' ? reply.seq : 0, key, isPending: true };
  addPending(state, key, { reply, tip, expiresAtMs: now + pendingMs });
  return reply;
}

/** A side call is numbered by its id's hash: a counter would have to survive a change of owner. */
function stepOf(state: Identities, { trace, seq, lane }: Assignment, key: string): StepId {
  if (lane === 'main') return mainStep(trace, seq);
  const row = state.rows.get(trace);
  const isTaken = (step: StepId): boolean => row !== undefined && (row.sides.has(step) || row.keys.some((other) => state.known.get(other)?.step === step));
  let number = hash32(key);
  while (isTaken(sideStep(trace, number))) number = (number + 1) >>> 0;
  return sideStep(trace, number);
}

function replyOfKnown(row: Row, step: StepId): WhoReply {
  const seq = seqOf(step);
  return { kind: 'whoReply', trace: row.trace, parent: row.parent, step, seq: seq ?? row.seq, lane: seq === null ? 'side' : 'main', identity: { how: 'explicit', confidence: confidence.certain }, isKnown: true };
}

/** Null for a side call. */
function seqOf(step: StepId): number | null {
  const number = step.slice(step.indexOf('/') + 1);
  return number.startsWith('s') ? null : Number(number);
}

function expire(state: Identities, now: Instant): void {
  for (const [key, pending] of state.pending) {
    if (pending.expiresAtMs > now) return;
    withdraw(state, key);
  }
}

function onAccepted(state: Identities, accepted: StepAccepted): void {
  const key = keyOf(accepted.tenant, accepted.id);
  if (state.known.has(key)) return;
  withdraw(state, key);
  if ((state.rows.get(accepted.trace)?.tenant ?? accepted.tenant) !== accepted.tenant) return;
  const row = touch(state, accepted.trace, accepted.tenant, accepted.parent);
  addKnown(state, row, key, accepted.id, accepted.step);
  const isMain = accepted.lane === 'main';
  if (isMain && accepted.seq <= row.seq) return; // replayed, and contained in what was loaded
  addTip(state, { row, space: spaceOf(accepted.tenant, accepted.model), chain: accepted.messageChain, seq: isMain ? accepted.seq : 0, key, isPending: false });
  const open = isMain ? row.running : row.sides;
  open.add(accepted.step);
  if (open.size > rowLimits.runningMax) open.delete(open.values().next().value as StepId);
  if (!isMain) return;
  row.seq = accepted.seq;
  row.isDone = false;
}

function onRefused(state: Identities, refused: { readonly tenant: string; readonly id: string; readonly trace: TraceId; readonly step: StepId }): void {
  const key = keyOf(refused.tenant, refused.id);
  withdraw(state, key);
  const known = state.known.get(key);
  if (known === undefined || known.step !== refused.step) return;
  const { row } = known;
  state.known.delete(key);
  row.keys.splice(row.keys.indexOf(key), 1);
  // By key, not by step: two conductors may have given one place away twice, and the other's step keeps it.
  const tip = row.tips.find((other) => other.key === key);
  if (tip === undefined) return;
  row.running.delete(refused.step);
  row.sides.delete(refused.step);
  removeTip(state, tip);
  if (tip.seq === row.seq) row.seq = row.tips.findLast((other) => other.seq > 0 && !other.isPending)?.seq ?? 0;
  if (row.tips.length === 0 && row.keys.length === 0) dropRow(state, row);
}

function onEnded(state: Identities, trace: TraceId, step: StepId, atMs: number): void {
  const row = state.rows.get(trace);
  if (row === undefined) return;
  row.sides.delete(step);
  const seq = seqOf(step);
  if (seq === null) return;
  for (const other of row.running) if ((seqOf(other) ?? 0) <= seq) row.running.delete(other);
  row.answeredAtMs = Math.max(row.answeredAtMs, atMs);
}

function onDone(state: Identities, trace: TraceId): void {
  const row = state.rows.get(trace);
  if (row === undefined) return;
  row.isDone = true;
  row.running.clear();
  row.sides.clear();
}

/**
 * A trace that was over is loaded again for an entry that the log told before, so what is known may be newer than what was
 * saved: the saved is put in front of it and replaces none of it.
 */
function onLoaded(state: Identities, saved: SavedIdentity): void {
  const row = touch(state, saved.trace, saved.tenant, saved.parent);
  if (row.tenant !== saved.tenant) return;
  addEarlierTips(state, row, spaceOf(saved.tenant, saved.model), saved.tips);
  addEarlierKnown(state, row, saved.ids);
  row.answeredAtMs = Math.max(row.answeredAtMs, saved.answeredAtMs);
  if (row.seq > saved.seq) return;
  for (const step of saved.sides) row.sides.add(step);
  row.seq = Math.max(saved.seq, row.tips.findLast(({ seq, isPending }) => seq > 0 && !isPending)?.seq ?? 0);
  row.isDone = saved.isDone;
  if (saved.isRunning) row.running.add(mainStep(saved.trace, row.seq));
}

function forget(state: Identities, trace: TraceId): void {
  const row = state.rows.get(trace);
  if (row !== undefined) dropRow(state, row);
}
