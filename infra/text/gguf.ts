import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { MetadataValue, ModelFacts } from './model-facts.ts';
import { normalFormOf } from './pre-tokenizer.ts';
import { TextError } from './text-error.ts';

/**
 * Reads the metadata of a GGUF version 3 file, never its tensors: 2 MB of a 94 MB model.
 *
 * Every length is checked against the bytes that are left before anything is allocated, so that a truncated or
 * corrupt file ends as `gguf_invalid` with the offset and the numbers; a file that cannot be opened as `gguf_unreadable`.
 */
export function readGguf(path: string): ModelFacts {
  const file = open(path);
  try {
    const reader = new Reader(file.descriptor, file.bytes);
    return describe(path, file.bytes, readMetadata(reader));
  } finally {
    closeSync(file.descriptor);
  }
}

function open(path: string): { descriptor: number; bytes: number } {
  try {
    const descriptor = openSync(path, 'r');
    const stat = fstatSync(descriptor);
    if (stat.isFile()) return { descriptor, bytes: stat.size };
    closeSync(descriptor);
  } catch (error) {
    throw new TextError('gguf_unreadable', `cannot read ${path}: ${(error as Error).message}`);
  }
  throw new TextError('gguf_unreadable', `cannot read ${path}: not a file`);
}

const magic = 0x46554747; // "GGUF", little-endian
const typeNames = ['u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'f32', 'bool', 'string', 'array', 'u64', 'i64', 'f64'] as const;
const typeBytes: readonly number[] = [1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8]; // for string and array: the least they take
const entriesMax = 65_536;
const nestingMax = 4;

function readMetadata(reader: Reader): Map<string, MetadataValue> {
  const found = reader.u32();
  if (found !== magic) reader.fail(`magic is 0x${found.toString(16)}, a GGUF file starts with 0x${magic.toString(16)}`);
  const version = reader.u32();
  if (version !== 3) reader.fail(`version ${version > 0xffff ? `0x${version.toString(16)} (big-endian?)` : version}; only version 3 is read`);
  reader.length('tensor count', 24);
  const count = reader.length('metadata count', 13);
  if (count > entriesMax) reader.fail(`${count} metadata entries; at most ${entriesMax} are read`);
  const metadata = new Map<string, MetadataValue>();
  for (let i = 0; i < count; i++) {
    const key = reader.string();
    metadata.set(key, readValue(reader, reader.u32(), 0));
  }
  return metadata;
}

function readValue(reader: Reader, type: number, depth: number): MetadataValue {
  switch (typeNames[type]) {
    case 'u8': return reader.bytes(1).readUInt8();
    case 'i8': return reader.bytes(1).readInt8();
    case 'u16': return reader.bytes(2).readUInt16LE();
    case 'i16': return reader.bytes(2).readInt16LE();
    case 'u32': return reader.u32();
    case 'i32': return reader.bytes(4).readInt32LE();
    case 'f32': return reader.bytes(4).readFloatLE();
    case 'bool': return reader.bytes(1).readUInt8() !== 0;
    case 'string': return reader.string();
    case 'u64': return reader.bytes(8).readBigUInt64LE();
    case 'i64': return reader.bytes(8).readBigInt64LE();
    case 'f64': return reader.bytes(8).readDoubleLE();
    case 'array': return readArray(reader, depth + 1);
    default: return reader.fail(`value type ${type}; types 0 to ${typeNames.length - 1} are known`);
  }
}

function readArray(reader: Reader, depth: number): MetadataValue[] {
  if (depth > nestingMax) reader.fail(`arrays nested deeper than ${nestingMax}`);
  const type = reader.u32();
  const count = reader.length('array length', typeBytes[type] ?? reader.fail(`array of value type ${type}`));
  const values: MetadataValue[] = [];
  for (let i = 0; i < count; i++) values.push(readValue(reader, type, depth));
  return values;
}

function describe(path: string, fileBytes: number, metadata: Map<string, MetadataValue>): ModelFacts {
  const architecture = text(metadata, 'general.architecture');
  if (architecture === null) throw new TextError('gguf_invalid', `${path}: no general.architecture among ${metadata.size} metadata entries`);
  const tokens = strings(metadata, 'tokenizer.ggml.tokens');
  const id = (key: string): number | null => tokenId(path, metadata, `tokenizer.ggml.${key}`, tokens.length);
  const eos = [id('eos_token_id'), id('eot_token_id'), id('eom_token_id')].filter((token) => token !== null);
  return {
    path, fileBytes, metadata, architecture,
    name: text(metadata, 'general.name') ?? architecture,
    contextLength: Number(metadata.get(`${architecture}.context_length`) ?? 0),
    tokenizer: {
      model: text(metadata, 'tokenizer.ggml.model') ?? '',
      pre: text(metadata, 'tokenizer.ggml.pre') ?? 'default',
      normalForm: normalFormOf(text(metadata, 'tokenizer.ggml.pre') ?? ''),
      tokens,
      scores: (metadata.get('tokenizer.ggml.scores') ?? []) as readonly number[],
      addsSpace: metadata.get('tokenizer.ggml.add_space_prefix') === false ? 'never' : 'always',
      merges: strings(metadata, 'tokenizer.ggml.merges'),
      tokenTypes: (metadata.get('tokenizer.ggml.token_type') ?? []) as readonly number[],
      bosToken: id('bos_token_id'), eosTokens: [...new Set(eos)], unkToken: id('unknown_token_id'), padToken: id('padding_token_id'),
    },
    chatTemplate: text(metadata, 'tokenizer.chat_template'),
  };
}

function text(metadata: ReadonlyMap<string, MetadataValue>, key: string): string | null {
  const value = metadata.get(key);
  return typeof value === 'string' ? value : null;
}

function strings(metadata: ReadonlyMap<string, MetadataValue>, key: string): readonly string[] {
  const value = metadata.get(key);
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : [];
}

function tokenId(path: string, metadata: ReadonlyMap<string, MetadataValue>, key: string, vocabulary: number): number | null {
  const value = metadata.get(key);
  if (value === undefined) return null;
  const id = Number(value);
  if (!(id >= 0 && id < vocabulary)) throw new TextError('gguf_invalid', `${path}: ${key} is ${id}, the vocabulary has ${vocabulary} tokens`);
  return id;
}

const windowBytes = 1 << 20;

/** Sequential reads through a window of the file. Returned buffers are valid until the next read. */
class Reader {
  readonly #descriptor: number;
  readonly #fileBytes: number;
  #window = Buffer.allocUnsafe(windowBytes);
  #filled = 0;
  #used = 0;
  #offset = 0; // of the window's end in the file

  constructor(descriptor: number, fileBytes: number) {
    this.#descriptor = descriptor;
    this.#fileBytes = fileBytes;
  }

  bytes(count: number): Buffer {
    if (count > this.#left()) this.fail(`${count} bytes wanted, ${this.#left()} left of ${this.#fileBytes}`);
    if (this.#filled - this.#used < count) this.#refill(count);
    this.#used += count;
    return this.#window.subarray(this.#used - count, this.#used);
  }

  u32(): number { return this.bytes(4).readUInt32LE(); }

  string(): string { return this.bytes(this.length('string length', 1)).toString('utf8'); }

  /** A count of things that take at least `itemBytes` each; refused when the rest of the file cannot hold them. */
  length(what: string, itemBytes: number): number {
    const count = this.bytes(8).readBigUInt64LE();
    const most = Math.floor(this.#left() / itemBytes);
    if (count > BigInt(most)) this.fail(`${what} is ${count}, the ${this.#left()} bytes left can hold ${most}`);
    return Number(count);
  }

  fail(reason: string): never {
    throw new TextError('gguf_invalid', `GGUF at byte ${this.#offset - this.#filled + this.#used}: ${reason}`);
  }

  #left(): number { return this.#fileBytes - this.#offset + this.#filled - this.#used; }

  #refill(count: number): void {
    const kept = this.#window.subarray(this.#used, this.#filled);
    const grown = count > this.#window.length ? Buffer.allocUnsafe(count) : this.#window;
    kept.copy(grown);
    this.#window = grown;
    this.#filled = kept.length;
    this.#used = 0;
    while (this.#filled < count) {
      const read = readSync(this.#descriptor, grown, this.#filled, grown.length - this.#filled, this.#offset);
      if (read === 0) this.fail(`the file ended at ${this.#offset} while being read, it had ${this.#fileBytes} bytes`);
      this.#filled += read;
      this.#offset += read;
    }
  }
}
