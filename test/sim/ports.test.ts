import { describe, expect, test } from 'vitest';
import { BusFault, type Lease, type LogEntry, type Ports } from '../../actors/lib/ports.ts';
import { streamTable } from '../../infra/nats/streams.ts';
import { simPorts } from './bus.ts';
import { SimWorld } from './clock.ts';
import { type Faults, drawFaults, noFaults } from './faults.ts';
import { Random } from './random.ts';
import { SimServer } from './server.ts';

const table = streamTable('r');
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function worldOf(faults: Partial<Faults>, seed = 1): { world: SimWorld; server: SimServer; open: (name: string) => Ports } {
  const world = new SimWorld(seed, { ...noFaults, ...faults });
  const server = new SimServer(world, table);
  return { world, server, open: (name) => simPorts(server, world.start(name)) };
}

/** What became of a promise, without waiting for it. */
function watch<T>(promise: Promise<T>): { state: 'waiting' | 'done' | 'failed'; value?: T; fault?: unknown } {
  const seen: { state: 'waiting' | 'done' | 'failed'; value?: T; fault?: unknown } = { state: 'waiting' };
  promise.then((value) => { seen.state = 'done'; seen.value = value; }, (fault: unknown) => { seen.state = 'failed'; seen.fault = fault; });
  return seen;
}

/** Two processes that write, read, ask and hold a lease, with crashes and pauses: a bit of everything. */
async function play(seed: number): Promise<{ hash: number; events: number; faults: Faults }> {
  const world = new SimWorld(seed);
  const server = new SimServer(world, table);
  const run = async (name: string): Promise<void> => {
    const { bus, clock, leases } = simPorts(server, world.start(name));
    bus.readLog('in', 'sw.v1.r.in.*.*', 1, (entry) => { if (entry.seq % 3 === 0) bus.emit('sw.v1.r.beat.x', entry.bytes); });
    bus.serve('sw.v1.r.order.*', async (message) => message.bytes);
    bus.listen('sw.v1.r.beat.*', () => {});
    bus.consume('step', 'gateway', { inFlightMax: 2, ackWaitMs: 500 }, (task) => { if (task.seq % 2 === 0) task.ack(); else task.putBack(50); });
    let lease: Lease | null = null;
    for (let i = 0; ; i++) {
      await bus.publish(`sw.v1.r.in.${i % 4}.t`, bytes(`${name} ${i}`), { id: `${name}-${i}`, deadlineMs: 500 }).catch(() => {});
      const last = await bus.getLast('state', 'sw.v1.r.state.1.t').catch(() => null);
      await bus.publish('sw.v1.r.state.1.t', bytes(`${i}`), { expectLast: last?.seq ?? 0, deadlineMs: 500 }).catch(() => {});
      await bus.publish('sw.step.a', bytes(`${i}`), { deadlineMs: 200 }).catch(() => {});
      await bus.request('sw.v1.r.order.w', bytes('?'), 100);
      lease = lease === null ? await leases.acquire('p', name, 1_000) : await leases.renew(lease, 1_000);
      await new Promise<void>((next) => { clock.alarm(clock.now() + 20, next); });
    }
  };
  for (const name of ['a', 'b']) void run(name);
  for (let k = 1; k <= 3; k++) {
    world.after(k * 700, 'crash', () => { void run('a'); });
    world.after(k * 500, 'pause', () => world.process('b')?.pause());
    world.after(k * 500 + 1_200, 'resume', () => world.process('b')?.resume());
  }
  world.after(1_800, 'restart', () => server.restart(200));
  await world.run({ forMs: 3_000 });
  world.heal();
  await world.run({ forMs: 1_000 });
  return { hash: world.hash, events: world.eventsRun, faults: world.faults };
}

