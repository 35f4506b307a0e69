import { stepOf } from '../../schemas/harness.ts';
import { isRefused } from '../../schemas/refused.ts';

/** Where a step that is refused wanted its answer: null when that cannot be read from it either. */
export function findReply(bytes: Uint8Array, contentType: string | null): string | null {
  if (contentType !== null && !contentType.startsWith('application/json')) return null;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || !('reply' in value)) return null;
  // The smallest step there is, with that subject: the same rules judge it.
  const judged = stepOf({ trace: 'any', end: true, reply: value.reply });
  return isRefused(judged) ? null : judged.reply;
}
