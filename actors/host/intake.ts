import { decodeInbox, decodeWhoReply, encodeInbox, encodePage, encodeWho } from '../../schemas/codec.ts';
import type { Identity, Page, PromptRef, Sampling, StepAccepted, StepClass, Who, WhoReply } from '../../schemas/messages.ts';
import type { Subjects } from '../../schemas/subjects.ts';
import { partitionOfWho } from '../identity/names.ts';
import { mainStep, partitionOf } from '../lib/ids.ts';
import { limits } from '../lib/limits.ts';
import { assert } from '../lib/logic.ts';
import { BusFault, type Headers, type Ports } from '../lib/ports.ts';
import { waiter } from './wait.ts';

export interface IntakeStep {
  /** Idempotency key, unique in the tenant. */
  readonly id: string;
  readonly tenant: string;
  readonly model: string;
  /** Given by the harness, already one of our ids; null: to be inferred. */
  readonly trace: string | null;
  readonly parent: string | null;
  readonly seq: number | null;
  /** h_1 … h_n of the message chain. */
  readonly chain: readonly string[];
  /** Index of the first user message: all steps of a conversation share the chain up to there. */
  readonly firstUser: number;
  readonly sampling: Sampling;
  readonly class: StepClass;
  readonly deadlineMs: number;
  readonly headers: Headers;
}

/** `roomTokens`: what the context has left for the answer; a larger `maxTokens` would only reserve blocks that can never be used. */
export interface PreparedPrompt { readonly ref: PromptRef; readonly pages: readonly Page[]; readonly names: readonly string[]; readonly roomTokens: number }

export type Intaken =
  /** In the log. `isKnown`: it was there before, under the same id. */
  | { readonly kind: 'accepted'; readonly step: string; readonly trace: string; readonly seq: number; readonly identity: Identity; readonly isKnown: boolean; readonly promptTokens: number | null; /** Where it stands in the log; null: taken before. */ readonly logSeq: number | null }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string; readonly limit: number | null; readonly got: number | null }
  /**
   * The fleet can not take it now; the same step under the same id may come again. It is not in the log, unless its
   * publication went unanswered (`bus_unavailable`): then it may be, and when it comes again it is found there.
   */
  | { readonly kind: 'deferred'; readonly code: string; readonly message: string; readonly retryAfterMs: number };

const pagesKnownMax = 65_536;
const pausesMs = { first: 25, max: 500 } as const;

/** The way of a step into the log: who is it, pages, accepted. From `accepted` on, nothing can lose it. */
export class Intake {
  readonly #ports: Ports;
  readonly #subjects: Subjects;
  /** When this gateway stored a page, by `tenant/name`; the longest ago first. */
  readonly #storedAtMs = new Map<string, number>();
  /** For ids of traces that identity could not be asked for. */
  readonly #mint: (id: string) => string;

  constructor(ports: Ports, subjects: Subjects, mint: (id: string) => string) {
    this.#ports = ports;
    this.#subjects = subjects;
    this.#mint = mint;
  }

  /**
   * `prepare` makes the prompt once the trace is known (its earlier prompt makes that cheap); it may refuse.
   * Rejects only on a bug.
   */
  async submit(step: IntakeStep, prepare: (who: WhoReply) => Promise<PreparedPrompt | Intaken>): Promise<Intaken> {
    const who = await this.#ask(step) ?? this.#unasked(step);
    if (who === null) {
      return { kind: 'deferred', code: 'bus_unavailable', message: `nobody can say now which step of ${step.trace} is next: its partition is between two owners`, retryAfterMs: 1_000 };
    }
    if (who.isKnown) return { kind: 'accepted', step: who.step, trace: who.trace, seq: who.seq, identity: who.identity, isKnown: true, promptTokens: null, logSeq: null };
    if (step.seq !== null && who.seq !== step.seq) return seqRefusal(step.seq, who.seq);
    const prepared = await prepare(who);
    if ('kind' in prepared) return prepared;
    try {
      await this.#storePages(step, prepared);
      return await this.#accept(step, who, prepared);
    } catch (fault) {
      if (!(fault instanceof BusFault)) throw fault;
      if (fault.code === 'too_large') return { kind: 'refused', code: 'too_large', message: fault.message, limit: null, got: null };
      return { kind: 'deferred', code: fault.code === 'stream_full' ? 'fleet_full' : 'bus_unavailable', message: fault.message, retryAfterMs: 2_000 };
    }
  }

  /**
   * Null: nobody answered in all that time. NATS says at once that nobody listens, and between the loss of an owner and
   * its successor nobody does: so it is asked again and again, with pauses.
   */
  async #ask(step: IntakeStep): Promise<WhoReply | null> {
    const { bus, clock } = this.#ports;
    const partition = partitionOfWho(step, step.firstUser);
    const who: Who = { kind: 'who', tenant: step.tenant, model: step.model, id: step.id, trace: step.trace, parent: step.parent, seq: step.seq, chain: step.chain };
    const bytes = encodeWho(who);
    // Nobody waits for an answer after its own deadline; one question is always asked in full.
    const endMs = clock.now() + Math.min(limits.whoMs, Math.max(limits.whoAskMs, step.deadlineMs));
    for (let pauseMs: number = pausesMs.first; ; pauseMs = Math.min(pausesMs.max, 2 * pauseMs)) {
      const answer = await bus.request(this.#subjects.who(partition), bytes, Math.max(1, Math.min(limits.whoAskMs, endMs - clock.now())), step.headers);
      const reply = answer === null ? null : decodeWhoReply(answer);
      if (reply !== null && reply.kind !== 'fault') return reply;
      if (clock.now() + pauseMs >= endMs) return null;
      await waiter(clock)(pauseMs);
    }
  }

