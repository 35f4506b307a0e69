import type { StepId, TraceId, WhoReply } from '../../schemas/messages.ts';
import { type KnownId, type Tip, idsMax, tipsMax, trimTips } from '../lib/tips.ts';

/** The traces of one partition, findable by id, by idempotency key and by the prompts they were at. */
export interface Identities {
  readonly partition: number;
  /** Least recently used first. */
  readonly rows: Map<TraceId, Row>;
  /** `<tenant>/<id>` of steps that were accepted. */
  readonly known: Map<string, KnownId & { readonly row: Row }>;
  /** `<tenant>/<id>` of steps that were answered for and not accepted yet; first to expire first. */
  readonly pending: Map<string, Pending>;
  /** `<tenant>/<model>` → message-chain hash → who was there. */
  readonly index: Map<string, Map<string, Set<RowTip>>>;
}

export interface Row {
  readonly trace: TraceId;
  readonly tenant: string;
  readonly parent: TraceId | null;
  /** In order of acceptance, pending ones last. */
  tips: readonly RowTip[];
  /** Last accepted of the main chain. */
  seq: number;
  /** Keys into `known`, oldest first. */
  readonly keys: string[];
  /** Main steps accepted and not answered. */
  readonly running: Set<StepId>;
  /** Side calls likewise, the pending ones included. */
  readonly sides: Set<StepId>;
  isDone: boolean;
  answeredAtMs: number;
}

export interface RowTip extends Tip {
  readonly row: Row;
  readonly space: string;
  /** `<tenant>/<id>` of the step whose prompt this is; '' when it was loaded. */
  readonly key: string;
  /** Answered for, and not accepted yet. */
  readonly isPending: boolean;
}

export interface Pending { readonly reply: WhoReply; readonly tip: RowTip; readonly expiresAtMs: number }

export const rowLimits = {
  rowsMax: 16_384,
  /** As many as a gateway has steps. */
  pendingMax: 4_096,
  /** Traces found at one and the same prompt. */
  copiesMax: 1_024,
  runningMax: 64,
} as const;

export const emptyIdentities = (partition: number): Identities =>
  ({ partition, rows: new Map(), known: new Map(), pending: new Map(), index: new Map() });

export const keyOf = (tenant: string, id: string): string => `${tenant}/${id}`;
export const spaceOf = (tenant: string, model: string): string => `${tenant}/${model}`;

export const currentTip = (row: Row): RowTip | undefined => row.tips.findLast((tip) => tip.seq > 0);
/** A main step is on its way: accepted and unanswered, or about to be accepted. */
export const isBusy = (row: Row): boolean => row.running.size > 0 || row.tips.some((tip) => tip.isPending && tip.seq > 0);
export const nextSeq = (row: Row): number => Math.max(row.seq, currentTip(row)?.seq ?? 0) + 1;

export const findTips = (state: Identities, space: string, chain: string): ReadonlySet<RowTip> | undefined => state.index.get(space)?.get(chain);

/** Moves the row to the end of the order of use, and makes it when it is new. */
export function touch(state: Identities, trace: TraceId, tenant: string, parent: TraceId | null): Row {
  const known = state.rows.get(trace);
  const row: Row = known ?? { trace, tenant, parent, tips: [], seq: 0, keys: [], running: new Set(), sides: new Set(), isDone: false, answeredAtMs: 0 };
  if (known !== undefined) state.rows.delete(trace);
  state.rows.set(trace, row);
  if (state.rows.size > rowLimits.rowsMax) dropRow(state, oldestIdle(state, row));
  return row;
}

/** Looks at a few only: when all of them run, the oldest has most likely been forgotten by everybody. */
function oldestIdle(state: Identities, newest: Row): Row {
  let looked = 0;
  let oldest: Row | null = null;
  for (const row of state.rows.values()) {
    if (row === newest) continue;
    oldest ??= row;
    if (!isBusy(row)) return row;
    if (++looked === 64) break;
  }
  return oldest ?? newest;
}

