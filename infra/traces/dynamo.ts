import { z } from 'zod';
import { readJson } from '../../schemas/json.ts';
import { isRefused } from '../../schemas/refused.ts';
import { type GapKind, type ReplayStep, type ReplayTrace, replayLimits } from '../../schemas/replay-trace.ts';
import { blockSizes, type Hash, HashBlocks, isBlockSize } from './hash-blocks.ts';
import type { Line } from './lines.ts';
import { type Reading, roundMs } from './reading.ts';

/**
 * Rows of NVIDIA Dynamo's replays (ai-dynamo/dynamo, lib/data-gen, `mooncake.rs`): one request a line, in three dialects.
 * Mooncake rows with `session_id` are turns that come `delay` after the one before. Agentic rows (version 1) wait for the
 * requests in `wait_for`, then `delay` and `tool_wait_ms`. Version 2 begins with a header and has `dependencies`.
 *
 * A session whose first row waits for another session's row is a child of that one; a row that waits for children is a
 * join. Nothing says when a session is over, so all rows are held until the end.
 */
export async function* readDynamo(lines: AsyncIterable<Line>, reading: Reading): AsyncIterable<ReplayTrace> {
  const rows: Row[] = [];
  let blockTokens = reading.options.blockTokens ?? null;
  for await (const line of lines) {
    const value = jsonOf(line, reading);
    if (rows.length === 0 && isHeader(value)) {
      const header = reading.checked(headerShape, value, line.number, 'the header of agentic Mooncake, version 2');
      if (blockTokens !== null && blockTokens !== header.block_size) reading.fail(line.number, `"block_size" is ${header.block_size}, and --block-tokens says ${blockTokens}`);
      blockTokens = header.block_size;
      continue;
    }
    rows.push(rowOf(reading.checked(rowShape, value, line.number, 'a row with "session_id" or "request_id", "input_length" and "output_length"'), line.number, reading));
    if (rows.length > rowsMax) reading.fail(line.number, `more than ${rowsMax} rows; as nothing says when a session is over, all of them are held`);
  }
  if (rows.length === 0) return;
  const size = blockTokens ?? guessBlockTokens(rows, reading);
  if (!isBlockSize(size)) reading.fail(null, `blocks of ${size} tokens; expected a multiple or a divisor of 64`);
  yield* new Sessions(rows, new HashBlocks(reading, size), reading).traces();
}

const rowsMax = 5_000_000;
const length = z.int().min(0).nullish();
const ms = z.number().min(0).nullish();
const name = z.string().min(1);
const headerShape = z.object({ schema: z.literal('dynamo.agentic_mooncake'), version: z.literal(2), block_size: z.int().min(1) });
const rowShape = z.object({
  request_id: name.nullish(), session_id: name.nullish(), play_id: name.nullish(), model: z.string().nullish(),
  input_length: length, input_tokens: length, output_length: length, output_tokens: length, hash_ids: z.array(z.union([z.int().min(0), z.string()])).nullish(),
  timestamp: ms, created_time: ms, not_before_ms: ms, delay: ms, delay_ms: ms, tool_wait_ms: ms, recorded_api_time_ms: ms,
  tool_events: z.array(z.object({ tool_class: z.string() })).nullish(), wait_for: z.array(name).nullish(),
  dependencies: z.array(z.object({ request_id: name, trigger: z.literal(['dispatch', 'completion']), delay_ms: z.number().min(0), relation: z.string() })).nullish(),
});

interface Wait { readonly request: string; readonly afterMs: number; readonly isDispatch: boolean; readonly isSpawn: boolean }

interface Row {
  readonly line: number;
  readonly request: string | null;
  readonly session: string;
  /** Hashes mean the same inside of one scope. */
  readonly scope: string;
  readonly model: string;
  readonly prompt: number;
  readonly generated: number;
  readonly hashes: readonly Hash[] | null;
  readonly atMs: number | null;
  /** After what it waits for; null: not said. */
  readonly delayMs: number | null;
  readonly tool: string | null;
  readonly tookMs: number | null;
  readonly waits: readonly Wait[];
}

