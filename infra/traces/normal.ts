import { isRefused } from '../../schemas/refused.ts';
import { type ReplayTrace, parseReplayTrace } from '../../schemas/replay-trace.ts';
import { Family } from './family.ts';
import type { Line } from './lines.ts';
import { type Reading, cutOff, jsonFault } from './reading.ts';

/** The normal form itself, as `slackwater trace export` and `trace convert` write it. Strict: see `schemas/replay-trace.ts`. */
export async function* readNormal(lines: AsyncIterable<Line>, reading: Reading): AsyncIterable<ReplayTrace> {
  const family = new Family();
  const shift = reading.ids.take(0);
  let orphan: { readonly trace: ReplayTrace; readonly line: number } | null = null;
  const later = new Map<string, { readonly parent: string | null; readonly line: number }>();
  for await (const line of lines) {
    const trace = parseLine(line, reading);
    if (orphan !== null) { later.set(trace.trace, { parent: trace.parent, line: line.number }); continue; }
    const problem = family.add(trace, line.number);
    if (problem?.kind === 'wrong') reading.fail(line.number, problem.message);
    if (problem?.kind === 'orphan') { orphan = { trace, line: line.number }; later.set(trace.trace, { parent: trace.parent, line: line.number }); continue; }
    yield shifted(trace, reading, shift, line.number);
  }
  if (orphan !== null) reading.fail(orphan.line, whyOrphan(orphan.trace, later));
  const missing = family.missing();
  if (missing !== null) reading.fail(missing.line, missing.message);
}

function parseLine(line: Line, reading: Reading): ReplayTrace {
  const trace = parseReplayTrace(line.bytes);
  if (!isRefused(trace)) return trace;
  return reading.fail(line.number, `${trace.code === 'invalid_json' ? jsonFault(trace.message, line) : trace.message}${line.hasEnd ? '' : cutOff}`);
}

/** Ids of a file that is read behind others come after theirs. */
function shifted(trace: ReplayTrace, reading: Reading, shift: number, line: number): ReplayTrace {
  let end = 0;
  for (const step of trace.steps) for (const [first, count] of step.blocks) end = Math.max(end, first + count);
  // Ids of salted exports are of 52 bits: a third such file has no room behind two.
  if (shift + end > Number.MAX_SAFE_INTEGER) reading.fail(line, `block ids up to ${end - 1} would go beyond 2^53 behind those of the files before (up to ${shift - 1}); files that belong together are read as one (cat A B | … -)`);
  reading.ids.cover(shift + end);
  if (shift === 0) return trace;
  return { ...trace, steps: trace.steps.map((step) => ({ ...step, blocks: step.blocks.map(([first, count]) => [first + shift, count] as const) })) };
}

/** The rest of the file was read for this: a parent that comes late, a circle, or none at all. */
function whyOrphan({ trace, parent }: ReplayTrace, later: ReadonlyMap<string, { readonly parent: string | null; readonly line: number }>): string {
  const path = [trace];
  for (let at = parent; at !== null && path.length < 20; at = later.get(at)?.parent ?? null) {
    path.push(at);
    if (path.indexOf(at) < path.length - 1) return `parents go in a circle: ${path.join(' → ')}; expected every trace to lead to one without a parent`;
  }
  const found = later.get(parent!);
  return found === undefined ? `"parent" is "${parent}", and no line of the file is it` : `"parent" is "${parent}", which comes later (line ${found.line}); expected parents before their children`;
}
