import type { BlockEvents, Tier } from '../../schemas/messages.ts';
import { type Instant, type Logic, assert } from '../lib/logic.ts';
import { limits } from '../lib/limits.ts';
import { type BlockTable, addHolder, dramWord, emptyTable, hbmWord, removeHolder, removeNode } from './table.ts';

/**
 * The block directory: which node holds which block in which tier, for the whole region.
 *
 * A mirror of the nodes' own event logs, and only as good as they are complete: a batch that does not follow the last
 * one, or a new epoch, asks for a snapshot. Until it is here batches are kept aside (bounded), because those that were
 * sent after the snapshot was taken have to be applied on top of it; without that a busy node would never catch up.
 * A snapshot comes in parts, each as of its own moment: none is applied before all are here, and then the batches from
 * the first part's moment on. Those that a later part contains already say nothing new, and end where it stands.
 * A node that misses a batch keeps its old rows meanwhile (a wrong row costs a recompute, never a wrong token); a node
 * that starts anew loses them at once.
 */
export const blockDirectory: Logic<Directory, DirectoryEvent, DirectoryEffect> = {
  step(state, event, now) {
    const effects: DirectoryEffect[] = [];
    switch (event.kind) {
      case 'blocks': onBatch(state, event.batch, now, effects); break;
      case 'nodeSeen': onSeen(state, event.node, event.epoch, now, effects); break;
      case 'nodeLost': forget(state, event.node); break;
      case 'tick': for (const row of state.nodes.values()) askAgain(row, now, effects); break;
    }
    return { state, effects };
  },
};

export const directoryLimits = {
  /** A node is one bit of a 32-bit mask. */
  nodesMax: 32,
  /** At 64 bytes each: 256 MiB. Above it new blocks are not recorded, and so are found less often. */
  blocksMax: 4 << 20,
  /** Batches kept aside while a snapshot is on its way: a busy node sends one every 5 ms, of 8 KiB at most. */
  heldMax: 256,
  snapshotRetryMs: 1_000,
} as const;

export interface Directory {
  readonly table: BlockTable;
  readonly nodes: Map<string, NodeRow>;
  /** By bit; null where the bit is free. */
  readonly names: (string | null)[];
  /** Nodes that found no free bit: said once each. */
  readonly refused: Set<string>;
  readonly blocksMax: number;
  /** Blocks that were not recorded because the table was full. */
  unrecorded: number;
}

export interface NodeRow {
  readonly node: string;
  readonly bit: number;
  epoch: number;
  seq: number;
  /** When a part of a snapshot was last asked for; null: none is awaited. */
  askedAtMs: number | null;
  /** Parts of the awaited snapshot, in order; the next one begins where the last says. */
  parts: BlockEvents[];
  held: BlockEvents[];
  hbm: number;
  dram: number;
}

export type DirectoryEvent =
  | { readonly kind: 'blocks'; readonly batch: BlockEvents }
  /** From a beat: a node that is idle sends no batches, and still has blocks. */
  | { readonly kind: 'nodeSeen'; readonly node: string; readonly epoch: number }
  | { readonly kind: 'nodeLost'; readonly node: string }
  /** About once a second: asks again for snapshots that did not come. */
  | { readonly kind: 'tick' };

export type DirectoryEffect =
  /** The part of its snapshot that begins at `from`. */
  | { readonly kind: 'snapshotWanted'; readonly node: string; readonly from: number }
  | { readonly kind: 'nodeRefused'; readonly node: string; readonly message: string };

export const emptyDirectory = (blocksMax: number = directoryLimits.blocksMax): Directory =>
  ({ table: emptyTable(), nodes: new Map(), names: new Array<string | null>(directoryLimits.nodesMax).fill(null), refused: new Set(), blocksMax, unrecorded: 0 });

function onBatch(state: Directory, batch: BlockEvents, now: Instant, effects: DirectoryEffect[]): void {
  const row = findOrAdmit(state, batch.node, effects);
  if (row === null || batch.epoch < row.epoch) return;
  if (batch.epoch > row.epoch) startEpoch(state, row, batch.epoch);
  if (batch.isSnapshot) takePart(state, row, batch);
  else if (row.askedAtMs !== null || row.seq < 0) hold(row, batch);
  else if (batch.seq <= row.seq) return; // delivered twice
  else if (batch.seq === row.seq + 1) apply(state, row, batch);
  else { row.held = []; hold(row, batch); row.seq = -1; }
  if (row.seq < 0) askAgain(row, now, effects);
}

function onSeen(state: Directory, node: string, epoch: number, now: Instant, effects: DirectoryEffect[]): void {
  const row = findOrAdmit(state, node, effects);
  if (row === null || epoch < row.epoch) return;
  if (epoch > row.epoch) startEpoch(state, row, epoch);
  if (row.seq < 0) askAgain(row, now, effects);
}

