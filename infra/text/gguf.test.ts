import { mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { digestFile } from './digest.ts';
import { readGguf } from './gguf.ts';
import { modelPath } from './golden/model-under-test.ts';
import { TextError } from './text-error.ts';

const folder = mkdtempSync(join(tmpdir(), 'gguf-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function head(bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  readSync(openSync(modelPath, 'r'), buffer, 0, bytes, 0);
  return buffer;
}

function file(bytes: Buffer): string {
  const path = join(folder, `${createHash('sha256').update(bytes).digest('hex').slice(0, 8)}.gguf`);
  writeFileSync(path, bytes);
  return path;
}

/** A GGUF of string entries. */
function made(entries: Record<string, string>): Buffer {
  const text = (value: string): Buffer => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
  const u32 = (value: number): Buffer => { const b = Buffer.alloc(4); b.writeUInt32LE(value); return b; };
  const pairs = Object.entries(entries);
  return Buffer.concat([Buffer.from('GGUF'), u32(3), u64(0), u64(pairs.length), ...pairs.flatMap(([key, value]) => [text(key), u32(8), text(value)])]);
}

function u64(value: number | bigint): Buffer { const b = Buffer.alloc(8); b.writeBigUInt64LE(BigInt(value)); return b; }

describe('gguf', () => {
  it('tells what the real model is', () => {
    const gguf = readGguf(modelPath);
    expect(gguf).toMatchObject({ architecture: 'llama', name: 'Smollm2 135M 8k Lc100K Mix1 Ep2', contextLength: 8192, fileBytes: statSync(modelPath).size });
    expect(gguf.tokenizer).toMatchObject({ model: 'gpt2', pre: 'smollm', bosToken: 1, eosTokens: [2], unkToken: 0, padToken: 2 });
    expect([gguf.tokenizer.tokens.length, gguf.tokenizer.merges.length, gguf.tokenizer.tokenTypes.length]).toEqual([49152, 48900, 49152]);
    expect(gguf.chatTemplate).toContain('<|im_start|>');
  });

  it('refuses a file that is cut anywhere in its metadata, with the offset and the bytes that are missing', () => {
    const whole = head(1_769_507);
    for (const bytes of [0, 3, 4, 8, 23, 24, 40, 500, 70_000, 1_048_576, 1_500_000, 1_769_506]) {
      const path = file(whole.subarray(0, bytes));
      expect(() => readGguf(path), `${bytes} bytes`).toThrow(/^GGUF at byte \d+: .*\b\d+\b/);
    }
  });

  it.each([
    ['another kind of file', (b: Buffer) => b.write('GGML'), /magic is 0x4c4d4747, a GGUF file starts with 0x46554747/],
    ['an old version', (b: Buffer) => b.writeUInt32LE(2, 4), /version 2; only version 3 is read/],
    ['the other byte order', (b: Buffer) => b.writeUInt32BE(3, 4), /version 0x3000000 \(big-endian\?\)/],
    ['more entries than bytes', (b: Buffer) => b.writeBigUInt64LE(1n << 60n, 16), /metadata count is 1152921504606846976, the \d+ bytes left can hold \d+/],
    ['a key longer than the file', (b: Buffer) => b.writeBigUInt64LE(1n << 40n, 24), /string length is 1099511627776/],
    ['an unknown type of value', (b: Buffer) => b.writeUInt32LE(99, 24 + 8 + 'general.architecture'.length), /value type 99; types 0 to 12 are known/],
  ])('refuses %s', (_, spoil, message) => {
    const bytes = head(100_000);
    spoil(bytes);
    const path = file(bytes);
    expect(() => readGguf(path)).toThrow(message);
    expect(() => readGguf(path)).toThrow(TextError);
  });

  it('never does worse than an error on corrupt bytes', () => {
    const whole = head(1_769_507);
    for (let seed = 1; seed <= 60; seed++) {
      const bytes = Buffer.from(whole.subarray(0, 40_000));
      for (let i = 0; i < 8; i++) bytes[(seed * 7919 * (i + 1)) % (i < 4 ? 900 : bytes.length)] = (seed * 31 + i * 97) & 0xff;
      try { readGguf(file(bytes)); } catch (error) { expect(error).toBeInstanceOf(TextError); }
    }
  });

  it('refuses a file that is not there, a folder, and a file without architecture', () => {
    expect(() => readGguf(join(folder, 'none.gguf'))).toThrow(/cannot read .*none.gguf: ENOENT/);
    expect(() => readGguf(folder)).toThrow(/not a file/);
    expect(() => readGguf(file(made({ 'general.name': 'x' })))).toThrow(/no general.architecture among 1 metadata entries/);
    expect(readGguf(file(made({ 'general.architecture': 'llama' })))).toMatchObject({ contextLength: 0, chatTemplate: null, name: 'llama' });
  });
});

describe('digest', () => {
  it('is the SHA-256 of the file, also the second time, and another when the file changes', async () => {
    const path = join(folder, 'weights.bin');
    const cache = join(folder, 'cache');
    writeFileSync(path, 'one');
    const expected = createHash('sha256').update('one').digest('hex');
    expect([await digestFile(path), await digestFile(path, cache), await digestFile(path, cache)]).toEqual([expected, expected, expected]);
    writeFileSync(path, 'two');
    utimesSync(path, 1, 1);
    expect(await digestFile(path, cache)).toBe(createHash('sha256').update(readFileSync(path)).digest('hex'));
  });

  it('works with a cache folder that cannot be written, and says what file it cannot read', async () => {
    const blocked = join(folder, 'a-file');
    writeFileSync(blocked, '');
    expect(await digestFile(blocked, join(blocked, 'cache'))).toMatch(/^e3b0c442/);
    await expect(digestFile(join(folder, 'none'))).rejects.toThrow(/cannot read .*none/);
  });
});