/** Hashes of 64 bits are beyond what numbers hold: they become text before they are read. What is broken is told by its place in the line as it was. */
function jsonOf(line: Line, reading: Reading): unknown {
  const text = Buffer.from(line.bytes).toString('latin1');
  if (!/\d{16}/.test(text)) return reading.json(line);
  const quoted = readJson(Buffer.from(text.replace(/([[,]\s*)(\d{16,20})(?=\s*[,\]])/g, '$1"$2"'), 'latin1'), replayLimits.lineBytesMax);
  return isRefused(quoted) ? reading.json(line) : quoted.value;
}

const isHeader = (value: unknown): boolean => typeof value === 'object' && value !== null && 'schema' in value;

function rowOf(row: z.output<typeof rowShape>, line: number, reading: Reading): Row {
  const prompt = row.input_length ?? row.input_tokens, generated = row.output_length ?? row.output_tokens;
  if (prompt === null || prompt === undefined || generated === null || generated === undefined) reading.fail(line, `"${prompt === null || prompt === undefined ? 'input_length' : 'output_length'}" is missing; without it nothing can be replayed`);
  const own = row.session_id ?? row.request_id ?? `${reading.stem}-${line}`;
  const delay = row.delay ?? row.delay_ms ?? null, toolWait = row.tool_wait_ms ?? null;
  const waits = row.dependencies?.map((it) => ({ request: it.request_id, afterMs: it.delay_ms, isDispatch: it.trigger === 'dispatch', isSpawn: it.relation === 'spawn' }))
    ?? row.wait_for?.map((request) => ({ request, afterMs: (delay ?? 0) + (toolWait ?? 0), isDispatch: false, isSpawn: false })) ?? [];
  return {
    line, request: row.request_id ?? null, session: reading.name(row.play_id ? `${row.play_id}/${own}` : own), scope: row.play_id ?? '', model: row.model ?? '', prompt, generated,
    hashes: row.hash_ids ?? null, atMs: row.timestamp ?? row.created_time ?? row.not_before_ms ?? null, delayMs: delay === null && toolWait === null ? null : (delay ?? 0) + (toolWait ?? 0),
    tool: row.tool_events?.[0]?.tool_class ?? null, tookMs: row.recorded_api_time_ms ?? null, waits,
  };
}

/** The size with which every row has as many hashes as it must. */
function guessBlockTokens(rows: readonly Row[], reading: Reading): number {
  const fitting = blockSizes.filter((size) => rows.every(({ hashes, prompt }) => hashes === null || hashes.length === Math.ceil(prompt / size)));
  if (rows.every(({ hashes }) => hashes === null) || fitting.length === 1) return fitting[0]!;
  return reading.fail(null, `nothing says how many tokens a hash stands for, and ${fitting.length === 0 ? 'no size fits' : `${fitting.join(', ')} fit`} the lengths of all ${rows.length} rows; --block-tokens says it`);
}

interface Parent { readonly session: string; readonly row: Row; readonly afterMs: number }

class Sessions {
  readonly #reading: Reading;
  readonly #blocks: HashBlocks;
  readonly #rows = new Map<string, Row[]>();
  readonly #requests = new Map<string, Row>();
  readonly #parents = new Map<string, Parent>();
  readonly #children = new Map<Row, string[]>();
  readonly #beginMs: number;

