import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ChatAnswer, chatCompletion, chunkEnd, chunkStart, chunkText, chunkUsage } from '../../schemas/openai-answers.ts';
import { type ChatRequest, chatOf } from '../../schemas/openai.ts';
import { stepLimits } from '../../schemas/harness.ts';
import { readJson } from '../../schemas/json.ts';
import { isRefused, refused } from '../../schemas/refused.ts';
import type { Deferred, Failed } from '../../schemas/reply.ts';
import type { TokenLogprob } from '../../schemas/messages.ts';
import { type Gateway, gatewayClosed } from '../gateway/gateway.ts';
import { deferredOf, failedOf, gatewayStep, refusedOf, traceContext } from '../gateway/requests.ts';
import type { Answer } from '../gateway/step.ts';
import type { Vocabulary } from '../text/vocabulary.ts';
import { chatLogprobs, finishOf, toldOf } from './chat-answer.ts';
import { EventStream } from './event-stream.ts';
import { Harness } from './harness.ts';
import { problemOf, sendProblem } from './problems.ts';
import { findTenant, tenantHeader, withToldIds } from './told-ids.ts';

type AnswerOf<Kind extends Answer['kind']> = Extract<Answer, { readonly kind: Kind }>;

/** As long as nothing was sent, a failure can still have its own HTTP status. */
const headAfterMs = 2_000;

/** POST /v1/chat/completions: one step, from its body to the last byte of its answer. */
export async function chatRoute(gateway: Gateway, cancel: (step: string) => void, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const tenant = findTenant(request.headers);
  if (tenant === null) return sendProblem(reply, refused('invalid_tenant', `header ${tenantHeader} is 1 to 64 of A-Z a-z 0-9 _ -`));
  const read = readJson(request.body instanceof Uint8Array ? request.body : new Uint8Array(), stepLimits.bytesMax);
  if (isRefused(read)) return sendProblem(reply, read);
  const chat = chatOf(withToldIds(read.value, request.headers));
  if (chat.kind === 'chatRefusal') return sendProblem(reply, chat);
  const step = gatewayStep(chat.step, tenant, traceContext(request.headers), chat.logprobs);
  const harness = new Harness(reply.raw, chat.step.id === null ? cancel : () => {});
  const answering = new Answering(chat, gateway.models.get(step.model)?.vocabulary ?? null, reply);
  try {
    for await (const answer of gateway.submit(step)) {
      switch (answer.kind) {
        case 'refused': return sendProblem(reply, refusedOf(answer));
        case 'deferred': return sendProblem(reply, deferredOf(answer));
        case 'accepted': harness.onAccepted(answer.step); answering.accepted(answer); break;
        case 'delta': await answering.delta(answer); break;
        case 'result':
          harness.onEnded();
          if (chat.isLast) await gateway.endTrace(answering.trace);
          return await answering.result(answer);
        case 'failed': harness.onEnded(); return await answering.failed(failedOf(answer));
      }
    }
    return await answering.failed({ kind: 'failed', step: '', code: gatewayClosed, message: 'the gateway ended before the answer did', retry: 'later' });
  } finally {
    answering.stop();
  }
}

/** One answer on its way out, whole or as events. */
class Answering {
  readonly #chat: ChatRequest;
  readonly #vocabulary: Vocabulary | null;
  readonly #reply: FastifyReply;
  readonly #createdS = Math.floor(Date.now() / 1000);
  readonly #logprobs: TokenLogprob[] = [];
  #step = '';
  #head: NodeJS.Timeout | undefined;
  #events: EventStream | null = null;
  trace = '';

  constructor(chat: ChatRequest, vocabulary: Vocabulary | null, reply: FastifyReply) {
    this.#chat = chat;
    this.#vocabulary = vocabulary;
    this.#reply = reply;
  }

  accepted({ step, trace }: AnswerOf<'accepted'>): void {
    this.#step = step;
    this.trace = trace;
    for (const [name, value] of Object.entries(this.#headers())) this.#reply.header(name, value);
    if (this.#chat.stream) this.#head = setTimeout(() => { void this.#open(); }, headAfterMs);
  }

  async delta({ text, logprobs }: AnswerOf<'delta'>): Promise<void> {
    if (!this.#chat.stream) { this.#logprobs.push(...logprobs); return; }
    const events = await this.#open();
    if (text !== '' || logprobs.length > 0) await events.send(chunkText(this.#answer(), text, this.#shown(logprobs)));
  }

  async result(result: AnswerOf<'result'>): Promise<FastifyReply> {
    const finish = finishOf(result);
    if (typeof finish === 'object') return this.failed(finish);
    const told = toldOf(result, this.trace);
    if (!this.#chat.stream) {
      return this.#reply.send(chatCompletion(this.#answer(), { text: result.text, toolCalls: [], finish, usage: result.usage, logprobs: this.#shown(this.#logprobs), slackwater: told }));
    }
    const events = await this.#open();
    await events.send(chunkEnd(this.#answer(), finish, told));
    if (this.#chat.isUsageWanted) await events.send(chunkUsage(this.#answer(), result.usage));
    await events.end();
    return this.#reply;
  }

  async failed(reason: Failed | Deferred): Promise<FastifyReply> {
    if (this.#events === null) return sendProblem(this.#reply, reason);
    await this.#events.send(problemOf(reason).body);
    await this.#events.end();
    return this.#reply;
  }

  stop(): void {
    clearTimeout(this.#head);
    this.#events?.stop();
  }

  /** The head goes out with the first token, or when that takes long: some clients give up on silence. */
  async #open(): Promise<EventStream> {
    clearTimeout(this.#head);
    if (this.#events !== null) return this.#events;
    this.#reply.hijack();
    this.#events = new EventStream(this.#reply.raw, this.#headers());
    await this.#events.send(chunkStart(this.#answer()));
    return this.#events;
  }

  #headers(): Readonly<Record<string, string>> { return { 'x-slackwater-step': this.#step, 'x-slackwater-trace': this.trace }; }
  #answer(): ChatAnswer { return { id: `chatcmpl-${this.#step.replace('/', '-')}`, created: this.#createdS, model: this.#chat.step.model }; }
  #shown(logprobs: readonly TokenLogprob[]) { return this.#vocabulary === null ? null : chatLogprobs(this.#vocabulary, logprobs, this.#chat.logprobs >= 0); }
}
