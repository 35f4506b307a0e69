/** Bytes from outside as JSON: bounded, valid UTF-8, and an error that says where. */
import { refused, type Refused } from './refused.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

export function readJson(bytes: Uint8Array, bytesMax: number): { readonly value: unknown } | Refused {
  const oversized = refuseOversized(bytes, bytesMax);
  if (oversized !== null) return oversized;
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return refused('invalid_utf8', `byte ${firstBad(bytes.length, (length) => isUtf8Start(bytes.subarray(0, length)))} of ${bytes.length} is not UTF-8`);
  }
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return refused('invalid_json', positioned(text, (error as SyntaxError).message));
  }
}

export function refuseOversized(bytes: Uint8Array, bytesMax: number): Refused | null {
  return bytes.length > bytesMax ? refused('payload_too_large', `${bytes.length} bytes; ${bytesMax} may come in one message`, { limit: bytesMax, got: bytes.length }) : null;
}

/** An unfinished character at the end is no error yet. */
function isUtf8Start(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/** V8 says the position of most errors, but neither of a surprising character nor of an early end. */
function positioned(text: string, message: string): string {
  if (message.includes('at position')) return message;
  if (!message.startsWith('Unexpected token')) return `${message} at position ${text.length}`;
  const at = firstBad(text.length, (length) => {
    try { JSON.parse(text.slice(0, length)); } catch (error) { return !(error as SyntaxError).message.startsWith('Unexpected token'); }
    return true;
  });
  return `Unexpected ${JSON.stringify(text[at])} in JSON at position ${at}`;
}

/** The offset whose inclusion makes a beginning wrong; 20 tries for a megabyte. */
function firstBad(length: number, isGood: (length: number) => boolean): number {
  let good = 0;
  let bad = length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isGood(middle)) good = middle; else bad = middle;
  }
  return bad - 1;
}

/** Whether free-form JSON (tool schemas, arguments) may be walked by recursion later on. */
export function isShallow(value: unknown, depthMax = 64): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depthMax > 0 && Object.values(value).every((item) => isShallow(item, depthMax - 1));
}
