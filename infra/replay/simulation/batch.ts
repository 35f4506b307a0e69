import { blocksOf } from '../../../actors/lib/chain.ts';
import { chunkInTime } from './chunk.ts';
import { type Device, type ModelShape, contextOfChunk, iterationMs } from './engine-model.ts';
import type { Due } from './event-queue.ts';
import type { Run } from './run.ts';

/** What the runs of an iteration do in it: chunks of prompts, and a token for each that decodes. `count`: for so many iterations in a row it is the same. `overheadMs`: of the runs that begin in it. */
export interface Batch { readonly chunks: readonly Chunk[]; readonly decodes: number; readonly decodeContext: number; readonly count: number; readonly overheadMs: number }
interface Chunk { readonly run: Run; readonly tokens: number }

/** Iterations of one batch, in a row: between them nothing begins or ends. Contexts grow by the same each time, and with them an iteration by `growMs`. `count` may become less than what was `planned`. */
export interface Phase { readonly startMs: number; readonly firstMs: number; readonly growMs: number; readonly chunks: readonly Chunk[]; readonly planned: number; count: number; due: Due }

/** Every run that decodes gets a token, and prompts in the order given what is left of an iteration's tokens (Agrawal et al., 2024, "Sarathi-Serve", section 4.2), and of its time where a device has one. */
export function batchOf(device: Device, model: ModelShape, prefilling: readonly Run[], decoding: readonly Run[], decodeContext: number): Batch {
  let budget = device.iterationTokens, count = Number.POSITIVE_INFINITY, overheadMs = 0, prefillTokens = 0, prefillContext = 0, isSampling = decoding.length > 0;
  const chunks: Chunk[] = [];
  for (const run of prefilling) {
    if (budget === 0) break;
    const isInTime = isSampling && device.iterationMsMax !== undefined;
    const tokens = isInTime ? chunkInTime(device, model, run, budget, { prefillTokens, prefillContext, decodes: decoding.length, decodeContext }, chunks.length === 0) : Math.min(run.left, budget);
    if (tokens === 0) continue;
    chunks.push({ run, tokens });
    budget -= tokens;
    prefillTokens += tokens;
    prefillContext += contextOfChunk(run.context, tokens);
    isSampling ||= tokens === run.left;
    const { overheadPerRunMs = 0 } = device, costs = run.isFresh && overheadPerRunMs > 0;
    if (costs) overheadMs += overheadPerRunMs;
    // The deeper the context, the less is in time: the next iteration is another one.
    count = isInTime || costs ? 1 : Math.min(count, Math.max(1, Math.floor(run.left / tokens)));
  }
  for (const run of decoding) count = Math.min(count, run.outLeft);
  return { chunks, decodes: decoding.length, decodeContext, count, overheadMs };
}

/** Milliseconds of the batch's first iteration, and by how much each is longer than the one before. */
export function timesOf(device: Device, model: ModelShape, { chunks, decodes, decodeContext, overheadMs }: Batch, count: number): { readonly firstMs: number; readonly growMs: number } {
  let prefillTokens = 0;
  for (const { tokens } of chunks) prefillTokens += tokens;
  const timeOf = (iteration: number): number => {
    let prefillContext = 0;
    for (const { run, tokens } of chunks) prefillContext += contextOfChunk(run.context + tokens * iteration, tokens);
    return overheadMs + iterationMs(device, model, { prefillTokens, prefillContext, decodes, decodeContext: decodeContext + decodes * iteration });
  };
  const firstMs = timeOf(0);
  return { firstMs, growMs: count > 1 ? (timeOf(count - 1) - firstMs) / (count - 1) : 0 };
}

/** Of the first `count` iterations together. */
export const spanMs = ({ firstMs, growMs }: Pick<Phase, 'firstMs' | 'growMs'>, count: number): number => count * firstMs + (growMs * count * (count - 1)) / 2;

/** Iterations of the phase that have begun by `nowMs`, behind its start: one that ends at that instant is the last. */
export function iterationsBegun(phase: Phase, nowMs: number): number {
  let low = 1, high = phase.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (phase.startMs + spanMs(phase, middle) < nowMs - 1e-9) low = middle + 1; else high = middle;
  }
  return low;
}

/** Blocks that the runs lack for so many tokens more each. */
export function blocksToGrow(decoding: readonly Run[], tokens: number): number {
  let blocks = 0;
  for (const run of decoding) blocks += Math.max(0, blocksOf(run.tokens + tokens) - run.room);
  return blocks;
}

/** How many tokens more each, `most` at most, the runs can be given in `room` blocks. */
export function tokensWithin(decoding: readonly Run[], room: number, most: number): number {
  let low = 0, high = most;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (blocksToGrow(decoding, middle) <= room) low = middle; else high = middle - 1;
  }
  return low;
}
