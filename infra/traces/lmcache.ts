import { z } from 'zod';
import type { ChatMessage } from '../../schemas/chat.ts';
import type { ReplayStep, ReplayTrace } from '../../schemas/replay-trace.ts';
import type { Line } from './lines.ts';
import { type Reading, roundMs } from './reading.ts';
import { TextRecording } from './text-recording.ts';

/**
 * Sessions of lmcache-agent-trace: one a line, `calls` of whole prompts and outputs as text with the time at which each
 * started, in microseconds. When they ended is not recorded: a gap is from start to start, the generation in it.
 */
export async function* readLmcache(lines: AsyncIterable<Line>, reading: Reading): AsyncIterable<ReplayTrace> {
  const texts = new TextRecording(reading, 'lmcache calls');
  const seen = new Set<string>();
  for await (const line of lines) {
    const { path, calls } = reading.record(shape, line, 'a session with "calls" of "timestamp", "input" and "output"');
    const name = reading.name(path?.replace(/\.jsonl$/, '') ?? calls[0]?.session_id ?? `${reading.stem}-${line.number}`);
    if (seen.has(name)) reading.fail(line.number, `the session "${name}" for the second time; expected one line each`);
    seen.add(name);
    if (calls.length === 0) { reading.skip('a session without calls'); continue; }
    const steps = calls.map((call, at): ReplayStep => {
      const before = calls[at - 1] ?? call;
      if (call.timestamp < before.timestamp) reading.fail(line.number, `"calls[${at}].timestamp" is ${before.timestamp - call.timestamp} µs before that of the call ahead; expected times that do not go back`);
      const prompt = texts.flat(call.input);
      return {
        seq: at + 1, gap_ms: roundMs((call.timestamp - before.timestamp) / 1_000), gap: at === 0 ? 'start' : 'tool',
        prompt_tokens: prompt.tokens, blocks: prompt.blocks, out_tokens: texts.tokens(call.output), tool: null, children: [],
        ...(reading.options.withText === true ? textOf(call.input, at === 0 ? null : before.input) : {}),
      };
    });
    reading.assume('a gap from start to start: the generation is part of it', steps.length - 1);
    yield { v: 1, trace: name, parent: null, start_ms: 0, model: texts.model, steps };
  }
}

const shape = z.object({
  path: z.string().nullish(),
  calls: z.array(z.object({ timestamp: z.number().min(0), input: z.string(), output: z.string(), session_id: z.string().nullish() })),
});

/** A prompt that goes on where the one before ended has what is new; another has all of it. */
function textOf(input: string, before: string | null): { readonly text: readonly ChatMessage[]; readonly text_kept?: number } {
  if (before !== null && input.length > before.length && input.startsWith(before)) return { text: [{ role: 'user', content: input.slice(before.length) }] };
  return { text: [{ role: 'user', content: input }], ...(before === null ? {} : { text_kept: 0 }) };
}
