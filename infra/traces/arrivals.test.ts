import { describe, expect, it } from 'vitest';
import { complaint, fileOf, readAll } from './samples.fixture.ts';

const header = 'TIMESTAMP,ContextTokens,GeneratedTokens';

describe('azure arrivals', () => {
  it('each row is a trace of one step, at its time', async () => {
    const { traces } = await readAll(fileOf([header, '2023-11-16 18:17:03.9799600,4808,10', '2023-11-16 18:17:04.0319600,3180,8', '2023-11-17 00:00:00,0,0'], 'code.csv'));
    expect(traces.map(({ trace, start_ms, steps }) => [trace, start_ms, steps[0]!.prompt_tokens, steps[0]!.out_tokens])).toEqual([
      ['code-2', 0, 4808, 10], ['code-3', 52, 3180, 8], ['code-4', 20_576_020.04, 0, 0],
    ]);
    expect(traces[0]!.steps[0]!.blocks).toEqual([]);
  });

  it('times may be quoted, say their distance from UTC, and fall on a leap day', async () => {
    const { traces } = await readAll(fileOf([header, '"2024-02-28 23:59:59.5",1,1', '2024-02-29T00:00:00Z,1,1', '2024-02-29 01:00:01+01:00,1,1', '2024-03-01 00:00:00+00:00,1,1']));
    expect(traces.map(({ start_ms }) => start_ms)).toEqual([0, 500, 1_500, 86_400_500]);
  });

  it.each(['2023-13-46 28:77:03.0', '2023-02-29 00:00:00', '2023-00-10 00:00:00', '2023-11-16 24:00:00', '2023-11-16 18:60:00', '2023-11-16 18:17:60', '2023-11-16 18:17:03+24:00'])('refuses %s, which is no time', async (time) => {
    expect(await complaint(fileOf([header, '2022-11-16 18:17:04.5,1,1', `${time},1,1`]))).toBe(`FILE:3: "${time}" is no day and time that there is; expected one such as 2023-11-16 18:17:03.9799600`);
  });

  it.each([
    ['times that go back', [header, '2023-11-16 18:17:04.5,1,1', '2023-11-16 18:17:04.2,1,1'], 'FILE:3: the arrival at 2023-11-16 18:17:04.2 is 300 ms before that of the row ahead; expected times that do not go back'],
    ['half a row', [header, '2023-11-16 18:17:04.5,1'], 'FILE:2: "2023-11-16 18:17:04.5,1" is no arrival; expected TIMESTAMP,ContextTokens,GeneratedTokens such as 2023-11-16 18:17:03.9799600,4808,10'],
    ['a negative length', [header, '2023-11-16 18:17:04.5,-1,4'], 'FILE:2: "2023-11-16 18:17:04.5,-1,4" is no arrival; expected TIMESTAMP,ContextTokens,GeneratedTokens such as 2023-11-16 18:17:03.9799600,4808,10'],
    ['a header alone', [header], 'FILE: holds no trace of format azure'],
  ])('refuses %s', async (_, rows, message) => { expect(await complaint(fileOf(rows))).toBe(message); });
});

const request = (timestamp: number, input_length: number, hash_ids: number[]) => ({ timestamp, input_length, output_length: 5, hash_ids });

describe('mooncake requests', () => {
  it('a hash of 512 tokens becomes eight blocks, the last as many as are full', async () => {
    const { traces } = await readAll(fileOf([request(10, 1300, [7, 8, 9]), request(25, 1600, [7, 8, 11, 12])], 'moon.jsonl'));
    expect(traces.map(({ trace, start_ms, steps }) => [trace, start_ms, steps[0]!.blocks])).toEqual([
      ['moon-1', 0, [[0, 20]]], // 8 + 8 + 4 of 276 tokens
      ['moon-2', 15, [[0, 16], [24, 9]]], // the third block has another hash, of the fourth 64 tokens are there
    ]);
  });

  it.each([
    ['times that go back', [request(10, 500, [1]), request(9, 500, [1])], 'FILE:2: "timestamp" is 9, 1 ms before that of the row ahead; expected times that do not go back'],
    ['hashes that are not as many as the prompt has blocks', [request(10, 1300, [1, 2])], null],
    ['far fewer hashes', [request(10, 2600, [1, 2])], 'FILE:1: 2 hashes for a prompt of 2600 tokens; expected 6 of 512 tokens each'],
    ['a negative length', [request(10, -3, [])], 'FILE:1: "input_length" is -3; it must be at least 0; expected a request with "timestamp", "input_length", "output_length" and "hash_ids"'],
  ])('judges %s', async (_, rows, message) => {
    if (message === null) expect((await readAll(fileOf(rows))).traces[0]!.steps[0]!.blocks).toEqual([[0, 16]]); // without a hash for the last part: 16 of 20
    else expect(await complaint(fileOf(rows))).toBe(message);
  });

  it('blocks of another size, when asked', async () => {
    const path = fileOf([request(0, 200, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])]);
    expect((await readAll(path, { blockTokens: 16 })).traces[0]!.steps[0]!.blocks).toEqual([[0, 3]]);
    for (const blockTokens of [0, 0.5]) expect(await complaint(path, { blockTokens })).toBe(`FILE: blocks of ${blockTokens} tokens; expected a multiple or a divisor of 64`);
    expect(await complaint(path, { blockTokens: 100 })).toBe('FILE: blocks of 100 tokens; expected a multiple or a divisor of 64');
  });
});
