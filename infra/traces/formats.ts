import type { Line } from './lines.ts';
import { readMinisweSteps } from './miniswe-steps.ts';
import { readNormal } from './normal.ts';
import type { Reading, TraceReader } from './reading.ts';
import { readWeka } from './weka.ts';

interface Format {
  readonly read: TraceReader;
  /** Whether a file whose first record has these fields is one. */
  isIt(first: Fields): boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** Every format that is read, in the order in which they are tried. */
export const traceFormats = {
  replay: { read: readNormal, isIt: (it) => 'steps' in it && 'v' in it },
  weka: { read: readWeka, isIt: (it) => 'requests' in it && 'block_size' in it },
  'miniswe-steps': { read: readMinisweSteps, isIt: (it) => 'trace' in it && 'kind' in it && 't1' in it },
} as const satisfies Record<string, Format>;

export type TraceFormat = keyof typeof traceFormats;

export const traceFormatNames = Object.keys(traceFormats) as TraceFormat[];

/** By the first line. Fails where no format is like it. */
export function formatOf(first: Line, reading: Reading): TraceFormat {
  const record = reading.json(first);
  const fields = typeof record === 'object' && record !== null && !Array.isArray(record) ? record as Fields : {};
  const found = traceFormatNames.find((name) => (traceFormats[name] as Format).isIt(fields));
  return found ?? reading.fail(first.number, `a record with the fields ${Object.keys(fields).slice(0, 8).map((name) => `"${name}"`).join(', ') || '(none)'} is of no format that is known (${traceFormatNames.join(', ')}); --format says which one it is`);
}
