import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { replayLine } from '../../../schemas/replay-trace.ts';
import { ConfigError } from '../../config.ts';
import { readTraces, type TraceOptions, type TraceReading } from '../../traces/read.ts';
import { StatsMeter } from '../../traces/stats.ts';
import { statsSvg } from '../../traces/stats-svg.ts';
import { statsBlocks } from '../../traces/stats-table.ts';
import { familiesOf } from '../../traces/timeline.ts';
import { StartError } from '../role.ts';
import { printLine, table } from './reader.ts';

/** What recordings say: as tables, as JSON, as a picture. */
export async function traceStats(files: readonly string[], options: TraceOptions, output: { readonly isJson: boolean; readonly svg: string | null }): Promise<number> {
  if (output.svg !== null && files.includes(output.svg)) throw new ConfigError(`--svg ${output.svg}: is one of the recordings`);
  const reading = readTraces(files, options);
  const meter = new StatsMeter();
  for await (const family of familiesOf(reading)) meter.add(family);
  const stats = meter.result(reading.skipped, reading.assumed);
  if (output.svg !== null) write(output.svg, statsSvg(stats, files.map((file) => basename(file)).join(', ')));
  if (output.isJson) printLine(JSON.stringify(stats));
  else for (const { title, header, rows } of statsBlocks(stats)) printLine(`${title}\n\n${table(header, rows).replace(/^/gm, '  ')}\n`);
  return 0;
}

/** That it could be written was asked before the work; the disk may have filled up since. */
function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new StartError(`${path} cannot be written: ${(error as Error).message}`, false);
  }
}

/** The normal form on stdout, no faster than it is taken; what was left out or assumed on stderr. */
export async function traceConvert(files: readonly string[], options: TraceOptions): Promise<number> {
  const reading = readTraces(files, options);
  for await (const trace of reading) {
    if (!process.stdout.write(replayLine(trace))) await new Promise((resolve) => { process.stdout.once('drain', resolve); });
  }
  tellCounts(reading);
  return 0;
}

export function tellCounts({ skipped, assumed }: Pick<TraceReading, 'skipped' | 'assumed'>): void {
  for (const [reason, count] of skipped) process.stderr.write(`slackwater: left out: ${count} × ${reason}\n`);
  for (const [what, count] of assumed) process.stderr.write(`slackwater: assumed: ${count} × ${what}\n`);
}
