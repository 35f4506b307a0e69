import { z } from 'zod';
import type { ChatMessage } from '../../schemas/chat.ts';
import type { GapKind, ReplayStep, ReplayTrace } from '../../schemas/replay-trace.ts';
import { type Reading, roundMs } from './reading.ts';
import type { TextRecording } from './text-recording.ts';

/** A message as agents record them; what is beside text and calls is left alone. */
export const messageShape = z.object({
  role: z.string(), content: z.union([z.string(), z.array(z.object({ text: z.string().nullish() }))]).nullish(), name: z.string().nullish(), tool_call_id: z.string().nullish(),
  tool_calls: z.array(z.object({ id: z.string().nullish(), function: z.object({ name: z.string(), arguments: z.unknown() }) })).nullish(),
});

export interface Said {
  readonly message: ChatMessage;
  /** When it was there; null: not known. */
  readonly atMs: number | null;
}

/** Null: a message of no role that a model reads. */
export function saidOf(message: z.output<typeof messageShape>, atMs: number | null): Said | null {
  const { role, content, name, tool_call_id, tool_calls } = message;
  if (role !== 'system' && role !== 'user' && role !== 'assistant' && role !== 'tool') return null;
  const text = typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? '').join('');
  const calls = (tool_calls ?? []).map((call, at) => ({
    id: call.id ?? `call-${at}`, type: 'function' as const,
    function: { name: call.function.name, arguments: typeof call.function.arguments === 'string' ? call.function.arguments : JSON.stringify(call.function.arguments ?? {}) },
  }));
  return { atMs, message: { role, content: text, ...(name ? { name } : {}), ...(calls.length > 0 ? { tool_calls: calls } : {}), ...(role === 'tool' || tool_call_id ? { tool_call_id: tool_call_id || 'unknown' } : {}) } };
}

/**
 * A conversation as a trace: each message of the assistant is a step whose prompt is all before it. A generation lasts
 * from the message before it to its own time. `userIs`: whose gap it is when a user's message came before. Null: the
 * assistant said nothing.
 */
export function conversationTrace(name: string, said: readonly Said[], userIs: 'human' | 'tool', texts: TextRecording, reading: Reading, line: number): ReplayTrace | null {
  const steps: ReplayStep[] = [];
  let endMs: number | null = null, lastMs = -Infinity, shown = 0;
  for (const [at, { message, atMs }] of said.entries()) {
    if (atMs !== null) {
      if (atMs < lastMs) reading.fail(line, `"${name}": message ${at + 1} is of ${atMs / 1_000} s, ${roundMs(lastMs - atMs) / 1_000} s before one ahead of it; expected times that do not go back`);
      lastMs = atMs;
    }
    if (message.role !== 'assistant' || at === 0) continue;
    const before = said[at - 1]!;
    const prompt = texts.prompt(said.slice(0, at).map((it) => it.message));
    const asked = steps.length === 0 ? null : said[shown - 1]!.message.tool_calls?.[0]?.function.name ?? null;
    steps.push({
      seq: steps.length + 1, ...(steps.length === 0 ? { gap: 'start', gap_ms: 0 } as const : gapOf(before, endMs, userIs, reading)),
      prompt_tokens: prompt.tokens, blocks: prompt.blocks, out_tokens: answerTokens(message, texts), tool: before.message.role === 'tool' || userIs === 'tool' ? asked : null, children: [],
      ...(atMs !== null && before.atMs !== null && before.message.role !== 'assistant' ? { took_ms: roundMs(atMs - before.atMs) } : {}),
      ...(reading.options.withText === true ? { text: said.slice(Math.max(0, shown - 1), at).map((it) => it.message) } : {}),
    });
    endMs = atMs;
    shown = at + 1;
  }
  return steps.length === 0 ? null : { v: 1, trace: name, parent: null, start_ms: 0, model: texts.model, steps };
}

function gapOf(before: Said, endMs: number | null, userIs: 'human' | 'tool', reading: Reading): { readonly gap: GapKind; readonly gap_ms: number } {
  const gap = before.message.role === 'tool' ? 'tool' : userIs;
  if (before.atMs === null || endMs === null) { reading.assume('a gap without times: 0'); return { gap, gap_ms: 0 }; }
  return { gap, gap_ms: roundMs(before.atMs - endMs) };
}

/** What the model said and the calls that it made. */
function answerTokens(message: ChatMessage, texts: TextRecording): number {
  return texts.tokens(message.content) + (message.tool_calls ?? []).reduce((sum, { function: call }) => sum + texts.tokens(`${call.name} ${call.arguments}`), 0);
}
