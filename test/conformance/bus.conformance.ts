import { describe, expect, test } from 'vitest';
import type { LogEntry, Message } from '../../actors/lib/ports.ts';
import { type Rig, type Stage, bytesOf, refusal, textOf } from './stage.ts';

/** What hosts rely on. Runs on the real nats-server and on the simulated one, so that the simulated is never kinder. */
export function busConformance(name: string, rig: Rig): void {
  const it = (title: string, body: (stage: Stage) => Promise<void>): void => { test(title, () => rig.play(body)); };

  describe(`${name}: publish and read`, () => {
    it('publish: entries get growing sequences and come back with bytes, headers and time', async (stage) => {
      const { bus } = await stage.open('a');
      const first = await bus.publish('sw.v1.r.in.3.tr_a', bytesOf('one'), { headers: { traceparent: '00-ab-cd-01', 'content-type': 'application/json' } });
      const second = await bus.publish('sw.v1.r.in.3.tr_b', bytesOf('two'));
      expect(first.isDuplicate).toBe(false);
      expect(second.seq).toBeGreaterThan(first.seq);
      const entry = await bus.get('in', first.seq);
      expect(entry?.subject).toBe('sw.v1.r.in.3.tr_a');
      expect(textOf(entry!.bytes)).toBe('one');
      expect(entry?.headers).toEqual({ traceparent: '00-ab-cd-01', 'content-type': 'application/json' });
      expect(entry?.seq).toBe(first.seq);
      expect(Math.abs(entry!.atMs - stage.nowMs())).toBeLessThan(5_000);
      expect((await bus.get('in', second.seq))?.headers).toEqual({});
    });

    it('get: a sequence that is not there is null', async (stage) => {
      const { bus } = await stage.open('a');
      expect(await bus.get('in', 1)).toBeNull();
      await bus.publish('sw.v1.r.in.1.t', bytesOf('x'));
      expect(await bus.get('in', 99)).toBeNull();
    });

    it('getLast: the newest of a subject, null when there was none; on leader-read and replica-read streams', async (stage) => {
      const { bus } = await stage.open('a');
      for (const [stream, subject] of [['state', 'sw.v1.r.state.1.t'], ['ctx', 'sw.v1.r.ctx.acme.00ff'], ['in', 'sw.v1.r.in.1.t']] as const) {
        expect(await bus.getLast(stream, subject)).toBeNull();
        await bus.publish(subject, bytesOf('old'), { id: `${stream}-1` });
        const stored = await bus.publish(subject, bytesOf('new'), { id: `${stream}-2` });
        const entry = await bus.getLast(stream, subject);
        expect([textOf(entry!.bytes), entry!.seq, entry!.headers]).toEqual(['new', stored.seq, {}]);
      }
    });

    it('one per subject: an older state is gone when a newer one is stored', async (stage) => {
      const { bus } = await stage.open('a');
      const old = await bus.publish('sw.v1.r.state.1.t', bytesOf('old'));
      await bus.publish('sw.v1.r.state.1.t', bytesOf('new'));
      expect(await bus.get('state', old.seq)).toBeNull();
    });

    it('loadLast: an empty match is empty at once', async (stage) => {
      const { bus } = await stage.open('a');
      const startMs = stage.nowMs();
      expect(await bus.loadLast('state', 'sw.v1.r.state.7.*')).toEqual([]);
      await bus.publish('sw.v1.r.state.8.t', bytesOf('x'));
      expect(await bus.loadLast('state', 'sw.v1.r.state.7.*')).toEqual([]);
      expect(stage.nowMs() - startMs).toBeLessThan(1_500);
    });

    it('loadLast: one entry for each subject that matches, the newest, in order of sequence', async (stage) => {
      const { bus } = await stage.open('a');
      const publishes: Promise<unknown>[] = [];
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 300; i++) publishes.push(bus.publish(`sw.v1.r.state.4.t${i}`, bytesOf(`${round}`)));
        for (let i = 0; i < 20; i++) publishes.push(bus.publish(`sw.v1.r.state.5.t${i}`, bytesOf('other')));
      }
      await Promise.all(publishes);
      const found = await bus.loadLast('state', 'sw.v1.r.state.4.*');
      expect(found.length).toBe(300);
      expect(new Set(found.map((entry) => entry.subject)).size).toBe(300);
      expect(found.every((entry) => textOf(entry.bytes) === '2')).toBe(true);
      expect(found.map((entry) => entry.seq)).toEqual(found.map((entry) => entry.seq).toSorted((a, b) => a - b));
    });

    it('loadLast: is complete and consistent while the same subjects are being written', async (stage) => {
      const { bus } = await stage.open('a');
      const writer = await stage.open('b');
      for (let i = 0; i < 50; i++) await bus.publish(`sw.v1.r.state.4.t${i}`, bytesOf('0'));
      let isDone = false;
      const write = async (): Promise<void> => {
        for (let round = 1; !isDone; round++) for (let i = 0; i < 50; i++) await writer.bus.publish(`sw.v1.r.state.4.t${i}`, bytesOf(`${round}`));
      };
      const writing = write();
      for (let k = 0; k < 5; k++) expect((await bus.loadLast('state', 'sw.v1.r.state.4.*')).length).toBe(50);
      isDone = true;
      await writing;
    });

    it('publish: more bytes than a message may have is too_large', async (stage) => {
      const { bus } = await stage.open('a');
      expect(await refusal(bus.publish('sw.v1.r.in.1.t', new Uint8Array(1_000_001)))).toBe('too_large');
      expect(await refusal(bus.publish('sw.v1.r.in.1.t', new Uint8Array(3_000_000)))).toBe('too_large');
      expect(await refusal(bus.publish('sw.v1.r.in.1.t', new Uint8Array(900_000)))).toBeNull();
    });

    it('publish: a subject that no stream stores is no_answer by the deadline', async (stage) => {
      const { bus } = await stage.open('a');
      const startMs = stage.nowMs();
      expect(await refusal(bus.publish('sw.v1.elsewhere.in.1.t', bytesOf('x'), { deadlineMs: 300 }))).toBe('no_answer');
      expect(stage.nowMs() - startMs).toBeLessThan(1_000);
    });
  });

  describe(`${name}: compare-and-set`, () => {
    it('expectLast: 0 stores what is new, the last sequence replaces, anything else is refused and changes nothing', async (stage) => {
      const { bus } = await stage.open('a');
      const subject = 'sw.v1.r.state.1.t';
      const first = await bus.publish(subject, bytesOf('1'), { expectLast: 0 });
      expect(await refusal(bus.publish(subject, bytesOf('again'), { expectLast: 0 }))).toBe('wrong_last_sequence');
      await bus.publish('sw.v1.r.state.1.other', bytesOf('in between'));
      const second = await bus.publish(subject, bytesOf('2'), { expectLast: first.seq });
      expect(await refusal(bus.publish(subject, bytesOf('zombie'), { expectLast: first.seq }))).toBe('wrong_last_sequence');
      expect(await refusal(bus.publish(subject, bytesOf('ahead'), { expectLast: second.seq + 1 }))).toBe('wrong_last_sequence');
      expect(textOf((await bus.getLast('state', subject))!.bytes)).toBe('2');
    });

    it('expectLast: of two writers at the same moment exactly one wins', async (stage) => {
      const a = await stage.open('a'), b = await stage.open('b');
      for (let round = 0; round < 10; round++) {
        const subject = `sw.v1.r.state.1.t${round}`;
        const codes = await Promise.all([a, b].map(({ bus }) => refusal(bus.publish(subject, bytesOf('x'), { expectLast: 0 }))));
        expect(codes.filter((code) => code === null).length).toBe(1);
        expect(codes.filter((code) => code === 'wrong_last_sequence').length).toBe(1);
      }
    });

    it('expectLast: after a purge of the subject 0 is right again', async (stage) => {
      const { bus } = await stage.open('a');
      const subject = 'sw.v1.r.state.1.t';
      const before = await bus.publish(subject, bytesOf('1'), { expectLast: 0 });
      await stage.purge('state', subject);
      expect(await bus.getLast('state', subject)).toBeNull();
      expect(await refusal(bus.publish(subject, bytesOf('2'), { expectLast: before.seq }))).toBe('wrong_last_sequence');
      const after = await bus.publish(subject, bytesOf('2'), { expectLast: 0 });
      expect(after.seq).toBeGreaterThan(before.seq);
    });

    it('id: the same id is stored once and says where', async (stage) => {
      const { bus } = await stage.open('a');
      const other = await stage.open('b');
      const first = await bus.publish('sw.v1.r.in.1.t', bytesOf('x'), { id: 'step-1' });
      const again = await other.bus.publish('sw.v1.r.in.1.t', bytesOf('x'), { id: 'step-1' });
      expect(again).toEqual({ seq: first.seq, isDuplicate: true });
      expect(await bus.get('in', first.seq + 1)).toBeNull();
    });

    it('id: expectLast is looked at before the id: a repeated save is a conflict, to be settled by reading back', async (stage) => {
      const { bus } = await stage.open('a');
      const first = await bus.publish('sw.v1.r.state.1.t', bytesOf('x'), { id: 's-1', expectLast: 0 });
      expect(await refusal(bus.publish('sw.v1.r.state.1.t', bytesOf('x'), { id: 's-1', expectLast: 0 }))).toBe('wrong_last_sequence');
      expect(await bus.publish('sw.v1.r.state.1.t', bytesOf('x'), { id: 's-1', expectLast: first.seq })).toEqual({ seq: first.seq, isDuplicate: true });
    });

    it('id: what is known counts as stored even when the stream is full', async (stage) => {
      const { bus } = await stage.open('a');
      for (let i = 0; i < 8; i++) await bus.publish('sw.step.acme', bytesOf(`${i}`), { id: `k-${i}` });
      expect((await bus.publish('sw.step.acme', bytesOf('0'), { id: 'k-0' })).isDuplicate).toBe(true);
      expect(await refusal(bus.publish('sw.step.acme', bytesOf('new'), { id: 'k-8' }))).toBe('stream_full');
    });

    it('id: a refused message leaves its id free', async (stage) => {
      const { bus } = await stage.open('a');
      const first = await bus.publish('sw.v1.r.state.1.t', bytesOf('x'), { expectLast: 0 });
      expect(await refusal(bus.publish('sw.v1.r.state.1.t', bytesOf('y'), { id: 's-1', expectLast: first.seq + 5 }))).toBe('wrong_last_sequence');
      expect((await bus.publish('sw.v1.r.state.1.t', bytesOf('y'), { id: 's-1', expectLast: first.seq })).isDuplicate).toBe(false);
    });
  });

  describe(`${name}: readLog`, () => {
    it('readLog: from a cursor, in order, only what matches, while others publish', async (stage) => {
      const { bus } = await stage.open('a');
      const writer = await stage.open('b');
      const mine: number[] = [];
      for (let i = 0; i < 40; i++) {
        const stored = await writer.bus.publish(`sw.v1.r.in.${i % 2}.t${i % 5}`, bytesOf(`${i}`));
        if (i % 2 === 0) mine.push(stored.seq);
      }
      const from = mine[7]!;
      const seen: LogEntry[] = [];
      const reader = bus.readLog('in', 'sw.v1.r.in.0.*', from, (entry) => { seen.push(entry); });
      for (let i = 40; i < 80; i++) {
        const stored = await writer.bus.publish(`sw.v1.r.in.${i % 2}.t${i % 5}`, bytesOf(`${i}`));
        if (i % 2 === 0) mine.push(stored.seq);
      }
      await stage.until('all of them', () => seen.length >= mine.length - 7);
      expect(seen.map((entry) => entry.seq)).toEqual(mine.slice(7));
      expect(seen.map((entry) => textOf(entry.bytes))).toEqual(mine.slice(7).map((_, i) => `${(i + 7) * 2}`));
      reader.stop();
    });

    it('readLog: two readers each get everything; one that is stopped gets nothing more', async (stage) => {
      const { bus } = await stage.open('a');
      const seen: [number[], number[]] = [[], []];
      const first = bus.readLog('in', 'sw.v1.r.in.1.*', 1, (entry) => { seen[0].push(entry.seq); });
      const second = bus.readLog('in', 'sw.v1.r.in.1.*', 1, (entry) => { seen[1].push(entry.seq); });
      await bus.publish('sw.v1.r.in.1.t', bytesOf('1'));
      await stage.until('both', () => seen[0].length === 1 && seen[1].length === 1);
      first.stop();
      await bus.publish('sw.v1.r.in.1.t', bytesOf('2'));
      await stage.until('the other', () => seen[1].length === 2);
      expect(seen[0].length).toBe(1);
      second.stop();
    });

    it('readLog: can be stopped from within its own entry, and from 0 or beyond the end', async (stage) => {
      const { bus } = await stage.open('a');
      for (let i = 0; i < 5; i++) await bus.publish('sw.v1.r.in.1.t', bytesOf(`${i}`));
      const seen: number[] = [], late: number[] = [];
      const reader = bus.readLog('in', 'sw.v1.r.in.1.*', 0, (entry) => { seen.push(entry.seq); if (seen.length === 2) reader.stop(); });
      bus.readLog('in', 'sw.v1.r.in.1.*', 7, (entry) => { late.push(entry.seq); });
      await stage.until('two', () => seen.length === 2);
      await bus.publish('sw.v1.r.in.1.t', bytesOf('6'));
      await bus.publish('sw.v1.r.in.1.t', bytesOf('7'));
      await stage.until('the late one', () => late.length === 1);
      expect(late).toEqual([7]);
      expect(seen.length).toBe(2);
    });

    it('readLog: the server dies and comes back: no gap, no repetition', async (stage) => {
      const { bus } = await stage.open('a');
      const writer = await stage.open('b');
      const seen: number[] = [];
      bus.readLog('in', 'sw.v1.r.in.1.*', 1, (entry) => { seen.push(entry.seq); });
      for (let i = 0; i < 20; i++) await writer.bus.publish('sw.v1.r.in.1.t', bytesOf(`${i}`));
      await stage.until('the first ones', () => seen.length >= 10);
      await stage.restartServer();
      for (let i = 0; i < 20; i++) await stage.until('stored', async () => (await refusal(writer.bus.publish('sw.v1.r.in.1.t', bytesOf(`${i}`), { id: `after-${i}`, deadlineMs: 1_000 }))) === null);
      await stage.until('all', () => seen.length >= 40, 10_000);
      expect(seen).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    });

    it('memory stream: is read like a log; after the server died it is empty, begins at 1, and its reader follows', async (stage) => {
      const { bus } = await stage.open('a');
      const seen: string[] = [];
      bus.readLog('out', 'sw.v1.r.out.*', 1, (entry) => { seen.push(`${entry.seq} ${textOf(entry.bytes)}`); });
      for (let i = 1; i <= 3; i++) await bus.publish('sw.v1.r.out.tr_a/1', bytesOf(`before ${i}`));
      await stage.until('three', () => seen.length === 3);
      await stage.restartServer();
      await stage.until('stored', async () => (await refusal(bus.publish('sw.v1.r.out.tr_a/1', bytesOf('after'), { id: 'after', deadlineMs: 1_000 }))) === null);
      await stage.until('followed', () => seen.length === 4, 10_000);
      expect(seen).toEqual(['1 before 1', '2 before 2', '3 before 3', '1 after']);
    });
  });

  describe(`${name}: core messages`, () => {
    it('request: nobody there is null, well before the deadline', async (stage) => {
      const { bus } = await stage.open('a');
      const startMs = stage.nowMs();
      expect(await bus.request('sw.v1.r.who.1', bytesOf('?'), 5_000)).toBeNull();
      expect(stage.nowMs() - startMs).toBeLessThan(2_000);
    });

    it('request: is answered by whoever serves; null from the handler leaves it unanswered until the deadline', async (stage) => {
      const a = await stage.open('a'), b = await stage.open('b');
      const asked: Message[] = [];
      const service = b.bus.serve('sw.v1.r.order.*', async (message) => {
        asked.push(message);
        return textOf(message.bytes) === 'silence' ? null : bytesOf(`${textOf(message.bytes)}!`);
      });
      await stage.until('answered', async () => (await a.bus.request('sw.v1.r.order.w1', bytesOf('go'), 500, { traceparent: '00-1' })) !== null);
      expect(textOf((await a.bus.request('sw.v1.r.order.w1', bytesOf('run'), 500, { traceparent: '00-1' }))!)).toBe('run!');
      expect([asked.at(-1)!.subject, asked.at(-1)!.headers]).toEqual(['sw.v1.r.order.w1', { traceparent: '00-1' }]);
      const startMs = stage.nowMs();
      expect(await a.bus.request('sw.v1.r.order.w1', bytesOf('silence'), 200)).toBeNull();
      expect(stage.nowMs() - startMs).toBeGreaterThanOrEqual(190);
      service.stop();
      await stage.until('gone', async () => (await a.bus.request('sw.v1.r.order.w1', bytesOf('run'), 200)) === null);
    });

    it('request: an answer after the deadline is dropped, others are not held up', async (stage) => {
      const a = await stage.open('a'), b = await stage.open('b');
      const late = Promise.withResolvers<void>();
      b.bus.serve('sw.v1.r.order.w1', async (message) => {
        if (textOf(message.bytes) === 'slow') await late.promise;
        return message.bytes;
      });
      await stage.until('there', async () => (await a.bus.request('sw.v1.r.order.w1', bytesOf('x'), 500)) !== null);
      const slow = a.bus.request('sw.v1.r.order.w1', bytesOf('slow'), 200);
      expect(textOf((await a.bus.request('sw.v1.r.order.w1', bytesOf('fast'), 500))!)).toBe('fast');
      expect(await slow).toBeNull();
      late.resolve();
      expect(textOf((await a.bus.request('sw.v1.r.order.w1', bytesOf('after'), 500))!)).toBe('after');
    });

    it('emit: reaches every listener whose filter matches, in order, with headers', async (stage) => {
      const a = await stage.open('a'), b = await stage.open('b');
      const all: Message[] = [], one: Message[] = [], own: Message[] = [];
      b.bus.listen('sw.v1.r.beat.*', (message) => { all.push(message); });
      const narrow = b.bus.listen('sw.v1.r.beat.w1', (message) => { one.push(message); });
      a.bus.listen('sw.v1.r.beat.w1', (message) => { own.push(message); });
      await stage.until('heard', () => { a.bus.emit('sw.v1.r.beat.probe', bytesOf('?')); return all.length > 0; });
      await stage.until('quiet', async () => { const before = all.length; await stage.pass(50); return all.length === before; });
      all.length = 0;
      for (let i = 0; i < 100; i++) a.bus.emit(`sw.v1.r.beat.w${i % 2}`, bytesOf(`${i}`), { n: `${i}` });
      await stage.until('all', () => all.length === 100 && one.length === 50 && own.length === 50);
      expect(all.map((message) => Number(textOf(message.bytes)))).toEqual(Array.from({ length: 100 }, (_, i) => i));
      expect(all.every((message) => message.headers['n'] === textOf(message.bytes))).toBe(true);
      narrow.stop();
      a.bus.emit('sw.v1.r.beat.w1', bytesOf('last'));
      await stage.until('last', () => all.length === 101);
      expect(one.length).toBe(50);
    });

    it('emit: what belongs to a stream is stored there; what is published is heard by listeners too, stored or refused', async (stage) => {
      const { bus } = await stage.open('a');
      const heard: string[] = [], logged: string[] = [];
      bus.listen('sw.v1.r.state.1.*', (message) => { heard.push(textOf(message.bytes)); });
      bus.readLog('evt', 'sw.v1.r.evt.*.*', 1, (entry) => { logged.push(textOf(entry.bytes)); });
      bus.emit('sw.v1.r.evt.1.tr_a', bytesOf('moved'));
      await stage.until('logged', () => logged.length === 1);
      await bus.publish('sw.v1.r.state.1.t', bytesOf('kept'), { expectLast: 0 });
      expect(await refusal(bus.publish('sw.v1.r.state.1.t', bytesOf('refused'), { expectLast: 0 }))).toBe('wrong_last_sequence');
      await stage.until('heard', () => heard.length === 2);
      expect([logged, heard]).toEqual([['moved'], ['kept', 'refused']]);
    });
  });
}
