import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../config.ts';
import { findBlockBytes, planRun } from './plan.ts';
import { fixedSample, sampleOf } from './sample.ts';
import { Tools, cutToTokens, toolMs, toolMsMax } from './tools.ts';

const words = (text: string): number => text.split(/\s+/).filter((word) => word !== '').length;
const tools = new Tools({ readTokensMax: 100, grepLinesMax: 3 }, words);
let root = '';

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'slackwater-sample-'));
  for (const folder of ['small', 'large', 'empty', 'node_modules/x', '.git']) await mkdir(join(root, folder), { recursive: true });
  await writeFile(join(root, 'small', 'a.txt'), 'one two\nthree\n');
  for (let i = 0; i < 6; i++) await writeFile(join(root, 'large', `${i}.txt`), `line of words ${i}\n`.repeat(100 + i));
  await writeFile(join(root, 'large', 'picture.png'), new Uint8Array([137, 80, 78, 71, 0, 0]));
  await writeFile(join(root, 'node_modules/x', 'index.js'), 'not ours');
  await writeFile(join(root, '.git', 'HEAD'), 'not ours');
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('demo: what is reviewed', () => {
  test('the fixed sample is there, with at most 12 files in 4 folders', () => {
    const sample = fixedSample(packageRoot());
    expect(sample.leftOut).toEqual([]);
    expect(sample.folders).toHaveLength(4);
    expect(sample.folders.flatMap((folder) => folder.files).length).toBeLessThanOrEqual(12);
  });

  test('an installed package has the same sample as JavaScript', async () => {
    await mkdir(join(root, 'package', 'dist', 'actors', 'trace'), { recursive: true });
    await writeFile(join(root, 'package', 'dist', 'actors', 'trace', 'trace.js'), 'export {};');
    const { folders, leftOut } = fixedSample(join(root, 'package'));
    expect(folders.map(({ path, files }) => [path, files.map(({ name }) => name)])).toEqual([['actors/trace', ['trace.js']]]);
    expect(leftOut).toHaveLength(11);
    await rm(join(root, 'package'), { recursive: true });
  });

  test('of a directory the folders with the most text come first, with their largest text files; what is left out is said', () => {
    const sample = sampleOf(root);
    expect(sample.folders.map(({ path, files }) => [path, files.map(({ name }) => name)])).toEqual([['large', ['5.txt', '4.txt', '3.txt', '2.txt']], ['small', ['a.txt']]]);
    expect(sample.leftOut).toEqual(['large: 2 smaller files, beyond 4']);
  });

  test('a directory without text is refused by name', () => {
    expect(() => sampleOf(join(root, 'nothing-here'))).toThrow(/nothing-here/);
    expect(() => sampleOf(join(root, 'empty'))).toThrow(/has no text files/);
  });
});

describe('demo: tools', () => {
  test('a read is cut at a line, within the limit, and says how much it shows', async () => {
    const [large] = sampleOf(root).folders;
    const text = await tools.read(large!, large!.files[0]!);
    expect(text.split('\n')[0]).toBe('[read large/5.txt, the first 25 of 106 lines]');
    expect(words(text.slice(text.indexOf('\n')))).toBe(100);
  });

  test('a single long line is cut within itself', () => {
    const { kept, isCut } = cutToTokens('a'.repeat(1_000), 50, (text) => text.length);
    expect(isCut).toBe(true);
    expect(kept.length).toBeGreaterThan(25);
    expect(kept.length).toBeLessThanOrEqual(50);
  });

  test('tool times are the same for the same call, differ between calls, and stay within half and twice', () => {
    const times = Array.from({ length: 200 }, (_, i) => toolMs(1, `read ${i}`));
    expect(times).toEqual(Array.from({ length: 200 }, (_, i) => toolMs(1, `read ${i}`)));
    expect(new Set(times).size).toBeGreaterThan(150);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(500);
    expect(Math.max(...times)).toBeLessThanOrEqual(toolMsMax(1));
  });
});

describe('demo: memory', () => {
  const input = { reviews: 2, workers: 2, blockBytes: 1_000, contextTokens: 8_192, hbmShare: 0.4 };

  test('the arenas are the share of the working set, and both tiers hold all of it', async () => {
    const sample = sampleOf(root);
    const wide = { ...sample, folders: Array.from({ length: 8 }, () => sample.folders[0]!) };
    const plan = await planRun(wide, tools, words, input);
    expect(plan.conversations).toHaveLength(2 * 9);
    expect(plan.workingSetBytes).toBe(plan.conversations.reduce((sum, { tokens }) => sum + Math.ceil(tokens / 64), 0) * 1_000);
    expect(plan.isFloor).toBe(false);
    expect((plan.hbmBytesPerWorker * 2) / plan.workingSetBytes).toBeCloseTo(0.4, 1);
    expect(2 * (plan.hbmBytesPerWorker + plan.dramBytesPerWorker)).toBeGreaterThanOrEqual(plan.workingSetBytes);
  });

  test('an arena is never smaller than the longest conversation, and the plan says so', async () => {
    const plan = await planRun(sampleOf(root), tools, words, { ...input, reviews: 1, hbmShare: 0.01 });
    expect(plan.isFloor).toBe(true);
    expect(plan.hbmBytesPerWorker / 1_000 * 64).toBeGreaterThanOrEqual(Math.max(...plan.conversations.map(({ tokens }) => tokens)));
  });

  test('a conversation is planned to end before its context does', async () => {
    const plan = await planRun(sampleOf(root), tools, words, { ...input, contextTokens: 700 });
    for (const { tokens } of plan.conversations) expect(tokens).toBeLessThanOrEqual(700);
  });

  test('bytes of a block come from the dimensions of the model, null when it does not say them', () => {
    const metadata = new Map<string, number>([['llama.block_count', 30], ['llama.attention.head_count', 9], ['llama.attention.head_count_kv', 3], ['llama.embedding_length', 576]]);
    const gguf = { architecture: 'llama', metadata } as unknown as Parameters<typeof findBlockBytes>[0];
    expect(findBlockBytes(gguf)).toBe(1_520_640);
    metadata.delete('llama.block_count');
    expect(findBlockBytes(gguf)).toBeNull();
  });
});
