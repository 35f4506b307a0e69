import type { Identity, TraceId, Who } from '../../schemas/messages.ts';
import { limits } from '../lib/limits.ts';
import { mintTrace } from './names.ts';
import { type Identities, type Row, type RowTip, currentTip, findTips, isBusy, nextSeq, spaceOf } from './rows.ts';

/** How sure an answer is. An explicit trace, or an id that was accepted before, is certain. */
export const confidence = {
  certain: 1,
  /** It extends the prompt of one idle trace. Of m that stand at this same prompt each has an m-th of it. */
  next: 0.95,
  /** Likewise, and the trace was over: taken up again. */
  reopened: 0.8,
  /** It extends the prompt of a step that still runs, or of a side call: a branch. */
  fork: 0.7,
  /** It extends an older prompt of an idle trace. */
  side: 0.6,
  /** Nobody was ever at any of its prompts: a beginning, or the first step after a compaction. */
  fresh: 0.9,
  /** A prompt that was seen word for word: a second run of it, or a retry that gave no id. */
  copy: 0.6,
} as const;

export interface Assignment { readonly trace: TraceId; readonly parent: TraceId | null; readonly seq: number; readonly lane: 'main' | 'side'; readonly identity: Identity }

export function recognise(state: Identities, who: Who): Assignment {
  if (who.trace === null) return infer(state, who);
  const row = state.rows.get(who.trace);
  // Another tenant's trace does not exist for this one.
  if (row !== undefined && row.tenant !== who.tenant) return fresh(state, who, who.parent, { how: 'new', confidence: confidence.fresh });
  const identity: Identity = { how: 'explicit', confidence: confidence.certain };
  if (row === undefined) return { trace: who.trace, parent: who.parent, seq: who.seq ?? 1, lane: 'main', identity };
  const isMain = who.seq !== null || currentTip(row) === undefined || continues(row, who);
  return { trace: row.trace, parent: row.parent, seq: isMain ? givenSeq(row, who.seq) : row.seq, lane: isMain ? 'main' : 'side', identity };
}

/**
 * A given seq that is not the next one is answered with the one that is, which says to the gateway that it is wrong: two
 * steps under one number would share their answer's subject. Pending ones do not count: they may never come.
 */
function givenSeq(row: Row, given: number | null): number {
  if (given === null) return nextSeq(row);
  return row.seq === 0 || given === row.seq + 1 ? given : row.seq + 1;
}

/**
 * Does the history go on from where an explicit trace stands? From its latest prompt, or, when nothing runs, from a
 * side call's: who says that it is the same trace, and goes on from a compacted or rewound history, has made that the
 * main course.
 */
function continues(row: Row, who: Who): boolean {
  const earlier = new Set(who.chain.slice(0, -1));
  const current = currentTip(row);
  return row.tips.some((tip) => (tip === current || (tip.seq === 0 && !isBusy(row))) && earlier.has(tip.chain));
}

/**
 * Without ids a step is recognised by the longest proper prefix of its messages that was a prompt before.
 *
 * 1. An idle trace stands there: this is its next step. Of several with the same history (copies of one run) the one
 *    answered longest ago; they are interchangeable but for the answers they got, which a prompt's hash does not know.
 *    Only the longest prefix counts: a shorter one that an idle trace stands at would mean that several steps of it
 *    went elsewhere.
 * 2. Nobody idle stands there, and the whole prompt was seen word for word: a copy, or a retry without an id. They can
 *    not be told apart, and answering two runs with one generation would be wrong, so it is a new trace; its prefix is
 *    cached. It is no child: it does not depend on the other.
 * 3. The trace that stands there is running, and this extends its prompt or the one before, or it extends a side call:
 *    a branch, so a new trace with that parent.
 * 4. It is an older prompt: a side call, or a branch when as many as a trace may have are open.
 * 5. Nothing: a new trace.
 */
function infer(state: Identities, who: Who): Assignment {
  const space = spaceOf(who.tenant, who.model);
  const isCopy = findTips(state, space, who.chain.at(-1) ?? '') !== undefined;
  const tips = longestPrefix(state, space, who.chain);
  const idle = tips.filter((tip) => tip === currentTip(tip.row) && !isBusy(tip.row));
  const next = idle.reduce<RowTip | null>((best, tip) => (best === null || isBefore(tip.row, best.row) ? tip : best), null);
  if (next !== null) return extend(next.row, idle.length);
  const tip = tips.reduce<RowTip | null>((best, other) => (best === null || isRather(other, best) ? other : best), null);
  if (isCopy || tip === null) return fresh(state, who, who.parent, { how: 'new', confidence: isCopy ? confidence.copy : confidence.fresh });
  const { row } = tip;
  if (isBranch(tip) || row.sides.size >= limits.sideCallsMax) return fresh(state, who, row.trace, { how: 'inferred', confidence: confidence.fork });
  return { trace: row.trace, parent: row.parent, seq: row.seq, lane: 'side', identity: { how: 'inferred', confidence: confidence.side } };
}

function longestPrefix(state: Identities, space: string, chain: readonly string[]): readonly RowTip[] {
  for (let k = chain.length - 2; k >= 0; k--) {
    const tips = findTips(state, space, chain[k] as string);
    if (tips !== undefined) return [...tips];
  }
  return [];
}

// Both orders are total: a rebuilt state has its rows in another order, and has to answer alike.

/** Traces that live before those that are over, then longest idle first. */
function isBefore(a: Row, b: Row): boolean {
  if (a.isDone !== b.isDone) return b.isDone;
  return a.answeredAtMs === b.answeredAtMs ? a.trace < b.trace : a.answeredAtMs < b.answeredAtMs;
}

/** Of several traces to branch from: the one answered last; of its prompts the main chain's latest. */
function isRather(a: RowTip, b: RowTip): boolean {
  if (a.row === b.row) return a.seq > b.seq;
  return a.row.answeredAtMs === b.row.answeredAtMs ? a.row.trace < b.row.trace : a.row.answeredAtMs > b.row.answeredAtMs;
}

function extend(row: Row, candidates: number): Assignment {
  const sure = row.isDone ? confidence.reopened : confidence.next;
  return { trace: row.trace, parent: row.parent, seq: nextSeq(row), lane: 'main', identity: { how: 'inferred', confidence: sure / candidates } };
}

/** Beside the running step: siblings of a fan-out extend what their parent's own next step extends. */
function isBranch(tip: RowTip): boolean {
  if (tip.seq === 0) return true;
  return isBusy(tip.row) && tip.row.tips.filter((other) => other.seq > 0).slice(-2).includes(tip);
}

function fresh(state: Identities, who: Who, parent: TraceId | null, identity: Identity): Assignment {
  let attempt = 0;
  let trace = mintTrace(state.partition, who.tenant, who.id, attempt);
  while (state.rows.has(trace)) trace = mintTrace(state.partition, who.tenant, who.id, ++attempt);
  return { trace, parent, seq: 1, lane: 'main', identity };
}
