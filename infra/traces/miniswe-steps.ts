import { z } from 'zod';
import type { ReplayStep, ReplayTrace } from '../../schemas/replay-trace.ts';
import type { Line } from './lines.ts';
import { type Reading, growingBlocks, msOf } from './reading.ts';

/**
 * One row a model call or a tool call of mini-swe-agent, with times and token counts. Rows of a trace stand together, in
 * order. There are no hashes: the agent only ever appends, so a prompt is taken to extend the one before it, and nothing
 * is taken to be shared between traces. Starts are not kept: they say how many runs somebody let run at once.
 */
export async function* readMinisweSteps(lines: AsyncIterable<Line>, reading: Reading): AsyncIterable<ReplayTrace> {
  let open = null as Open | null;
  const seen = new Set<string>();
  for await (const line of lines) {
    const row = reading.record(rowShape, line, 'a row with "trace", "kind" ("llm" or "tool"), "t0" and "t1"');
    const name = reading.name(row.trace);
    if (open?.trace !== name) {
      if (open !== null) yield* close(open, reading);
      if (seen.has(name)) reading.fail(line.number, `"trace" is "${name}", whose rows ended before; expected the rows of a trace together`);
      seen.add(name);
      open = { trace: name, steps: [], seq: null, endMs: null, lastMs: null, tool: null };
    }
    add(open, row, line.number, reading);
  }
  if (open !== null) yield* close(open, reading);
}

const time = z.number().min(0).nullish();
const rowShape = z.object({
  trace: z.string().min(1), kind: z.literal(['llm', 'tool']), step: z.int().min(0).nullish(), t0: time, t1: time,
  in: z.int().min(0).nullish(), out: z.int().min(0).nullish(), tool: z.string().nullish(),
});
type Row = z.output<typeof rowShape>;

interface Open {
  readonly trace: string;
  readonly steps: Omit<ReplayStep, 'blocks'>[];
  /** The number that the last model call had. */
  seq: number | null;
  /** End of the last generation; null: before the first, or not known. */
  endMs: number | null;
  /** The latest time of any row. */
  lastMs: number | null;
  tool: string | null;
}

function add(open: Open, row: Row, line: number, reading: Reading): void {
  const startMs = row.t0 === null || row.t0 === undefined ? null : msOf(row.t0);
  const endMs = row.t1 === null || row.t1 === undefined ? null : msOf(row.t1);
  for (const [name, ms] of [['t0', startMs], ['t1', endMs]] as const) {
    if (ms === null) continue;
    if (open.lastMs !== null && ms < open.lastMs) reading.fail(line, `"${name}" is ${ms / 1000} s, ${(open.lastMs - ms) / 1000} s before the row ahead of it ended; expected times that do not go back`);
    open.lastMs = ms;
  }
  if (row.kind === 'tool') { open.tool = row.tool ?? open.tool; return; }
  if (row.step !== null && row.step !== undefined) {
    if (open.seq !== null && row.step <= open.seq) reading.fail(line, `"step" is ${row.step}${row.step === open.seq ? ' for the second time' : ` behind ${open.seq}`} in "${open.trace}"; expected model calls that are counted up`);
    open.seq = row.step;
  }
  if (row.in === null || row.in === undefined || row.out === null || row.out === undefined) { reading.skip('a model call without token counts'); return; }
  const isFirst = open.steps.length === 0;
  const isTimed = isFirst || (startMs !== null && open.endMs !== null);
  if (!isTimed) reading.assume('a gap without times: 0');
  open.steps.push({
    seq: open.steps.length + 1, gap: isFirst ? 'start' : 'tool', gap_ms: isFirst || !isTimed ? 0 : Math.round((startMs! - open.endMs!) * 1e3) / 1e3,
    prompt_tokens: row.in, out_tokens: row.out, tool: isFirst ? null : open.tool, children: [],
    ...(startMs !== null && endMs !== null ? { took_ms: Math.round((endMs - startMs) * 1e3) / 1e3 } : {}),
  });
  if (startMs === null || endMs === null) reading.assume('a generation of unknown length');
  open.endMs = endMs;
  open.tool = null;
}

function* close({ trace, steps }: Open, reading: Reading): Generator<ReplayTrace> {
  if (steps.length === 0) { reading.skip('a trace without model calls'); return; }
  const blocks = growingBlocks(steps.map((step) => step.prompt_tokens), reading);
  yield {
    v: 1, trace, parent: null, start_ms: 0, model: '',
    steps: steps.map((step, at) => ({ ...step, blocks: blocks[at]! })),
  };
}