export function dropRow(state: Identities, row: Row): void {
  for (const tip of row.tips) {
    unindex(state, tip);
    if (tip.isPending) state.pending.delete(tip.key);
  }
  for (const key of row.keys) state.known.delete(key);
  state.rows.delete(row.trace);
}

export function addTip(state: Identities, tip: RowTip): void {
  const { row } = tip;
  const pending = row.tips.filter((other) => other.isPending);
  const accepted = row.tips.filter((other) => !other.isPending);
  if (tip.isPending) pending.push(tip);
  else accepted.push(tip);
  const kept = trimTips(accepted);
  for (const other of accepted) if (!kept.includes(other)) unindex(state, other);
  row.tips = [...kept, ...pending];
  index(state, tip);
}

/** Puts older ones in front of those that the row has. */
export function addEarlierTips(state: Identities, row: Row, space: string, tips: readonly Tip[]): void {
  const isNew = ({ chain, seq }: Tip): boolean => !row.tips.some((other) => other.chain === chain && other.seq === seq && !other.isPending);
  const earlier = tips.filter(isNew).map(({ chain, seq }): RowTip => ({ row, space, chain, seq, key: '', isPending: false }));
  let kept: readonly RowTip[] = [...earlier, ...row.tips.filter((tip) => !tip.isPending)];
  while (kept.length > tipsMax) kept = trimTips(kept);
  for (const tip of row.tips) if (!tip.isPending && !kept.includes(tip)) unindex(state, tip);
  for (const tip of earlier) if (kept.includes(tip)) index(state, tip);
  row.tips = [...kept, ...row.tips.filter((tip) => tip.isPending)];
}

export function removeTip(state: Identities, tip: RowTip): void {
  tip.row.tips = tip.row.tips.filter((other) => other !== tip);
  unindex(state, tip);
}

export function addKnown(state: Identities, row: Row, key: string, id: string, step: StepId): void {
  state.known.set(key, { id, step, row });
  row.keys.push(key);
  if (row.keys.length > idsMax) state.known.delete(row.keys.shift() as string);
}

/** Puts older ones in front of those that the row has. */
export function addEarlierKnown(state: Identities, row: Row, ids: readonly KnownId[]): void {
  const earlier = ids.filter(({ id }) => !state.known.has(keyOf(row.tenant, id)));
  for (const { id, step } of earlier) state.known.set(keyOf(row.tenant, id), { id, step, row });
  row.keys.unshift(...earlier.map(({ id }) => keyOf(row.tenant, id)));
  while (row.keys.length > idsMax) state.known.delete(row.keys.shift() as string);
}

export function addPending(state: Identities, key: string, pending: Pending): void {
  state.pending.set(key, pending);
  addTip(state, pending.tip);
  if (pending.reply.lane === 'side') pending.tip.row.sides.add(pending.reply.step);
  if (state.pending.size > rowLimits.pendingMax) withdraw(state, state.pending.keys().next().value as string);
}

/** As if the question had not been asked: a trace that only it made is gone again. */
export function withdraw(state: Identities, key: string): void {
  const pending = state.pending.get(key);
  if (pending === undefined) return;
  const { row } = pending.tip;
  state.pending.delete(key);
  removeTip(state, pending.tip);
  row.sides.delete(pending.reply.step);
  if (row.tips.length === 0 && row.keys.length === 0 && row.seq === 0) dropRow(state, row);
}

function index(state: Identities, tip: RowTip): void {
  const space = getOrMake(state.index, tip.space, () => new Map<string, Set<RowTip>>());
  const tips = getOrMake(space, tip.chain, () => new Set<RowTip>());
  tips.add(tip);
  if (tips.size > rowLimits.copiesMax) tips.delete(tips.values().next().value as RowTip);
}

function unindex(state: Identities, tip: RowTip): void {
  const space = state.index.get(tip.space);
  const tips = space?.get(tip.chain);
  if (space === undefined || tips === undefined) return;
  tips.delete(tip);
  if (tips.size === 0) space.delete(tip.chain);
  if (space.size === 0) state.index.delete(tip.space);
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
