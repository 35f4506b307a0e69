import type { Order, RefusalCode, Retry, RunOrder } from '../../schemas/messages.ts';
import { blocksOf, blockTokens, nameBytes, pageTokens } from '../lib/chain.ts';
import { partitionOf, traceOf } from '../lib/ids.ts';
import type { WorkerConfig, WorkerState } from './types.ts';

export interface Refusal { readonly code: RefusalCode; readonly message: string; readonly retry: Retry }

/** Worst case of a run: its prompt and all it may generate, within the context. */
export const blocksNeeded = (config: WorkerConfig, order: RunOrder): number =>
  blocksOf(Math.min(order.prompt.tokens + order.sampling.maxTokens, config.contextLength));

/** Null: the order comes from the owner of its partition. */
export function findStaleOwner(state: WorkerState, { trace, fence: { partition, epoch } }: Order): Refusal | null {
  const own = partitionOf(trace);
  if (own === null || own !== partition) return { code: 'bad_order', message: `trace ${trace} is ${own === null ? 'no trace id' : `of partition ${own}`}, the fence of ${partition}`, retry: 'never' };
  const highest = state.epochs.get(partition) ?? 0;
  if (epoch < highest) return { code: 'old_epoch', message: `epoch ${epoch} of partition ${partition}; ${highest} owns it now`, retry: 'never' };
  state.epochs.set(partition, epoch);
  return null;
}

/** Null: this worker could run it, if it had room. */
export function findUnrunnable(config: WorkerConfig, order: RunOrder): Refusal | null {
  const { prompt, sampling } = order;
  if (order.model !== config.model) return { code: 'unknown_model', message: `model ${order.model}; this worker has ${config.model}`, retry: 'never' };
  const problem = findMalformed(order);
  if (problem !== null) return { code: 'bad_order', message: problem, retry: 'never' };
  if (prompt.tokens + 1 > config.contextLength) {
    return { code: 'context_length', message: `prompt of ${prompt.tokens} tokens; ${config.model} takes ${config.contextLength} with at least one generated`, retry: 'never' };
  }
  const blocks = blocksNeeded(config, order);
  if (blocks > config.hbmBlocks) {
    return { code: 'arena_too_small', message: `${blocks} blocks needed for ${prompt.tokens} + ${sampling.maxTokens} tokens; the arena has ${config.hbmBlocks}`, retry: 'elsewhere' };
  }
  return null;
}

function findMalformed({ prompt, sampling, lane, attempt, trace, step }: RunOrder): string | null {
  if (traceOf(step) !== trace || !/^\/s?\d{1,15}$/.test(step.slice(trace.length))) return `step ${step} of trace ${trace}`;
  const { pages, tail, tailChain, tokens } = prompt;
  if (tokens < 1) return 'an empty prompt';
  if (tail.length >= pageTokens) return `a tail of ${tail.length} tokens; a page takes ${pageTokens}`;
  if (pages.length * pageTokens + tail.length !== tokens) return `${pages.length} pages and ${tail.length} tokens are not ${tokens} tokens`;
  if (tailChain.length !== Math.floor(tail.length / blockTokens) * nameBytes) return `a tail of ${tail.length} tokens with ${tailChain.length} bytes of names`;
  if (!(sampling.maxTokens >= 1)) return `max_tokens ${sampling.maxTokens}`;
  if (!(attempt >= 1)) return `attempt ${attempt}`;
  if (lane === '') return 'a run without a lane';
  return null;
}
