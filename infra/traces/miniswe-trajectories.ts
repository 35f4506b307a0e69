import { z } from 'zod';
import type { ReplayTrace } from '../../schemas/replay-trace.ts';
import { conversationTrace, messageShape, saidOf } from './conversation.ts';
import type { Line } from './lines.ts';
import { type Reading, msOf } from './reading.ts';
import { TextRecording } from './text-recording.ts';

/**
 * Trajectories of mini-swe-agent: one conversation a line, each message with the time at which it was there
 * (`extra.timestamp`, in seconds). What comes back from the shell is a tool's, whichever role it has.
 */
export async function* readMinisweTrajectories(lines: AsyncIterable<Line>, reading: Reading): AsyncIterable<ReplayTrace> {
  const texts = new TextRecording(reading, 'mini-swe trajectories');
  const seen = new Set<string>();
  for await (const line of lines) {
    const record = reading.record(shape, line, 'a trajectory with "messages"');
    const name = reading.name(record.path?.replace(/^output\//, '').replace(/\/[^/]*$/, '') ?? record.instance_id ?? `${reading.stem}-${line.number}`);
    if (seen.has(name)) reading.fail(line.number, `the trajectory "${name}" for the second time; expected one line each`);
    seen.add(name);
    const said = record.messages.map((message) => saidOf(message, message.extra?.timestamp === null || message.extra?.timestamp === undefined ? null : msOf(message.extra.timestamp))).filter((it) => it !== null);
    const trace = conversationTrace(name, said, 'tool', texts, reading, line.number);
    if (trace === null) reading.skip('a trajectory without an answer'); else yield trace;
  }
}

const shape = z.object({
  path: z.string().nullish(), instance_id: z.string().nullish(),
  messages: z.array(messageShape.extend({ extra: z.object({ timestamp: z.number().min(0).nullish() }).nullish() })),
});
