import { Follow } from '../../actors/host/follow.ts';
import { Intake, type Intaken } from '../../actors/host/intake.ts';
import { costUsd } from '../../actors/lib/cost.ts';
import { partitionOf, partitionOfKey, traceId } from '../../actors/lib/ids.ts';
import { BusFault, type Ports } from '../../actors/lib/ports.ts';
import type { ReplyEffect } from '../../actors/reply/reply.ts';
import { encodeInbox } from '../../schemas/codec.ts';
import type { FailedOut, InboxEvent } from '../../schemas/messages.ts';
import { type Subjects, subjects } from '../../schemas/subjects.ts';
import { digestOf } from './engine-names.ts';
import { simPrices, simRegion } from './settings.ts';
import { chainOf, promptOf, seedOf, simModel, type SimStep } from './words.ts';

export type GatewayAnswer =
  | Extract<Intaken, { kind: 'accepted' | 'refused' | 'deferred' }>
  | { readonly kind: 'told'; readonly effect: ReplyEffect; readonly attempt: number };

const graceMs = 10_000;

/** The production way in and way out (`Intake`, `Follow`) without text between them: what `infra/gateway` does, on tokens. */
export class SimGateway {
  readonly #ports: Ports;
  readonly #subjects: Subjects = subjects(simRegion);
  readonly #intake: Intake;
  readonly #contextLength: number;

  constructor(ports: Ports, contextLength: number) {
    this.#ports = ports;
    this.#contextLength = contextLength;
    this.#intake = new Intake(ports, this.#subjects, (id) => traceId(partitionOfKey(id), `m${digestOf([...id].map((letter) => letter.charCodeAt(0))).toString(36)}`));
  }

  async submit(step: SimStep, onAnswer: (answer: GatewayAnswer) => void): Promise<void> {
    const chain = chainOf(step.tenant, step.messages);
    const deps = { ports: this.#ports, subjects: this.#subjects, costUsd: (acceleratorMs: number) => costUsd(acceleratorMs, 0, simPrices) };
    const { clock } = this.#ports;
    // As in the real one, what is told before `accepted` waits for it.
    const early: { readonly effect: ReplyEffect; readonly attempt: number }[] = [];
    let isTaken = false, isOver = false, cancelWait = (): void => {};
    const tell = (effect: ReplyEffect, attempt: number): void => {
      if (!isTaken) { early.push({ effect, attempt }); return; }
      if (isOver) return;
      if (effect.kind === 'finish' || effect.kind === 'fail') { isOver = true; cancelWait(); follow?.stop(); }
      onAnswer({ kind: 'told', effect, attempt });
    };
    let follow: Follow | null = null;
    const taken = await this.#intake.submit(
      {
        id: step.id, tenant: step.tenant, model: simModel, trace: step.trace, parent: step.parent, seq: step.seq, chain, firstUser: Math.max(0, step.messages.findIndex(({ role }) => role === 'user')),
        sampling: { maxTokens: step.maxTokens, temperature: 0, topP: 1, topK: 0, seed: seedOf(step), stop: [], logprobs: -1 },
        class: step.class, deadlineMs: step.deadlineMs, headers: {},
      },
      (who) => {
        if (step.tokens.length >= this.#contextLength) return Promise.resolve({ kind: 'refused', code: 'context_length', message: `prompt of ${step.tokens.length} tokens`, limit: this.#contextLength, got: step.tokens.length });
        follow = new Follow(who.step, step.id, deps, tell);
        return Promise.resolve(promptOf(step, this.#contextLength));
      },
    );
    if (taken.kind !== 'accepted') { (follow as Follow | null)?.stop(); onAnswer(taken); return; }
    const first = follow as Follow | null;
    if (first === null || first.step !== taken.step) {
      first?.stop();
      early.length = 0;
      follow = new Follow(taken.step, step.id, deps, tell);
    }
    follow!.accepted(taken.logSeq);
    if (taken.isKnown) follow!.replay();
    onAnswer(taken);
    isTaken = true;
    const waitMs = step.deadlineMs + graceMs;
    cancelWait = clock.alarm(clock.now() + waitMs, () => {
      const failure: FailedOut = { kind: 'failed', step: taken.step, id: step.id, code: 'no_answer', message: `nothing ended step ${taken.step} within ${waitMs} ms`, retry: 'later', limit: null, got: null };
      tell({ kind: 'fail', failure }, 0);
    });
    for (const { effect, attempt } of early.splice(0)) tell(effect, attempt);
  }

  cancel(trace: string, step: string): Promise<boolean> { return this.#tell({ kind: 'stepCancelled', trace, step, reason: 'not wanted any more' }, `cancel/${step}`); }

  end(trace: string): Promise<boolean> {
    return this.#tell({ kind: 'endAsked', trace, outcome: 'finished', reason: 'ended by its harness' }, `end/${trace}/${this.#ports.clock.now()}`);
  }

  async #tell(event: InboxEvent, id: string): Promise<boolean> {
    try {
      await this.#ports.bus.publish(this.#subjects.in(partitionOf(event.trace) ?? 0, event.trace), encodeInbox(event), { id });
      return true;
    } catch (fault) {
      if (fault instanceof BusFault) return false;
      throw fault;
    }
  }
}
