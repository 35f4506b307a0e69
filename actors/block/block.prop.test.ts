import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BlockEvents, Tier } from '../../schemas/messages.ts';
import type { Instant } from '../lib/logic.ts';
import { blockDirectory, emptyDirectory } from './block.ts';
import { lookup } from './lookup.ts';
import { tableBytes } from './table.ts';

const now = 0 as Instant;

/** Block `depth` of a talk; talks 2k and 2k+1 share their first 5 blocks, so that prefixes branch. */
function nameOf(talk: number, depth: number): Uint8Array {
  const branch = depth < 5 ? talk >> 1 : 1_000 + talk;
  return new Uint8Array(Uint32Array.from([branch, depth, branch, 9]).buffer);
}
function chainOf(talk: number, first: number, end: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, end - first) * 16);
  for (let i = first; i < end; i++) bytes.set(nameOf(talk, i), (i - first) * 16);
  return bytes;
}
const key = (name: Uint8Array): string => name.join(',');

/** A node as a set of names per tier; it keeps the rule that in each tier it holds prefixes. */
class Naive {
  readonly hbm = new Set<string>();
  readonly dram = new Set<string>();
  prefix(talk: number, blocks: number): { hbm: number; dram: number; total: number } {
    const run = (has: (name: string) => boolean): number => {
      let n = 0;
      while (n < blocks && has(key(nameOf(talk, n)))) n++;
      return n;
    };
    const hbm = run((name) => this.hbm.has(name));
    const total = run((name) => this.hbm.has(name) || this.dram.has(name));
    return { hbm, dram: total - hbm, total };
  }
}

const action = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('grow' as const), node: fc.nat(4), talk: fc.nat(5), to: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('demote' as const), node: fc.nat(4), talk: fc.nat(5), to: fc.nat(60) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('drop' as const), node: fc.nat(4), talk: fc.nat(5), to: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('loseBatch' as const), node: fc.nat(4), talk: fc.nat(5), to: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), node: fc.nat(4), talk: fc.nat(5), to: fc.nat(60) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('answer' as const), node: fc.constant(0), talk: fc.constant(0), to: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const), node: fc.nat(4), talk: fc.nat(5), to: fc.nat(60) }) },
);

test('block directory: answers as one set of names per node and tier would, whatever is stored, demoted, dropped, lost or restarted, also between the parts of a snapshot', () => {
  fc.assert(fc.property(fc.array(action, { maxLength: 80, size: 'max' }), (actions) => {
    const directory = emptyDirectory();
    const naive = Array.from({ length: 5 }, () => new Naive());
    const seqs = new Array<number>(5).fill(0);
    const epochs = new Array<number>(5).fill(1);
    /** Parts of snapshots that are asked for and not answered yet. */
    const asked: { readonly node: number; readonly from: number }[] = [];
    const send = (node: number, events: BlockEvents['events'], part: Pick<BlockEvents, 'isSnapshot' | 'from' | 'next'> = { isSnapshot: false, from: 0, next: 0 }): void => {
      const batch: BlockEvents = { kind: 'blockEvents', node: `w${node}`, epoch: epochs[node] as number, seq: seqs[node] as number, events, ...part };
      for (const effect of blockDirectory.step(directory, { kind: 'blocks', batch }, now).effects) {
        expect(effect).toMatchObject({ kind: 'snapshotWanted', node: `w${node}` });
        asked.push({ node, from: effect.kind === 'snapshotWanted' ? effect.from : -1 });
      }
    };
    const answer = (): void => {
      const next = asked.shift();
      if (next === undefined) return;
      const { node, from } = next;
      send(node, snapshotOf(naive[node] as Naive, from), { isSnapshot: true, from, next: (from + 1) % partCount });
    };
    for (const { kind, node, talk, to } of actions) {
      const model = naive[node] as Naive;
      if (kind === 'answer') { answer(); continue; }
      if (kind === 'lose') {
        blockDirectory.step(directory, { kind: 'nodeLost', node: `w${node}` }, now);
        model.hbm.clear();
        model.dram.clear();
        continue;
      }
      if (kind === 'restart') {
        epochs[node] = (epochs[node] as number) + 1;
        seqs[node] = 0;
        restart(model);
      }
      seqs[node] = (seqs[node] as number) + 1;
      const events = kind === 'grow' ? grow(model, talk, to) : kind === 'demote' ? demote(model, talk, to) : kind === 'drop' ? drop(model, talk, to) : [];
      if (kind === 'loseBatch') grow(model, talk, to);
      else send(node, events);
    }
    // What a lost batch hid comes out with the next one.
    for (let node = 0; node < 5; node++) { seqs[node] = (seqs[node] as number) + 1; send(node, []); }
    for (let answers = 0; asked.length > 0; answers++) {
      expect(answers).toBeLessThan(200);
      answer();
    }
    for (let talk = 0; talk < 6; talk++) {
      const found = new Map(lookup(directory, chainOf(talk, 0, 64)).map((holding) => [holding.node, holding]));
      for (let node = 0; node < 5; node++) {
        const expected = (naive[node] as Naive).prefix(talk, 64);
        expect(found.get(`w${node}`) ?? { hbm: 0, dram: 0, total: 0 }).toMatchObject(expected);
      }
    }
    const names = new Set(naive.flatMap((each) => [...each.hbm, ...each.dram]));
    expect(directory.table.used).toBe(names.size);
    if (names.size > 100) expect(tableBytes(directory.table) / names.size).toBeLessThanOrEqual(64);
  }));
}, 300_000);

