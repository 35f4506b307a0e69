import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { replayLine, replayTraceOf, type ReplayStep, type ReplayTrace } from '../../schemas/replay-trace.ts';
import { readTraces, type TraceOptions } from './read.ts';

const folder = mkdtempSync(join(tmpdir(), 'slackwater-traces-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

/** A file of these records, one a line (strings and bytes stand as they are). */
export function fileOf(records: readonly unknown[] | Uint8Array | string, name = `sample-${files++}`): string {
  const path = join(folder, name);
  writeFileSync(path, records instanceof Uint8Array || typeof records === 'string' ? records : `${records.map((record) => (typeof record === 'string' ? record : JSON.stringify(record))).join('\n')}\n`);
  return path;
}

export interface Read { readonly traces: ReplayTrace[]; readonly skipped: Record<string, number>; readonly assumed: Record<string, number> }

export async function readAll(path: string | readonly string[], options: TraceOptions = {}): Promise<Read> {
  const reading = readTraces(path, options);
  const traces: ReplayTrace[] = [];
  for await (const trace of reading) traces.push(trace);
  for (const trace of traces) expect(replayTraceOf(JSON.parse(replayLine(trace)))).toEqual(trace);
  return { traces, skipped: Object.fromEntries(reading.skipped), assumed: Object.fromEntries(reading.assumed) };
}

/** What reading says is wrong; of one file without its path. */
export async function complaint(path: string | readonly string[], options: TraceOptions = {}): Promise<string> {
  try {
    await readAll(path, options);
  } catch (error) {
    if ((error as Error).name !== 'TraceError') throw error;
    return typeof path === 'string' ? (error as Error).message.replace(path, 'FILE') : (error as Error).message;
  }
  throw new Error(`nothing is wrong with ${path}`);
}

export function step(seq: number, fields: Partial<ReplayStep> = {}): ReplayStep {
  return { seq, gap_ms: seq === 1 ? 0 : 1_000, gap: seq === 1 ? 'start' : 'tool', prompt_tokens: 128 * seq, blocks: [[0, 2 * seq]], out_tokens: 10, tool: null, children: [], ...fields };
}

export function trace(id: string, fields: Partial<ReplayTrace> = {}): ReplayTrace {
  return { v: 1, trace: id, parent: null, start_ms: 0, model: 'm', steps: [step(1), step(2)], ...fields };
}
