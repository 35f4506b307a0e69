/**
 * A conversation as every entrance takes it and as the templates get it: whichever protocol a message came by, it becomes one
 * `ChatMessage` with its text in one string. Field names are those of the chat completions API, which templates know too.
 */
import { z } from 'zod';
import { isShallow } from './json.ts';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  /** '' when an assistant only called tools. */
  readonly content: string;
  readonly name?: string;
  readonly tool_calls?: readonly ToolCall[];
  /** On a message of role `tool`: which call it answers. */
  readonly tool_call_id?: string;
}

export interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  /** `arguments`: JSON text, as the model wrote it. */
  readonly function: { readonly name: string; readonly arguments: string };
}

export interface Tool {
  readonly type: 'function';
  readonly function: { readonly name: string; readonly description?: string; readonly parameters?: unknown; readonly strict?: boolean };
}

export const chatLimits = { messagesMax: 10_000, toolsMax: 512, stopMax: 16, stopCharactersMax: 256, nameCharactersMax: 256 } as const;

const label = z.string().min(1).max(chatLimits.nameCharactersMax);
const textPart = z.strictObject({ type: z.literal('text'), text: z.string() });
/** Parts are joined without a separator: a template puts none between them either. */
const content = z.union([z.string(), z.array(textPart).transform((parts) => parts.map((part) => part.text).join(''))]);
/** Some clients send what they do not mean as null. */
const absent = z.null().transform(() => undefined);
const maybeLabel = z.union([label, absent]).optional();

const toolCall = z.strictObject({
  id: label,
  type: z.literal('function').default('function'),
  function: z.strictObject({ name: label, arguments: z.string() }),
  index: z.int().optional(), // of a streamed answer that was put together by the client
}).transform(({ index: _, ...call }): ToolCall => call);

const system = z.strictObject({ role: z.literal(['system', 'developer']).transform(() => 'system' as const), content, name: maybeLabel });
const user = z.strictObject({ role: z.literal('user'), content, name: maybeLabel });
const toolResult = z.strictObject({ role: z.literal('tool'), content, name: maybeLabel, tool_call_id: label });
/** What an answer of ours, or of a service that the conversation began at, may carry beside its text. */
const answerExtras = { refusal: z.null().optional(), annotations: z.array(z.unknown()).max(0).optional(), audio: z.null().optional(), function_call: z.null().optional() };
const assistant = z.strictObject({ role: z.literal('assistant'), content: z.union([content, absent]).optional(), name: maybeLabel, tool_calls: z.union([z.array(toolCall), absent]).optional(), ...answerExtras })
  .refine((it) => it.content !== undefined || (it.tool_calls ?? []).length > 0, { message: 'of role assistant has neither content nor tool_calls' });

export const chatMessage = z.discriminatedUnion('role', [system, user, assistant, toolResult]).transform((it): ChatMessage => {
  const calls = 'tool_calls' in it ? it.tool_calls : undefined;
  return {
    role: it.role,
    content: it.content ?? '',
    ...(it.name === undefined ? {} : { name: it.name }),
    ...(calls === undefined || calls.length === 0 ? {} : { tool_calls: calls }),
    ...('tool_call_id' in it ? { tool_call_id: it.tool_call_id } : {}),
  };
});

export const chatMessages = z.array(chatMessage).min(1).max(chatLimits.messagesMax);

export const tool = z.strictObject({
  type: z.literal('function').default('function'),
  function: z.strictObject({
    name: label, description: z.string().optional(), strict: z.union([z.boolean(), absent]).optional(),
    parameters: z.record(z.string(), z.unknown()).refine((value) => isShallow(value), { message: 'is nested more than 64 deep' }).optional(),
  }),
}).transform((it) => it as Tool);

export const tools = z.array(tool).max(chatLimits.toolsMax);
export const stops = z.array(z.string().min(1).max(chatLimits.stopCharactersMax)).max(chatLimits.stopMax);