const event = (op: 'stored' | 'removed', tier: Tier, chain: Uint8Array) => ({ op, tier, chain });

function grow(node: Naive, talk: number, to: number): BlockEvents['events'] {
  for (let i = 0; i < to; i++) node.hbm.add(key(nameOf(talk, i)));
  return [event('stored', 'hbm', chainOf(talk, 0, to))];
}

/** From the tail, and only what no other talk of the node still has resident behind it. */
function demote(node: Naive, talk: number, to: number): BlockEvents['events'] {
  const from = Math.max(to, siblingNeeds(node.hbm, talk));
  const held = node.prefix(talk, 64).hbm;
  if (from >= held) return [];
  for (let i = from; i < held; i++) { node.hbm.delete(key(nameOf(talk, i))); node.dram.add(key(nameOf(talk, i))); }
  return [event('stored', 'dram', chainOf(talk, from, held)), event('removed', 'hbm', chainOf(talk, from, held))];
}

function drop(node: Naive, talk: number, to: number): BlockEvents['events'] {
  const from = Math.max(to, siblingNeeds(node.hbm, talk), siblingNeeds(node.dram, talk));
  const held = node.prefix(talk, 64).total;
  if (from >= held) return [];
  for (let i = from; i < held; i++) { node.hbm.delete(key(nameOf(talk, i))); node.dram.delete(key(nameOf(talk, i))); }
  return [event('removed', 'hbm', chainOf(talk, from, held)), event('removed', 'dram', chainOf(talk, from, held))];
}

/** `dram` survives the process, but a block whose parent went with `hbm` is dropped: the node holds prefixes only. */
function restart(node: Naive): void {
  node.hbm.clear();
  const kept = new Set<string>();
  for (let talk = 0; talk < 6; talk++) for (let i = 0; i < node.prefix(talk, 64).dram; i++) kept.add(key(nameOf(talk, i)));
  for (const name of node.dram) if (!kept.has(name)) node.dram.delete(name);
}

/** Blocks 0 … 4 are shared with the sibling talk: they stay as long as its block 5 does. */
const siblingNeeds = (tier: ReadonlySet<string>, talk: number): number => (tier.has(key(nameOf(talk ^ 1, 5))) ? 5 : 0);

const partCount = 3;

/** Part `from` of three. */
function snapshotOf(node: Naive, from: number): BlockEvents['events'] {
  const bytesOf = (name: string): number[] => name.split(',').map(Number);
  const chain = (names: ReadonlySet<string>): Uint8Array => Uint8Array.from([...names].map(bytesOf).filter((name) => name.reduce((sum, byte) => sum + byte, 0) % partCount === from).flat());
  return [event('stored', 'hbm', chain(node.hbm)), event('stored', 'dram', chain(node.dram))];
}
