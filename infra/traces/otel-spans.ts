import { z } from 'zod';
import { dateMs } from './date.ts';
import type { Line } from './lines.ts';
import type { Reading } from './reading.ts';

/** What is kept of a span: 20 fields of a generation, little more than its place of others. */
export interface Span {
  readonly line: number;
  readonly trace: string;
  readonly id: string;
  readonly parent: string | null;
  readonly kind: 'generation' | 'agent' | 'tool' | 'other';
  readonly startMs: number;
  readonly endMs: number;
  readonly conversation: string | null;
  readonly model: string;
  readonly prompt: number;
  readonly generated: number;
  /** Name of the tool, or of the agent. */
  readonly name: string;
  /** The generation ended because the model called tools; null: not told. */
  readonly callsTools: boolean | null;
}

/** Spans of a line: an export of OTLP in JSON, or one span, as OTLP writes it or as SDKs print it. */
export function spansOf(line: Line, reading: Reading): Span[] {
  const value = reading.json(line);
  const batch = batchShape.safeParse(value);
  const plain = batch.success ? batch.data.resourceSpans.flatMap((resource) => (resource.scopeSpans ?? []).flatMap((scope) => scope.spans ?? [])) : [value];
  return plain.map((span) => spanOf(reading.checked(spanShape, span, line.number, 'a span with "traceId", "spanId", times and "attributes"'), line.number, reading)).filter((span) => span !== null);
}

const batchShape = z.object({ resourceSpans: z.array(z.object({ scopeSpans: z.array(z.object({ spans: z.array(z.unknown()).nullish() })).nullish() })) });

const time = z.union([z.string(), z.number()]).nullish();
const hexId = z.string().nullish();
const spanShape = z.object({
  traceId: hexId, spanId: hexId, parentSpanId: hexId, trace_id: hexId, span_id: hexId, parent_id: hexId, parent_span_id: hexId,
  context: z.object({ trace_id: z.string(), span_id: z.string() }).nullish(),
  name: z.string().nullish(), startTimeUnixNano: time, endTimeUnixNano: time, start_time: time, end_time: time, startTime: time, endTime: time,
  attributes: z.union([z.array(z.object({ key: z.string(), value: z.unknown() })), z.record(z.string(), z.unknown())]).nullish(),
});

function spanOf(span: z.output<typeof spanShape>, line: number, reading: Reading): Span | null {
  const trace = span.traceId ?? span.trace_id ?? span.context?.trace_id, id = span.spanId ?? span.span_id ?? span.context?.span_id;
  if (!trace || !id) reading.fail(line, 'a span without "traceId" or "spanId"; expected both');
  const attributes = attributesOf(span.attributes ?? {});
  const text = (key: string): string | null => (typeof attributes.get(key) === 'string' ? attributes.get(key) as string : null);
  const tokens = (...keys: string[]): number | null => {
    const key = keys.find((it) => attributes.get(it) !== undefined && attributes.get(it) !== null);
    if (key === undefined) return null;
    const given = attributes.get(key), count = typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : given;
    return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : reading.fail(line, `"${key}" is ${JSON.stringify(given)}; expected a whole number of tokens, 0 or more`);
  };
  const prompt = tokens('gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens'), generated = tokens('gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens');
  const kind = kindOf(text('gen_ai.operation.name'), prompt !== null || generated !== null);
  const timeMs = (...fields: readonly (keyof typeof span)[]): number | null => {
    const field = fields.find((it) => span[it] !== undefined && span[it] !== null && span[it] !== ''), given = field === undefined ? null : span[field] as string | number;
    return given === null ? null : unixMs(given) ?? reading.fail(line, `"${field}" is ${JSON.stringify(given)}, which is no time; expected nanoseconds since 1970, or a day and time such as 2023-11-16T18:17:03.9799600Z`);
  };
  const startMs = timeMs('startTimeUnixNano', 'start_time', 'startTime'), endMs = timeMs('endTimeUnixNano', 'end_time', 'endTime');
  if (kind === 'generation') {
    if (startMs === null || endMs === null) { reading.skip('a generation without times'); return null; }
    if (prompt === null || generated === null) { reading.skip('a generation without token counts'); return null; }
  }
  if (startMs !== null && endMs !== null && endMs < startMs) reading.fail(line, `span ${id} ends ${Math.round((startMs - endMs) * 1e3) / 1e3} ms before it starts; expected times that do not go back`);
  return {
    line, trace: bare(trace), id: bare(id), parent: bare(span.parentSpanId ?? span.parent_span_id ?? span.parent_id ?? '') || null, kind,
    startMs: startMs ?? 0, endMs: endMs ?? startMs ?? 0, conversation: text('gen_ai.conversation.id') ?? text('session.id'),
    model: text('gen_ai.response.model') ?? text('gen_ai.request.model') ?? '', prompt: prompt ?? 0, generated: generated ?? 0,
    name: text('gen_ai.tool.name') ?? text('gen_ai.agent.name') ?? '', callsTools: callsToolsOf(attributes.get('gen_ai.response.finish_reasons')),
  };
}

/** By the semantic conventions for generative AI: what has token usage and is no agent is a generation. */
function kindOf(operation: string | null, hasUsage: boolean): Span['kind'] {
  if (operation === 'invoke_agent' || operation === 'create_agent' || operation === 'invoke_workflow') return 'agent';
  if (operation === 'execute_tool') return 'tool';
  if (operation === 'embeddings' || operation === 'retrieval') return 'other';
  return hasUsage || operation === 'chat' || operation === 'text_completion' || operation === 'generate_content' ? 'generation' : 'other';
}

function attributesOf(given: readonly { readonly key: string; readonly value?: unknown }[] | Record<string, unknown>): Map<string, unknown> {
  const pairs = Array.isArray(given) ? given.map(({ key, value }) => [key, value] as const) : Object.entries(given as Record<string, unknown>);
  return new Map(pairs.map(([key, value]) => [key, plainValue(value)]));
}

/** `{ "intValue": "12" }` → '12', and so on; other values as they are. */
function plainValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const [kind, inner] = Object.entries(value)[0] ?? [];
  if (kind === 'arrayValue') return ((inner as { values?: unknown[] })?.values ?? []).map(plainValue);
  return kind?.endsWith('Value') === true ? inner : value;
}

function callsToolsOf(reasons: unknown): boolean | null {
  const list = typeof reasons === 'string' ? [reasons] : Array.isArray(reasons) ? reasons : [];
  return list.length === 0 ? null : list.some((reason) => /tool|function/i.test(String(reason)));
}

/** Nanoseconds since 1970 as a number or its digits, or a date with its zone; null: no time. Kept to the microsecond. */
function unixMs(value: string | number): number | null {
  const text = String(value);
  if (/^\d{1,20}$/.test(text)) return text.length > 15 ? Number(BigInt(text) / 1_000n) / 1e3 : Number(text) * 1e-6;
  const ms = /[+-]\d\d:?\d\d$|Z$/.test(text) ? dateMs(text) : null;
  return Number.isNaN(ms) ? null : ms;
}

/** SDKs print ids with 0x in front. */
const bare = (id: string): string => id.replace(/^0x/, '');
