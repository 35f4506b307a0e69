import { describe, expect, test } from 'vitest';
import type { Bus, Task } from '../../actors/lib/ports.ts';
import { type Rig, type Stage, bytesOf, refusal, textOf } from './stage.ts';

/** Steps wait in a work queue that several gateways share. */
export function queueConformance(name: string, rig: Rig): void {
  const it = (title: string, body: (stage: Stage) => Promise<void>): void => { test(title, () => rig.play(body)); };

  describe(`${name}: work queue`, () => {
    const fill = async (bus: Bus, count: number): Promise<void> => {
      for (let i = 0; i < count; i++) await bus.publish('sw.step.acme', bytesOf(`${i}`));
    };

    it('stream_full: a full queue refuses the publisher and takes again when there is room', async (stage) => {
      const { bus } = await stage.open('a');
      await fill(bus, 8);
      expect(await refusal(bus.publish('sw.step.acme', bytesOf('one too many')))).toBe('stream_full');
      const tasks: Task[] = [];
      bus.consume('step', 'gateway', { inFlightMax: 1, ackWaitMs: 5_000 }, (task) => { tasks.push(task); });
      await stage.until('one', () => tasks.length === 1);
      tasks[0]!.ack();
      await stage.until('room', async () => (await refusal(bus.publish('sw.step.acme', bytesOf('fits')))) === null);
    });

    it('consume: oldest first, not more than inFlightMax at once, gone when acknowledged', async (stage) => {
      const { bus } = await stage.open('a');
      await fill(bus, 6);
      const tasks: Task[] = [];
      const reader = bus.consume('step', 'gateway', { inFlightMax: 2, ackWaitMs: 20_000 }, (task) => { tasks.push(task); });
      await stage.until('two', () => tasks.length === 2);
      await stage.pass(300);
      expect(tasks.length).toBe(2);
      for (let i = 0; i < 6; i++) {
        await stage.until('next', () => tasks.length > i);
        tasks[i]!.ack();
      }
      expect(tasks.map((task) => textOf(task.bytes))).toEqual(['0', '1', '2', '3', '4', '5']);
      expect(tasks.every((task) => task.deliveries === 1)).toBe(true);
      await stage.until('empty', async () => (await bus.get('step', tasks[5]!.seq)) === null);
      reader.stop();
    });

    it('putBack: the task comes again after its delay, and counts', async (stage) => {
      const { bus } = await stage.open('a');
      await fill(bus, 1);
      const seen: { readonly deliveries: number; readonly atMs: number }[] = [];
      bus.consume('step', 'gateway', { inFlightMax: 4, ackWaitMs: 20_000 }, (task) => {
        seen.push({ deliveries: task.deliveries, atMs: stage.nowMs() });
        if (seen.length === 1) task.putBack(300);
        else task.ack();
      });
      await stage.until('twice', () => seen.length === 2);
      expect(seen.map((each) => each.deliveries)).toEqual([1, 2]);
      expect(seen[1]!.atMs - seen[0]!.atMs).toBeGreaterThanOrEqual(280);
    });

    it('redelivery: what is not acknowledged in time goes to another process', async (stage) => {
      const a = await stage.open('a'), b = await stage.open('b');
      await fill(a.bus, 1);
      const first: Task[] = [], second: Task[] = [];
      const silent = a.bus.consume('step', 'gateway', { inFlightMax: 1, ackWaitMs: 1_000 }, (task) => { first.push(task); });
      await stage.until('taken', () => first.length === 1);
      silent.stop();
      b.bus.consume('step', 'gateway', { inFlightMax: 1, ackWaitMs: 1_000 }, (task) => { second.push(task); });
      await stage.until('taken over', () => second.length === 1);
      expect([second[0]!.seq, second[0]!.deliveries]).toEqual([first[0]!.seq, 2]);
      second[0]!.ack();
      await stage.until('gone', async () => (await a.bus.get('step', second[0]!.seq)) === null);
    });

    it('keep: a task that is still worked on stays with its process beyond its time, and no longer', async (stage) => {
      const { bus } = await stage.open('a');
      await fill(bus, 1);
      const seen: { readonly task: Task; readonly atMs: number }[] = [];
      bus.consume('step', 'gateway', { inFlightMax: 2, ackWaitMs: 1_000 }, (task) => { seen.push({ task, atMs: stage.nowMs() }); });
      await stage.until('taken', () => seen.length === 1);
      for (let i = 0; i < 4; i++) {
        await stage.pass(500);
        seen[0]!.task.keep();
      }
      const keptAtMs = stage.nowMs();
      expect(seen.length).toBe(1);
      await stage.until('comes again', () => seen.length === 2);
      expect(seen[1]!.atMs - keptAtMs).toBeGreaterThanOrEqual(800);
      expect(seen[1]!.task.deliveries).toBe(2);
      seen[1]!.task.ack();
      await stage.until('gone', async () => (await bus.get('step', seen[1]!.task.seq)) === null);
    });

    it('consume: two processes share the queue, each task once', async (stage) => {
      const a = await stage.open('a'), b = await stage.open('b');
      const seen: string[] = [];
      for (const { bus } of [a, b]) bus.consume('step', 'gateway', { inFlightMax: 2, ackWaitMs: 20_000 }, (task) => { seen.push(textOf(task.bytes)); task.ack(); });
      for (let i = 0; i < 30; i++) await stage.until('room', async () => (await refusal(a.bus.publish('sw.step.acme', bytesOf(`${i}`), { id: `t${i}` }))) === null);
      await stage.until('all', () => seen.length >= 30);
      expect(seen.toSorted((x, y) => Number(x) - Number(y))).toEqual(Array.from({ length: 30 }, (_, i) => `${i}`));
    });
  });
}
