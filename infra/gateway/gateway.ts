import { randomBytes, hash } from 'node:crypto';
import { Follow } from '../../actors/host/follow.ts';
import { Intake, type Intaken, type PreparedPrompt } from '../../actors/host/intake.ts';
import { type Prices, costUsd } from '../../actors/lib/cost.ts';
import { partitionOf, partitionOfKey, traceId } from '../../actors/lib/ids.ts';
import { limits } from '../../actors/lib/limits.ts';
import { BusFault, type Ports } from '../../actors/lib/ports.ts';
import type { ReplyEffect } from '../../actors/reply/reply.ts';
import type { ChatMessage } from '../../schemas/chat.ts';
import { encodeInbox } from '../../schemas/codec.ts';
import type { FailedOut, Page, ResultOut, WhoReply } from '../../schemas/messages.ts';
import { type Subjects, subjects } from '../../schemas/subjects.ts';
import { ByteLru } from '../text/byte-lru.ts';
import { extendChain, messageChain } from '../text/message.ts';
import { PageMemory, salt } from '../text/pages.ts';
import { StopFilter } from '../text/stop-filter.ts';
import { TextError } from '../text/text-error.ts';
import { AnswerQueue } from './answer-queue.ts';
import { Histories } from './histories.ts';
import { type GatewayModel, kvDtype } from './model.ts';
import { recallSplices } from './recall-splices.ts';
import type { Answer, GatewayStep, StepTold } from './step.ts';

export interface GatewayOptions {
  readonly region: string;
  readonly ports: Ports;
  readonly models: ReadonlyMap<string, GatewayModel>;
  readonly prices: Prices;
  readonly stepsMax?: number;
  /** Called once for every step that was taken on, when its end was yielded or its caller left. */
  onStep?(told: StepTold): void;
}

/** What a follower of the step reports, and which attempt was announced then. */
interface Told { readonly effect: ReplyEffect; readonly attempt: number }

const encodeMs = 30_000;
const graceMs = 10_000;

