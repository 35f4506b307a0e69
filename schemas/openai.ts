/**
 * POST /v1/chat/completions: what is taken, and as which step. Strict where it matters: a field that would change the answer
 * and is not honoured is refused by name, never dropped in silence; what changes nothing is in one table, `harmless`.
 * Responses and errors are built in `openai-answers.ts`.
 */
import { z } from 'zod';
import { chatMessages, stops, tools } from './chat.ts';
import { samplingFields, stepDefaults, stepLimits, stepOf, type StepRequest } from './harness.ts';
import { readJson } from './json.ts';
import { isRefused, problemIn, refused, type Refused } from './refused.ts';

export interface ChatRequest {
  readonly kind: 'chatRequest';
  /** The step as a harness would have published it. */
  readonly step: StepRequest;
  readonly stream: boolean;
  /** A last chunk with the usage. */
  readonly isUsageWanted: boolean;
  /** Alternatives to report per token; -1: no logprobs at all. */
  readonly logprobs: number;
  /** The trace is over with this answer. */
  readonly isLast: boolean;
  readonly user: string | null;
}

export interface ChatRefusal { readonly kind: 'chatRefusal'; readonly refused: Refused; /** Path of the field. */ readonly param: string | null }

/** Fields that real clients send, that change no answer while they have such a value, and what we make of another one. */
const harmless: Readonly<Record<string, { readonly allowed: z.ZodType; readonly only: string }>> = {
  store: { allowed: z.boolean(), only: 'a boolean' },
  metadata: { allowed: z.record(z.string(), z.unknown()), only: 'an object' },
  parallel_tool_calls: { allowed: z.boolean(), only: 'a boolean' },
  service_tier: { allowed: z.string(), only: 'a string' },
  safety_identifier: { allowed: z.string(), only: 'a string' },
  prompt_cache_key: { allowed: z.string(), only: 'a string' },
  prompt_cache_retention: { allowed: z.string(), only: 'a string' },
  reasoning_effort: { allowed: z.string(), only: 'a string' },
  verbosity: { allowed: z.string(), only: 'a string' },
  response_format: { allowed: z.strictObject({ type: z.literal('text') }), only: '{"type":"text"}' },
  modalities: { allowed: z.tuple([z.literal('text')]), only: '["text"]' },
  n: { allowed: z.literal(1), only: '1' },
  frequency_penalty: { allowed: z.literal(0), only: '0' },
  presence_penalty: { allowed: z.literal(0), only: '0' },
  repetition_penalty: { allowed: z.literal(1), only: '1' },
  logit_bias: { allowed: z.strictObject({}), only: '{}' },
  audio: { allowed: z.never(), only: 'null' },
  prediction: { allowed: z.never(), only: 'null' },
};

/**
 * What a client gets that sets no limit. Room for the whole answer is reserved before a step runs, so "the rest of the
 * context", which such a client seldom uses, would keep others out.
 */
const unlimitedTokens = 1_024;

const maybe = <T extends z.ZodType>(type: T) => type.nullable().optional();
const foreignText = z.string().min(1).max(stepLimits.idCharactersMax);

const chatShape = z.strictObject({
  model: z.string().min(1).max(256),
  messages: chatMessages,
  max_tokens: maybe(samplingFields.max_tokens),
  max_completion_tokens: maybe(samplingFields.max_tokens),
  temperature: maybe(samplingFields.temperature),
  top_p: maybe(samplingFields.top_p),
  top_k: maybe(samplingFields.top_k),
  seed: maybe(z.int()),
  stop: maybe(z.union([stops, z.string().min(1).max(256).transform((text) => [text])])),
  stream: maybe(z.boolean()),
  stream_options: maybe(z.strictObject({ include_usage: z.boolean().optional(), include_obfuscation: z.boolean().optional() })),
  logprobs: maybe(z.boolean()),
  top_logprobs: maybe(z.int().min(0).max(20)),
  tools: maybe(tools),
  // A call cannot be forced yet: that needs constrained decoding.
  tool_choice: maybe(z.literal(['auto', 'none'])),
  user: maybe(z.string().max(512)),
  /** What a harness may tell us beyond the protocol; the words are those of a published step. */
  slackwater: maybe(z.strictObject({
    id: maybe(foreignText), trace: maybe(foreignText), parent: maybe(foreignText), seq: maybe(z.int().min(1)),
    class: maybe(z.literal(['interactive', 'agent', 'background'])), deadline_ms: maybe(z.number().gt(0)), end: maybe(z.boolean()),
  })),
});

/** Reads the body of a request; `bytesMax` as configured for the entrance. */
export function parseChat(bytes: Uint8Array, bytesMax: number = stepLimits.bytesMax): ChatRequest | ChatRefusal {
  const read = readJson(bytes, bytesMax);
  return isRefused(read) ? refuse(read) : chatOf(read.value);
}

/** The same from a body that was parsed already. */
export function chatOf(body: unknown): ChatRequest | ChatRefusal {
  const told = withoutHarmless(body);
  if ('kind' in told) return told;
  const parsed = chatShape.safeParse(told.rest);
  if (!parsed.success) {
    const problem = problemIn(parsed.error, body);
    return refuse(problem.refused, problem.param);
  }
  const chat = parsed.data;
  if (typeof chat.top_logprobs === 'number' && chat.logprobs !== true) return refuse(refused('invalid_field', `"top_logprobs" is ${chat.top_logprobs} without "logprobs": true`), 'top_logprobs');
  if (chat.stream_options && chat.stream !== true) return refuse(refused('invalid_field', '"stream_options" without "stream": true'), 'stream_options');
  const ours = chat.slackwater ?? {};
  const step = stepOf({
    id: ours.id, trace: ours.trace, parent: ours.parent, seq: ours.seq, deadline_ms: ours.deadline_ms, class: ours.class ?? stepDefaults.class,
    model: chat.model, messages: chat.messages, tools: chat.tool_choice === 'none' ? [] : chat.tools,
    sampling: {
      max_tokens: chat.max_completion_tokens ?? chat.max_tokens ?? unlimitedTokens,
      temperature: chat.temperature ?? 1, top_p: chat.top_p ?? 1, top_k: chat.top_k ?? 0,
      seed: typeof chat.seed === 'number' ? BigInt.asUintN(64, BigInt(chat.seed)) : null,
      stop: chat.stop ?? [],
    },
  });
  if (isRefused(step)) return refuse(step, 'slackwater'); // the rest has passed the same rules above
  return {
    kind: 'chatRequest', step, stream: chat.stream ?? false, isUsageWanted: chat.stream_options?.include_usage ?? false,
    logprobs: chat.logprobs === true ? chat.top_logprobs ?? 0 : -1, isLast: ours.end ?? false, user: chat.user ?? null,
  };
}

function refuse(reason: Refused, param: string | null = null): ChatRefusal {
  return { kind: 'chatRefusal', refused: reason, param };
}

function withoutHarmless(body: unknown): { readonly rest: unknown } | ChatRefusal {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return { rest: body };
  const rest: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(body)) {
    const rule = Object.hasOwn(harmless, key) ? harmless[key] : undefined;
    if (rule === undefined) Object.defineProperty(rest, key, { value, enumerable: true });
    else if (value !== null && !rule.allowed.safeParse(value).success) {
      return refuse(refused('unsupported_value', `"${key}" is ${JSON.stringify(value).slice(0, 60)}; only ${rule.only} is supported`), key);
    }
  }
  return { rest };
}
