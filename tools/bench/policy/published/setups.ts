import type { FleetSpec } from './hardware.ts';
import type { Law, ProgramKind } from './programs.ts';

/** How work comes. `open`: programs as a Poisson process. `closed`: so many at once. `search`: a Poisson process of the largest rate at which a token takes no longer than `secondsPerToken`. */
export type Coming =
  | { readonly kind: 'open'; readonly perS: number; readonly count: number }
  | { readonly kind: 'closed'; readonly concurrency: number; readonly count: number }
  | { readonly kind: 'search'; readonly fromPerS: number; readonly toPerS: number; readonly secondsPerToken: number; readonly count: number }
  /** Requests of one call on prompts that groups share: a warm-up, then, from `fromMs` on, the stage that counts. */
  | { readonly kind: 'staged'; readonly warmUp: { readonly count: number; readonly perS: number }; readonly stage: { readonly count: number; readonly perS: number; readonly fromMs: number } };

export type Work = { readonly kinds: readonly ProgramKind[] } | { readonly recorded: 'weka' | 'mini-swe' } | { readonly groups: number; readonly perGroup: number; readonly sharedTokens: number; readonly ownTokens: number; readonly outTokens: number };

/** One reconstruction. `what` of it is in its authors' words' sense; `guessed` is ours, where they do not say, or what is said could not be found. */
export interface Setup { readonly fleet: FleetSpec; readonly work: Work; readonly coming: Coming; readonly what: string; readonly guessed: string }

const vllm = { hbmShare: 0.9, runsMax: 256, iterationTokens: 2_048 } as const;
const normal = (mean: number, sd: number, least = 1): Law => ({ law: 'normal', mean, sd, least });

/**
 * A kind of augmentation of InferCept's table 1: seconds away, interceptions and tokens of context, each by mean and standard deviation. That table has no lengths of
 * what is said: half of the context is there at first, and what comes grows it to one and a half times that mean, half by the model and half by the tool.
 */
function augmented(name: string, awayS: readonly [number, number], interceptions: readonly [number, number], context: readonly [number, number]): ProgramKind {
  const perCall = context[0] / (2 * interceptions[0]);
  return {
    share: 1, calls: normal(interceptions[0] + 1, interceptions[1]), firstTokens: normal(context[0] / 2, context[1] / 2, 64), toolTokens: normal(perCall, perCall / 2), outTokens: normal(perCall, perCall / 2),
    tools: [{ name, share: 1, gapMs: normal(awayS[0] * 1000, awayS[1] * 1000, 0) }], sharedTokens: 0, contextMax: 2_048 * 4,
  };
}

const noTool = [{ name: 'user', share: 1, gapMs: { law: 'always', value: 0 } }] as const;
const percentiles = (p50: number, p95: number): Law => ({ law: 'percentiles', p50, p95 });

