/**
 * What a harness publishes to `sw.step.<tenant>`: read strictly, in JSON or protobuf by its `content-type`. A step that is
 * not taken comes back as `Refused`, never as an exception. What a harness gets back is in `reply.ts`.
 */
import { z } from 'zod';
import { chatMessages, stops, tools, type ChatMessage, type Tool } from './chat.ts';
import { readJson, refuseOversized } from './json.ts';
import type { StepClass } from './messages.ts';
import { isRefused, refused, refusedBy, type Refused } from './refused.ts';
import { stepFromProtobuf } from './wire-step.ts';

/** A step as it was asked for, defaults applied. Field names are those of the JSON. */
export interface StepRequest {
  readonly v: 1;
  /** Same id, same answer; null: the gateway mints one. */
  readonly id: string | null;
  readonly trace: string | null;
  readonly parent: string | null;
  /** Counted from 1. */
  readonly seq: number | null;
  /** '' only when `end` is true. */
  readonly model: string;
  /** The whole history; null when `append` says only what is new, or the trace ends. */
  readonly messages: readonly ChatMessage[] | null;
  readonly append: readonly ChatMessage[] | null;
  readonly tools: readonly Tool[];
  readonly sampling: StepSampling;
  readonly class: StepClass;
  readonly deadline_ms: number | null;
  /** The trace is over; there is nothing to generate. */
  readonly end: boolean;
  /** Where answers go; null: nobody wants them. */
  readonly reply: string | null;
}

export interface StepSampling {
  readonly max_tokens: number;
  readonly temperature: number;
  readonly top_p: number;
  /** 0: off. */
  readonly top_k: number;
  /** null: chosen when the step is accepted. */
  readonly seed: bigint | null;
  readonly stop: readonly string[];
}

export const stepLimits = { bytesMax: 1_000_000, idCharactersMax: 200, tokensMax: 1_000_000, deadlineMsMax: 86_400_000, replyCharactersMax: 256 } as const;

/** What a step gets that says nothing: the values of the example in the contracts. */
export const stepDefaults = { class: 'agent', sampling: { max_tokens: 256, temperature: 0, top_p: 1, top_k: 0, seed: null, stop: [] } } as const satisfies { class: StepClass; sampling: StepSampling };

/** Ids of harnesses are hashed before they become subjects, so they need not be tokens; but they are printed. */
const foreignId = z.string().min(1).max(stepLimits.idCharactersMax).regex(/^[\x21-\x7e]*$/, 'an id is made of printable ASCII characters without spaces');

/** Sampling in ranges that every entrance shares. */
export const samplingFields = {
  max_tokens: z.int().min(1).max(stepLimits.tokensMax),
  temperature: z.number().min(0).max(2),
  top_p: z.number().gt(0).max(1),
  top_k: z.int().min(0).max(stepLimits.tokensMax),
  seed: z.int().min(0),
} as const;

const sampling = z.strictObject({
  max_tokens: samplingFields.max_tokens.default(stepDefaults.sampling.max_tokens),
  temperature: samplingFields.temperature.default(stepDefaults.sampling.temperature),
  top_p: samplingFields.top_p.default(stepDefaults.sampling.top_p),
  top_k: samplingFields.top_k.default(stepDefaults.sampling.top_k),
  seed: z.union([samplingFields.seed.transform(BigInt), z.bigint().min(0n).max(2n ** 64n - 1n)]).nullable().default(null),
  stop: stops.default([]),
});

/** Answers may not be sent where the fleet or the server listens. */
const replySubject = z.string().min(1).max(stepLimits.replyCharactersMax)
  .regex(/^[\x21-\x7e]*$/, 'a subject has no spaces').refine((text) => !/[*>]/.test(text) && !text.split('.').includes(''), { message: 'is no subject to publish to' })
  .refine((text) => !/^(sw|\$\w+)\./.test(text), { message: 'lies among the subjects of the fleet or of the server' });

