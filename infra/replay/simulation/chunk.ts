import { blockTokens } from '../../../actors/lib/chain.ts';
import { type Device, type Iteration, type ModelShape, contextOfChunk, iterationMs } from './engine-model.ts';

/** What a prompt has left to compute, and how many tokens come before that. */
export interface Rest { readonly left: number; readonly context: number }

/**
 * Tokens of a prompt that an iteration takes beside what it has already, as the engine's loop chooses them: what is left of its tokens and, where others
 * sample in it, of the time that such an iteration may take, cut at the last edge of a block. The first prompt always gets to such an edge. 0: it waits.
 */
export function chunkInTime(device: Device, model: ModelShape, rest: Rest, budget: number, has: Iteration, isFirst: boolean): number {
  const most = Math.min(rest.left, budget), { iterationMsMax = Number.POSITIVE_INFINITY } = device;
  const fits = (tokens: number): boolean =>
    iterationMs(device, model, { ...has, prefillTokens: has.prefillTokens + tokens, prefillContext: has.prefillContext + contextOfChunk(rest.context, tokens) }) <= iterationMsMax;
  let least = 0, above = most;
  while (least < above) {
    const middle = Math.ceil((least + above) / 2);
    if (fits(middle)) least = middle; else above = middle - 1;
  }
  const tokens = Math.min(most, Math.max(least, isFirst ? blockTokens - (rest.context % blockTokens) : 0));
  if (tokens === rest.left) return tokens;
  const toEdge = Math.floor((rest.context + tokens) / blockTokens) * blockTokens - rest.context;
  return toEdge > 0 ? toEdge : isFirst ? tokens : 0;
}
