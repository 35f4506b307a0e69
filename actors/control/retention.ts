import type { PinAsk, RetainAsk } from '../lib/asks.ts';
import { blocksOf } from '../lib/chain.ts';
import type { Tier } from '../../schemas/messages.ts';
import { copyMs } from './copies.ts';
import { forecastResume } from './forecast.ts';
import { decodeRate, prefillRate } from './placement.ts';
import type { Retention } from './policy.ts';
import type { WorkerView } from './types.ts';

/**
 * What a gap does to a prefix. It is demoted when its absence is worth more than its presence: the arena is under
 * pressure and the gap is expected to outlast the copy out and back; and it is recalled so as to be back at the
 * expected resume, when room is likely then. A short gap, or an arena with room to spare, leaves it where it is.
 * `keepValue` is seconds of recompute saved per second of being kept.
 */
export function retain(ask: RetainAsk, view: WorkerView | null, leastMs: number): Retention {
  const resume = forecastResume(ask.gapsMs);
  const recomputeS = view === null ? 0 : ask.tokens / prefillRate(view);
  const keepValue = recomputeS / Math.max(0.1, resume.p50Ms / 1000);
  if (view === null || view.load.dramBlocks === 0) return { keepValue, demoteAfterMs: null, recallAfterMs: null, why: 'no lower tier' };
  const oneWayMs = copyMs(ask.tokens, view);
  const used = view.load.hbmUsed / Math.max(1, view.load.hbmBlocks);
  const isTight = used > 0.5;
  if (!isTight && resume.p50Ms < 10_000) return { keepValue, demoteAfterMs: null, recallAfterMs: null, why: `hbm ${percent(used)} used; stays resident` };
  if (resume.p50Ms <= 2 * oneWayMs + leastMs) return { keepValue, demoteAfterMs: null, recallAfterMs: null, why: `gap of ${Math.round(resume.p50Ms)} ms expected, copies take ${Math.round(2 * oneWayMs)} ms` };
  // Back a little before the median resume; a trace that comes earlier is recalled by its own step, at the same price.
  const iterationMs = 1000 / decodeRate(view);
  const recallAfterMs = Math.max(leastMs + oneWayMs, resume.p50Ms - oneWayMs - iterationMs);
  return {
    keepValue, demoteAfterMs: leastMs, recallAfterMs: resume.p50Ms > 120_000 ? null : recallAfterMs,
    why: `hbm ${percent(used)} used; gap of ${Math.round(resume.p50Ms)} ms expected, ${(recomputeS).toFixed(2)} s to recompute`,
  };
}

/** The parent of a fan-out is held once, until its last child is done: resident while it takes a small part of the arena, else one tier down. */
export function pinTier(ask: PinAsk, view: WorkerView | null): { readonly tier: Tier; readonly why: string } {
  if (view === null) return { tier: 'dram', why: 'worker not seen' };
  const share = blocksOf(ask.tokens) / Math.max(1, view.load.hbmBlocks);
  return share <= 0.15 || view.load.dramBlocks === 0
    ? { tier: 'hbm', why: `parent is ${percent(share)} of hbm, shared by its children` }
    : { tier: 'dram', why: `parent is ${percent(share)} of hbm: too much to hold resident` };
}

const percent = (share: number): string => `${Math.round(share * 100)}%`;
