import { createHash, hash } from 'node:crypto';
import { TextError } from './text-error.ts';

/** A message as harnesses send it, in the field names of the chat completions API. */
export interface ChatMessage {
  readonly role: string;
  /** A string, or parts of type `text`; null or absent beside `tool_calls`. */
  readonly content?: string | readonly TextPart[] | null | undefined;
  readonly name?: string | undefined;
  readonly tool_calls?: readonly ToolCall[] | null | undefined;
  /** On a message of role `tool`: which call it answers. */
  readonly tool_call_id?: string | undefined;
}

export interface TextPart { readonly type: string; readonly text?: string | undefined }

export interface ToolCall {
  readonly id?: string | undefined;
  readonly type?: string | undefined;
  /** `arguments`: JSON text, or the object itself. */
  readonly function: { readonly name: string; readonly arguments?: unknown };
}

/** The content as one string: parts are joined without a separator. Throws `message_invalid` for a part that is not text. */
export function contentText(message: ChatMessage): string {
  const { content } = message;
  if (typeof content === 'string') return content;
  if (content === null || content === undefined) return '';
  if (!Array.isArray(content)) throw new TextError('message_invalid', `content of a message of role "${message.role}" is of type ${typeof content}; a string or a list of text parts is understood`);
  return content.map((part: TextPart | null, index) => {
    if (part?.type === 'text' && typeof part.text === 'string') return part.text;
    throw new TextError('message_invalid', `part ${index} of ${content.length} of a message of role "${message.role}" is of type "${part?.type}"; only text is understood`);
  }).join('');
}

/** The arguments of a call as a value where they are JSON, else as the text they are. */
export function callArguments(call: ToolCall): unknown {
  const given = call.function.arguments ?? {};
  if (typeof given !== 'string') return given;
  try { return JSON.parse(given); } catch { return given; }
}

/**
 * Chained names of a conversation's beginnings: entry i names messages 0..i, 32 hex digits (the first 16 bytes of SHA-256).
 *
 * h_i = H(h_{i-1}, message i), and h_{-1} = H(tenant, model). A message counts by what it means: its role, text, name, calls and
 * the call it answers. Content as a string or in text parts is the same; so are arguments as JSON text or as an object, and their key order.
 */
export function messageChain(tenant: string, model: string, messages: readonly ChatMessage[]): string[] {
  const chain: string[] = [];
  let previous = hash('sha256', JSON.stringify(['message-chain-1', tenant, model]), 'hex').slice(0, 32);
  for (const message of messages) {
    previous = extendChain(previous, message);
    chain.push(previous);
  }
  return chain;
}

/** The name of the conversation `parent` (an entry of `messageChain`) with one more message. */
export function extendChain(parent: string, message: ChatMessage): string {
  const calls = (message.tool_calls ?? []).map((call) => [call.id ?? null, call.function.name, callArguments(call)]);
  const head = canonicalJson([message.role, message.name ?? null, calls, message.tool_call_id ?? null]);
  // JSON has no raw newline, so what follows it can only be the content: no need to escape (and copy) a long text first.
  return createHash('sha256').update(`${parent}${head}\n`).update(contentText(message)).digest('hex').slice(0, 32);
}

/** JSON with the keys of every object in order. */
function canonicalJson(value: unknown): string {
  try {
    return JSON.stringify(value, (_, item: unknown) => {
      if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
      return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
    });
  } catch (error) { // thousands of brackets in a call's arguments
    throw new TextError('message_invalid', `the calls of a message cannot be read: ${(error as Error).message}`);
  }
}