const stepShape = z.strictObject({
  v: z.literal(1).default(1),
  id: foreignId.nullable().default(null),
  trace: foreignId.nullable().default(null),
  parent: foreignId.nullable().default(null),
  seq: z.int().min(1).max(2 ** 32 - 1).nullable().default(null),
  model: z.string().min(1).max(256).nullable().default(null),
  messages: chatMessages.nullable().default(null),
  append: chatMessages.nullable().default(null),
  tools: tools.nullable().default(null),
  sampling: sampling.nullable().default(null),
  class: z.literal(['interactive', 'agent', 'background']).nullable().default(null),
  deadline_ms: z.number().gt(0).max(stepLimits.deadlineMsMax).nullable().default(null),
  end: z.boolean().default(false),
  reply: replySubject.nullable().default(null),
});

/** What a client may write: everything but the model and the messages may be left out. */
export type StepInput = z.input<typeof stepShape>;

export const jsonType = 'application/json', protobufType = 'application/x-protobuf';

/** Whether a message's header says this type; without one it is JSON. */
export const contentTypeIs = (given: string | null, type: string): boolean => (given ?? jsonType).split(';')[0]?.trim().toLowerCase() === type;

/** Reads a step. `contentType`: of the message's header; without one it is JSON. */
export function parseStep(bytes: Uint8Array, contentType: string | null = null): StepRequest | Refused {
  const read = contentTypeIs(contentType, protobufType) ? refuseOversized(bytes, stepLimits.bytesMax) ?? stepFromProtobuf(bytes)
    : contentTypeIs(contentType, jsonType) ? readJson(bytes, stepLimits.bytesMax)
      : refused('unsupported_content_type', `content-type "${contentType?.slice(0, 80)}"; ${jsonType} and ${protobufType} are understood`);
  return isRefused(read) ? read : stepOf(read.value);
}

/** The same from a value that is JSON already. */
export function stepOf(value: unknown): StepRequest | Refused {
  const parsed = stepShape.safeParse(value);
  if (!parsed.success) return refusedBy(parsed.error, value);
  const step = parsed.data;
  return refuseMeaningless(step) ?? {
    ...step, v: 1, model: step.model ?? '', tools: step.tools ?? [], class: step.class ?? stepDefaults.class, sampling: step.sampling ?? stepDefaults.sampling,
  };
}

/** What each field allows, but all together do not. */
function refuseMeaningless(step: z.output<typeof stepShape>): Refused | null {
  const wrong = (message: string): Refused => refused('invalid_step', message);
  const { messages, append, trace, seq } = step;
  if (step.end) {
    if (messages !== null || append !== null) return wrong('"end": true says that the trace is over; it comes without "messages" and "append"');
    return trace === null ? wrong('"end": true without "trace": which one is over?') : null;
  }
  if (messages !== null && append !== null) return wrong('both "messages" (the whole history) and "append" (only what is new) are given; one of them is expected');
  if (messages === null && append === null) return wrong('neither "messages" nor "append" is given, and "end" is not true');
  if (append !== null && (trace === null || seq === null)) return wrong(`"append" needs ${trace === null ? '"trace"' : ''}${trace === null && seq === null ? ' and ' : ''}${seq === null ? '"seq"' : ''}: without them nobody knows what to append to`);
  if (seq !== null && trace === null) return wrong(`"seq" ${seq} without "trace"`);
  if (trace !== null && trace === step.parent) return wrong(`"${trace}" is its own "parent"`);
  return step.model === null ? refused('missing_field', '"model" is missing') : null;
}

/** JSON of a step, for clients: what `parseStep` would refuse is refused here already. */
export function encodeStep(step: StepInput): Uint8Array | Refused {
  const bytes = new TextEncoder().encode(JSON.stringify(step));
  const checked = parseStep(bytes);
  return isRefused(checked) ? checked : bytes;
}
