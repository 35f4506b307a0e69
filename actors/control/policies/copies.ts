import { blocksOf } from '../../lib/chain.ts';
import { prefillRate } from '../placement.ts';
import type { WorkerView } from '../types.ts';

/** Milliseconds to copy so many tokens' KV one tier down, or back up: links are taken to be as fast both ways. */
export const copyMs = (tokens: number, { load }: WorkerView): number => (blocksOf(tokens) * load.blockBytes * 1000) / (load.recallBytesPerS || 2e9);

/** Milliseconds to compute so many tokens anew. */
export const recomputeMs = (tokens: number, view: WorkerView): number => (tokens * 1000) / prefillRate(view);
