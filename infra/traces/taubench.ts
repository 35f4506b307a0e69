import { z } from 'zod';
import { type ReplayTrace, replayLimits } from '../../schemas/replay-trace.ts';
import { conversationTrace, messageShape, saidOf } from './conversation.ts';
import type { Line } from './lines.ts';
import type { Reading } from './reading.ts';
import { TextRecording } from './text-recording.ts';

/** Results of tau-bench: one JSON list of tasks, each with its conversation. No times: gaps are 0, and counted. */
export async function* readTaubench(lines: AsyncIterable<Line>, reading: Reading): AsyncIterable<ReplayTrace> {
  const texts = new TextRecording(reading, 'tau-bench conversations');
  const seen = new Set<string>();
  for await (const element of elementsOf(lines, reading)) {
    const { task_id, trial, traj } = reading.record(shape, element, 'a task with "task_id" and "traj"');
    const name = reading.name(`${reading.stem}-${task_id}-${trial ?? 0}`);
    if (seen.has(name)) reading.fail(element.number, `task ${task_id}, trial ${trial ?? 0} for the second time; expected each once`);
    seen.add(name);
    const said = traj.map((message) => saidOf(message, null)).filter((it) => it !== null);
    const trace = conversationTrace(name, said, 'human', texts, reading, element.number);
    if (trace === null) reading.skip('a conversation without an answer'); else yield trace;
  }
}

const shape = z.object({ task_id: z.union([z.int(), z.string()]), trial: z.int().nullish(), traj: z.array(messageShape) });

const quote = 0x22, backslash = 0x5c, openings = new Set([0x7b, 0x5b]), closings = new Set([0x7d, 0x5d]);

/** The objects of a JSON list over many lines, one at a time, each with the number of the line on which it begins. */
async function* elementsOf(lines: AsyncIterable<Line>, reading: Reading): AsyncGenerator<Line> {
  let parts: Uint8Array[] = [], size = 0, begun = 0, depth = 0, last = 0, isString = false;
  for await (const { number, bytes } of lines) {
    let from = 0;
    last = number;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (isString) { if (byte === backslash) at++; else if (byte === quote) isString = false; continue; }
      if (byte === quote) { isString = true; continue; }
      if (openings.has(byte)) {
        if (depth === 1) { begun = number; from = at; }
        depth++;
      } else if (closings.has(byte)) {
        depth--;
        if (depth !== 1) continue;
        yield { number: begun, bytes: Buffer.concat([...parts, bytes.subarray(from, at + 1)]), column: null, hasEnd: true };
        parts = [];
        size = 0;
        from = at + 1;
      }
    }
    if (depth < 2) continue;
    parts.push(Buffer.from(bytes.subarray(from)));
    size += bytes.length - from;
    if (size > replayLimits.lineBytesMax) reading.fail(begun, `an element of more than ${replayLimits.lineBytesMax} bytes`);
  }
  if (depth > 0 || isString) reading.fail(last, 'the list does not end: was the file cut off?');
}
