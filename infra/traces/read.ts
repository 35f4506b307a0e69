import { faultOf, replayLimits, type ReplayTrace } from '../../schemas/replay-trace.ts';
import { checkOptions, formatOf, type TraceFormat, traceFormats } from './formats.ts';
import { type Line, linesOf } from './lines.ts';
import { BlockIds, type ReadOptions, Reading } from './reading.ts';

export interface TraceOptions extends ReadOptions {
  /** Null or absent: told by the content. */
  readonly format?: TraceFormat | null | undefined;
}

/**
 * Traces of recordings, as they are read: parents before their children. `skipped` and `assumed` count, by reason, what was
 * left out and what is not as recorded; they are complete when the traces are.
 */
export interface TraceReading extends AsyncIterable<ReplayTrace> {
  readonly skipped: ReadonlyMap<string, number>;
  readonly assumed: ReadonlyMap<string, number>;
  /** Of each file that was begun. */
  readonly formats: ReadonlyMap<string, TraceFormat>;
}

/**
 * Reads files one after the other, plain or gzip; `-` is standard input. What is held at a time is a record of the
 * largest kind that the format has (docs/traces.md), not the file. Block ids are unique over all the files, and a trace
 * id that two of them have is refused. Throws TraceError, with file and line, at the first thing that is wrong.
 */
export function readTraces(paths: string | readonly string[], options: TraceOptions = {}): TraceReading {
  const skipped = new Map<string, number>(), assumed = new Map<string, number>(), formats = new Map<string, TraceFormat>();
  async function* traces(): AsyncGenerator<ReplayTrace> {
    const ids = new BlockIds(), files = typeof paths === 'string' ? [paths] : paths;
    const readBefore = new Map<string, string>();
    for (const [at, path] of files.entries()) {
      const reading = new Reading(path, options, ids, skipped, assumed), own: string[] = [];
      for await (const trace of tracesOf(reading, options.format ?? null, formats)) {
        const other = readBefore.get(trace.trace);
        if (other !== undefined) reading.fail(null, `trace "${trace.trace}" is in ${other} too; expected ids that are unique over all files`);
        if (at < files.length - 1) own.push(trace.trace);
        if (readBefore.size + own.length > heldIdsMax) reading.fail(null, `more than ${heldIdsMax} traces in the files up to here; their ids are held, to find those that come again in a later file; files that belong together can be read as one (cat A B | … -)`);
        yield trace;
      }
      for (const id of own) readBefore.set(id, path);
    }
  }
  return { skipped, assumed, formats, [Symbol.asyncIterator]: traces };
}

/** What a Map takes is 2^24. */
const heldIdsMax = 16_000_000;

async function* tracesOf(reading: Reading, given: TraceFormat | null, formats: Map<string, TraceFormat>): AsyncGenerator<ReplayTrace> {
  const lines = linesOf(reading.path);
  const first = await lines.next();
  if (first.done === true) reading.fail(null, `is empty; expected a recording of one of the formats ${Object.keys(traceFormats).join(', ')}`);
  const format = given ?? formatOf(first.value, reading);
  formats.set(reading.path, format);
  checkOptions(format, reading);
  let traces = 0;
  for await (const trace of traceFormats[format].read(again(first.value, lines), reading)) {
    traces++;
    // Whatever a recording says: what comes out is the normal form.
    const fault = format === 'replay' ? null : faultOf(trace)?.message ?? findBeyond(trace);
    if (fault !== null) reading.fail(null, `trace "${trace.trace}" cannot be brought into the normal form: ${fault}`);
    yield trace;
  }
  if (traces === 0) reading.fail(null, `holds no trace of format ${format}${reading.skipped.size === 0 ? '' : `; left out: ${[...reading.skipped].map(([reason, count]) => `${count} × ${reason}`).join(', ')}`}`);
}

/** What is more than the normal form takes, so that it would be refused when it is read again. */
function findBeyond({ trace, start_ms, steps }: ReplayTrace): string | null {
  const { idCharactersMax, stepsMax, childrenMax, tokensMax, msMax } = replayLimits;
  const beyond = (what: string, value: number, most: number): string | null => (value > most ? `${what} is ${value}; it may be at most ${most}` : null);
  let found = beyond('the length of its id', trace.length, idCharactersMax) ?? beyond('"start_ms"', start_ms, msMax) ?? beyond('the number of its steps', steps.length, stepsMax);
  for (let at = 0; found === null && at < steps.length; at++) {
    const { prompt_tokens, out_tokens, gap_ms, took_ms = 0, children } = steps[at]!, here = `steps[${at}]`;
    found = beyond(`"${here}.prompt_tokens"`, prompt_tokens, tokensMax) ?? beyond(`"${here}.out_tokens"`, out_tokens, tokensMax) ?? beyond(`"${here}.gap_ms"`, gap_ms, msMax) ?? beyond(`"${here}.took_ms"`, took_ms, msMax)
      ?? beyond(`the number of children of "${here}"`, children.length, childrenMax);
  }
  return found;
}

async function* again(first: Line, rest: AsyncGenerator<Line>): AsyncGenerator<Line> {
  yield first;
  yield* rest;
}
