import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { replayLimits } from '../../schemas/replay-trace.ts';
import { TraceError } from './trace-error.ts';

export interface Line {
  /** Counted from 1. */
  readonly number: number;
  /** Without its end; valid until the next line is asked for. */
  readonly bytes: Uint8Array;
  /** Where in the line the bytes begin, from 1; null: they are of more than one line. */
  readonly column: number | null;
  /** False only of a last line that nothing ends: a file that was cut off ends so. */
  readonly hasEnd: boolean;
}

/**
 * The lines of a file, plain or gzip (told by its first bytes, not its name), one at a time: what is held is one line and
 * one chunk. `-` is standard input. Blank lines are counted and left out. Throws TraceError: a file that cannot be
 * read, a gzip stream that breaks off, a line longer than `lineBytesMax`.
 */
export async function* linesOf(path: string, lineBytesMax: number = replayLimits.lineBytesMax): AsyncGenerator<Line> {
  let number = 0;
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  try {
    for await (const chunk of bytesOf(path)) {
      let from = 0;
      for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, from)) {
        number++;
        const line = trimmed(join(held, chunk.subarray(from, end)), number);
        if (line.bytes.length > lineBytesMax) throw tooLong(line.bytes.length);
        held = [];
        heldBytes = 0;
        from = end + 1;
        if (line.bytes.length > 0) yield { number, ...line, hasEnd: true };
      }
      if (from === chunk.length) continue;
      held.push(chunk.subarray(from));
      heldBytes += chunk.length - from;
      if (heldBytes > lineBytesMax) { number++; throw tooLong(heldBytes); }
    }
  } catch (error) {
    if (error instanceof TraceError) throw error;
    // Of a file that does not open, or is a folder, there is no line.
    const isBegun = number > 0 || heldBytes > 0 || (error as NodeJS.ErrnoException).code?.startsWith('Z_') === true;
    throw new TraceError(path, isBegun ? number + 1 : null, unreadable(error as NodeJS.ErrnoException));
  }
  const rest = trimmed(join(held, new Uint8Array()), number + 1);
  if (rest.bytes.length > 0) yield { number: number + 1, ...rest, hasEnd: false };

  function tooLong(bytes: number): TraceError {
    return new TraceError(path, number, `a line of more than ${lineBytesMax} bytes (${bytes} so far); expected one record a line`);
  }
}

const newline = 0x0a, carriageReturn = 0x0d;
const space = new Set([0x20, 0x09, carriageReturn]);

async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  const file = path === '-' ? process.stdin : createReadStream(path, { highWaterMark: 1 << 20 });
  const chunks = file[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  try {
    const first = await chunks.next();
    if (first.done === true) return;
    const all = prepend(first.value, chunks);
    if (first.value[0] !== 0x1f || first.value[1] !== 0x8b) { yield* all; return; }
    const gunzip = createGunzip();
    const feeding = feed(all, gunzip);
    yield* gunzip as AsyncIterable<Uint8Array>;
    await feeding;
  } finally {
    if (path !== '-') file.destroy();
  }
}

async function* prepend(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

/** No faster than it is read; its own failure becomes that of the stream. */
async function feed(chunks: AsyncIterable<Uint8Array>, gunzip: ReturnType<typeof createGunzip>): Promise<void> {
  try {
    for await (const chunk of chunks) {
      if (gunzip.destroyed) return;
      if (!gunzip.write(chunk)) await new Promise<void>((resolve) => { gunzip.once('drain', resolve).once('close', resolve); });
    }
    gunzip.end();
  } catch (error) {
    gunzip.destroy(error as Error);
  }
}

function join(parts: readonly Uint8Array[], last: Uint8Array): Uint8Array {
  return parts.length === 0 ? last : Buffer.concat([...parts, last]);
}

/** Without a byte order mark, which no editor counts, and white space at the ends. */
function trimmed(bytes: Uint8Array, number: number): { readonly bytes: Uint8Array; readonly column: number } {
  const mark = number === 1 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  let from = mark, to = bytes.length;
  while (from < to && space.has(bytes[from]!)) from++;
  while (to > from && space.has(bytes[to - 1]!)) to--;
  return { bytes: bytes.subarray(from, to), column: from - mark + 1 };
}

function unreadable(error: NodeJS.ErrnoException): string {
  if (error.code === 'Z_BUF_ERROR') return 'the gzip stream breaks off here: the file is truncated';
  if (error.code?.startsWith('Z_') === true) return `broken gzip data: ${error.message}`;
  return `cannot be read: ${error.message}`;
}
