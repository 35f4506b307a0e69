import { describe, expect, it } from 'vitest';
import { isRefused } from './refused.ts';
import { parseReplayTrace, replayLine, type ReplayTrace } from './replay-trace.ts';

const first = { seq: 1, gap_ms: 0, gap: 'start', prompt_tokens: 24_031, blocks: [[0, 374], [1200, 1]], out_tokens: 218, tool: null, children: [] };
const second = { seq: 2, gap_ms: 9000, gap: 'tool', prompt_tokens: 24_904, blocks: [[0, 375], [1200, 14]], out_tokens: 95, tool: 'Bash', children: ['weka-17/a'] };
const line = { v: 1, trace: 'weka-17', parent: null, start_ms: 0, model: 'm', steps: [first, second] };

const parse = (value: unknown) => parseReplayTrace(new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value)));
const refusal = (value: unknown): string => { const read = parse(value); return isRefused(read) ? read.message : 'taken'; };
const withSecond = (fields: object): unknown => ({ ...line, steps: [first, { ...second, ...fields }] });

describe('a trace to replay', () => {
  it('of the contracts is read, and written as it was', () => {
    const read = parse(line);
    expect(isRefused(read)).toBe(false);
    expect(replayLine(read as ReplayTrace)).toBe(`${JSON.stringify(line)}\n`);
  });

  it('may carry its text and how long a generation took', () => {
    const value = withSecond({ took_ms: 1500.5, text: [{ role: 'assistant', content: 'ls' }, { role: 'user', content: 'a.txt' }], text_kept: 2 });
    expect(JSON.parse(replayLine(parse(value) as ReplayTrace))).toEqual(value);
  });

  it.each([
    ['an unknown field, by its path', { ...line, note: 1 }, 'unknown field "note"'],
    ['an unknown field of a step', withSecond({ gap_s: 9 }), 'unknown field "steps[1].gap_s"'],
    ['a missing field', { ...line, model: undefined }, '"model" is missing'],
    ['another version', { ...line, v: 2 }, '"v" is 2; it may be 1'],
    ['a negative gap', withSecond({ gap_ms: -5 }), '"steps[1].gap_ms" is -5; it must be at least 0'],
    ['a negative start', { ...line, start_ms: -1 }, '"start_ms" is -1; it must be at least 0'],
    ['a gap of another kind', withSecond({ gap: 'nap' }), '"steps[1].gap" is "nap"; it may be "start", "tool", "human", "join"'],
    ['negative output', withSecond({ out_tokens: -1 }), '"steps[1].out_tokens" is -1; it must be at least 0'],
    ['a hole in seq', withSecond({ seq: 3 }), '"steps[1].seq" is 3; expected 2: steps are counted from 1, without holes'],
    ['seq from 0', { ...line, steps: [{ ...first, seq: 0 }] }, '"steps[0].seq" is 0; it must be at least 1'],
    ['a start in the middle', withSecond({ gap: 'start' }), '"steps[1].gap" is "start"; the first step has "start", and no other'],
    ['no start', { ...line, steps: [{ ...first, gap: 'tool' }] }, '"steps[0].gap" is "tool"; the first step has "start", and no other'],
    ['a gap before the start', { ...line, steps: [{ ...first, gap_ms: 7 }] }, '"steps[0].gap_ms" is 7; the first step has 0: "start_ms" says when it starts'],
    ['an empty run', withSecond({ blocks: [[0, 0]] }), '"steps[1].blocks[0][1]" is 0; it must be at least 1'],
    ['half a run', withSecond({ blocks: [[0]] }), '"steps[1].blocks[0]" has 1 entries; it must be at least 2'],
    ['more blocks than the prompt has', withSecond({ blocks: [[0, 390]] }), '"steps[1].blocks" has 390 blocks; 24904 prompt tokens have 389 full blocks of 64'],
    ['a block at two places', withSecond({ blocks: [[0, 10], [9, 1]] }), '"steps[1].blocks" has block 9 twice: no prefix stands at two places'],
    ['ids beyond what a number holds', withSecond({ blocks: [[2 ** 53 - 2, 2]] }), `"steps[1].blocks[0]" ends with id ${2 ** 53 - 1}; ids are below 2^53`],
    ['a trace that is its own parent', { ...line, parent: 'weka-17' }, '"parent" is "weka-17": the trace would be its own parent'],
    ['a trace that is its own child', withSecond({ children: ['weka-17'] }), '"steps[1].children" lists "weka-17": the trace would be its own child'],
    ['a child twice', withSecond({ children: ['a', 'a'] }), '"steps[1].children" lists "a" a second time'],
    ['a join of nothing', withSecond({ gap: 'join' }), '"steps[1].gap" is "join", and no step before it lists children'],
    ['no steps', { ...line, steps: [] }, '"steps" has 0 entries; it must be at least 1'],
    ['a line that was cut off', JSON.stringify(line).slice(0, 40), 'Unterminated string in JSON at position 40 (line 1 column 41)'],
  ])('refuses %s', (_, value, message) => { expect(refusal(value)).toBe(message); });
});