/** The only place that knows text: steps in, tokens to the fleet, text out. Any number of them, none with state that matters. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #subjects: Subjects;
  readonly #intake: Intake;
  readonly #pages = new PageMemory();
  readonly #histories = new Histories();
  readonly #traceTokens = new ByteLru<number>(8 << 20);
  readonly #stepsMax: number;
  readonly #relays = new Set<{ readonly step: string; readonly id: string; readonly answers: AnswerQueue<Told> }>();
  #isClosing = false;
  #inFlight = 0;
  #totals = { accepted: 0, refused: 0, deferred: 0, failed: 0, answered: 0, diverged: 0 };

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#subjects = subjects(options.region);
    this.#stepsMax = options.stepsMax ?? limits.gatewayStepsMax;
    this.#intake = new Intake(options.ports, this.#subjects, (id) => traceId(partitionOfKey(id), hash('sha256', id, 'hex').slice(0, 16)));
  }

  get models(): ReadonlyMap<string, GatewayModel> { return this.#options.models; }
  stats() { return { ...this.#totals, inFlight: this.#inFlight, text: [...this.#options.models.values()].map(({ name, pool }) => ({ model: name, ...pool.totals, waiting: pool.waiting })) }; }

  /**
   * Takes a step and yields what becomes of it: `accepted`, deltas, and one end (`result` or `failed`); or `refused` or
   * `deferred` alone. Leaving the iteration early does not cancel the step: `cancel` does.
   */
  async *submit(step: GatewayStep): AsyncGenerator<Answer, void, void> {
    if (this.#inFlight >= this.#stepsMax) {
      this.#totals.deferred++;
      yield { kind: 'deferred', code: 'gateway_full', message: `this gateway has ${this.#inFlight} of ${this.#stepsMax} steps in flight`, retryAfterMs: 2_000 };
      return;
    }
    this.#inFlight++;
    const { clock } = this.#options.ports;
    const startMs = clock.now();
    let accepted: StepTold['accepted'] = null, firstDeltaMs: number | null = null, end: StepTold['end'] = null;
    try {
      for await (const answer of this.#run(step)) {
        if (answer.kind === 'accepted') accepted = answer;
        else if (answer.kind === 'delta') firstDeltaMs ??= clock.now();
        else end = answer;
        yield answer;
      }
    } finally {
      this.#inFlight--;
      this.#options.onStep?.({ step, startMs, firstDeltaMs, endMs: clock.now(), accepted, end });
    }
  }

  /** Takes no more steps, gives those in flight `drainMs`, then fails them with `gatewayClosed`; in the fleet they go on. */
  async close(drainMs: number): Promise<void> {
    this.#isClosing = true;
    const { clock } = this.#options.ports;
    for (const endMs = clock.now() + drainMs; this.#inFlight > 0 && clock.now() < endMs;) await new Promise<void>((done) => { clock.alarm(clock.now() + 20, done); });
    for (const { step, id, answers } of this.#relays) answers.push(endedHere(step, id, gatewayClosed, 'this gateway is ending'));
  }

  /** The harness no longer wants the step: it ends as `cancelled`. */
  async cancel(step: string, reason: string): Promise<void> {
    const trace = step.slice(0, step.indexOf('/'));
    const partition = partitionOf(trace);
    if (partition === null) return;
    await this.#tell(this.#subjects.in(partition, trace), encodeInbox({ kind: 'stepCancelled', trace, step, reason }), `cancel/${step}`);
  }

  /** The harness says that its trace is over. False: the fleet could not be told now. */
  end(tenant: string, foreignTrace: string): Promise<boolean> {
    return this.endTrace(ownTrace(tenant, foreignTrace));
  }

  /** The same of a trace by our own id: one that was inferred has no other. */
  async endTrace(trace: string): Promise<boolean> {
    const bytes = encodeInbox({ kind: 'endAsked', trace, outcome: 'finished', reason: 'ended by its harness' });
    return this.#tell(this.#subjects.in(partitionOf(trace) ?? 0, trace), bytes, `end/${trace}/${this.#options.ports.clock.now()}`);
  }

  async #tell(subject: string, bytes: Uint8Array, id: string): Promise<boolean> {
    try {
      await this.#options.ports.bus.publish(subject, bytes, { id });
      return true;
    } catch (fault) {
      if (fault instanceof BusFault) return false;
      throw fault;
    }
  }

  async *#run(step: GatewayStep): AsyncGenerator<Answer, void, void> {
    const model = this.#options.models.get(step.model);
    if (model === undefined) { yield this.#refuse('unknown_model', `model "${step.model}" is not served here; known: ${[...this.#options.models.keys()].join(', ')}`); return; }
    const trace = step.trace === null ? null : ownTrace(step.tenant, step.trace);
    const messages = step.messages ?? this.#histories.extend(trace, step.seq, step.append ?? []);
    const chain = messages === null ? [] : findChain(step, messages);
    if (!Array.isArray(chain)) { yield this.#refuse(chain.code, chain.message); return; }
    const id = step.id ?? randomBytes(12).toString('hex');
    const answers = new AnswerQueue<Told>();
    let follow: Follow | null = null, endWait = (): void => {};
    const followDeps = { ports: this.#options.ports, subjects: this.#subjects, costUsd: (acceleratorMs: number) => costUsd(acceleratorMs, 0, this.#options.prices) };
    try {
      const taken = await this.#intake.submit(
        {
          id, tenant: step.tenant, model: step.model, trace, parent: step.parent === null ? null : ownTrace(step.tenant, step.parent), seq: step.seq, chain,
          firstUser: Math.max(0, (messages ?? []).findIndex((message) => message.role === 'user')),
          sampling: {
            maxTokens: step.maxTokens, temperature: step.temperature, topP: step.topP, topK: step.topK,
            seed: step.seed ?? BigInt(`0x${hash('sha256', `${step.tenant}/${id}`, 'hex').slice(0, 16)}`), stop: step.stop, logprobs: step.logprobs,
          },
          class: step.class, deadlineMs: step.deadlineMs ?? limits.stepDeadlineMs, headers: step.headers,
        },
        async (who) => {
          // Asked for all the same: a step that was taken elsewhere under this id is answered without its history.
          if (messages === null) return { kind: 'refused', code: 'history_unknown', message: `this gateway does not have steps 1 to ${(step.seq ?? 1) - 1} of trace "${step.trace}" with their answers; send "messages", the whole history`, limit: null, got: null };
          const prepared = await this.#prepare(step, model, messages, chain, who);
          // From before it is in the log: no delta may come unheard.
          if (!('kind' in prepared)) follow = new Follow(who.step, id, followDeps, (effect, attempt) => answers.push({ effect, attempt }));
          return prepared;
        },
      );
      if (taken.kind !== 'accepted') { this.#totals[taken.kind]++; yield taken; return; }
      this.#totals.accepted++;
      if (trace !== null && messages !== null && isMain(taken.step)) this.#histories.remember(trace, taken.seq, messages);
      follow = this.#followed(follow, id, taken, followDeps, answers);
      yield { kind: 'accepted', step: taken.step, trace: taken.trace, promptTokens: taken.promptTokens, knownTokens: Math.min(this.#traceTokens.find(taken.trace) ?? 0, taken.promptTokens ?? 0), identity: taken.identity, isKnown: taken.isKnown };
      endWait = this.#endWait(taken.step, id, step.deadlineMs ?? limits.stepDeadlineMs, answers);
      yield* this.#relay(step, model, taken, chain, answers, trace, messages);
    } finally {
      endWait();
      (follow as Follow | null)?.stop();
    }
  }

  /**
   * The ends of a wait that come from here and not from the fleet: this gateway closes, or nobody is left to keep the
   * step's deadline, which is the trace's task.
   */
  #endWait(step: string, id: string, deadlineMs: number, answers: AnswerQueue<Told>): () => void {
    const { clock } = this.#options.ports;
    const waitMs = deadlineMs + graceMs;
    const relay = { step, id, answers };
    this.#relays.add(relay);
    if (this.#isClosing) answers.push(endedHere(step, id, gatewayClosed, 'this gateway is ending'));
    const disarm = clock.alarm(clock.now() + waitMs, () => answers.push(endedHere(step, id, 'no_answer', `nothing ended step ${step} within ${waitMs} ms`)));
    return () => {
      disarm();
      this.#relays.delete(relay);
    };
  }

  /** A step that was known already may be under way, or answered: what was published of it is read from the start. */
  #followed(follow: Follow | null, id: string, taken: Intaken & { readonly kind: 'accepted' }, deps: ConstructorParameters<typeof Follow>[2], answers: AnswerQueue<Told>): Follow {
    let followed = follow;
    if (followed === null || followed.step !== taken.step) {
      followed?.stop();
      followed = new Follow(taken.step, id, deps, (effect, attempt) => answers.push({ effect, attempt }));
    }
    followed.accepted(taken.logSeq);
    if (taken.isKnown) followed.replay();
    return followed;
  }

  async #prepare(step: GatewayStep, model: GatewayModel, messages: readonly ChatMessage[], chain: readonly string[], who: WhoReply): Promise<PreparedPrompt | Intaken> {
    try {
      await recallSplices(this.#options.ports, this.#subjects, model, messages, chain, who.trace);
      const { tokens } = await model.pool.encode({ messages, tools: step.tools.length === 0 ? null : step.tools, chain }, encodeMs);
      if (tokens.length >= model.contextLength) {
        return { kind: 'refused', code: 'context_length', message: `prompt of ${tokens.length} tokens; ${model.name} takes ${model.contextLength}, prompt and answer together`, limit: model.contextLength, got: tokens.length };
      }
      const paged = this.#pages.build(who.trace, salt(step.tenant, model.weights, '', kvDtype), tokens);
      const names = paged.pages.map((page) => page.name);
      const pages: Page[] = paged.pages.map(({ parent, tokens: ids, chain: blocks }) => ({ kind: 'page', parent, tokens: ids, chain: blocks }));
      return { ref: { pages: names, tail: paged.tail, tailChain: paged.tailChain, tokens: paged.tokens }, pages, names, roomTokens: model.contextLength - tokens.length };
    } catch (error) {
      if (!(error instanceof TextError)) throw error;
      if (error.code === 'message_invalid' || error.code === 'template_failed') return { kind: 'refused', code: error.code, message: error.message, limit: null, got: null };
      return { kind: 'deferred', code: error.code, message: error.message, retryAfterMs: 1_000 };
    }
  }

  async *#relay(step: GatewayStep, model: GatewayModel, taken: Intaken & { readonly kind: 'accepted' }, chain: readonly string[], effects: AnswerQueue<Told>, trace: string | null, messages: readonly ChatMessage[] | null): AsyncGenerator<Answer, void, void> {
    const detokenizer = model.detokenizer(), stops = new StopFilter(step.stop);
    let text = '';
    const shown = (piece: string): string => { text += piece; return piece; };
    for await (const { effect, attempt } of effects) {
      switch (effect.kind) {
        case 'deliver':
          yield { kind: 'delta', step: taken.step, attempt, offset: effect.offset, tokens: effect.tokens, text: shown(stops.push(detokenizer.push(effect.tokens))), logprobs: effect.logprobs };
          break;
        case 'diverged': this.#totals.diverged++; break;
        case 'finish': {
          const rest = shown(stops.push(detokenizer.flush()) + stops.flush());
          const { result } = effect;
          if (rest !== '') yield { kind: 'delta', step: taken.step, attempt: result.attempt, offset: result.tokens.length, tokens: new Int32Array(), text: rest, logprobs: [] };
          if (messages !== null) this.#remember(model, chain, result, text, trace, taken.seq, messages);
          if (isMain(taken.step)) this.#traceTokens.keep(taken.trace, result.usage.prompt + result.usage.generated, 200);
          this.#totals.answered++;
          const { tokens, finish, usage, timing, worker, logprobs } = result;
          yield { kind: 'result', step: taken.step, attempt: result.attempt, text, tokens, finish, usage, timing, worker, costUsd: result.costUsd, logprobs };
          return;
        }
        case 'fail': {
          this.#totals.failed++;
          yield failedOf(effect.failure);
          return;
        }
      }
    }
  }

  /** When this answer comes back as a message, it is these ids again, whatever a tokenizer would make of its text. */
  #remember(model: GatewayModel, chain: readonly string[], result: ResultOut, text: string, trace: string | null, seq: number, messages: readonly ChatMessage[]): void {
    const message: ChatMessage = { role: 'assistant', content: text };
    model.splices.remember(extendChain(chain.at(-1) ?? '', message), result.tokens, text);
    if (trace !== null && isMain(result.step)) this.#histories.remember(trace, seq, [...messages, message]);
  }

  #refuse(code: string, message: string): Answer {
    this.#totals.refused++;
    return { kind: 'refused', code, message, limit: null, got: null };
  }
}

function findChain(step: GatewayStep, messages: readonly ChatMessage[]): string[] | TextError {
  try {
    return messageChain(step.tenant, step.model, messages);
  } catch (error) {
    if (error instanceof TextError) return error; // calls nested too deep to be read
    throw error;
  }
}

/** A side call's context is not the trace's. */
const isMain = (step: string): boolean => !step.includes('/s');

/** The gateway's end, not the step's: who can ask again under the same id gets the answer elsewhere. */
export const gatewayClosed = 'gateway_closed';

const endedHere = (step: string, id: string, code: string, message: string): Told =>
  ({ effect: { kind: 'fail', failure: { kind: 'failed', step, id, code, message, retry: 'later', limit: null, got: null } }, attempt: 0 });

const failedOf = ({ step, code, message, retry, limit, got }: FailedOut): Answer => ({ kind: 'failed', step, code, message, retry, limit, got });

/** A harness's id of a trace as one of ours: hashed with its tenant, so that two tenants' "1" never meet. */
export function ownTrace(tenant: string, foreign: string): string {
  const digest = hash('sha256', JSON.stringify([tenant, foreign]), 'hex');
  return traceId(Number.parseInt(digest.slice(0, 8), 16) % limits.partitions, digest.slice(8, 28));
}
