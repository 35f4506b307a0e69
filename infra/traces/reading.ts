import { basename } from 'node:path';
import { readJson } from '../../schemas/json.ts';
import { isRefused, refusedBy } from '../../schemas/refused.ts';
import { type BlockRun, type ReplayTrace, replayBlockTokens, replayLimits } from '../../schemas/replay-trace.ts';
import type { z } from 'zod';
import type { Line } from './lines.ts';
import { TraceError } from './trace-error.ts';

/** Makes traces of a file's lines, holding as little as its format allows. */
export type TraceReader = (lines: AsyncIterable<Line>, reading: Reading) => AsyncIterable<ReplayTrace>;

export interface ReadOptions {
  /** Where the tokenizer of a recording of text comes from: a GGUF file or a folder. */
  readonly model?: string | undefined;
  /** Of recordings of text: steps carry it. */
  readonly withText?: boolean | undefined;
  /** Tokens that one id of a recording stands for, where the recording does not tell. */
  readonly blockTokens?: number | undefined;
}

/**
 * One file being read: its ids, what was left out and what had to be assumed. Nothing is dropped or made up without
 * being counted here.
 */
export class Reading {
  readonly path: string;
  readonly options: ReadOptions;
  readonly ids: BlockIds;
  /** How many records were left out, by reason. */
  readonly skipped: Map<string, number>;
  /** How many values are not as recorded, by what they are instead. */
  readonly assumed: Map<string, number>;

  constructor(path: string, options: ReadOptions, ids: BlockIds, skipped = new Map<string, number>(), assumed = new Map<string, number>()) {
    this.path = path;
    this.options = options;
    this.ids = ids;
    this.skipped = skipped;
    this.assumed = assumed;
  }

  /** The file's name without what says its kind: for ids of what has none. */
  get stem(): string { return this.name(this.path === '-' ? 'stdin' : basename(this.path).replace(/(\.(jsonl?|ndjson|csv|gz))+$/i, '')); }

  fail(line: number | null, message: string): never { throw new TraceError(this.path, line, message); }

  skip(reason: string, count = 1): void { if (count > 0) this.skipped.set(reason, (this.skipped.get(reason) ?? 0) + count); }

  assume(what: string, count = 1): void { if (count > 0) this.assumed.set(what, (this.assumed.get(what) ?? 0) + count); }

  /** An id of a recording as one of ours: what is not printable ASCII is written in percent. */
  name(id: string): string { return id.toWellFormed().replace(/[^\x21-\x7e]+/g, encodeURIComponent).slice(0, 300); }

  json(line: Line): unknown {
    const read = readJson(line.bytes, replayLimits.lineBytesMax);
    if (!isRefused(read)) return read.value;
    return this.fail(line.number, `${jsonFault(read.message, line)}; expected a JSON object${line.hasEnd ? '' : cutOff}`);
  }

  /** A line as a shape says; fields that the shape does not name are left alone. `what` it should have been is told. */
  record<T extends z.ZodType>(shape: T, line: Line, what: string): z.output<T> { return this.checked(shape, this.json(line), line.number, what); }

  checked<T extends z.ZodType>(shape: T, value: unknown, line: number, what: string): z.output<T> {
    let parsed: z.ZodSafeParseResult<z.output<T>>;
    try {
      parsed = shape.safeParse(value);
    } catch (error) {
      if (error instanceof RangeError) return this.fail(line, `is nested too deep; expected ${what}`);
      throw error;
    }
    return parsed.success ? parsed.data : this.fail(line, `${refusedBy(parsed.error, value).message}; expected ${what}`);
  }
}

/** What is wrong with a line's JSON, with the one place in the file for the offset, line and column that the parser counts in what it was given. */
export function jsonFault(message: string, { column }: Line): string {
  return message.replace(/at position (\d+)(?: \(line \d+ column \d+\))?$/, (_, at: string) => (column === null ? `at character ${Number(at) + 1} of the element that begins here` : `at column ${Number(at) + column}`));
}

export const cutOff = ' (this last line has no end: was the file cut off?)';

/** Gives out block ids, each once over all files that are read together. */
export class BlockIds {
  #next = 0;

  /** The first of `count` ids in a row. */
  take(count: number): number {
    const first = this.#next;
    this.#next += count;
    return first;
  }

  /** Ids below `end` are in use. */
  cover(end: number): void { this.#next = Math.max(this.#next, end); }
}

/**
 * Blocks of prompts of which only the lengths are known: each is taken to extend the one before it, and one that is
 * shorter to begin anew. Both are counted.
 */
export function growingBlocks(promptTokens: readonly number[], reading: Reading): BlockRun[][] {
  const counts = promptTokens.map((tokens) => Math.floor(tokens / replayBlockTokens));
  const isNew = counts.map((_, at) => at === 0 || promptTokens[at]! < promptTokens[at - 1]!);
  const news = isNew.filter((is) => is).length;
  reading.assume('a prompt extends the one before it', Math.max(0, counts.length - news));
  reading.assume('a prompt shorter than the one before it shares nothing with it', Math.max(0, news - 1));
  let first = 0;
  return counts.map((count, at) => {
    if (isNew[at]) {
      const next = isNew.indexOf(true, at + 1);
      first = reading.ids.take(counts[(next === -1 ? counts.length : next) - 1]!);
    }
    return count === 0 ? [] : [[first, count]];
  });
}

/** Puts a run behind others; one that goes on where the last one ends becomes part of it. */
export function pushRun(runs: BlockRun[], first: number, count: number): void {
  if (count <= 0) return;
  const last = runs.at(-1);
  if (last !== undefined && last[0] + last[1] === first) runs[runs.length - 1] = [last[0], last[1] + count];
  else runs.push([first, count]);
}

/** Milliseconds of a recording in seconds, to the microsecond: what is below is the noise of floating point. */
export const msOf = (seconds: number): number => Math.round(seconds * 1e6) / 1e3;
export const roundMs = (ms: number): number => Math.round(ms * 1e3) / 1e3;
