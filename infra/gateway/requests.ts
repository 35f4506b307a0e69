import type { StepRequest } from '../../schemas/harness.ts';
import type { Refused } from '../../schemas/refused.ts';
import type { Accepted, Deferred, Delta, Failed, Result } from '../../schemas/reply.ts';
import type { Headers } from '../../actors/lib/ports.ts';
import type { Answer, GatewayStep } from './step.ts';

type AnswerOf<Kind extends Answer['kind']> = Extract<Answer, { readonly kind: Kind }>;

/** A step as an entrance read it, as the gateway takes it. `logprobs`: -1 for none. */
export function gatewayStep(request: StepRequest, tenant: string, headers: Headers, logprobs = -1): GatewayStep {
  const { id, model, trace, parent, seq, messages, append, tools, sampling } = request;
  return {
    id, tenant, model, trace, parent, seq, messages, append, tools, logprobs, headers,
    maxTokens: sampling.max_tokens, temperature: sampling.temperature, topP: sampling.top_p, topK: sampling.top_k, seed: sampling.seed, stop: sampling.stop,
    class: request.class, deadlineMs: request.deadline_ms,
  };
}

/** W3C trace context goes with the step as it came, if it can be one; no other header does. */
export function traceContext(headers: Readonly<Record<string, string | readonly string[] | undefined>>): Headers {
  const found: Record<string, string> = {};
  for (const name of ['traceparent', 'tracestate']) {
    const value = headers[name];
    if (typeof value === 'string' && /^[\x20-\x7e]{1,512}$/.test(value)) found[name] = value;
  }
  return found;
}

export const refusedOf = ({ code, message, limit, got }: AnswerOf<'refused'>): Refused =>
  ({ kind: 'refused', code, message, ...(limit === null || got === null ? {} : { limit, got }) });

export const deferredOf = ({ code, message, retryAfterMs }: AnswerOf<'deferred'>): Deferred => ({ kind: 'deferred', retry_after_ms: retryAfterMs, code, message });

export const failedOf = ({ step, code, message, retry }: AnswerOf<'failed'>): Failed => ({ kind: 'failed', step, code, message, retry });

/** Of a step that was known already the prompt is counted in its result, and is 0 here. */
export const acceptedOf = ({ step, trace, promptTokens, knownTokens, identity }: AnswerOf<'accepted'>): Accepted =>
  ({ kind: 'accepted', step, trace, attempt: 1, prompt_tokens: promptTokens ?? 0, known_tokens: knownTokens, identity });

export const deltaOf = ({ step, attempt, offset, tokens, text }: AnswerOf<'delta'>): Delta => ({ kind: 'delta', step, attempt, offset, tokens: tokens.length, text });

export const resultOf = ({ step, attempt, text, finish, usage, timing, worker, costUsd }: AnswerOf<'result'>): Result => ({
  kind: 'result', step, attempt, text, finish, tool_calls: [], usage,
  timing_ms: { queued: timing.queuedMs, recall: timing.recallMs, first_token: timing.firstTokenMs, total: timing.totalMs }, worker, cost_usd: costUsd,
});
