import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventQueue } from './event-queue.ts';
import { Heap } from './heap.ts';
import { TransferLine } from './transfer-line.ts';

test('event queue: by time, at one time by the order of asking, and what is asked for the past comes now, behind what is due already', () => {
  const events = new EventQueue(), seen: string[] = [];
  const at = (ms: number, name: string, more: () => void = () => {}) => events.at(ms, () => { seen.push(`${name}@${events.nowMs}`); more(); });
  at(20, 'c');
  at(10, 'a', () => { at(3, 'late'); at(10, 'again'); });
  at(10, 'b');
  at(15, 'off').isOff = true;
  while (events.next()) { /* all of them */ }
  expect(seen).toEqual(['a@10', 'b@10', 'late@10', 'again@10', 'c@20']);
  expect([events.next(), events.nowMs]).toEqual([false, 20]);
});

test('heap: items come out sorted whatever goes in, and what is not kept does not come', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 50 })), fc.integer({ min: 1, max: 4 }), (items, divisor) => {
    const heap = new Heap<number>((a, b) => a < b), isKept = (item: number): boolean => item % divisor === 0;
    for (const item of items) heap.push(item);
    heap.keep(isKept);
    const kept = items.filter(isKept).sort((a, b) => a - b);
    expect([heap.size, heap.first]).toEqual([kept.length, kept[0]]);
    expect(kept.map(() => heap.pop())).toEqual(kept);
    expect(heap.pop()).toBeUndefined();
  }));
});

test('transfer line: one after the other at full rate, the latency of one does not keep the line from the next', () => {
  const line = new TransferLine({ bytesPerS: 1_000, latencyMs: 5 });
  expect(line.waitMs(100, 0)).toBe(105);
  expect(line.start(100, 0)).toBe(105); // 100 ms on the line, then 5 on the way
  expect(line.start(200, 40)).toBe(305); // from 100 on, 200 ms, and 5
  expect(line.start(100, 1_000)).toBe(1_105);
  expect(line.bytes).toBe(400);
});

test('transfer line: without a bandwidth nothing ever arrives', () => {
  expect(new TransferLine({ bytesPerS: 0, latencyMs: 5 }).waitMs(1, 0)).toBe(Number.POSITIVE_INFINITY);
});
