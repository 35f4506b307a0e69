import { describe, expect, it } from 'vitest';
import type { ReplayTrace } from '../../schemas/replay-trace.ts';
import { complaint, fileOf, readAll } from './samples.fixture.ts';

const row = (fields: object) => ({ input_length: 640, output_length: 9, hash_ids: [1, 2], ...fields });
const gaps = (traces: readonly ReplayTrace[]) => traces.map(({ trace, parent, start_ms, steps }) => [trace, parent, start_ms, steps.map((step) => [step.gap, step.gap_ms, step.children.join()])]);

describe("Dynamo's replay rows", () => {
  it('turns of a session come a delay after the one before; sessions may be mixed', async () => {
    const { traces, assumed } = await readAll(fileOf([
      row({ session_id: 'a', timestamp: 100 }), row({ session_id: 'b', timestamp: 50 }), row({ session_id: 'a', delay: 30 }), row({ session_id: 'b', timestamp: 90 }),
    ]));
    expect(gaps(traces)).toEqual([['a', null, 50, [['start', 0, ''], ['tool', 30, '']]], ['b', null, 0, [['start', 0, ''], ['tool', 40, '']]]]);
    expect(assumed).toEqual({ 'a gap from start to start: the generation is part of it': 1 });
    expect(traces[0]!.steps[0]!.blocks).toEqual([[0, 10]]);
  });

  it('agentic rows wait for requests: children, joins and tools', async () => {
    const { traces } = await readAll(fileOf([
      row({ request_id: 'r1', session_id: 'main', timestamp: 0 }),
      row({ request_id: 'r2', session_id: 'sub', wait_for: ['r1'], delay: 5, tool_wait_ms: 2 }),
      row({ request_id: 'r3', session_id: 'sub', wait_for: ['r2'], tool_wait_ms: 40, tool_events: [{ tool_class: 'bash', duration_ms: 40 }] }),
      row({ request_id: 'r4', session_id: 'main', wait_for: ['r1', 'r3'], delay: 3 }),
    ]));
    expect(gaps(traces)).toEqual([['main', null, 0, [['start', 0, 'sub'], ['join', 3, '']]], ['sub', 'main', 7, [['start', 0, ''], ['tool', 40, '']]]]);
    expect(traces[1]!.steps[1]!.tool).toBe('bash');
  });

  it('version 2: a header, hashes of one play only, dependencies', async () => {
    const at = (fields: object) => row({ model: 'm', not_before_ms: 0, input_length: 64, ...fields });
    const waits = (request_id: string, relation: string, delay_ms: number, trigger = 'completion') => ({ request_id, relation, delay_ms, trigger });
    const { traces, assumed } = await readAll(fileOf([
      { schema: 'dynamo.agentic_mooncake', version: 2, block_size: 32, hash_id_scope: 'local', source: { format: 'x', digest: 'y' } },
      at({ play_id: 'p', session_id: 's', request_id: '1' }), at({ play_id: 'p', session_id: 't', request_id: '2', dependencies: [waits('1', 'spawn', 4, 'dispatch')] }),
      at({ play_id: 'p', session_id: 's', request_id: '3', dependencies: [waits('1', 'sequence', 8), waits('2', 'join', 1)] }), at({ play_id: 'q', session_id: 's', request_id: '1', not_before_ms: 70 }),
    ]));
    expect(gaps(traces)).toEqual([['p/s', null, 0, [['start', 0, 'p/t'], ['join', 8, '']]], ['p/t', 'p/s', 4, [['start', 0, '']]], ['q/s', null, 70, [['start', 0, '']]]]);
    expect(traces.map((trace) => trace.steps[0]!.blocks)).toEqual([[[0, 1]], [[0, 1]], [[1, 1]]]);
    expect(assumed).toEqual({ 'a child begins when the generation that starts it has ended, not earlier': 1 });
  });

  it('hashes of 64 bits stay apart', async () => {
    const text = ['9223372036854775801', '9223372036854775802'].map((hash) => `{"session_id":"s${hash}","input_length":64,"output_length":1,"hash_ids":[${hash}]}`).join('\n');
    expect((await readAll(fileOf(text), { blockTokens: 64 })).traces.map((trace) => trace.steps[0]!.blocks)).toEqual([[[0, 1]], [[1, 1]]]);
  });

  it('a block size that contradicts the header is refused; the same one is not', async () => {
    const path = fileOf([{ schema: 'dynamo.agentic_mooncake', version: 2, block_size: 32 }, row({ session_id: 's', input_length: 64 })]);
    expect(await complaint(path, { blockTokens: 64 })).toBe('FILE:1: "block_size" is 32, and --block-tokens says 64');
    expect((await readAll(path, { blockTokens: 32 })).traces.length).toBe(1);
  });

  it.each([
    ['a request that nobody makes', [row({ session_id: 's', request_id: '1', wait_for: ['0'] })], 'FILE:1: it waits for the request "0", and no row of the file is it'],
    ['a request id twice', [row({ session_id: 's', request_id: '1' }), row({ session_id: 't', request_id: '1' })], 'FILE:2: "request_id" is "1", as in line 1; expected ids that are unique'],
    ['sessions that wait for each other', [row({ session_id: 's', request_id: '1', wait_for: ['2'] }), row({ session_id: 't', request_id: '2', wait_for: ['1'] })], 'FILE:1: sessions wait for each other in a circle: s → t → s'],
    ['times that go back', [row({ session_id: 's', timestamp: 9 }), row({ session_id: 's', timestamp: 4 })], 'FILE:2: "timestamp" is 4, 5 ms before that of the turn ahead of it (line 1); expected times that do not go back'],
    ['a negative delay', [row({ session_id: 's', delay: -4 })], 'FILE:1: "delay" is -4; it must be at least 0; expected a row with "session_id" or "request_id", "input_length" and "output_length"'],
    ['no length', [row({ session_id: 's', output_length: undefined })], 'FILE:1: "output_length" is missing; without it nothing can be replayed'],
    ['hashes of no size that is known', [row({ session_id: 's', hash_ids: [1, 2, 3, 4, 5, 6, 7] })], 'FILE: nothing says how many tokens a hash stands for, and no size fits the lengths of all 1 rows; --block-tokens says it'],
    ['hashes of more than one possible size', [row({ session_id: 's', input_length: 100, hash_ids: [1] })], 'FILE: nothing says how many tokens a hash stands for, and 128, 256, 512, 1024 fit the lengths of all 1 rows; --block-tokens says it'],
  ])('refuses %s', async (_, rows, message) => { expect(await complaint(fileOf(rows))).toBe(message); });
});
