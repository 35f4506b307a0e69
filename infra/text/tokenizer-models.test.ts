import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { digestModel } from './digest.ts';
import { readGolden } from './golden/model-under-test.ts';
import { PromptEncoder } from './prompt.ts';
import { readModel } from './read-model.ts';
import { Tokenizer } from './tokenizer.ts';

interface Row { s: string; ids: number[]; special?: number[]; text: string }

const tiny = fileURLToPath(new URL('../../kernels/model/golden/tiny/', import.meta.url));
const golden = readGolden<Record<string, Row[]>>('tiny_tokens.json.gz');
const temporary = mkdtempSync(join(tmpdir(), 'folder-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

function decode(tokenizer: Tokenizer, ids: Iterable<number>): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.concat(Array.from(ids, (id) => tokenizer.vocabulary.bytesOf(id))));
}

/** A copy of a tiny model's folder with one file changed. */
function changed(family: string, file: string, change: (json: Record<string, unknown>) => unknown): string {
  const folder = mkdtempSync(join(temporary, 'model-'));
  cpSync(join(tiny, family), folder, { recursive: true });
  const json = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<string, unknown>;
  writeFileSync(join(folder, file), JSON.stringify(change(json) ?? json));
  return folder;
}

describe.each([
  ['llama', ''], ['llama', 'model.gguf'], ['qwen2', ''], ['qwen2', 'model.gguf'], ['gemma3', ''], ['gemma3', 'model.gguf'],
])('tokenizer of %s, %s', (family, file) => {
  const facts = readModel(join(tiny, family, file));
  const tokenizer = new Tokenizer(facts);
  const rows = golden[family]!;

  it('gives the ids of the reference, control tokens read as text', () => {
    expect(rows.length).toBeGreaterThan(200);
    expect(rows.filter((row) => tokenizer.encode(row.s).join() !== row.ids.join()).map((row) => row.s)).toEqual([]);
  });

  it('gives the ids of the reference, control tokens read as such', () => {
    expect(rows.filter((row) => tokenizer.encodeLiteral(row.s).join() !== (row.special ?? row.ids).join()).map((row) => row.s)).toEqual([]);
    expect(rows.filter((row) => row.special !== undefined).length).toBeGreaterThan(10);
  });

  it('gives the text of the reference back', () => {
    expect(rows.filter((row) => decode(tokenizer, row.ids) !== row.text).map((row) => [decode(tokenizer, row.ids), row.text])).toEqual([]);
  });

  it('never makes a control token out of plain text', () => {
    const hostile = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...tokenizer.vocabulary.control.keys(), '<', '|>', '<|im_', 'start|>')));
    fc.assert(fc.property(hostile, (parts) => {
      const ids = tokenizer.encode(parts.join(''));
      expect([...ids].filter((id) => tokenizer.vocabulary.isControl(id))).toEqual([]);
    }), { numRuns: 100, seed: 7 });
  });
});

const gemma = process.env['SLACKWATER_GEMMA'] ?? '';

describe.skipIf(gemma === '')('tokenizer of the real gemma3-270m (SLACKWATER_GEMMA)', () => {
  it('gives the ids of the reference, whose merges come from the scores', { timeout: 60_000 }, () => {
    const tokenizer = new Tokenizer(readModel(gemma));
    const rows = readGolden<Row[]>('gemma_tokens.json.gz');
    expect(rows.length).toBeGreaterThan(300);
    expect(rows.filter((row) => tokenizer.encode(row.s).join() !== row.ids.join()).map((row) => row.s)).toEqual([]);
    expect(rows.filter((row) => tokenizer.encodeLiteral(row.s).join() !== (row.special ?? row.ids).join()).map((row) => row.s)).toEqual([]);
    expect(rows.filter((row) => decode(tokenizer, row.ids) !== row.s).map((row) => row.s)).toEqual([]);
  });
});