function findOrAdmit(state: Directory, node: string, effects: DirectoryEffect[]): NodeRow | null {
  const known = state.nodes.get(node);
  if (known !== undefined) return known;
  const index = state.names.indexOf(null);
  if (index < 0) {
    if (!state.refused.has(node) && state.refused.size < 1_024) {
      state.refused.add(node);
      effects.push({ kind: 'nodeRefused', node, message: `the block directory knows ${directoryLimits.nodesMax} of ${directoryLimits.nodesMax} nodes; ${node} takes part without it` });
    }
    return null;
  }
  state.refused.delete(node);
  state.names[index] = node;
  const row: NodeRow = { node, bit: 1 << index, epoch: -1, seq: -1, askedAtMs: null, parts: [], held: [], hbm: 0, dram: 0 };
  state.nodes.set(node, row);
  return row;
}

/** `hbm` is gone with the process; what of `dram` survived, the snapshot will say. */
function startEpoch(state: Directory, row: NodeRow, epoch: number): void {
  clear(state, row);
  row.epoch = epoch;
  row.seq = -1;
  row.askedAtMs = null;
  row.parts = [];
  row.held = [];
}

/** Any other part than the one awaited is an answer that came twice, or too late. */
function takePart(state: Directory, row: NodeRow, part: BlockEvents): void {
  const isBound = part.next === 0 || (part.next > part.from && part.next < limits.snapshotPartsMax);
  if (part.from !== awaited(row) || !isBound) return;
  if (row.seq >= part.seq) return; // overtaken by the batches it contains
  row.parts.push(part);
  row.askedAtMs = null; // The next part is asked for at once.
  row.seq = -1;
  if (part.next === 0) takeSnapshot(state, row);
}

const awaited = (row: NodeRow): number => row.parts.at(-1)?.next ?? 0;

/** Rows are complete up to the earliest part's sequence; then whatever of the held batches follows it without a gap. */
function takeSnapshot(state: Directory, row: NodeRow): void {
  clear(state, row);
  for (const part of row.parts) apply(state, row, part);
  row.seq = Math.min(...row.parts.map(({ seq }) => seq));
  const seqMax = Math.max(...row.parts.map(({ seq }) => seq));
  row.parts = [];
  const held = row.held.sort((a, b) => a.seq - b.seq);
  row.held = [];
  for (const [i, later] of held.entries()) {
    if (later.seq <= row.seq) continue;
    if (later.seq > row.seq + 1) { row.held = held.slice(i); row.seq = -1; return; }
    apply(state, row, later);
  }
  if (row.seq < seqMax) row.seq = -1; // What came between two parts was lost.
}

/** The oldest goes first: if it was needed, the gap it leaves asks for the next snapshot. */
function hold(row: NodeRow, batch: BlockEvents): void {
  row.held.push(batch);
  if (row.held.length > directoryLimits.heldMax) row.held.shift();
}

function askAgain(row: NodeRow, now: Instant, effects: DirectoryEffect[]): void {
  if (row.seq >= 0 && row.askedAtMs === null) return;
  if (row.askedAtMs !== null && now - row.askedAtMs < directoryLimits.snapshotRetryMs) return;
  row.askedAtMs = now;
  effects.push({ kind: 'snapshotWanted', node: row.node, from: awaited(row) });
}

function apply(state: Directory, row: NodeRow, batch: BlockEvents): void {
  for (const event of batch.events) {
    const { chain, tier } = event;
    assert(chain.length % 16 === 0, `a chain of ${chain.length} bytes is not a number of 16-byte names`);
    const names = new DataView(chain.buffer, chain.byteOffset, chain.length);
    const changed = event.op === 'stored' ? store(state, names, tier, row.bit) : -remove(state, names, tier, row.bit);
    if (tier === 'hbm') row.hbm += changed; else row.dram += changed;
  }
  row.seq = batch.seq;
}

function store(state: Directory, names: DataView, tier: Tier, bit: number): number {
  const word = tier === 'hbm' ? hbmWord : dramWord;
  let added = 0;
  for (let at = 0; at < names.byteLength; at += 16) {
    const isNew = addHolder(state.table, names, at, word, bit, state.blocksMax);
    if (isNew === null) state.unrecorded++;
    else if (isNew) added++;
  }
  return added;
}

function remove(state: Directory, names: DataView, tier: Tier, bit: number): number {
  const word = tier === 'hbm' ? hbmWord : dramWord;
  let removed = 0;
  for (let at = 0; at < names.byteLength; at += 16) if (removeHolder(state.table, names, at, word, bit)) removed++;
  return removed;
}

function clear(state: Directory, row: NodeRow): void {
  if (row.hbm + row.dram > 0) removeNode(state.table, row.bit);
  row.hbm = 0;
  row.dram = 0;
}

function forget(state: Directory, node: string): void {
  state.refused.delete(node);
  const row = state.nodes.get(node);
  if (row === undefined) return;
  clear(state, row);
  state.nodes.delete(node);
  state.names[31 - Math.clz32(row.bit)] = null;
}
