import type { Answer } from '../gateway/step.ts';
import type { Vocabulary } from '../text/vocabulary.ts';
import { type ChatLogprob, type FinishReason, finiteLogprob, type Told } from '../../schemas/openai-answers.ts';
import type { TokenLogprob } from '../../schemas/messages.ts';
import type { Failed } from '../../schemas/reply.ts';

type Result = Extract<Answer, { readonly kind: 'result' }>;

const utf8 = new TextDecoder();

/** Null when none were asked for. The token that ends the answer is no part of it. */
export function chatLogprobs(vocabulary: Vocabulary, logprobs: readonly TokenLogprob[], isWanted: boolean): readonly ChatLogprob[] | null {
  if (!isWanted) return null;
  const named = ({ token, logprob }: { readonly token: number; readonly logprob: number }) => {
    const bytes = vocabulary.bytesOf(token);
    return { token: utf8.decode(bytes), logprob: finiteLogprob(logprob), bytes: [...bytes] };
  };
  return logprobs.filter(({ token }) => !vocabulary.isControl(token)).map((it) => ({ ...named(it), top_logprobs: it.top.map(named) }));
}

export const toldOf = (result: Result, trace: string): Told => ({
  trace, step: result.step, attempt: result.attempt, worker: result.worker,
  hit: result.usage.hit, recalled: result.usage.recalled, computed: result.usage.computed, cost_usd: result.costUsd,
});

/** The protocol has no finish for an answer that was cancelled: it is an error there. */
export function finishOf(result: Result): FinishReason | Failed {
  return result.finish === 'cancelled' ? { kind: 'failed', step: result.step, code: 'cancelled', message: `step ${result.step} was cancelled`, retry: 'never' } : result.finish;
}
