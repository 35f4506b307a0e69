import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { replayLine } from '../../schemas/replay-trace.ts';
import { linesOf } from './lines.ts';
import { readTraces } from './read.ts';
import { complaint, fileOf, readAll, step, trace } from './samples.fixture.ts';

const parent = trace('p', { steps: [step(1), step(2, { children: ['c1', 'c2'] }), step(3, { gap: 'join' })] });
const children = [trace('c1', { parent: 'p', start_ms: 5 }), trace('c2', { parent: 'p' })];

describe('reading traces', () => {
  it('takes the normal form as it is, plain and packed', async () => {
    const traces = [parent, ...children, trace('q')];
    expect((await readAll(fileOf(traces))).traces).toEqual(traces);
    expect((await readAll(fileOf(gzipSync(traces.map(replayLine).join(''))))).traces).toEqual(traces);
  });

  it('blank lines, \\r\\n, a byte order mark and a missing last line end change nothing', async () => {
    const text = `\ufeff${JSON.stringify(trace('a'))}\r\n\r\n\n${JSON.stringify(trace('b'))}`;
    expect((await readAll(fileOf(text))).traces.map((it) => it.trace)).toEqual(['a', 'b']);
  });

  it('several files: block ids of the second come after those of the first', async () => {
    const { traces } = await readAll([fileOf([trace('a')]), fileOf([trace('b')])]);
    expect(traces.map((it) => it.steps[1]!.blocks)).toEqual([[[0, 4]], [[4, 4]]]);
  });

  it('several files with one trace id are refused with both names', async () => {
    const [a, b] = [fileOf([parent, ...children]), fileOf([trace('x'), trace('c2')])];
    expect((await complaint([a, b])).replace(a, 'A').replace(b, 'B')).toBe('B: trace "c2" is in A too; expected ids that are unique over all files');
    expect(await complaint([a, a])).toContain('trace "p" is in');
    expect((await readAll([a, fileOf([trace('x')])])).traces.map((it) => it.trace)).toEqual(['p', 'c1', 'c2', 'x']);
  });

  it('a file that is empty, or is not there, is told', async () => {
    expect(await complaint(fileOf(''))).toMatch(/^FILE: is empty; expected a recording/);
    expect(await complaint(fileOf('\n\n'))).toMatch(/^FILE: is empty/);
    expect(await complaint('nowhere/at-all.jsonl')).toMatch(/^FILE: cannot be read: ENOENT/);
    expect(await complaint(tmpdir())).toMatch(/^FILE: cannot be read: EISDIR/);
  });

  it.each([
    ['tokens', { in: 2e9 }, '"steps[0].prompt_tokens" is 2000000000; it may be at most 1000000000'], ['a length of time', { t1: 1e12 }, '"steps[0].took_ms" is 1000000000000000; it may be at most 10000000000000'],
  ])('more %s than the normal form takes is refused, as it would be when read again', async (_, fields, message) => {
    const row = { trace: 'a', step: 1, kind: 'llm', t0: 0, t1: 2, in: 64, out: 1, ...fields };
    expect(await complaint(fileOf([row]))).toBe(`FILE: trace "a" cannot be brought into the normal form: ${message}`);
  });

  it('a block size for a format that has none to choose is refused', async () => {
    expect(await complaint(fileOf([trace('a')]), { blockTokens: 16 })).toBe('FILE: --block-tokens 16 says nothing about a recording of format replay; it is for dynamo and mooncake');
  });

  it('a format that nobody knows is told with its fields and the formats there are', async () => {
    expect(await complaint(fileOf([{ colour: 1, size: 2 }]))).toMatch(/^FILE:1: a record with the fields "colour", "size" is of no format that is known \(replay, weka, /);
    expect(await complaint(fileOf('hello\n'))).toMatch(/^FILE:1: Unexpected "h" in JSON at column 1; expected a JSON object/);
  });

  it('a line that was cut off is told with its number', async () => {
    const whole = [trace('a'), trace('b')].map(replayLine).join('');
    expect(await complaint(fileOf(whole.slice(0, -30)))).toMatch(/^FILE:2: .* in JSON at column \d+ \(this last line has no end: was the file cut off\?\)$/);
    expect(await complaint(fileOf(`${whole.slice(0, 50)}\n${whole}`))).toMatch(/^FILE:1: Unterminated string in JSON at column 51; expected a JSON object$/);
  });

  it('broken JSON is told with one place: the line, and its column as an editor counts it', async () => {
    const good = { trace: 'a', step: 1, kind: 'llm', t0: 1, t1: 2, in: 64, out: 1 };
    expect(await complaint(fileOf([good, { ...good, step: 2, t0: 3, t1: 4 }, '{"trace":"a","step": 1 "kind":"llm"}']))).toBe("FILE:3: Expected ',' or '}' after property value in JSON at column 24; expected a JSON object");
    expect(await complaint(fileOf(['\ufeff  {"v":1,"steps":x}']))).toMatch(/^FILE:1: Unexpected "x" in JSON at column 18; /);
    expect(await complaint(fileOf(['{"session_id":"s","input_length":64,"hash_ids":[9223372036854775801,9223372036854775801] 1']))).toMatch(/^FILE:1: .* in JSON at column 90; /);
  });

  it('a gzip stream that breaks off is told after the lines before it', async () => {
    const packed = gzipSync(Array.from({ length: 2_000 }, (_, i) => replayLine(trace(`t${i}-${Math.sin(i)}`))).join(''));
    expect(await complaint(fileOf(packed.subarray(0, packed.length - 100)))).toMatch(/^FILE:\d{3,}: the gzip stream breaks off here: the file is truncated$/);
    const broken = Buffer.from(packed);
    broken.fill(0x55, 1_000, 1_100);
    expect(await complaint(fileOf(broken))).toMatch(/^FILE:\d+: (broken gzip data|.*JSON)/);
  });

  it('who has enough stops, and nothing goes on behind it', async () => {
    const path = fileOf(gzipSync(Array.from({ length: 4_000 }, (_, i) => replayLine(trace(`t${i}-${Math.sin(i)}`))).join('')));
    for (let round = 0; round < 5; round++) for await (const first of readTraces(path)) { expect(first.steps.length).toBe(2); break; }
    expect((await readAll(path)).traces.length).toBe(4_000);
  });

  it.each([
    ['an id twice', [trace('a'), trace('a')], 'FILE:2: "trace" is "a" for the second time; expected ids that are unique in the file'],
    ['a child without a parent', [trace('a'), trace('c', { parent: 'b' })], 'FILE:2: "parent" is "b", and no line of the file is it'],
    ['a child before its parent', [trace('c1', { parent: 'p' }), parent], 'FILE:1: "parent" is "p", which comes later (line 2); expected parents before their children'],
    ['parents in a circle', [trace('a', { parent: 'b' }), trace('b', { parent: 'c' }), trace('c', { parent: 'a' })], 'FILE:1: parents go in a circle: a → b → c → a; expected every trace to lead to one without a parent'],
    ['a child that its parent does not list', [trace('a'), trace('c', { parent: 'a' })], 'FILE:2: "parent" is "a", and none of its steps lists "c" among its children'],
    ['a child that never comes', [parent, children[0]], 'FILE:1: step 2 of "p" lists "c2", and no line of the file is it'],
    ['a child of two parents', [parent, trace('q', { steps: [step(1, { children: ['c1'] })] })], 'FILE:2: step 1 of "q" lists "c1", and so does step 2 of "p" (line 1)'],
    ['a child of another parent', [parent, trace('q'), trace('c1', { parent: 'q' })], 'FILE:3: "parent" is "q"; expected "p", whose step 2 (line 1) lists "c1"'],
    ['a negative gap', [trace('a', { steps: [step(1), step(2, { gap_ms: -5 })] })], 'FILE:1: "steps[1].gap_ms" is -5; it must be at least 0'],
  ])('refuses %s, with its line', async (_, records, message) => { expect(await complaint(fileOf(records))).toBe(message); });

  it('10,000 children of one parent are read', { timeout: 60_000 }, async () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `c${i}`);
    const many = [trace('p', { steps: [step(1, { children: names }), step(2, { gap: 'join' })] }), ...names.map((name) => trace(name, { parent: 'p' }))];
    const { traces } = await readAll(fileOf(many));
    expect(traces.length).toBe(10_001);
    expect(traces[0]!.steps[0]!.children.length).toBe(10_000);
  });

  it('a file of 33 MB goes through 48 MB of memory, and a line without an end is refused in time', { timeout: 60_000 }, async () => {
    const steps = Array.from({ length: 200 }, (_, i) => step(i + 1, { blocks: [[0, 1], [1_000 + 2 * i, 1]] }));
    const lines = Array.from({ length: 1_300 }, (_, i) => replayLine(trace(`t${i}`, { steps })));
    const path = fileOf(lines.join(''));
    expect(statSync(path).size).toBeGreaterThan(33e6);
    const script = `import { readTraces } from ${JSON.stringify(new URL('./read.ts', import.meta.url).href)}; let steps = 0; for await (const trace of readTraces(process.argv[1])) steps += trace.steps.length; console.log(steps);`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--max-old-space-size=48', '--input-type=module', '-e', script, path]);
    expect(stdout.trim()).toBe(String(1_300 * 200));
    await expect(async () => { for await (const _ of linesOf(path, 10_000)); }).rejects.toThrow(/:1: a line of more than 10000 bytes \(\d+ so far\); expected one record a line$/);
  });

  it('the sample of the documentation is the normal form', async () => {
    const page = readFileSync(new URL('../../docs/traces.md', import.meta.url), 'utf8');
    const sample = /```jsonl\n([\s\S]*?)```/.exec(page)![1]!;
    expect((await readAll(fileOf(sample))).traces.map((it) => it.trace)).toEqual(['weka-17', 'weka-17/a']);
  });
});