describe('a model in a folder', () => {
  it('tells the same as its GGUF', () => {
    for (const family of ['llama', 'qwen2', 'qwen3', 'gemma3']) {
      const hub = readModel(join(tiny, family)), gguf = readModel(join(tiny, family, 'model.gguf'));
      expect(hub).toMatchObject({ architecture: family, name: family, contextLength: 256 });
      expect(hub.chatTemplate).toBe(gguf.chatTemplate);
      expect(new Set(hub.tokenizer.eosTokens).has(gguf.tokenizer.eosTokens[0]!)).toBe(true);
      for (const key of ['block_count', 'attention.head_count', 'attention.head_count_kv', 'attention.key_length']) {
        expect(hub.metadata.get(`${family}.${key}`), `${family} ${key}`).toBe(gguf.metadata.get(`${family}.${key}`));
      }
      const messages = [{ role: 'user', content: 'The  tide\nis <|im_start|> 4.25 m' }, { role: 'assistant', content: 'so <end_of_turn> it is' }] as const;
      const of = (facts: typeof hub): number[] => [...new PromptEncoder(facts).encode({ messages, generated: new Map() }).tokens];
      expect(of(hub)).toEqual(of(gguf));
      expect(of(hub).length).toBeGreaterThan(20);
    }
    expect(readModel(join(tiny, 'gemma3')).tokenizer).toMatchObject({ bosToken: 2, eosTokens: [1, 5], unkToken: 3, padToken: 0 });
    expect(readModel(join(tiny, 'qwen2', 'model.safetensors'))).toMatchObject({ architecture: 'qwen2' });
  });

  it('of pieces puts a space in front of a text where the files say so', () => {
    const replace = { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' };
    const plain = new Tokenizer(readModel(join(tiny, 'gemma3')));
    const prepending = changed('gemma3', 'tokenizer.json', (json) => ({ ...json, normalizer: { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '\u2581' }, replace] } }));
    const metaspace = (scheme: string): string => changed('gemma3', 'tokenizer.json', (json) => ({ ...json, normalizer: null, pre_tokenizer: { type: 'Metaspace', replacement: '\u2581', prepend_scheme: scheme, split: false } }));
    for (const folder of [prepending, metaspace('always')]) {
      expect([...new Tokenizer(readModel(folder)).encode('the tide')]).toEqual([...plain.encode(' the tide')]);
      expect(new Tokenizer(readModel(folder)).encode('')).toHaveLength(0);
    }
    expect([...new Tokenizer(readModel(prepending)).encode(' the tide')]).toEqual([...plain.encode('  the tide')]);
    expect([...new Tokenizer(readModel(metaspace('always'))).encode(' the tide')]).toEqual([...plain.encode(' the tide')]);
    expect([...new Tokenizer(readModel(metaspace('never'))).encode('the tide')]).toEqual([...plain.encode('the tide')]);
    expect(() => readModel(metaspace('first'))).toThrow(/prepend_scheme":"first"/);
    expect(() => readModel(changed('gemma3', 'tokenizer.json', (json) => ({ ...json, normalizer: null })))).toThrow(/neither normalizer nor pre_tokenizer writes spaces/);
    expect(() => readModel(changed('gemma3', 'tokenizer.json', (json) => ({ ...json, normalizer: { type: 'NFKC' } })))).toThrow(/normalizer {"type":"NFKC"}; known: Replace and Prepend/);
  });

  it('has the template of tokenizer_config.json where no file of its own is there', () => {
    const named = (chatTemplate: unknown): string | null => {
      const folder = changed('qwen2', 'tokenizer_config.json', (json) => ({ ...json, chat_template: chatTemplate }));
      rmSync(join(folder, 'chat_template.jinja'));
      return readModel(folder).chatTemplate;
    };
    expect(named('{{ 1 }}')).toBe('{{ 1 }}');
    expect(named([{ name: 'tool_use', template: 'x' }, { name: 'default', template: 'y' }])).toBe('y');
    expect(named(undefined)).toBeNull();
  });

  it('is named by its configuration and its weights, and by nothing else', async () => {
    const same = changed('qwen2', 'tokenizer_config.json', () => undefined), other = changed('qwen2', 'config.json', (json) => ({ ...json, rope_theta: 5 }));
    const own = await digestModel(join(tiny, 'qwen2'));
    expect(own).toMatch(/^[0-9a-f]{64}$/);
    expect(await digestModel(same)).toBe(own);
    expect(await digestModel(other)).not.toBe(own);
    expect(await digestModel(join(same, 'model.safetensors'))).toBe(own);
    expect(await digestModel(join(tiny, 'qwen3'))).not.toBe(own);
  });

  it.each<[string, string, (json: Record<string, unknown>) => unknown, RegExp]>([
    ['another family', 'config.json', (json) => ({ ...json, model_type: 'mamba' }), /model_type "mamba"; known: gemma3_text, llama, qwen2, qwen3/],
    ['no family', 'config.json', (json) => ({ ...json, model_type: undefined }), /model_type is missing; known/],
    ['an absurd vocabulary', 'config.json', (json) => ({ ...json, vocab_size: -1 }), /vocab_size is -1; a number from 1 to 16777216/],
    ['no context', 'config.json', (json) => ({ ...json, max_position_embeddings: undefined }), /max_position_embeddings is missing; a number/],
    ['an end outside of the vocabulary', 'config.json', (json) => ({ ...json, eos_token_id: [3, 320] }), /eos_token_id is 320, the vocabulary has 320 tokens/],
    ['a token outside of the vocabulary', 'config.json', (json) => ({ ...json, vocab_size: 300 }), /has id 3\d\d, the model has 300 tokens/],
    ['another kind of tokenizer', 'tokenizer.json', (json) => ({ ...json, model: { type: 'Unigram', vocab: [] } }), /model of type "Unigram"; known: BPE/],
    ['a normalizer', 'tokenizer.json', (json) => ({ ...json, normalizer: { type: 'Lowercase' } }), /normalizer {"type":"Lowercase"}; known: NFC/],
    ['a pre-tokenizer', 'tokenizer.json', (json) => ({ ...json, pre_tokenizer: { type: 'Whitespace' } }), /pre_tokenizer {"type":"Whitespace"}; known/],
    ['a pattern', 'tokenizer.json', (json) => ({ ...json, pre_tokenizer: { type: 'Split', pattern: { Regex: '\\p{L}++' }, behavior: 'Isolated', invert: false } }), /pre-tokenizer \\p{L}\+\+: /],
    ['tokens that eat white space', 'tokenizer.json', (json) => ({ ...json, added_tokens: [{ id: 316, content: '<x>', rstrip: true }] }), /added token "<x>" with rstrip/],
  ])('with %s is refused by name', (_, file, change, message) => {
    const folder = changed('qwen2', file, change);
    expect(() => new Tokenizer(readModel(folder))).toThrow(message);
  });

  it.each<[string, Record<string, unknown>, RegExp | null]>([
    ['gemma3', { byte_fallback: false }, /model.byte_fallback is false; true is known for BPE over pieces/],
    ['gemma3', { byte_fallback: undefined }, /model.byte_fallback is null; true is known/],
    ['gemma3', { fuse_unk: false }, /model.fuse_unk is false; true is known for BPE over pieces/],
    ['gemma3', { fuse_unk: false, unk_token: null }, null],
    ['gemma3', { ignore_merges: true }, /model.ignore_merges is true; false is known for BPE over pieces/],
    ['qwen2', { byte_fallback: true, vocab: { a: 0, '<0x00>': 1 } }, /model.byte_fallback is true; false is known for byte-level BPE/],
    ['qwen2', { byte_fallback: true, fuse_unk: true }, null],
    ['qwen2', { ignore_merges: true }, null],
  ])('of %s with %j in its tokenizer is refused where that is not what is done', (family, change, message) => {
    const folder = changed(family, 'tokenizer.json', (json) => ({ ...json, model: { ...(json['model'] as object), ...change } }));
    if (message === null) expect(() => readModel(folder)).not.toThrow();
    else expect(() => readModel(folder)).toThrow(message);
  });

  it('whose added tokens are looked for in normalized text is refused, where there is a normalizer', () => {
    const normalized = (json: Record<string, unknown>): Record<string, unknown> => ({ ...json, added_tokens: (json['added_tokens'] as object[]).map((token) => ({ ...token, normalized: true })) });
    for (const family of ['qwen2', 'gemma3']) expect(() => readModel(changed(family, 'tokenizer.json', normalized))).toThrow(/added token ".*" is normalized, by {"type":"(NFC|Replace)".*}; it is not known/);
    expect(() => readModel(changed('llama', 'tokenizer.json', normalized))).not.toThrow();
  });

  it('without its files is refused with their names', () => {
    const folder = changed('qwen2', 'config.json', () => undefined);
    rmSync(join(folder, 'tokenizer.json'));
    expect(() => readModel(folder)).toThrow(/cannot read .*tokenizer.json: ENOENT/);
    writeFileSync(join(folder, 'config.json'), '{"model_type":');
    expect(() => readModel(folder)).toThrow(/config.json: .*JSON/);
    expect(() => readModel(join(folder, 'none'))).toThrow(/none/);
  });
});
