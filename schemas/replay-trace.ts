/**
 * A recorded agent run to replay, one JSON object a line: which tokens each step re-reads, how long the agent was away
 * before it, and nothing of what was said. It is what every reader of recordings makes, what `slackwater trace export`
 * writes and what replays take. Field names are those of the contracts.
 */
import { z } from 'zod';
import { chatMessages, type ChatMessage } from './chat.ts';
import { readJson } from './json.ts';
import { isRefused, refused, refusedBy, type Refused } from './refused.ts';

/** `start`: the trace's first step. `tool`: a tool ran. `human`: a person thought. `join`: child traces ran. */
export type GapKind = 'start' | 'tool' | 'human' | 'join';

/** `count` blocks with the ids `first`, `first + 1`, … */
export type BlockRun = readonly [first: number, count: number];

export interface ReplayStep {
  /** Counted from 1, without holes. */
  readonly seq: number;
  /**
   * From the end of the generation before to the start of this one; of a `join` from then or from the end of the last
   * child, whichever is later. 0 of the first step.
   */
  readonly gap_ms: number;
  readonly gap: GapKind;
  readonly prompt_tokens: number;
  /** Ids of the prompt's full 64-token blocks, in order of position. Equal id: equal prefix up to there. Unique over the file. */
  readonly blocks: readonly BlockRun[];
  readonly out_tokens: number;
  /** What ran in the gap before; null: not known, or nothing. */
  readonly tool: string | null;
  /** Traces that begin when this generation has ended. */
  readonly children: readonly string[];
  /** How long the generation took where it was recorded. A replay makes its own; statistics need it. */
  readonly took_ms?: number;
  /** What the prompt has beyond the prompt of the step before: the answer to that one first. */
  readonly text?: readonly ChatMessage[];
  /** How many messages of the conversation so far stay before `text`; absent: all. */
  readonly text_kept?: number;
}

export interface ReplayTrace {
  readonly v: 1;
  readonly trace: string;
  /** A child's line comes after its parent's. */
  readonly parent: string | null;
  /** Of a child: from the end of the generation that started it. Of others: from the beginning of the recording, 0 where that is not known. */
  readonly start_ms: number;
  readonly model: string;
  readonly steps: readonly ReplayStep[];
}

/** Tokens of a block of the normal form. */
export const replayBlockTokens = 64;

export const replayLimits = { lineBytesMax: 256 << 20, idCharactersMax: 400, stepsMax: 1_000_000, childrenMax: 1_000_000, tokensMax: 1_000_000_000, msMax: 1e13 } as const;

const id = z.string().min(1).max(replayLimits.idCharactersMax).regex(/^[\x21-\x7e]*$/, 'an id is made of printable ASCII characters without spaces');
const ms = z.number().min(0).max(replayLimits.msMax);
const tokens = z.int().min(0).max(replayLimits.tokensMax);

const step = z.strictObject({
  seq: z.int().min(1),
  gap_ms: ms,
  gap: z.literal(['start', 'tool', 'human', 'join']),
  prompt_tokens: tokens,
  blocks: z.array(z.tuple([z.int().min(0), z.int().min(1)])),
  out_tokens: tokens,
  tool: z.string().nullable(),
  children: z.array(id).max(replayLimits.childrenMax),
  took_ms: ms.optional(),
  text: chatMessages.optional(),
  text_kept: z.int().min(0).optional(),
});

const shape = z.strictObject({
  v: z.literal(1),
  trace: id,
  parent: id.nullable(),
  start_ms: ms,
  model: z.string(),
  steps: z.array(step).min(1).max(replayLimits.stepsMax),
});

/** Reads one line. That parents and children exist is a matter of the whole file. */
export function parseReplayTrace(line: Uint8Array): ReplayTrace | Refused {
  const read = readJson(line, replayLimits.lineBytesMax);
  return isRefused(read) ? read : replayTraceOf(read.value);
}

/** The same from a value that is JSON already. */
export function replayTraceOf(value: unknown): ReplayTrace | Refused {
  const parsed = shape.safeParse(value);
  if (!parsed.success) return refusedBy(parsed.error, value);
  const trace = parsed.data as ReplayTrace;
  return faultOf(trace) ?? trace;
}

/** One line, with its end. */
export function replayLine(trace: ReplayTrace): string {
  const { v, parent, start_ms, model, steps } = trace;
  return `${JSON.stringify({ v, trace: trace.trace, parent, start_ms, model, steps: steps.map(inOrder) })}\n`;
}

/** Fields always stand in one order, so that equal traces are equal bytes. */
function inOrder({ seq, gap_ms, gap, prompt_tokens, blocks, out_tokens, tool, children, took_ms, text, text_kept }: ReplayStep): ReplayStep {
  return {
    seq, gap_ms, gap, prompt_tokens, blocks, out_tokens, tool, children,
    ...(took_ms === undefined ? {} : { took_ms }), ...(text === undefined ? {} : { text }), ...(text_kept === undefined ? {} : { text_kept }),
  };
}

/** What each field allows, but all together do not. Null: nothing is wrong. */
export function faultOf(trace: ReplayTrace): Refused | null {
  const wrong = (message: string): Refused => refused('invalid_field', message);
  if (trace.parent === trace.trace) return wrong(`"parent" is "${trace.parent}": the trace would be its own parent`);
  const children = new Set<string>();
  for (const [at, step] of trace.steps.entries()) {
    const here = `steps[${at}]`;
    if (step.seq !== at + 1) return wrong(`"${here}.seq" is ${step.seq}; expected ${at + 1}: steps are counted from 1, without holes`);
    if ((step.gap === 'start') !== (at === 0)) return wrong(`"${here}.gap" is "${step.gap}"; the first step has "start", and no other`);
    if (at === 0 && step.gap_ms !== 0) return wrong(`"${here}.gap_ms" is ${step.gap_ms}; the first step has 0: "start_ms" says when it starts`);
    if (step.gap === 'join' && children.size === 0) return wrong(`"${here}.gap" is "join", and no step before it lists children`);
    const unfit = refuseBlocks(step.blocks, step.prompt_tokens, here);
    if (unfit !== null) return unfit;
    for (const child of step.children) {
      if (child === trace.trace) return wrong(`"${here}.children" lists "${child}": the trace would be its own child`);
      if (children.has(child)) return wrong(`"${here}.children" lists "${child}" a second time`);
      children.add(child);
    }
  }
  return null;
}

function refuseBlocks(runs: readonly BlockRun[], promptTokens: number, here: string): Refused | null {
  const full = Math.floor(promptTokens / replayBlockTokens);
  let count = 0;
  for (const [at, run] of runs.entries()) {
    count += run[1];
    if (run[0] + run[1] > Number.MAX_SAFE_INTEGER) return refused('invalid_field', `"${here}.blocks[${at}]" ends with id ${run[0] + run[1] - 1}; ids are below 2^53`);
  }
  if (count > full) return refused('invalid_field', `"${here}.blocks" has ${count} blocks; ${promptTokens} prompt tokens have ${full} full blocks of ${replayBlockTokens}`, { limit: full, got: count });
  const sorted = [...runs].sort((a, b) => a[0] - b[0]);
  for (let i = 1; i < sorted.length; i++) {
    const before = sorted[i - 1]!, run = sorted[i]!;
    if (run[0] < before[0] + before[1]) return refused('invalid_field', `"${here}.blocks" has block ${run[0]} twice: no prefix stands at two places`);
  }
  return null;
}
