import { assert } from '../lib/logic.ts';

/**
 * Which nodes hold which block, as one open-addressed array: a slot is six 32-bit words, four of the block's name
 * (all 128 bits, so two names are never taken for one) and one mask of nodes per tier. A slot without a holder is free.
 *
 * One array rather than one per column: a probe then costs one cache miss, not six. The home of a name grows with its
 * hash (multiply and shift, no modulo), so a rehash walks both arrays from front to back. Grown at 3/4 full by half,
 * shrunk at 3/8 by a third: 32 to 64 bytes a block.
 */
export interface BlockTable {
  /** slots × 6. */
  words: Uint32Array;
  slots: number;
  used: number;
}

export const slotWords = 6;
/** Word of a slot that holds the mask of nodes that have the block in `hbm`; `dram` is the next. */
export const hbmWord = 4;
export const dramWord = 5;
const slotsMin = 64;

export const emptyTable = (): BlockTable => ({ words: new Uint32Array(slotsMin * slotWords), slots: slotsMin, used: 0 });

/** First word of the block's slot, or -1. `at` is the byte at which the 16 bytes of the name start. */
export function findSlot(table: BlockTable, names: DataView, at: number): number {
  const base = slotOf(table, names, at);
  return isFree(table.words, base) ? -1 : base;
}

/** Sets the node's bit in a tier's mask. False: it was set already. Null: the table holds `blocksMax` blocks and takes no other. */
export function addHolder(table: BlockTable, names: DataView, at: number, tierWord: number, bit: number, blocksMax: number): boolean | null {
  let base = slotOf(table, names, at);
  const { words } = table;
  if (!isFree(words, base)) {
    const mask = words[base + tierWord] as number;
    words[base + tierWord] = mask | bit;
    return (mask & bit) === 0;
  }
  if (table.used >= blocksMax) return null;
  if ((table.used + 1) * 4 > table.slots * 3) {
    rehash(table, table.slots + (table.slots >> 1));
    base = slotOf(table, names, at);
  }
  for (let i = 0; i < 4; i++) table.words[base + i] = names.getUint32(at + 4 * i, true);
  table.words[base + tierWord] = bit;
  table.used++;
  return true;
}

/** Clears the node's bit in a tier's mask. False: it was not set. */
export function removeHolder(table: BlockTable, names: DataView, at: number, tierWord: number, bit: number): boolean {
  const base = slotOf(table, names, at);
  const mask = table.words[base + tierWord] as number;
  if ((mask & bit) === 0) return false;
  table.words[base + tierWord] = mask & ~bit;
  if (isFree(table.words, base)) {
    closeHole(table, base);
    shrink(table);
  }
  return true;
}

/**
 * Clears the node's bits everywhere, in one walk over the array.
 *
 * What closing a hole moves comes from behind it (cyclically), so it lands on the slot that is looked at next or was
 * looked at already: no slot is missed.
 */
export function removeNode(table: BlockTable, bit: number): void {
  const { words } = table;
  const end = table.slots * slotWords;
  for (let base = 0; base < end; base += slotWords) {
    while (((words[base + hbmWord] as number) | (words[base + dramWord] as number)) & bit) {
      words[base + hbmWord] = (words[base + hbmWord] as number) & ~bit;
      words[base + dramWord] = (words[base + dramWord] as number) & ~bit;
      if (isFree(words, base)) closeHole(table, base);
    }
  }
  shrink(table);
}

export const tableBytes = (table: BlockTable): number => table.words.byteLength;

const isFree = (words: Uint32Array, base: number): boolean => ((words[base + hbmWord] as number) | (words[base + dramWord] as number)) === 0;

/** The name's slot, or the free one where it would go. */
function slotOf(table: BlockTable, names: DataView, at: number): number {
  const { words, slots } = table;
  const a = names.getUint32(at, true);
  const b = names.getUint32(at + 4, true);
  const c = names.getUint32(at + 8, true);
  const d = names.getUint32(at + 12, true);
  const end = slots * slotWords;
  let base = homeOf(a, b, slots) * slotWords;
  while (!isFree(words, base)) {
    if (words[base] === a && words[base + 1] === b && words[base + 2] === c && words[base + 3] === d) return base;
    base += slotWords;
    if (base === end) base = 0;
  }
  return base;
}

/** Names are hashes, but a simulated one may count: one multiplication spreads both. */
function homeOf(a: number, b: number, slots: number): number {
  const hash = Math.imul(a ^ Math.imul(b, 0x85ebca6b), 0x9e3779b1) >>> 0;
  return Math.floor((hash * slots) / 4294967296);
}

/** Moves later members of the run forward, so that a search never has to step over a slot that was emptied. */
function closeHole(table: BlockTable, hole: number): void {
  const { words, slots } = table;
  const end = slots * slotWords;
  let base = hole;
  for (;;) {
    base += slotWords;
    if (base === end) base = 0;
    if (isFree(words, base)) break;
    const home = homeOf(words[base] as number, words[base + 1] as number, slots) * slotWords;
    const fromHome = base >= home ? base - home : base - home + end;
    const fromHole = base >= hole ? base - hole : base - hole + end;
    if (fromHome < fromHole) continue;
    words.copyWithin(hole, base, base + slotWords);
    hole = base;
  }
  words.fill(0, hole, hole + slotWords);
  table.used--;
}

function shrink(table: BlockTable): void {
  let slots = table.slots;
  while (slots > slotsMin && table.used * 8 < slots * 3) slots = Math.max(slotsMin, Math.floor((slots * 2) / 3));
  if (slots < table.slots) rehash(table, slots);
}

function rehash(table: BlockTable, slots: number): void {
  assert(table.used < slots, `${table.used} blocks do not fit ${slots} slots`);
  const from = table.words;
  const to = new Uint32Array(slots * slotWords);
  for (let base = 0; base < from.length; base += slotWords) {
    if (isFree(from, base)) continue;
    let free = homeOf(from[base] as number, from[base + 1] as number, slots) * slotWords;
    while (!isFree(to, free)) {
      free += slotWords;
      if (free === to.length) free = 0;
    }
    for (let i = 0; i < slotWords; i++) to[free + i] = from[base + i] as number;
  }
  table.words = to;
  table.slots = slots;
}