describe('one seed', () => {
  test('the same seed gives the same events, another seed others', async () => {
    const hashes = new Set<number>();
    for (let seed = 0; seed < 12; seed++) {
      const first = await play(seed), second = await play(seed);
      expect(second).toEqual(first);
      expect(first.events).toBeGreaterThan(100);
      hashes.add(first.hash);
    }
    expect(hashes.size).toBe(12);
  });

  test('drawFaults: over many seeds every fault is on in some and off in others', () => {
    const drawn = Array.from({ length: 200 }, (_, seed) => drawFaults(new Random(seed)));
    for (const key of ['slow', 'coreDrop', 'coreDuplicate', 'coreReorder', 'publishLost', 'publishAnswerLost', 'staleRead', 'staleLeaderRead', 'alarmLate', 'alarmAfterCancel', 'lingerMsMax', 'leaseLateMsMax', 'clockSkewMsMax'] as const) {
      const on = drawn.filter((faults) => faults[key] > 0).length;
      expect([key, on > 40, on < 190]).toEqual([key, true, true]);
    }
    expect(new Set(drawn.map((faults) => faults.duplicateWindowMs)).size).toBe(3);
  });
});

describe('processes', () => {
  test('crash: its promises never settle, its alarms and subscriptions are gone; what it had sent arrives', async () => {
    const { world, server, open } = worldOf({});
    const a = open('a'), b = open('b');
    const heard: string[] = [];
    a.bus.listen('sw.v1.r.beat.*', () => heard.push('beat'));
    a.clock.alarm(world.now + 50, () => heard.push('alarm'));
    a.bus.readLog('in', 'sw.v1.r.in.*.*', 1, () => heard.push('entry'));
    await world.run({ forMs: 10 });
    const sent = watch(a.bus.publish('sw.v1.r.in.1.t', bytes('x')));
    world.process('a')?.crash();
    b.bus.emit('sw.v1.r.beat.b', bytes('x'));
    await world.run({ forMs: 20_000 });
    expect([sent.state, heard, server.stream('in').messages]).toEqual(['waiting', [], 1]);
    expect(watch(a.bus.getLast('in', 'sw.v1.r.in.1.t')).state).toBe('waiting');
  });

  test('start again: a new incarnation has new ports, the old one stays silent', async () => {
    const { world, open } = worldOf({});
    const before = open('a');
    const after = open('a');
    expect(world.process('a')?.incarnation).toBe(2);
    const old = watch(before.bus.publish('sw.v1.r.in.1.t', bytes('old')));
    const fresh = watch(after.bus.publish('sw.v1.r.in.1.t', bytes('new')));
    await world.run({ forMs: 10_000 });
    expect([old.state, fresh.state]).toEqual(['waiting', 'done']);
  });

  test('pause: nothing reaches the zombie while the others go on; on resume it sees all of it, lease long gone', async () => {
    const { world, open } = worldOf({});
    const zombie = open('zombie'), other = open('other');
    const lease = watch(zombie.leases.acquire('p', 'zombie', 1_000));
    await world.run({ forMs: 10 });
    const seen: LogEntry[] = [], alarms: number[] = [];
    zombie.bus.readLog('in', 'sw.v1.r.in.*.*', 1, (entry) => { seen.push(entry); });
    zombie.clock.alarm(world.now + 100, () => { alarms.push(world.elapsedMs); });
    const save = watch(zombie.bus.publish('sw.v1.r.state.1.t', bytes('zombie'), { expectLast: 0, deadlineMs: 300 }));
    world.process('zombie')?.pause();
    await world.run({ forMs: 2_000 });
    const taken = watch(other.leases.acquire('p', 'other', 1_000));
    const entry = watch(other.bus.publish('sw.v1.r.in.1.t', bytes('x')));
    await world.run({ forMs: 500 });
    expect([save.state, seen.length, alarms.length, taken.state, entry.state]).toEqual(['waiting', 0, 0, 'done', 'done']);
    expect(taken.value!.epoch).toBeGreaterThan(lease.value!.epoch);
    world.process('zombie')?.resume();
    const renewed = watch(zombie.leases.renew(lease.value!, 1_000));
    await world.run({ forMs: 100 });
    expect([save.state === 'waiting', seen.length, alarms.length, renewed.value]).toEqual([false, 1, 1, null]);
  });

  test('linger: the server asks a dead process for a while, nobody answers before the deadline', async () => {
    const { world, open } = worldOf({ lingerMsMax: 1_000 }, 5);
    const a = open('a'), b = open('b');
    b.bus.serve('sw.v1.r.order.b', async () => bytes('yes'));
    await world.run({ forMs: 10 });
    world.process('b')?.crash();
    const startMs = world.now;
    let answeredMs = 0;
    void a.bus.request('sw.v1.r.order.b', bytes('?'), 400).then(() => { answeredMs = world.now - startMs; });
    await world.run({ forMs: 1_000 });
    expect(answeredMs).toBe(400);
    expect(await settled(world, a.bus.request('sw.v1.r.order.b', bytes('?'), 400))).toBeNull();
  });
});

