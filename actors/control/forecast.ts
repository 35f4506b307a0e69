import type { PlaceAsk } from '../lib/asks.ts';

export interface ResumeForecast { readonly p50Ms: number; readonly p95Ms: number }

/**
 * When will the trace come back from its gap? From its own gaps: the median, and the longest with a margin.
 * With no gap seen yet, what real agents show: many gaps under a second, a tail of minutes (benchmarks.md, section 4).
 * Known to be weak: whoever uses it must be right on average when it is wrong.
 */
export function forecastResume(gapsMs: readonly number[]): ResumeForecast {
  if (gapsMs.length === 0) return { p50Ms: 900, p95Ms: 60_000 };
  const sorted = [...gapsMs].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { p50Ms: at(0.5), p95Ms: at(0.95) * 2 };
}

/** Mean number of steps of a trace; the tail is ten times as long, so a trace that has passed it is given its own length again. */
const stepsTypical = 40;

/**
 * Expected accelerator seconds until the trace is done, after attained service (Lindy: what has run long runs long):
 * an approximation of shortest remaining time that needs no hint (Autellix, section 4, has the attained-service half of it).
 */
export function remainingSeconds(ask: PlaceAsk, tokensToCompute: number, prefillTokensPerS: number, decodeTokensPerS: number): number {
  const thisStep = tokensToCompute / prefillTokensPerS + ask.maxTokens / 2 / decodeTokensPerS;
  const perStep = ask.stepsDone === 0 ? thisStep : ask.attainedMs / 1000 / ask.stepsDone;
  const stepsLeft = ask.stepsDone < stepsTypical ? stepsTypical - ask.stepsDone : ask.stepsDone;
  return thisStep + perStep * stepsLeft;
}
