/** A step in protobuf, brought into the shape of its JSON: one set of rules then judges both. */
import protobuf from 'protobufjs/minimal.js';
import { slackwater } from './gen/slackwater.js';
import { isShallow } from './json.ts';
import { refused, type Refused } from './refused.ts';

const { v1 } = slackwater;
type Request = slackwater.v1.StepRequest.$Properties;
type Message = slackwater.v1.ChatMessage.$Properties;
type Tool = slackwater.v1.Tool.$Properties;
type Sampling = slackwater.v1.StepSampling.$Properties;

export function stepFromProtobuf(bytes: Uint8Array): { readonly value: unknown } | Refused {
  try {
    const reader = new protobuf.Reader(bytes);
    reader.discardUnknown = false;
    const request = v1.StepRequest.decode(reader);
    const unknown = unknownField(request, 'StepRequest');
    return unknown !== null ? refused('unknown_field', unknown) : { value: plain(request) };
  } catch (error) {
    return refused('invalid_protobuf', `${error instanceof Error ? error.message : String(error)} (${bytes.length} bytes)`);
  }
}

/** Only where a step wants its answers, also of one that is refused for something else; null when it can not be read. */
export function replyInProtobuf(bytes: Uint8Array): string | null {
  try {
    return v1.StepRequest.decode(bytes).reply ?? null;
  } catch {
    return null;
  }
}

const classes = { [v1.StepClass.STEP_CLASS_INTERACTIVE]: 'interactive', [v1.StepClass.STEP_CLASS_AGENT]: 'agent', [v1.StepClass.STEP_CLASS_BACKGROUND]: 'background' };

/** Absent fields are left out, so that the defaults of the JSON apply; an empty list is an absent one. */
function plain(request: Request): unknown {
  return {
    v: request.v === 0 ? 1 : request.v, id: request.id, trace: request.trace, parent: request.parent, seq: request.seq, model: request.model,
    messages: listOr(request.messages, message), append: listOr(request.append, message), tools: listOr(request.tools, tool),
    sampling: request.sampling ? sampling(request.sampling) : null,
    class: request.class === null || request.class === undefined ? null : classes[request.class as keyof typeof classes] ?? request.class,
    deadline_ms: request.deadlineMs, end: request.end, reply: request.reply,
  };
}

function listOr<T>(items: readonly T[] | null | undefined, map: (item: T) => unknown): unknown[] | null {
  return items && items.length > 0 ? items.map(map) : null;
}

function message(it: Message): unknown {
  const calls = (it.toolCalls ?? []).map((call) => ({ id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } }));
  return withoutAbsent({ role: it.role, content: it.content, name: it.name, tool_calls: calls.length > 0 ? calls : null, tool_call_id: it.toolCallId });
}

function tool(it: Tool): unknown {
  const parameters: unknown = it.parametersJson === null || it.parametersJson === undefined ? undefined : JSON.parse(it.parametersJson);
  if (!isShallow(parameters)) throw new RangeError(`parameters_json of tool "${it.name}" is nested more than 64 deep`);
  return { type: 'function', function: withoutAbsent({ name: it.name, description: it.description, parameters }) };
}

function sampling(it: Sampling): unknown {
  const seed = it.seed as { readonly low: number; readonly high: number } | null | undefined;
  return withoutAbsent({
    max_tokens: it.maxTokens, temperature: it.temperature, top_p: it.topP, top_k: it.topK, stop: it.stop,
    seed: seed ? (BigInt(seed.high >>> 0) << 32n) | BigInt(seed.low >>> 0) : null,
  });
}

function withoutAbsent(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}

/** Fields that the declaration does not have, at any depth: protobuf keeps them aside. */
function unknownField(value: object, at: string): string | null {
  const unknowns = (value as { readonly $unknowns?: readonly Uint8Array[] }).$unknowns;
  if (unknowns && unknowns.length > 0) {
    const tag = new protobuf.Reader(unknowns[0]!).uint32();
    return `unknown field ${tag >>> 3} (wire type ${tag & 7}) in ${at}`;
  }
  for (const [key, inner] of Object.entries(value)) {
    for (const [i, item] of (Array.isArray(inner) ? inner : [inner]).entries()) {
      if (typeof item !== 'object' || item === null) continue;
      const found = unknownField(item, Array.isArray(inner) ? `${at}.${key}[${i}]` : `${at}.${key}`);
      if (found !== null) return found;
    }
  }
  return null;
}
