/** Responses, chunks, errors and the model list of the chat completions protocol, as objects ready for JSON. */
import type { ToolCall } from './chat.ts';
import type { Finish, Usage } from './messages.ts';
import type { ChatRefusal } from './openai.ts';
import type { Refused } from './refused.ts';
import type { Deferred, Failed } from './reply.ts';

/** The protocol has no word for a cancelled answer: it gets an error. */
export type FinishReason = Exclude<Finish, 'cancelled'>;

/** What every part of one answer repeats. */
export interface ChatAnswer { readonly id: string; /** Seconds since the epoch. */ readonly created: number; readonly model: string }

export interface ChatUsage {
  readonly prompt_tokens: number; readonly completion_tokens: number; readonly total_tokens: number;
  /** Not computed again: resident, or recalled. */
  readonly prompt_tokens_details: { readonly cached_tokens: number };
}

export interface ChatLogprob { readonly token: string; readonly logprob: number; readonly bytes: readonly number[]; readonly top_logprobs: readonly { readonly token: string; readonly logprob: number; readonly bytes: readonly number[] }[] }

/** Beside the protocol's own fields: where and at which cost. Clients that do not know it ignore it. */
export interface Told { readonly trace: string; readonly step: string; readonly attempt: number; readonly worker: string; readonly hit: number; readonly recalled: number; readonly computed: number; readonly cost_usd: number }

interface Whole { readonly text: string; readonly toolCalls: readonly ToolCall[]; readonly finish: FinishReason; readonly usage: Usage; readonly logprobs: readonly ChatLogprob[] | null; readonly slackwater: Told | null }

export function chatCompletion(answer: ChatAnswer, whole: Whole) {
  const message = { role: 'assistant', content: whole.text === '' && whole.toolCalls.length > 0 ? null : whole.text, refusal: null, ...(whole.toolCalls.length > 0 ? { tool_calls: whole.toolCalls } : {}) };
  return {
    id: answer.id, object: 'chat.completion', created: answer.created, model: answer.model,
    choices: [{ index: 0, message, logprobs: whole.logprobs === null ? null : { content: whole.logprobs, refusal: null }, finish_reason: whole.finish }],
    usage: chatUsage(whole.usage),
    ...(whole.slackwater === null ? {} : { slackwater: whole.slackwater }),
  } as const;
}

interface ChunkDelta { readonly role?: 'assistant'; readonly content?: string; readonly tool_calls?: readonly (ToolCall & { readonly index: number })[] }

function chunk(answer: ChatAnswer, delta: ChunkDelta, finish: FinishReason | null, logprobs: readonly ChatLogprob[] | null) {
  return {
    id: answer.id, object: 'chat.completion.chunk', created: answer.created, model: answer.model,
    choices: [{ index: 0, delta, logprobs: logprobs === null ? null : { content: logprobs, refusal: null }, finish_reason: finish }],
  } as const;
}

/** Goes out before the first token: says that the answer has begun. */
export const chunkStart = (answer: ChatAnswer) => chunk(answer, { role: 'assistant', content: '' }, null, null);
export const chunkText = (answer: ChatAnswer, text: string, logprobs: readonly ChatLogprob[] | null) => chunk(answer, { content: text }, null, logprobs);
export const chunkToolCalls = (answer: ChatAnswer, calls: readonly ToolCall[]) => chunk(answer, { tool_calls: calls.map((call, index) => ({ index, ...call })) }, null, null);
export const chunkEnd = (answer: ChatAnswer, finish: FinishReason, told: Told | null) => ({ ...chunk(answer, {}, finish, null), ...(told === null ? {} : { slackwater: told }) });
/** After the end, when the client asked for it. */
export const chunkUsage = (answer: ChatAnswer, usage: Usage) => ({ id: answer.id, object: 'chat.completion.chunk', created: answer.created, model: answer.model, choices: [], usage: chatUsage(usage) }) as const;

export function chatUsage(usage: Usage): ChatUsage {
  return {
    prompt_tokens: usage.prompt, completion_tokens: usage.generated, total_tokens: usage.prompt + usage.generated,
    prompt_tokens_details: { cached_tokens: usage.hit + usage.recalled },
  };
}

/** JSON has no -Infinity: what was impossible gets a number that is as good as that. */
export const finiteLogprob = (logprob: number): number => Math.max(logprob, -9999);

export function modelList(models: readonly string[], created: number) {
  return { object: 'list', data: models.map((id) => ({ id, object: 'model', created, owned_by: 'slackwater' })) } as const;
}

export interface ChatError {
  readonly status: number;
  /** null: not worth trying again as it is. */
  readonly retryAfterMs: number | null;
  readonly body: { readonly error: { readonly message: string; readonly type: 'invalid_request_error' | 'rate_limit_error' | 'server_error'; readonly param: string | null; readonly code: string } };
}

const statusByCode: Readonly<Record<string, number>> = { payload_too_large: 413, unsupported_content_type: 415, unknown_model: 404, seq_old: 409, seq_gap: 409, cancelled: 499 };
/** Names that clients of this protocol look for. */
const codeThere: Readonly<Record<string, string>> = { context_length: 'context_length_exceeded', unknown_model: 'model_not_found', unknown_field: 'unknown_parameter', missing_field: 'missing_required_parameter', invalid_field: 'invalid_value' };

/** A refusal, a deferral or a failure in the protocol's shape; the reason and its numbers are ours. */
export function chatError(reason: ChatRefusal | Refused | Deferred | Failed): ChatError {
  switch (reason.kind) {
    case 'chatRefusal':
      return error(statusByCode[reason.refused.code] ?? 400, 'invalid_request_error', reason.refused, reason.param);
    case 'refused':
      return error(statusByCode[reason.code] ?? 400, 'invalid_request_error', reason, reason.code === 'unknown_model' ? 'model' : reason.code === 'context_length' ? 'messages' : null);
    case 'deferred':
      return error(429, 'rate_limit_error', reason, null, reason.retry_after_ms);
    case 'failed':
      return reason.retry === 'never' ? error(statusByCode[reason.code] ?? 500, 'server_error', reason, null) : error(503, 'server_error', reason, null, 1000);
  }
}

function error(status: number, type: ChatError['body']['error']['type'], reason: { readonly code: string; readonly message: string }, param: string | null, retryAfterMs: number | null = null): ChatError {
  return { status, retryAfterMs, body: { error: { message: reason.message, type, param, code: codeThere[reason.code] ?? reason.code } } };
}
