import { describe, expect, test } from 'vitest';
import { decodeInbox, decodeWho, encodeWhoReply, isFault } from '../../schemas/codec.ts';
import type { StepAccepted, Who, WhoReply } from '../../schemas/messages.ts';
import { subjects } from '../../schemas/subjects.ts';
import { streamTable } from '../../infra/nats/streams.ts';
import { simPorts } from '../../test/sim/bus.ts';
import { SimWorld } from '../../test/sim/clock.ts';
import { noFaults } from '../../test/sim/faults.ts';
import { SimServer } from '../../test/sim/server.ts';
import { partitionOf, traceId } from '../lib/ids.ts';
import { limits } from '../lib/limits.ts';
import { Intake, type Intaken, type IntakeStep, type PreparedPrompt } from './intake.ts';

const names = subjects('r');
const trace = traceId(3, 'abc');
const pageName = 'ab'.repeat(16);
const hourMs = 3_600_000;

/** A prompt of one page and one token. */
const prompt: PreparedPrompt = {
  ref: { pages: [pageName], tail: Int32Array.of(7), tailChain: new Uint8Array(0), tokens: 4_097 },
  pages: [{ kind: 'page', parent: '', tokens: new Int32Array(4_096), chain: new Uint8Array(1_024) }], names: [pageName], roomTokens: 100,
};
const stepOf = (more: Partial<IntakeStep> = {}): IntakeStep => ({
  id: 'key-1', tenant: 'acme', model: 'm', trace, parent: null, seq: null, chain: ['11'.repeat(16), '22'.repeat(16)], firstUser: 1,
  sampling: { maxTokens: 8, temperature: 0, topP: 1, topK: 0, seed: 1n, stop: [], logprobs: -1 }, class: 'agent', deadlineMs: 60_000, headers: {}, ...more,
});

function stage() {
  const world = new SimWorld(1, noFaults);
  const server = new SimServer(world, streamTable('r'));
  const owner = simPorts(server, world.start('owner'));
  const intake = new Intake(simPorts(server, world.start('gateway')), names, () => traceId(5, 'minted'));
  const asked: Who[] = [];
  return {
    world, server, asked,
    /** The owner of the step's partition says that it is the trace's step `seq`; null: it says nothing. */
    own(seq: number | null): void {
      owner.bus.serve(names.who(3), async ({ bytes }) => {
        const who = decodeWho(bytes);
        if (isFault(who)) throw new Error(who.message);
        asked.push(who);
        const reply: WhoReply = { kind: 'whoReply', trace, parent: null, step: `${trace}/${seq}`, seq: seq ?? 0, lane: 'main', identity: { how: 'explicit', confidence: 1 }, isKnown: false };
        return seq === null ? null : encodeWhoReply(reply);
      });
    },
    async submit(step: IntakeStep): Promise<Intaken> {
      let taken: Intaken | null = null;
      void intake.submit(step, async () => prompt).then((value) => { taken = value; });
      await world.run({ forMs: 60_000, isDone: () => taken !== null });
      return taken!;
    },
    accepted: (): StepAccepted[] => [...server.stream('in').from(1, world.now)].map(({ bytes }) => decodeInbox(bytes) as StepAccepted),
    pageSeq: (): number | null => [...server.stream('ctx').from(1, world.now)].at(-1)?.seq ?? null,
  };
}

describe('intake: a page', () => {
  test('that is used again and again by a gateway that lives longer than its stream keeps it, is there all the time', async () => {
    const { world, own, submit, pageSeq } = stage();
    own(1);
    for (let hours = 0; hours * hourMs < limits.pageAgeMs + 4 * hourMs; hours += 0.75) {
      expect(await submit(stepOf({ id: `key-${hours}` })), `after ${hours} h`).toMatchObject({ kind: 'accepted' });
      expect(pageSeq(), `after ${hours} h`).not.toBeNull();
      await world.run({ forMs: 0.75 * hourMs });
    }
  });

  test('is stored once within an hour, and then again, which makes it the youngest of its stream', async () => {
    const { world, own, submit, pageSeq } = stage();
    own(1);
    await submit(stepOf({ id: 'a' }));
    const first = pageSeq();
    await world.run({ forMs: limits.pageAgainMs - 10_000 });
    await submit(stepOf({ id: 'b' }));
    expect(pageSeq()).toBe(first);
    await world.run({ forMs: 20_000 });
    await submit(stepOf({ id: 'c' }));
    expect(pageSeq()).toBeGreaterThan(first!);
  });
});

describe('intake: a step of a partition between two owners', () => {
  test('waits for the next one, and is the step that this one says', async () => {
    const { world, own, submit, accepted } = stage();
    world.after(3_000, 'takeover', () => own(5));
    expect(await submit(stepOf())).toMatchObject({ kind: 'accepted', step: `${trace}/5`, seq: 5 });
    expect(accepted()).toMatchObject([{ id: 'key-1', step: `${trace}/5` }]);
  });

  test('that has a trace and no place in it is deferred and leaves nothing behind: the same id is taken when an owner is there', async () => {
    const { world, own, submit, accepted } = stage();
    const startMs = world.now;
    expect(await submit(stepOf())).toMatchObject({ kind: 'deferred', code: 'bus_unavailable', retryAfterMs: 1_000 });
    expect(world.now - startMs).toBeGreaterThan(limits.whoMs - 600);
    expect(world.now - startMs).toBeLessThanOrEqual(limits.whoMs);
    expect(accepted()).toEqual([]);
    own(5);
    expect(await submit(stepOf())).toMatchObject({ kind: 'accepted', seq: 5, isKnown: false });
    expect(accepted()).toHaveLength(1);
  });

  test('whose owner hears and does not answer is deferred just so, after a few questions', async () => {
    const { own, submit, accepted, asked } = stage();
    own(null);
    expect(await submit(stepOf())).toMatchObject({ kind: 'deferred' });
    expect(accepted()).toEqual([]);
    expect(asked.length).toBe(4);
  });

  test('is not asked about for longer than anybody waits for its answer', async () => {
    const { world, submit } = stage();
    const startMs = world.now;
    expect(await submit(stepOf({ deadlineMs: 1_500 }))).toMatchObject({ kind: 'deferred' });
    expect(world.now - startMs).toBeLessThanOrEqual(1_500);
  });

  test('with its place given is that step, and without a trace begins one of its own', async () => {
    const { submit } = stage();
    expect(await submit(stepOf({ seq: 4 }))).toMatchObject({ kind: 'accepted', step: `${trace}/4` });
    const minted = await submit(stepOf({ id: 'key-2', trace: null }));
    expect(minted).toMatchObject({ kind: 'accepted', trace: traceId(5, 'minted'), seq: 1, identity: { how: 'new' } });
    expect(partitionOf(traceId(5, 'minted'))).toBe(5);
  });
});
