import type { BlockChain } from '../../schemas/messages.ts';
import { assert } from '../lib/logic.ts';
import type { Directory } from './block.ts';
import { dramWord, findSlot, hbmWord } from './table.ts';

/** How much of a chain's prefix a node holds, in blocks. */
export interface Holding {
  readonly node: string;
  /** From the chain's start, resident. */
  readonly hbm: number;
  /** The following ones: in `dram`. */
  readonly dram: number;
  /** hbm + dram. */
  readonly total: number;
}

/**
 * Every node that holds the chain's first block, with the length of its prefix; in no particular order.
 *
 * A node drops a block only when it holds no child of it, and demotes a child before its parent, so per tier (and for
 * both together) what it holds of a chain is a prefix: the end is found by bisection, for all nodes at once, and a
 * range is split only where some node's prefix ends. A node that breaks the rule is credited with some boundary of
 * what it holds: a worse choice, never a wrong token.
 */
export function lookup(directory: Directory, chain: BlockChain): readonly Holding[] {
  assert(chain.length % 16 === 0, `a chain of ${chain.length} bytes is not a number of 16-byte names`);
  const blocks = chain.length / 16;
  if (blocks === 0) return [];
  const names = new DataView(chain.buffer, chain.byteOffset, chain.length);
  const first = findSlot(directory.table, names, 0);
  if (first < 0) return [];
  const { words } = directory.table;
  const hbm = words[first + hbmWord] as number;
  const any = hbm | (words[first + dramWord] as number);
  const search: Search = { directory, names, totals: new Int32Array(32), hbms: new Int32Array(32) };
  bisect(search, 0, blocks, any, hbm);
  const holdings: Holding[] = [];
  for (let mask = any; mask !== 0; mask &= mask - 1) {
    const index = 31 - Math.clz32(mask & -mask);
    const resident = search.hbms[index] as number;
    const total = Math.max(resident, search.totals[index] as number);
    holdings.push({ node: directory.names[index] as string, hbm: resident, dram: total - resident, total });
  }
  return holdings;
}

/** How many nodes hold the block, by tier. `name` is 16 bytes. */
export function holders(directory: Directory, name: Uint8Array): { readonly hbm: readonly string[]; readonly dram: readonly string[] } {
  assert(name.length === 16, `a block name of ${name.length} bytes; 16 expected`);
  const base = findSlot(directory.table, new DataView(name.buffer, name.byteOffset, 16), 0);
  const nodes = (word: number): string[] => directory.names.filter((node, i): node is string => node !== null && base >= 0 && (((directory.table.words[base + word] as number) >>> i) & 1) === 1);
  return { hbm: nodes(hbmWord), dram: nodes(dramWord) };
}

interface Search {
  readonly directory: Directory;
  readonly names: DataView;
  /** By node bit: blocks held in either tier, and in hbm. */
  readonly totals: Int32Array;
  readonly hbms: Int32Array;
}

/** The nodes of the masks hold block `low` and not block `high` (the one behind the chain's last is held by nobody). */
function bisect(search: Search, low: number, high: number, any: number, hbm: number): void {
  while ((any | hbm) !== 0) {
    if (high - low === 1) {
      note(search.totals, any, high);
      note(search.hbms, hbm, high);
      return;
    }
    const middle = (low + high) >>> 1;
    const at = probe(search, middle);
    bisect(search, low, middle, any & ~at.any, hbm & ~at.hbm);
    any &= at.any;
    hbm &= at.hbm;
    low = middle;
  }
}

function note(lengths: Int32Array, mask: number, length: number): void {
  for (; mask !== 0; mask &= mask - 1) lengths[31 - Math.clz32(mask & -mask)] = length;
}

function probe(search: Search, block: number): { readonly any: number; readonly hbm: number } {
  const base = findSlot(search.directory.table, search.names, block * 16);
  if (base < 0) return nobody;
  const { words } = search.directory.table;
  const hbm = words[base + hbmWord] as number;
  return { any: hbm | (words[base + dramWord] as number), hbm };
}

const nobody = { any: 0, hbm: 0 } as const;