  /**
   * Who a step is that nobody could be asked about: without a trace, one of its own, which is right for every step, only
   * less good than the trace it belongs to. Null: its trace is given and its place in it is not. A guessed place would be
   * taken already, and the refusal of it would stay under the step's id.
   */
  #unasked(step: IntakeStep): WhoReply | null {
    if (step.trace !== null && step.seq === null) return null;
    const trace = step.trace ?? this.#mint(`${step.tenant}/${step.id}`);
    const seq = step.seq ?? 1;
    return { kind: 'whoReply', trace, parent: step.parent, step: mainStep(trace, seq), seq, lane: 'main', identity: { how: step.trace === null ? 'new' : 'explicit', confidence: 0.5 }, isKnown: false };
  }

  /**
   * The same name is the same bytes, so who writes second changes nothing, but for the page's place: it is the youngest
   * of the stream again. The stream drops what is oldest, by its age and when it is full, and the oldest pages are the
   * prefixes that everybody shares: who uses one stores it again every hour. Within that hour the stream would have to
   * fill up (4 GiB are some 300,000 pages, more than a thousand million new tokens) before one in use is lost. An hour
   * is far outside the duplicate window; within it the page was stored by another gateway just now, which is as good.
   */
  async #storePages(step: IntakeStep, prepared: PreparedPrompt): Promise<void> {
    await Promise.all(prepared.pages.map(async (page, index) => {
      const name = prepared.names[index] ?? '';
      const key = `${step.tenant}/${name}`;
      const now = this.#ports.clock.now();
      if (now - (this.#storedAtMs.get(key) ?? -Infinity) < limits.pageAgainMs) return;
      await this.#ports.bus.publish(this.#subjects.page(step.tenant, name), encodePage(page), { id: `page/${key}`, deadlineMs: limits.publishMs });
      this.#storedAtMs.delete(key);
      this.#storedAtMs.set(key, now);
      if (this.#storedAtMs.size > pagesKnownMax) this.#storedAtMs.delete(this.#storedAtMs.keys().next().value as string);
    }));
  }

  async #accept(step: IntakeStep, who: WhoReply, { ref, roomTokens }: PreparedPrompt): Promise<Intaken> {
    const { trace, parent, seq, lane, identity } = who;
    const accepted: StepAccepted = {
      kind: 'stepAccepted', trace, step: who.step, id: step.id, tenant: step.tenant, parent, lane, seq, isSeqGiven: step.seq !== null, model: step.model,
      prompt: ref, messageChain: step.chain.at(-1) ?? '', sampling: { ...step.sampling, maxTokens: Math.min(step.sampling.maxTokens, roomTokens) }, class: step.class, deadlineMs: step.deadlineMs, identity, atMs: this.#ports.clock.now(),
    };
    const partition = partitionOf(trace);
    assert(partition !== null, `identity answered "${trace}", which is not a trace id`);
    const stored = await this.#publishAccepted(this.#subjects.in(partition, trace), accepted, step);
    if (!stored.isDuplicate) return { kind: 'accepted', step: who.step, trace, seq, identity, isKnown: false, promptTokens: ref.tokens, logSeq: stored.seq };
    // The same id is in the log already: that one counts, and may be another step than identity named now.
    const first = await this.#readAccepted(stored.seq);
    if (first === null) return { kind: 'deferred', code: 'bus_unavailable', message: `entry ${stored.seq} of the log, where ${step.id} was accepted, can not be read now`, retryAfterMs: 500 };
    return { kind: 'accepted', step: first.step, trace: first.trace, seq: first.seq, identity: first.identity, isKnown: true, promptTokens: first.prompt.tokens, logSeq: stored.seq };
  }

  /** Null: not readable, also after a replica had time to catch up. */
  async #readAccepted(seq: number): Promise<StepAccepted | null> {
    for (let tried = 0; tried < 3; tried++) {
      const entry = await this.#ports.bus.get('in', seq);
      const known = entry === null ? null : decodeInbox(entry.bytes);
      if (known?.kind === 'stepAccepted') return known;
      await waiter(this.#ports.clock)(100);
    }
    return null;
  }

  /** Again when its answer got lost: under the same id, so it is stored once. */
  async #publishAccepted(subject: string, accepted: StepAccepted, step: IntakeStep) {
    const bytes = encodeInbox(accepted);
    const options = { id: `${step.tenant}/${step.id}`, headers: step.headers, deadlineMs: limits.publishMs / 2 };
    try {
      return await this.#ports.bus.publish(subject, bytes, options);
    } catch (fault) {
      if (!(fault instanceof BusFault) || fault.code !== 'no_answer') throw fault;
      return this.#ports.bus.publish(subject, bytes, options);
    }
  }
}

function seqRefusal(got: number, expected: number): Intaken {
  const isGap = got > expected;
  return { kind: 'refused', code: isGap ? 'seq_gap' : 'seq_old', message: `seq ${got}: ${isGap ? 'steps are missing' : 'it was used before'}; the trace expects ${expected}`, limit: expected, got };
}
