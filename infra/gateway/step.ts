import type { Headers } from '../../actors/lib/ports.ts';
import type { ChatMessage, Tool } from '../../schemas/chat.ts';
import type { Finish, Identity, Retry, StepClass, Timing, TokenLogprob, Usage } from '../../schemas/messages.ts';

/** A step as every entrance hands it in, validated, in text. */
export interface GatewayStep {
  /** Null: minted here, and then nothing can be asked for again. */
  readonly id: string | null;
  readonly tenant: string;
  readonly model: string;
  /** Ids as the harness wrote them. */
  readonly trace: string | null;
  readonly parent: string | null;
  readonly seq: number | null;
  readonly messages: readonly ChatMessage[] | null;
  readonly append: readonly ChatMessage[] | null;
  readonly tools: readonly Tool[];
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly seed: bigint | null;
  readonly stop: readonly string[];
  readonly logprobs: number;
  readonly class: StepClass;
  readonly deadlineMs: number | null;
  readonly headers: Headers;
}

export type Answer =
  /** `promptTokens`: null when the step was known before. `knownTokens`: of them the trace had, as far as this gateway saw. */
  | { readonly kind: 'accepted'; readonly step: string; readonly trace: string; readonly promptTokens: number | null; readonly knownTokens: number; readonly identity: Identity; readonly isKnown: boolean }
  /** `text` follows what was sent before; `offset` counts its tokens from the answer's start. */
  | { readonly kind: 'delta'; readonly step: string; readonly attempt: number; readonly offset: number; readonly tokens: Int32Array; readonly text: string; readonly logprobs: readonly TokenLogprob[] }
  | { readonly kind: 'result'; readonly step: string; readonly attempt: number; readonly text: string; readonly tokens: Int32Array; readonly finish: Finish; readonly usage: Usage; readonly timing: Timing; readonly worker: string; readonly costUsd: number; readonly logprobs: readonly TokenLogprob[] }
  | { readonly kind: 'failed'; readonly step: string; readonly code: string; readonly message: string; readonly retry: Retry; readonly limit: number | null; readonly got: number | null }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string; readonly limit: number | null; readonly got: number | null }
  | { readonly kind: 'deferred'; readonly code: string; readonly message: string; readonly retryAfterMs: number };

/** One submission in retrospect; times in milliseconds since the epoch. */
export interface StepTold {
  readonly step: GatewayStep;
  readonly startMs: number;
  readonly firstDeltaMs: number | null;
  readonly endMs: number;
  readonly accepted: (Answer & { readonly kind: 'accepted' }) | null;
  /** Null: the caller left before it. */
  readonly end: Exclude<Answer, { readonly kind: 'accepted' | 'delta' }> | null;
}
