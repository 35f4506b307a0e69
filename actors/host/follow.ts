import { decodeInbox, decodeOut, decodeSavedTrace } from '../../schemas/codec.ts';
import type { FailedOut, ResultOut } from '../../schemas/messages.ts';
import type { Subjects } from '../../schemas/subjects.ts';
import { partitionOf, traceOf } from '../lib/ids.ts';
import { BusFault, type Ports, type Subscription } from '../lib/ports.ts';
import { type Reply, type ReplyEffect, type ReplyEvent, newReply, reply } from '../reply/reply.ts';
import { fromSaved } from '../trace/saved.ts';
import { findRun } from '../trace/runs.ts';

export interface FollowDeps {
  readonly ports: Ports;
  readonly subjects: Subjects;
  /** What an answer costs, when it is read from the log and not from the trace's own result. */
  costUsd(acceleratorMs: number): number;
}

/** After this much silence the trace's saved state is read: the answer may be there, and its announcement lost. */
const quietMs = 2_000;

/** Follows one step's answer from `out.<step>`, and from the log when nothing comes: every effect in order, one end. */
export class Follow {
  readonly step: string;
  readonly #id: string;
  #logSeq: number | null = null;
  readonly #deps: FollowDeps;
  readonly #onEffect: (effect: ReplyEffect, attempt: number) => void;
  readonly #reply: Reply;
  readonly #subscriptions: Subscription[] = [];
  #cancelQuiet: () => void = () => {};
  #heardAtMs: number;
  #isOver = false;

  /** `onEffect` is told the attempt that was announced last. Listens from now on; call it before the step is published, or `replay` for one that is under way. */
  constructor(step: string, id: string, deps: FollowDeps, onEffect: (effect: ReplyEffect, attempt: number) => void) {
    this.step = step;
    this.#id = id;
    this.#deps = deps;
    this.#onEffect = onEffect;
    this.#reply = newReply(step);
    this.#heardAtMs = deps.ports.clock.now();
    this.#subscriptions.push(deps.ports.bus.listen(deps.subjects.out(step), (message) => this.#onBytes(message.bytes)));
    this.#watch();
  }

  /** The step stands in the log: a trace that has come past it and does not know it has refused it. */
  accepted(logSeq: number | null): void { this.#logSeq = logSeq; }

  /** Reads what was published before, as far as the stream still has it. */
  replay(): void {
    this.#subscriptions.push(this.#deps.ports.bus.readLog('out', this.#deps.subjects.out(this.step), 1, (entry) => this.#onBytes(entry.bytes)));
    void this.#readSaved();
  }

  stop(): void {
    this.#isOver = true;
    this.#cancelQuiet();
    for (const subscription of this.#subscriptions) subscription.stop();
  }

  #onBytes(bytes: Uint8Array): void {
    const message = decodeOut(bytes);
    if (message.kind === 'fault' || message.step !== this.step) return;
    // Somebody else was given the same place (their question went to another owner): what is theirs is not this one's.
    if (message.kind !== 'delta' && message.id !== this.#id) return;
    this.#apply({ kind: 'out', message });
  }

  #apply(event: ReplyEvent): void {
    if (this.#isOver) return;
    const now = this.#deps.ports.clock.now();
    this.#heardAtMs = now;
    const { effects } = reply.step(this.#reply, event, now);
    if (effects.some((effect) => effect.kind === 'finish' || effect.kind === 'fail')) this.stop();
    for (const effect of effects) this.#onEffect(effect, this.#reply.attempt);
  }

  #watch(): void {
    const { clock } = this.#deps.ports;
    this.#cancelQuiet = clock.alarm(clock.now() + quietMs, () => {
      if (this.#isOver) return;
      if (clock.now() - this.#heardAtMs >= quietMs) void this.#readSaved();
      this.#watch();
    });
  }

  async #readSaved(): Promise<void> {
    try {
      const answer = await this.#findAnswer();
      if (answer !== null) this.#apply({ kind: 'saved', answer });
    } catch (fault) {
      if (!(fault instanceof BusFault)) throw fault; // Asked again after the next silence.
    }
  }

  /** Null: not answered yet, as far as the state tells. */
  async #findAnswer(): Promise<ResultOut | FailedOut | null> {
    const { bus } = this.#deps.ports;
    const trace = traceOf(this.step);
    const partition = partitionOf(trace);
    if (partition === null) return null;
    const entry = await bus.getLast('state', this.#deps.subjects.state(partition, trace));
    const record = entry === null ? null : decodeSavedTrace(entry.bytes);
    const saved = record === null || record.kind === 'fault' ? null : fromSaved(record);
    if (saved === null || 'kind' in saved) return null;
    const { context } = saved.actor;
    // By id: the same id may have been taken as another step before.
    const known = context.ids.find(({ id }) => id === this.#id);
    if (known === undefined) {
      const isPast = this.#logSeq !== null && saved.cursor >= this.#logSeq;
      return isPast ? this.#failed('not_taken', `the trace did not take ${this.step} under id ${this.#id}, and why was not heard; it stands at seq ${context.seq}`) : null;
    }
    if (findRun(context, known.step) !== null) return null;
    const answer = context.answers.find(({ step }) => step === known.step);
    if (answer !== undefined) return this.#answerAt(answer.endedSeq);
    return this.#failed('not_answered', `step ${this.step} ended without an answer, and why was not heard`);
  }

  /** Nobody knows more: worth another try, as every `later`, as a new step under a new id. */
  #failed(code: string, message: string): FailedOut {
    return { kind: 'failed', step: this.step, id: this.#id, code, message, retry: 'later', limit: null, got: null };
  }

  async #answerAt(endedSeq: number): Promise<ResultOut | null> {
    const entry = await this.#deps.ports.bus.get('in', endedSeq);
    const ended = entry === null ? null : decodeInbox(entry.bytes);
    if (ended === null || ended.kind !== 'stepEnded') return null;
    const { step, attempt, worker, tokens, finish, usage, timing, logprobs } = ended;
    return { kind: 'result', step, id: this.#id, attempt, worker, tokens, finish, usage, timing, logprobs, costUsd: this.#deps.costUsd(ended.acceleratorMs) };
  }
}
