import { describe, expect, it } from 'vitest';
import { complaint, fileOf, readAll } from './samples.fixture.ts';

const llm = (trace: string, step: number, t0: number | null, t1: number, tokens: number, fields: object = {}) => ({ src: 'mswe', trace, step, kind: 'llm', t0, t1, in: tokens, out: 7, cached: 0, ...fields });
const tool = (trace: string, step: number, t0: number, t1: number) => ({ src: 'mswe', trace, step, kind: 'tool', t0, t1, tool: 'bash', cmd: 'ls', rc: 0, result_chars: 1 });

describe('mini-swe steps', () => {
  it('a prompt extends the one before it, a gap is what the tool took', async () => {
    const { traces, assumed } = await readAll(fileOf([
      llm('x/a', 1, null, 1000.5, 200), tool('x/a', 1, 1000.5, 1000.8), llm('x/a', 2, 1000.8, 1003.8, 330),
      llm('x/b', 1, null, 500, 64), tool('x/b', 1, 500, 501), tool('x/b', 1, 501, 502), llm('x/b', 2, 502, 503, 100),
    ]));
    expect(traces.map(({ trace, start_ms, steps }) => [trace, start_ms, steps])).toEqual([
      ['x/a', 0, [
        { seq: 1, gap: 'start', gap_ms: 0, prompt_tokens: 200, blocks: [[0, 3]], out_tokens: 7, tool: null, children: [] },
        { seq: 2, gap: 'tool', gap_ms: 300, prompt_tokens: 330, blocks: [[0, 5]], out_tokens: 7, tool: 'bash', children: [], took_ms: 3000 },
      ]],
      ['x/b', 0, [
        { seq: 1, gap: 'start', gap_ms: 0, prompt_tokens: 64, blocks: [[5, 1]], out_tokens: 7, tool: null, children: [] },
        { seq: 2, gap: 'tool', gap_ms: 2000, prompt_tokens: 100, blocks: [[5, 1]], out_tokens: 7, tool: 'bash', children: [], took_ms: 1000 },
      ]],
    ]);
    expect(assumed).toEqual({ 'a generation of unknown length': 2, 'a prompt extends the one before it': 2 });
  });

  it('times that are missing are counted, and so are calls without tokens', async () => {
    const { traces, skipped, assumed } = await readAll(fileOf([llm('a', 1, null, 5, 200), llm('a', 2, null, 9, 300), llm('a', 3, 9, 10, 300, { in: null })]));
    expect(traces[0]!.steps.map((step) => step.gap_ms)).toEqual([0, 0]);
    expect(skipped).toEqual({ 'a model call without token counts': 1 });
    expect(assumed).toMatchObject({ 'a gap without times: 0': 1 });
  });

  it.each([
    ['times that go back', [llm('a', 1, 10, 12, 200), llm('a', 2, 11, 13, 200)], 'FILE:2: "t0" is 11 s, 1 s before the row ahead of it ended; expected times that do not go back'],
    ['a generation that ends before it starts', [llm('a', 1, 10, 12, 200), llm('a', 2, 15, 14, 200)], 'FILE:2: "t1" is 14 s, 1 s before the row ahead of it ended; expected times that do not go back'],
    ['a trace that goes on later', [llm('a', 1, 10, 12, 200), llm('b', 1, 1, 2, 200), llm('a', 2, 15, 16, 200)], 'FILE:3: "trace" is "a", whose rows ended before; expected the rows of a trace together'],
    ['a step twice', [llm('a', 1, 10, 12, 200), tool('a', 1, 12, 13), llm('a', 1, 13, 14, 200)], 'FILE:3: "step" is 1 for the second time in "a"; expected model calls that are counted up'],
    ['steps out of order', [llm('a', 3, 10, 12, 200), llm('a', 2, 13, 14, 200)], 'FILE:2: "step" is 2 behind 3 in "a"; expected model calls that are counted up'],
    ['a row of another kind', [llm('a', 1, 10, 12, 200, { kind: 'nap' })], 'FILE:1: "kind" is "nap"; it may be "llm", "tool"; expected a row with "trace", "kind" ("llm" or "tool"), "t0" and "t1"'],
  ])('refuses %s', async (_, records, message) => { expect(await complaint(fileOf(records))).toBe(message); });
});
