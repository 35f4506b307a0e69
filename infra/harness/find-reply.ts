import { contentTypeIs, jsonType, protobufType, stepOf } from '../../schemas/harness.ts';
import { isRefused } from '../../schemas/refused.ts';
import { replyInProtobuf } from '../../schemas/wire-step.ts';

/** Where a step that is refused wanted its answer: null when that cannot be read from it either. */
export function findReply(bytes: Uint8Array, contentType: string | null): string | null {
  const told = contentTypeIs(contentType, protobufType) ? replyInProtobuf(bytes) : contentTypeIs(contentType, jsonType) ? replyInJson(bytes) : null;
  // The smallest step there is, with that subject: the same rules judge it.
  const judged = stepOf({ trace: 'any', end: true, reply: told });
  return isRefused(judged) ? null : judged.reply;
}

function replyInJson(bytes: Uint8Array): unknown {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === 'object' && value !== null && 'reply' in value ? value.reply : null;
  } catch {
    return null;
  }
}
