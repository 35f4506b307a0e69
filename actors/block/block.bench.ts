import type { BlockEvents } from '../../schemas/messages.ts';
import type { Instant } from '../lib/logic.ts';
import { blockDirectory, emptyDirectory } from './block.ts';
import { lookup } from './lookup.ts';
import { tableBytes } from './table.ts';

/**
 * `node actors/block/block.bench.ts`: block events a second into a directory, microseconds for the look-up of a
 * 6,000-block chain (384,000 tokens) and bytes a block, as bench lines. One core, caches as they come.
 */
const nodes = 8;
const chains = 170;
const blocks = 6_000;
const now = 0 as Instant;
let word = 1;
/** Xorshift: names that are spread like real ones. */
const random = (): number => { word ^= word << 13; word ^= word >>> 17; word ^= word << 5; return word >>> 0; };
const names = Array.from({ length: chains }, () => new Uint8Array(Uint32Array.from({ length: blocks * 4 }, random).buffer));

const directory = emptyDirectory();
const seqs = new Array<number>(nodes).fill(0);
function send(node: number, events: BlockEvents['events'], isSnapshot = false): number {
  const seq = seqs[node] as number;
  seqs[node] = seq + 1;
  blockDirectory.step(directory, { kind: 'blocks', batch: { kind: 'blockEvents', node: `w${node}`, epoch: 1, seq, isSnapshot, events, from: 0, next: 0 } }, now);
  return events.reduce((sum, event) => sum + event.chain.length / 16, 0);
}
for (let node = 0; node < nodes; node++) send(node, [], true);

/** Chain i lives on node i mod 8, its tail in dram; every tenth is held by a second node, half as far. */
function fill(op: 'stored' | 'removed'): number {
  let events = 0;
  for (const [i, chain] of names.entries()) {
    for (let from = 0; from < blocks; from += 500) {
      const part = chain.subarray(from * 16, (from + 500) * 16);
      events += send(i % nodes, [{ op, tier: from < 4_000 ? 'hbm' : 'dram', chain: part }]);
      if (i % 10 === 0 && from < 3_000) events += send((i + 1) % nodes, [{ op, tier: 'hbm', chain: part }]);
    }
  }
  return events;
}

const line = (name: string, metric: string, value: number): void => console.log(JSON.stringify({ case: name, metric, value: Number(value.toPrecision(4)) }));
fill('stored');
fill('removed');
const started = performance.now();
const events = fill('stored') + fill('removed') + fill('stored');
line('block-events', 'events_per_s', events / ((performance.now() - started) / 1_000));
line('block-bytes', 'bytes_per_block', tableBytes(directory.table) / directory.table.used);
line('block-bytes', 'blocks', directory.table.used);

const times: number[] = [];
let found = 0;
for (let round = 0; round < 40; round++) {
  for (const chain of names) {
    const before = performance.now();
    found += lookup(directory, chain).length;
    times.push((performance.now() - before) * 1_000);
  }
}
times.sort((a, b) => a - b);
line('lookup-6000', 'us', times[times.length >> 1] as number);
line('lookup-6000', 'p95_us', times[Math.floor(times.length * 0.95)] as number);
line('lookup-6000', 'holders_per_chain', found / times.length);
