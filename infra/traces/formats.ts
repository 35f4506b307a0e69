import { azureHeader, readAzure } from './azure.ts';
import { readDynamo } from './dynamo.ts';
import type { Line } from './lines.ts';
import { readLmcache } from './lmcache.ts';
import { readMinisweSteps } from './miniswe-steps.ts';
import { readMinisweTrajectories } from './miniswe-trajectories.ts';
import { readMooncake } from './mooncake.ts';
import { readNormal } from './normal.ts';
import { readOtel } from './otel.ts';
import type { Reading, TraceReader } from './reading.ts';
import { readTaubench } from './taubench.ts';
import { readWeka } from './weka.ts';

interface Format {
  readonly read: TraceReader;
  /** Whether its hashes may stand for blocks of more than one size: `--block-tokens` says of which. */
  readonly hasBlockSizes?: true;
  /** Whether a file whose first record has these fields is one. */
  isIt(first: Fields): boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** Every format that is read, in the order in which they are tried. */
export const traceFormats = {
  replay: { read: readNormal, isIt: (it) => 'steps' in it && 'v' in it },
  weka: { read: readWeka, isIt: (it) => 'requests' in it && 'block_size' in it },
  'miniswe-steps': { read: readMinisweSteps, isIt: (it) => 'trace' in it && 'kind' in it && 't1' in it },
  'miniswe-trajectories': { read: readMinisweTrajectories, isIt: (it) => 'messages' in it && ('info' in it || 'trajectory_format' in it) },
  lmcache: { read: readLmcache, isIt: (it) => 'calls' in it },
  dynamo: { read: readDynamo, hasBlockSizes: true, isIt: (it) => it['schema'] === 'dynamo.agentic_mooncake' || (('session_id' in it || 'request_id' in it) && ('input_length' in it || 'input_tokens' in it)) },
  mooncake: { read: readMooncake, hasBlockSizes: true, isIt: (it) => 'hash_ids' in it && 'timestamp' in it },
  otel: { read: readOtel, isIt: (it) => 'resourceSpans' in it || (('traceId' in it || 'trace_id' in it || 'context' in it) && 'attributes' in it) },
  // Of these two the first line is no record.
  taubench: { read: readTaubench, isIt: () => false },
  azure: { read: readAzure, isIt: () => false },
} as const satisfies Record<string, Format>;

export type TraceFormat = keyof typeof traceFormats;

export const traceFormatNames = Object.keys(traceFormats) as TraceFormat[];

/** Fails where the options say something that the format has no use for. */
export function checkOptions(format: TraceFormat, reading: Reading): void {
  const { blockTokens } = reading.options, of = (name: TraceFormat): boolean => (traceFormats[name] as Format).hasBlockSizes === true;
  if (blockTokens !== undefined && !of(format)) reading.fail(null, `--block-tokens ${blockTokens} says nothing about a recording of format ${format}; it is for ${traceFormatNames.filter(of).join(' and ')}`);
}

/** By the first line. Fails where no format is like it. */
export function formatOf(first: Line, reading: Reading): TraceFormat {
  const text = Buffer.from(first.bytes.subarray(0, 200)).toString('utf8');
  if (azureHeader.test(text)) return 'azure';
  if (text.startsWith('[')) return 'taubench';
  const record = reading.json(first);
  const fields = typeof record === 'object' && record !== null ? record as Fields : {};
  const found = traceFormatNames.find((name) => (traceFormats[name] as Format).isIt(fields));
  return found ?? reading.fail(first.number, `a record with the fields ${Object.keys(fields).slice(0, 8).map((name) => `"${name}"`).join(', ') || '(none)'} is of no format that is known (${traceFormatNames.join(', ')}); --format says which one it is`);
}
