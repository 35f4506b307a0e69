import { faultOf, type ReplayTrace } from '../../schemas/replay-trace.ts';
import { formatOf, type TraceFormat, traceFormats } from './formats.ts';
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
 * largest kind that the format has (docs/traces.md), not the file. Block ids are unique over all the files. Throws
 * TraceError, with file and line, at the first thing that is wrong.
 */
export function readTraces(paths: string | readonly string[], options: TraceOptions = {}): TraceReading {
  const skipped = new Map<string, number>(), assumed = new Map<string, number>(), formats = new Map<string, TraceFormat>();
  async function* traces(): AsyncGenerator<ReplayTrace> {
    const ids = new BlockIds();
    for (const path of typeof paths === 'string' ? [paths] : paths) {
      yield* tracesOf(new Reading(path, options, ids, skipped, assumed), options.format ?? null, formats);
    }
  }
  return { skipped, assumed, formats, [Symbol.asyncIterator]: traces };
}

async function* tracesOf(reading: Reading, given: TraceFormat | null, formats: Map<string, TraceFormat>): AsyncGenerator<ReplayTrace> {
  const lines = linesOf(reading.path);
  const first = await lines.next();
  if (first.done === true) reading.fail(null, `is empty; expected a recording of one of the formats ${Object.keys(traceFormats).join(', ')}`);
  const format = given ?? formatOf(first.value, reading);
  formats.set(reading.path, format);
  let traces = 0;
  for await (const trace of traceFormats[format].read(again(first.value, lines), reading)) {
    traces++;
    // Whatever a recording says: what comes out is the normal form.
    const fault = format === 'replay' ? null : faultOf(trace);
    if (fault !== null) reading.fail(null, `trace "${trace.trace}" cannot be brought into the normal form: ${fault.message}`);
    yield trace;
  }
  if (traces === 0) reading.fail(null, `holds no trace of format ${format}${reading.skipped.size === 0 ? '' : `; left out: ${[...reading.skipped].map(([reason, count]) => `${count} × ${reason}`).join(', ')}`}`);
}

async function* again(first: Line, rest: AsyncGenerator<Line>): AsyncGenerator<Line> {
  yield first;
  yield* rest;
}