  constructor(rows: readonly Row[], blocks: HashBlocks, reading: Reading) {
    this.#reading = reading;
    this.#blocks = blocks;
    for (const row of rows) {
      const session = this.#rows.get(row.session);
      if (session === undefined) this.#rows.set(row.session, [row]); else session.push(row);
      if (row.request === null) continue;
      const key = `${row.scope}\n${row.request}`, other = this.#requests.get(key);
      if (other !== undefined) reading.fail(row.line, `"request_id" is "${row.request}", as in line ${other.line}; expected ids that are unique`);
      this.#requests.set(key, row);
    }
    this.#beginMs = rows.reduce((first, { atMs }) => Math.min(first, atMs ?? Infinity), Infinity);
    for (const [session, [first]] of this.#rows) this.#adopt(session, first!);
  }

  /** Parents first, in the order in which they begin in the file. */
  *traces(): Generator<ReplayTrace> {
    for (const session of this.#rows.keys()) {
      const path = [session];
      for (let at = this.#parents.get(session); at !== undefined; at = this.#parents.get(at.session)) {
        path.push(at.session);
        if (path.indexOf(at.session) < path.length - 1) this.#reading.fail(this.#rows.get(session)![0]!.line, `sessions wait for each other in a circle: ${path.slice(0, 10).join(' → ')}`);
      }
    }
    for (const session of this.#rows.keys()) {
      const pending = this.#parents.has(session) ? [] : [session];
      for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
        yield this.#trace(next);
        for (const row of this.#rows.get(next)!.toReversed()) for (const child of (this.#children.get(row) ?? []).toReversed()) pending.push(child);
      }
    }
  }

  #adopt(session: string, first: Row): void {
    const others = first.waits.map((wait) => ({ wait, row: this.#waitedFor(first, wait) })).filter(({ row }) => row.session !== session);
    const found = others.find(({ wait }) => wait.isSpawn) ?? others.at(-1);
    if (found === undefined) return;
    this.#reading.assume('a child that waits for more than one session begins after one of them', others.length > 1 ? 1 : 0);
    if (found.wait.isDispatch) this.#reading.assume('a child begins when the generation that starts it has ended, not earlier');
    this.#parents.set(session, { session: found.row.session, row: found.row, afterMs: found.wait.afterMs });
    const children = this.#children.get(found.row);
    if (children === undefined) this.#children.set(found.row, [session]); else children.push(session);
  }

  #waitedFor(row: Row, wait: Wait): Row {
    return this.#requests.get(`${row.scope}\n${wait.request}`) ?? this.#reading.fail(row.line, `it waits for the request "${wait.request}", and no row of the file is it`);
  }

  #trace(session: string): ReplayTrace {
    const rows = this.#rows.get(session)!, parent = this.#parents.get(session);
    const first = rows[0]!;
    const startMs = parent?.afterMs ?? (first.atMs === null ? 0 : first.atMs - this.#beginMs);
    const steps = rows.map((row, at): ReplayStep => ({
      seq: at + 1, ...(at === 0 ? { gap: 'start', gap_ms: 0 } as const : this.#gap(row, rows[at - 1]!, session)),
      prompt_tokens: row.prompt, blocks: this.#runs(row), out_tokens: row.generated, tool: at === 0 ? null : row.tool, children: this.#children.get(row) ?? [],
      ...(row.tookMs === null ? {} : { took_ms: row.tookMs }),
    }));
    return { v: 1, trace: session, parent: parent?.session ?? null, start_ms: roundMs(startMs), model: first.model, steps };
  }

  #runs(row: Row) {
    if (row.hashes === null) { this.#reading.assume('a prompt without hashes shares nothing'); return []; }
    return this.#blocks.runs(row.scope === '' ? row.hashes : row.hashes.map((hash) => `${row.scope}\n${hash}`), row.prompt, row.line);
  }

  #gap(row: Row, before: Row, session: string): { readonly gap: GapKind; readonly gap_ms: number } {
    const others = row.waits.map((wait) => this.#waitedFor(row, wait)).filter((other) => other.session !== session);
    const isJoin = others.some((other) => this.#parents.get(other.session)?.session === session);
    const strange = others.filter((other) => this.#parents.get(other.session)?.session !== session).length;
    this.#reading.assume('a wait for a session that is no child is left out', strange);
    const gap = isJoin ? 'join' : 'tool';
    if (row.waits.length > 0) return { gap, gap_ms: roundMs(row.waits.reduce((longest, wait) => Math.max(longest, wait.afterMs), 0)) };
    if (row.delayMs !== null) return { gap, gap_ms: roundMs(row.delayMs) };
    if (row.atMs === null || before.atMs === null) { this.#reading.assume('a gap without times: 0'); return { gap, gap_ms: 0 }; }
    if (row.atMs < before.atMs) this.#reading.fail(row.line, `"timestamp" is ${row.atMs}, ${roundMs(before.atMs - row.atMs)} ms before that of the turn ahead of it (line ${before.line}); expected times that do not go back`);
    if (before.tookMs === null) this.#reading.assume('a gap from start to start: the generation is part of it');
    return { gap, gap_ms: Math.max(0, roundMs(row.atMs - before.atMs - (before.tookMs ?? 0))) };
  }
}
