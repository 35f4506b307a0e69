import { blocksOf } from '../lib/chain.ts';
import { prefillRate, recallRate } from './placement.ts';
import type { WorkerView } from './types.ts';

/** Milliseconds to copy so many tokens' KV one tier down, or back up: links are taken to be as fast both ways. */
export const copyMs = (tokens: number, view: WorkerView): number => ((blocksOf(tokens) * view.load.blockBytes) / recallRate(view)) * 1000;

/** Milliseconds to compute so many tokens anew. */
export const recomputeMs = (tokens: number, view: WorkerView): number => (tokens * 1000) / prefillRate(view);
