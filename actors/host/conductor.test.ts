import { describe, expect, test } from 'vitest';
import { decodeWhoReply, encodeInbox, encodeWho } from '../../schemas/codec.ts';
import type { InboxEvent, StepAccepted, WhoReply } from '../../schemas/messages.ts';
import { subjects } from '../../schemas/subjects.ts';
import { simPorts } from '../../test/sim/bus.ts';
import { SimWorld } from '../../test/sim/clock.ts';
import { simEngineDefaults } from '../../test/sim/engine.ts';
import { noFaults } from '../../test/sim/faults.ts';
import { Fleet } from '../../test/sim/fleet.ts';
import { Random } from '../../test/sim/random.ts';
import { simRegion, usePartitions } from '../../test/sim/settings.ts';
import { chainOf, promptOf, seedOf, simModel, simVocab, speak, tokensOf, type SimMessage, type SimStep } from '../../test/sim/words.ts';
import { partitionOfWho } from '../identity/names.ts';
import { partitionOf } from '../lib/ids.ts';

const names = subjects(simRegion);
const contextLength = 4_000;

/** One conductor and one worker that is slow enough to be watched, and somebody who speaks to them as a gateway does. */
class Stage {
  readonly world = new SimWorld(1, noFaults);
  readonly #random = new Random(1);
  readonly fleet: Fleet;
  readonly #ports;

  constructor() {
    usePartitions(4);
    this.fleet = new Fleet(this.world, {
      conductors: 1, workers: 1, gateways: 0, runsMax: 4, isBaseline: false, trace: { attemptMs: 100_000, attemptsMax: 6, idleMs: 100_000, sideCallsMax: 4, childrenMax: 16 },
      engine: { ...simEngineDefaults, vocab: simVocab, contextLength, decodeIterationMs: 50 },
    });
    this.#ports = simPorts(this.fleet.server, this.world.start('client'));
  }

  say(role: SimMessage['role'], tokens = 20): SimMessage { return speak(this.#random, role, tokens); }

  stepOf(id: string, messages: readonly SimMessage[], maxTokens = 4): SimStep {
    return { id, tenant: 'acme', trace: null, parent: null, seq: null, messages, tokens: tokensOf(messages), maxTokens, deadlineMs: 60_000, class: 'agent', isWrong: false };
  }

  async who(step: SimStep): Promise<WhoReply> {
    const who = { kind: 'who', tenant: step.tenant, model: simModel, id: step.id, trace: step.trace, parent: step.parent, seq: step.seq, chain: chainOf(step.tenant, step.messages) } as const;
    const answer = await this.wait(this.#ports.bus.request(names.who(partitionOfWho(who, 1)), encodeWho(who), 2_000));
    const reply = answer === null ? null : decodeWhoReply(answer);
    if (reply === null || reply.kind === 'fault') throw new Error('no answer');
    return reply;
  }

  async accept(step: SimStep, { trace, step: name, parent, seq, lane, identity }: WhoReply): Promise<void> {
    const accepted: StepAccepted = {
      kind: 'stepAccepted', trace, step: name, id: step.id, tenant: step.tenant, parent, lane, seq, isSeqGiven: false, model: simModel, prompt: promptOf(step, contextLength).ref,
      messageChain: chainOf(step.tenant, step.messages).at(-1) ?? '', sampling: { maxTokens: step.maxTokens, temperature: 0, topP: 1, topK: 0, seed: seedOf(step), stop: [], logprobs: -1 },
      class: 'agent', deadlineMs: step.deadlineMs, identity, atMs: this.world.now,
    };
    this.fleet.watch.steps.set(`${step.tenant}/${step.id}`, step);
    await this.log(accepted);
  }

  async log(event: InboxEvent): Promise<void> {
    await this.wait(this.#ports.bus.publish(names.in(partitionOf(event.trace) ?? 0, event.trace), encodeInbox(event)));
  }

  async wait<T>(promise: Promise<T>): Promise<T> {
    let isDone = false;
    void promise.finally(() => { isDone = true; });
    await this.world.run({ forMs: 60_000, isDone: () => isDone });
    return promise;
  }

  runsOf(trace: string) { return this.fleet.watch.saved.get(trace)?.actor.context; }
}

describe('conductor', () => {
  test.each(['another step of the same place is refused', 'another attempt of it is reported'])('a step under way keeps its trace busy when %s', async (what) => {
    const stage = new Stage();
    await stage.world.run({ forMs: 5_000 });
    const begun = [stage.say('system'), stage.say('user')];
    const first = stage.stepOf('i1', begun);
    const reply = await stage.who(first);
    await stage.accept(first, reply);
    await stage.world.run({ forMs: 5_000, isDone: () => stage.runsOf(reply.trace)?.stepsDone === 1 });
    const second = stage.stepOf('i2', [...begun, stage.say('assistant', 4), stage.say('tool')], 100);
    const place = await stage.who(second);
    expect(place).toMatchObject({ trace: reply.trace, seq: 2 });
    await stage.accept(second, place);
    await stage.world.run({ forMs: 200 });
    if (what.includes('refused')) await stage.accept(stage.stepOf('i3', second.messages), place);
    else {
      await stage.log({
        kind: 'stepEnded', trace: place.trace, step: place.step, attempt: 9, worker: 'w1', tokens: new Int32Array(0), finish: 'cancelled', usage: { prompt: 0, hit: 0, recalled: 0, computed: 0, generated: 0 },
        timing: { queuedMs: 0, recallMs: 0, firstTokenMs: 0, totalMs: 0 }, acceleratorMs: 3, logprobs: [], chain: new Uint8Array(0),
      });
    }
    await stage.world.run({ forMs: 400 });
    expect(stage.runsOf(place.trace)?.run).toMatchObject({ id: 'i2', phase: 'ordered' });
    const sibling = await stage.who(stage.stepOf('i4', [...second.messages, stage.say('user')]));
    expect(sibling).toMatchObject({ parent: place.trace, seq: 1 });
    await stage.world.run({ forMs: 20_000, isDone: () => stage.runsOf(place.trace)?.stepsDone === 2 });
    expect(await stage.who(stage.stepOf('i5', [...second.messages, stage.say('assistant', 4), stage.say('tool')]))).toMatchObject({ trace: place.trace, seq: 3 });
  });

  test('a refusal is known to the next owner, which reads the refused step once more', async () => {
    const stage = new Stage();
    await stage.world.run({ forMs: 5_000 });
    const first = stage.stepOf('i1', [stage.say('system'), stage.say('user')], 100);
    const place = await stage.who(first);
    await stage.accept(first, place);
    // Somebody whose question went to another owner was given the same place.
    await stage.accept(stage.stepOf('i2', first.messages), place);
    await stage.world.run({ forMs: 300 });
    expect(stage.runsOf(place.trace)?.ids.map(({ id }) => id)).toEqual(['i1']);
    stage.fleet.crash('c1');
    await stage.world.run({ forMs: 500 });
    stage.fleet.startConductor('c1');
    await stage.world.run({ forMs: 8_000 });
    expect(await stage.who(first)).toMatchObject({ step: place.step, isKnown: true });
    expect(await stage.who(stage.stepOf('i2', first.messages))).toMatchObject({ isKnown: false });
  });
});
