import { callArguments, type ChatMessage, contentText } from './message.ts';

/** A message in the shape that chat templates expect: content is always a string, arguments are values. */
export interface TemplateMessage {
  readonly role: string;
  readonly content: string;
  readonly name?: string;
  readonly tool_calls?: readonly { readonly id: string; readonly type: 'function'; readonly function: { readonly name: string; readonly arguments: unknown } }[];
  readonly tool_call_id?: string;
  /** Index of the request's message that this one stands for (the last one, where several were joined). */
  readonly source: number;
}

/** What a template's source shows that it knows about. */
export interface TemplateNotions { readonly tool: boolean; readonly toolCalls: boolean; readonly developer: boolean }

export function notionsOf(template: string): TemplateNotions {
  return { tool: /(["'])tool\1/.test(template), toolCalls: template.includes('tool_calls'), developer: /(["'])developer\1/.test(template) };
}

/**
 * Messages as the template is to see them. What it has no notion of is written into the text, so that a small model still sees it:
 *
 * - role `tool`: neighbouring results become one user message, each as `<tool_response>\n…\n</tool_response>`, with ` name="…"` where given;
 * - `tool_calls`: appended to the assistant's text, each as `<tool_call>\n{"name": …, "arguments": …}\n</tool_call>`;
 * - role `developer`: becomes `system`.
 */
export function applyConventions(messages: readonly ChatMessage[], notions: TemplateNotions): TemplateMessage[] {
  const view: TemplateMessage[] = [];
  for (const [source, message] of messages.entries()) {
    if (message.role === 'tool' && !notions.tool) appendResult(view, messages, source);
    else view.push({ ...shape(message, notions), source });
  }
  return view;
}

function shape(message: ChatMessage, notions: TemplateNotions): Omit<TemplateMessage, 'source'> {
  const role = message.role === 'developer' && !notions.developer ? 'system' : message.role;
  const content = contentText(message).toWellFormed();
  const calls = (message.tool_calls ?? []).map((call) => ({ id: call.id ?? '', type: 'function' as const, function: { name: call.function.name, arguments: callArguments(call) } }));
  const names = { ...(message.name === undefined ? {} : { name: message.name }), ...(message.tool_call_id === undefined ? {} : { tool_call_id: message.tool_call_id }) };
  if (calls.length === 0) return { role, content, ...names };
  if (notions.toolCalls) return { role, content, ...names, tool_calls: calls };
  const written = calls.map((call) => `<tool_call>\n${JSON.stringify(call.function)}\n</tool_call>`);
  return { role, content: [content, ...written].filter((part) => part !== '').join('\n').toWellFormed(), ...names };
}

function appendResult(view: TemplateMessage[], messages: readonly ChatMessage[], source: number): void {
  const message = messages[source]!;
  const name = message.name === undefined ? '' : ` name=${JSON.stringify(message.name)}`;
  const result = `<tool_response${name}>\n${contentText(message)}\n</tool_response>`.toWellFormed();
  const isJoined = messages[source - 1]?.role === 'tool';
  const before = isJoined ? `${view.pop()!.content}\n` : '';
  view.push({ role: 'user', content: before + result, source });
}
