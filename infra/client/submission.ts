import { type JetStreamClient, JetStreamApiError } from '@nats-io/jetstream';
import { type Subscription, createInbox } from '@nats-io/transport-node';
import { encodeStep, type StepInput } from '../../schemas/harness.ts';
import { isRefused } from '../../schemas/refused.ts';
import { type Deferred, parseReply, type Reply } from '../../schemas/reply.ts';
import type { Step } from './step.ts';
import { ask } from '../nats/ask.ts';
import type { Connection } from '../nats/connect.ts';
import { Uninterrupted } from './uninterrupted.ts';

export interface SubmissionDeps {
  readonly connection: Connection;
  readonly js: JetStreamClient;
  readonly subject: string;
  /** After this much silence the step is submitted again, to whichever gateway takes it; doubled while nobody answers. */
  readonly silenceMs: number;
}

const silenceMsMax = 60_000;
const publishMs = 5_000;
/** For what is on the way when the fleet's own deadline ends the step. */
const graceMs = 2_000;

/** One step, submitted as often as it takes, under one id. */
export class Submission {
  readonly #deps: SubmissionDeps;
  readonly #step: Step & { readonly id: string };
  readonly #answer = new Uninterrupted();
  readonly #inbox = createInbox();
  readonly #subscription: Subscription;
  readonly #heard: (Reply | 'again')[] = [];
  #isClosed = false;
  #wake: () => void = () => {};
  #telling = 0;

  constructor(deps: SubmissionDeps, step: Step & { readonly id: string }) {
    this.#deps = deps;
    this.#step = step;
    this.#subscription = deps.connection.nc.subscribe(`${this.#inbox}.*`, { callback: (error, message) => {
      // Of an earlier telling nothing is needed any more.
      if (error !== null || message.subject !== this.#reply()) return;
      const reply = parseReply(message.data);
      if (reply.kind !== 'fault') this.#push(reply);
    } });
  }

  /** The connection came back: what was said meanwhile is lost. */
  again(): void { this.#push('again'); }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  async *answers(deadlineMs: number): AsyncGenerator<Reply, void, void> {
    const endMs = performance.now() + deadlineMs + graceMs;
    let silenceMs = this.#deps.silenceMs, waitMs = 0;
    try {
      for (let isDue = true; performance.now() < endMs;) {
        if (isDue) {
          const problem = await this.#submit(endMs);
          if (problem?.kind === 'refused' || (problem !== null && this.#answer.step === '')) yield problem;
          if (problem?.kind === 'refused') return;
          waitMs = problem === null ? silenceMs : problem.retry_after_ms;
        }
        const heard = await this.#next(Math.min(waitMs, endMs - performance.now()));
        if (this.#isClosed) return yield this.#failed('closed', 'the client was closed');
        isDue = heard === null || heard === 'again';
        if (heard === null || heard === 'again') { silenceMs = heard === null ? Math.min(silenceMsMax, silenceMs * 2) : silenceMs; continue; }
        silenceMs = this.#deps.silenceMs;
        // The gateway kept a deferred step in the queue: it comes again by itself.
        waitMs = silenceMs + (heard.kind === 'deferred' ? heard.retry_after_ms : 0);
        const news = this.#answer.take(heard);
        isDue = news === null;
        yield* news ?? [];
        if (heard.kind === 'result' || heard.kind === 'failed' || heard.kind === 'refused') return;
      }
      yield this.#failed('deadline', `no answer to step "${this.#step.id}" within ${deadlineMs} ms`);
    } finally {
      if (!this.#deps.connection.nc.isClosed()) this.#subscription.unsubscribe();
    }
  }

  /** Null: stored. A deferral is made here when the queue is full or out of reach. */
  async #submit(endMs: number): Promise<(Reply & { readonly kind: 'refused' }) | Deferred | null> {
    this.#telling++;
    this.#answer.startOver();
    this.#heard.length = 0;
    const leftMs = endMs - graceMs - performance.now();
    const bytes = encodeStep({ ...this.#step, reply: this.#reply(), ...(this.#step.deadline_ms ? { deadline_ms: Math.max(1, leftMs) } : {}) } as StepInput);
    if (isRefused(bytes)) return bytes;
    try {
      const { connection, js, subject } = this.#deps;
      await ask(connection, subject, { deadlineMs: publishMs, isRepeatable: true }, (timeout) => js.publish(subject, bytes, { msgID: this.#reply(), timeout }));
      // A connection that came back before this was stored has nothing more to say.
      this.#heard.splice(0, Infinity, ...this.#heard.filter((heard) => heard !== 'again'));
      return null;
    } catch (error) {
      const isFull = error instanceof JetStreamApiError;
      return { kind: 'deferred', code: isFull ? 'fleet_full' : 'bus_unavailable', message: `${this.#deps.subject}: ${(error as Error).message}`, retry_after_ms: isFull ? 2_000 : 1_000 };
    }
  }

  #reply(): string { return `${this.#inbox}.${this.#telling}`; }

  #failed(code: string, message: string): Reply {
    return { kind: 'failed', step: this.#answer.step === '' ? this.#step.id : this.#answer.step, code, message, retry: 'later' };
  }

  #push(heard: Reply | 'again'): void {
    this.#heard.push(heard);
    this.#wake();
  }

  /** Null: nothing within `waitMs`. */
  async #next(waitMs: number): Promise<Reply | 'again' | null> {
    if (this.#heard.length === 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(1, waitMs));
        this.#wake = () => { clearTimeout(timer); resolve(); };
      });
    }
    return this.#heard.shift() ?? null;
  }
}