async function settled<T>(world: SimWorld, promise: Promise<T>): Promise<T> {
  const seen = watch(promise);
  if (!await world.run({ isDone: () => seen.state !== 'waiting' })) throw new Error('never settled');
  if (seen.state === 'failed') throw seen.fault;
  return seen.value as T;
}

describe('faults, each alone', () => {
  test('publishAnswerLost: no_answer at the deadline, yet stored', async () => {
    const { world, server, open } = worldOf({ publishAnswerLost: 1 });
    await expect(settled(world, open('a').bus.publish('sw.v1.r.in.1.t', bytes('x'), { deadlineMs: 300 }))).rejects.toMatchObject({ code: 'no_answer' });
    expect([Math.round(world.elapsedMs), server.stream('in').messages]).toEqual([300, 1]);
  });

  test('publishLost: no_answer at the deadline, and not stored', async () => {
    const { world, server, open } = worldOf({ publishLost: 1 });
    await expect(settled(world, open('a').bus.publish('sw.v1.r.in.1.t', bytes('x'), { deadlineMs: 300 }))).rejects.toBeInstanceOf(BusFault);
    await world.run({ forMs: 10_000 });
    expect(server.stream('in').messages).toBe(0);
  });

  test('slow: stored long after the deadline', async () => {
    const { world, server, open } = worldOf({ slow: 1, slowMsMax: 8_000 }, 3);
    await expect(settled(world, open('a').bus.publish('sw.v1.r.in.1.t', bytes('x'), { deadlineMs: 20 }))).rejects.toMatchObject({ code: 'no_answer' });
    expect(server.stream('in').messages).toBe(0);
    await world.run({ forMs: 10_000 });
    expect(server.stream('in').messages).toBe(1);
  });

  test('staleRead: a replica misses what is newer than its lag, never more; the leader only with its own fault', async () => {
    const { world, open } = worldOf({ staleRead: 1, staleMsMax: 500 });
    const { bus } = open('a');
    for (const [stream, subject] of [['ctx', 'sw.v1.r.ctx.t.1'], ['state', 'sw.v1.r.state.1.t']] as const) {
      await settled(world, bus.publish(subject, bytes('old')));
      await world.run({ forMs: 1_000 });
      await settled(world, bus.publish(subject, bytes('new')));
      const soon = new Set<string>();
      for (let i = 0; i < 20; i++) soon.add(new TextDecoder().decode((await settled(world, bus.getLast(stream, subject)))!.bytes));
      expect([stream, soon.has('old')]).toEqual([stream, stream === 'ctx']);
      await world.run({ forMs: 600 });
      for (let i = 0; i < 20; i++) expect(new TextDecoder().decode((await settled(world, bus.getLast(stream, subject)))!.bytes)).toBe('new');
    }
  });

  test('duplicateWindowMs 0: the same id is stored twice', async () => {
    const { world, server, open } = worldOf({ duplicateWindowMs: 0 });
    const { bus } = open('a');
    for (let i = 0; i < 2; i++) await settled(world, bus.publish('sw.v1.r.in.1.t', bytes('x'), { id: 'same' }));
    expect(server.stream('in').messages).toBe(2);
  });

  test('core messages: dropped, doubled, out of order', async () => {
    const count = async (faults: Partial<Faults>): Promise<number[]> => {
      const { world, open } = worldOf({ delayMsMax: 20, ...faults });
      const a = open('a'), b = open('b');
      const heard: number[] = [];
      b.bus.listen('sw.v1.r.beat.a', (message) => { heard.push(Number(new TextDecoder().decode(message.bytes))); });
      await world.run({ forMs: 100 });
      for (let i = 0; i < 100; i++) a.bus.emit('sw.v1.r.beat.a', bytes(`${i}`));
      await world.run({ forMs: 1_000 });
      return heard;
    };
    const sorted = Array.from({ length: 100 }, (_, i) => i);
    expect(await count({})).toEqual(sorted);
    const dropped = await count({ coreDrop: 0.3 });
    expect(dropped.length).toBeLessThan(90);
    expect(dropped).toEqual(dropped.toSorted((x, y) => x - y));
    expect((await count({ coreDuplicate: 0.3 })).length).toBeGreaterThan(110);
    const reordered = await count({ coreReorder: 0.3 });
    expect(reordered).not.toEqual(sorted);
    expect(reordered.toSorted((x, y) => x - y)).toEqual(sorted);
  });

  test('alarms: late, after a cancel, never early', async () => {
    const { world, open } = worldOf({ alarmLate: 1, alarmLateMsMax: 100, alarmAfterCancel: 1, clockSkewMsMax: 50 });
    const { clock } = open('a');
    const fired: number[] = [];
    const atMs = clock.now() + 500;
    clock.alarm(atMs, () => { fired.push(clock.now() - atMs); });
    const cancelled = clock.alarm(atMs, () => { fired.push(clock.now() - atMs); });
    await world.run({ forMs: 450 });
    cancelled();
    await world.run({ forMs: 1_000 });
    expect(fired.length).toBe(2);
    expect(fired.every((lateMs) => lateMs >= 0 && lateMs <= 101)).toBe(true);
    const far = clock.alarm(clock.now() + 500, () => { fired.push(-1); });
    far();
    await world.run({ forMs: 1_000 });
    expect(fired).not.toContain(-1);
  });

  test('leaseLateMsMax: a lease may end later, never earlier', async () => {
    const { world, open } = worldOf({ leaseLateMsMax: 800 }, 7);
    const a = open('a'), b = open('b');
    await settled(world, a.leases.acquire('p', 'a', 1_000));
    const startMs = world.now;
    while (await settled(world, b.leases.acquire('p', 'b', 1_000)) === null) await world.run({ forMs: 10 });
    expect(world.now - startMs).toBeGreaterThan(1_000);
    expect(world.now - startMs).toBeLessThan(1_900);
  });

  test('restart: memory is lost, files stay, publishes meanwhile are answered or not by their deadline, core is silent', async () => {
    const { world, server, open } = worldOf({});
    const { bus } = open('a');
    const heard: string[] = [];
    bus.listen('sw.v1.r.beat.*', (message) => { heard.push(new TextDecoder().decode(message.bytes)); });
    await settled(world, bus.publish('sw.v1.r.in.1.t', bytes('x')));
    await settled(world, bus.publish('sw.v1.r.out.s', bytes('x')));
    server.restart(1_000);
    bus.emit('sw.v1.r.beat.a', bytes('lost'));
    await expect(settled(world, bus.publish('sw.v1.r.in.1.t', bytes('y'), { deadlineMs: 300 }))).rejects.toMatchObject({ code: 'no_answer' });
    await world.run({ forMs: 3_000 });
    bus.emit('sw.v1.r.beat.a', bytes('heard'));
    await world.run({ forMs: 100 });
    expect([server.stream('in').messages >= 1, server.stream('out').messages, heard]).toEqual([true, 0, ['heard']]);
  });
});

describe('bugs', () => {
  test('an exception in a handler fails the run', async () => {
    const { world, open } = worldOf({});
    const { bus, clock } = open('a');
    bus.listen('sw.v1.r.beat.*', () => { throw new Error('a bug in a listener'); });
    await world.run({ forMs: 10 });
    bus.emit('sw.v1.r.beat.a', bytes('x'));
    await expect(world.run({ forMs: 10 })).rejects.toThrow('a bug in a listener');
    bus.serve('sw.v1.r.order.a', async () => { throw new Error('a bug in a service'); });
    await world.run({ forMs: 10 });
    void bus.request('sw.v1.r.order.a', bytes('x'), 100);
    await expect(world.run({ forMs: 10 })).rejects.toThrow('a bug in a service');
    expect(clock.now()).toBeGreaterThan(0);
  });

  test('a world where nothing is left stands still and says so', async () => {
    const { world } = worldOf({});
    expect(await world.run({ isDone: () => false })).toBe(false);
  });
});