export const setups = {
  'llm-d': {
    fleet: { workers: 8, on: '2 × H100', model: 'Qwen3-32B', kvTokens: 307_328, dramGb: 0, hbmShare: 0.9, runsMax: 1_024, iterationTokens: 8_192 },
    work: { groups: 150, perGroup: 5, sharedTokens: 6_000, ownTokens: 1_200, outTokens: 430 },
    coming: { kind: 'staged', warmUp: { count: 750, perS: 15 }, stage: { count: 1_520, perS: 40, fromMs: 300_000 } },
    what: '8 pods of 2 H100, Qwen3-32B, 307,328 tokens of KV each; 150 groups that share 6,000 tokens, 5 questions of 1,200 each; 750 requests at 15/s, then the stage of 40/s',
    guessed: '430 tokens out (the profile says 1,000; the report’s own tokens a second, and its 200 to 230 tokens of a running request, say so many), each stage drained before the next',
  },
  augmented: {
    fleet: { workers: 1, on: 'A100 80 GB', model: 'GPT-J-6B', dramGb: 200, ...vllm },
    work: { kinds: [
      augmented('math', [9e-5, 6e-5], [3.75, 1.3], [1_422, 738]), augmented('qa', [0.69, 0.17], [2.52, 1.73], [1_846, 428]), augmented('ve', [0.09, 0.014], [28.18, 15.2], [2_185, 115]),
      augmented('chatbot', [28.6, 15.6], [4.45, 1.96], [753, 703]), augmented('image', [20.03, 7.8], [6.91, 3.93], [1_247, 792]), augmented('tts', [17.24, 7.6], [6.91, 3.93], [1_251, 792]),
    ] },
    coming: { kind: 'search', fromPerS: 0.25, toPerS: 32, secondsPerToken: 0.1, count: 500 },
    what: 'GPT-J-6B on one A100; six kinds of augmentation in equal parts, by table 1: seconds away, interceptions, context; the rate at which a token takes no longer than 0.1 s, time away not counted',
    guessed: '80 GB, the bound of 0.1 s (their curves are pictures), 500 programs, and how the context is made of prompt, answers and results: the table has only its length',
  },
  'swe-bench, B200': {
    fleet: { workers: 1, on: 'B200', model: 'Llama-3.1-8B', dramGb: 0, ...vllm },
    work: { kinds: [{
      share: 1, calls: normal(10.9, 2.1), firstTokens: { law: 'always', value: 2_000 }, toolTokens: { law: 'lognormal', mean: 5_780, sd: 6_270 }, outTokens: { law: 'lognormal', mean: 1_000, sd: 500 },
      tools: [{ name: 'bash', share: 1, gapMs: { law: 'lognormal', mean: 925, sd: 3_550 } }], sharedTokens: 1_500, contextMax: 131_072,
    }] },
    coming: { kind: 'open', perS: 0.13, count: 200 },
    what: 'Llama-3.1-8B on one B200 without offloading, 0.13 jobs a second; mini-swe-agent on SWE-Bench by table 2: 10.9 ± 2.1 turns, 925 ± 3,550 ms a tool, 70,126 ± 19,732 tokens',
    guessed: '1,000 tokens out a turn (not said), lognormal tools and results, 200 jobs',
  },
  sharegpt: {
    fleet: { workers: 1, on: 'A100 80 GB', model: 'Llama-3.1-8B', dramGb: 0, ...vllm },
    work: { kinds: [{
      share: 1, calls: { law: 'lognormal', mean: 6.66, sd: 8, least: 1, most: 80 }, firstTokens: { law: 'lognormal', mean: 256, sd: 400, least: 4 }, toolTokens: { law: 'lognormal', mean: 256, sd: 400, least: 4 },
      outTokens: { law: 'lognormal', mean: 277, sd: 280 }, tools: noTool, sharedTokens: 0, contextMax: 32_768,
    }] },
    coming: { kind: 'search', fromPerS: 0.5, toPerS: 32, secondsPerToken: 0.1, count: 1_200 },
    what: 'Llama-3.1-8B on one A100; ShareGPT by figure 11: 6.66 calls, at most 80, 256 tokens in and 277 out a call, nothing between calls; the rate at which a token takes no longer than 0.1 s',
    guessed: 'the bound of 0.1 s (theirs go up to 1 s), the spreads (pictures), a batch of 256, 1,200 programs; dram is for calls that are preempted in theirs, not for prefixes, so there is none',
  },
  'mini-swe, 8 H100': {
    fleet: { workers: 1, on: '8 × H100', model: 'GLM-4.6-FP8', dramGb: 0, ...vllm, iterationTokens: 8_192 },
    work: { recorded: 'mini-swe' },
    coming: { kind: 'closed', concurrency: 96, count: 192 },
    what: 'GLM-4.6 on 8 H100, vLLM without offloading; mini-swe-agent on SWE-bench Lite, 96 programs at once',
    guessed: 'the recordings are of the same agent and tasks with another model; which of their points the 2.65 is of (24 to 96 in figure 1)',
  },
  'swe-bench, 16 A100': {
    fleet: { workers: 4, on: '4 × A100 80 GB', model: 'Llama-3-70B', dramGb: 0, gbit: 200, ...vllm },
    work: { kinds: [{
      share: 1, calls: { law: 'gamma', mean: 37, least: 1, most: 150 }, firstTokens: { law: 'between', from: 2_000, to: 4_000 }, toolTokens: { law: 'gamma', mean: 350 }, outTokens: { law: 'between', from: 100, to: 500 },
      tools: [
        { name: 'code', share: 0.45, gapMs: percentiles(180, 2_400) }, { name: 'file', share: 0.4, gapMs: percentiles(45, 320) },
        { name: 'web', share: 0.1, gapMs: percentiles(850, 4_500) }, { name: 'database', share: 0.05, gapMs: percentiles(120, 890) },
      ], sharedTokens: 1_500, contextMax: 32_768,
    }] },
    coming: { kind: 'closed', concurrency: 128, count: 256 },
    what: 'Llama-3-70B, 32k of context, workers of 4 A100, 200 Gbit/s between them; SWE-bench: 37 steps, at most 150, prompt, answer, observation and tools by the authors’ artefact',
    guessed: '4 workers of their 16, 32 tasks at once on each (neither rate nor concurrency found), 256 tasks, no dram; tasks that would outgrow 32k end there, so they have 30 steps in the mean',
  },
  'claude code, H200': {
    fleet: { workers: 1, on: 'H200 with 80 GB', model: 'Qwen2.5-7B', dramGb: 55, hbmShare: 0.88, runsMax: 256, iterationTokens: 8_192 },
    work: { recorded: 'weka' },
    coming: { kind: 'closed', concurrency: 80, count: 120 },
    what: 'Qwen2.5-7B on an H200 held to 80 GB, dram for as much KV as hbm; Claude Code sessions, 80 at once',
    guessed: 'which of their two shares of dram the figure is of; the recordings are of Claude Code on other tasks, whose gaps hold permission prompts: half of them over 9 s, theirs over 1.1 s; and contexts up to 131k, which theirs may not have',
  },
} as const satisfies Readonly<Record<string, Setup>>;

export type SetupId = keyof typeof setups;
