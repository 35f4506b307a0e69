import { describe, expect, it } from 'vitest';
import { complaint, fileOf, readAll } from './samples.fixture.ts';

const call = (t: number, tokens: number, runs: number[], fields: object = {}) =>
  ({ t, type: 'n', model: 'big', in: tokens, out: 20, input_types: ['tool_result'], output_types: ['text'], stop: '', api_time: 2, think_time: 0, hash_runs: runs, ...fields });
const session = (id: string, requests: object[], fields: object = {}) =>
  ({ id, models: ['big'], block_size: 64, hash_id_scope: 'local', tool_tokens: 100, system_tokens: 100, requests, ...fields });
const agent = (t: number, durationMs: number, requests: object[], fields: object = {}) =>
  ({ t, type: 'subagent', agent_id: 'agent_001', subagent_type: 'Explore', duration_ms: durationMs, status: 'completed', requests, models: ['small'], tool_tokens: 64, system_tokens: 0, ...fields });

describe('weka sessions', () => {
  it('gaps go from the end of a generation to the start of the next, by kind', async () => {
    const { traces } = await readAll(fileOf([session('s', [
      call(0, 300, [1, 4], { input_types: ['text'] }), call(9, 400, [1, 6], { api_time: 1.5 }), call(20, 500, [1, 7], { input_types: ['text'] }),
    ])]));
    expect(traces[0]!.steps.map(({ seq, gap, gap_ms, prompt_tokens, out_tokens, took_ms }) => [seq, gap, gap_ms, prompt_tokens, out_tokens, took_ms])).toEqual([
      [1, 'start', 0, 300, 20, 2000], [2, 'tool', 7000, 400, 20, 1500], [3, 'human', 9500, 500, 20, 2000],
    ]);
  });

  it('sessions share the blocks of the prefix when tool and system tokens are the same, and nothing else', async () => {
    const same = [session('a', [call(0, 300, [1, 4])]), session('b', [call(0, 300, [5, 4])]), session('c', [call(0, 300, [1, 4])], { tool_tokens: 164 })];
    const { traces } = await readAll(fileOf(same));
    const ids = traces.map((trace) => trace.steps[0]!.blocks.flatMap(([first, count]) => Array.from({ length: count }, (_, i) => first + i)));
    expect(ids[0]!.slice(0, 3)).toEqual(ids[1]!.slice(0, 3)); // 200 tokens: three full blocks
    expect(ids[0]![3]).not.toBe(ids[1]![3]);
    expect(ids[2]!.filter((id) => ids[0]!.includes(id) || ids[1]!.includes(id))).toEqual([]);
    expect(new Set(ids.flat()).size).toBe(3 + 1 + 1 + 4);
  });

  it('a block that changed inside of a session has another id, the ones before it the same', async () => {
    const { traces } = await readAll(fileOf([session('s', [call(0, 640, [1, 10]), call(9, 640, [1, 5, 20, 5])])]));
    const ids = traces[0]!.steps.map((step) => step.blocks.flatMap(([first, count]) => Array.from({ length: count }, (_, i) => first + i)));
    expect(ids[0]!.map((id, at) => id === ids[1]![at])).toEqual([true, true, true, true, true, false, false, false, false, false]);
  });

  it('a subagent is a child of the step before it, and the next step joins it', async () => {
    const { traces } = await readAll(fileOf([session('s', [
      call(0, 300, [1, 4]), agent(14, 10_000, [call(0, 200, [50, 3], { model: 'small' }), call(4, 300, [50, 4], { model: 'small' })]), call(15, 400, [1, 6]),
    ])]));
    expect(traces.map(({ trace, parent, start_ms, model }) => [trace, parent, start_ms, model])).toEqual([['s', null, 0, 'big'], ['s/agent_001', 's', 2000, 'small']]);
    expect(traces[0]!.steps[0]!.children).toEqual(['s/agent_001']);
    // The marker's time is the end: it began at 4 s, its last generation ended at 4 + 4 + 2 s, and the parent went on at 15 s.
    expect(traces[0]!.steps[1]).toMatchObject({ gap: 'join', gap_ms: 5000 });
  });

  it('a parent that goes on before its subagent has ended does not wait for it', async () => {
    const { traces, assumed } = await readAll(fileOf([session('s', [call(0, 300, [1, 4]), agent(100, 97_000, [call(0, 200, [50, 3]), call(90, 300, [50, 4])]), call(15, 400, [1, 6])])]));
    expect(traces[0]!.steps[1]).toMatchObject({ gap: 'tool', gap_ms: 13_000 });
    expect(assumed).toEqual({ 'a parent that went on before its subagent ended does not wait for it': 1 });
  });

  it('subagents of one name, without requests, before any request, and in each other', async () => {
    const inner = agent(3, 1_000, [call(0, 100, [70, 1])], { agent_id: 'inner' });
    const { traces, skipped } = await readAll(fileOf([session('s', [
      agent(0, 0, [call(0, 100, [60, 1])]), call(0, 300, [1, 4]),
      agent(5, 3_000, [call(0, 100, [60, 1], { api_time: 1 }), inner]), agent(5, 3_000, [call(0, 100, [61, 1])]), agent(5, 3_000, []), call(9, 400, [1, 6]),
    ])]));
    expect(traces.map((trace) => [trace.trace, trace.parent])).toEqual([['s', null], ['s/agent_001', 's'], ['s/agent_001/inner', 's/agent_001'], ['s/agent_001.2', 's']]);
    expect(skipped).toEqual({ 'a subagent before any request of its parent': 1, 'a session without requests': 1 });
  });

  it('what a clock of whole seconds makes overlap is no gap; what is missing or overlaps more is counted', async () => {
    const { traces, assumed } = await readAll(fileOf([session('s', [
      call(0, 300, [1, 4], { api_time: 2.6 }), call(2, 300, [1, 4], { api_time: 9 }), call(5, 300, [1, 4], { api_time: undefined }), call(8, 300, [1, 4]),
    ])]));
    expect(traces[0]!.steps.map((step) => [step.gap_ms, step.took_ms])).toEqual([[0, 2600], [0, 9000], [0, undefined], [3000, 2000]]);
    expect(assumed).toEqual({
      'a gap below 0 by rounding (less than 1 s): gap 0': 1, 'a request that began while the one before it ran: gap 0': 1, 'a generation of unknown length: it is part of the gap after it': 1,
    });
  });

  it.each([
    ['times that go back', [session('s', [call(0, 300, [1, 4]), call(9, 300, [1, 4]), call(5, 300, [1, 4])])], 'FILE:1: "s": request 3 starts at 5 s, the one before it at 9 s; expected times that do not go back'],
    ['another block size', [session('s', [call(0, 300, [1, 4])], { block_size: 16 })], 'FILE:1: "block_size" is 16; expected 64'],
    ['a negative time', [session('s', [call(-1, 300, [1, 4])])], 'FILE:1: "requests[0].t" is -1; it must be at least 0; expected a session with "id", "block_size" and "requests"'],
    ['a session twice', [session('s', []), session('s', [])], 'FILE:2: "id" is "s" for the second time; expected one line a session'],
    ['a session with the name of another one\'s subagent', [session('s/agent_001', [call(0, 64, [1, 1])]), session('s', [call(0, 300, [1, 4]), agent(14, 9_000, [call(0, 64, [1, 1])])])], 'FILE:2: a subagent of "s" would be "s/agent_001", which another line has as its "id"; expected ids that are unique'],
    ['half a run', [session('a', [call(0, 300, [1, 4])]), session('s', [call(0, 300, [1, 4, 9])])], 'FILE:2: "hash_runs" has a run of 0 blocks; expected at least 1'],
  ])('refuses %s', async (_, records, message) => { expect(await complaint(fileOf(records))).toBe(message); });

  it('10,000 subagents of one step, and subagents in subagents beyond all measure', { timeout: 60_000 }, async () => {
    const many = Array.from({ length: 10_000 }, (_, i) => agent(10, 5_000, [call(0, 64, [50 + i, 1])], { agent_id: i % 2 === 0 ? 'same' : `a${i}` }));
    const { traces } = await readAll(fileOf([session('s', [call(0, 300, [1, 4]), ...many, call(20, 300, [1, 4])])]));
    expect([traces.length, traces[0]!.steps[0]!.children.length, traces[0]!.steps[1]!.gap]).toEqual([10_001, 10_000, 'join']);
    const deep = `${'{"type":"subagent","t":1,"agent_id":"a","requests":['.repeat(20_000)}${']}'.repeat(20_000)}`;
    expect(await complaint(fileOf(`{"id":"s","block_size":64,"requests":[${deep}]}`))).toMatch(/^FILE:1: is nested too deep; expected a session/);
  });

  it('more blocks than the prompt has full ones are left out and counted', async () => {
    const { traces, assumed } = await readAll(fileOf([session('s', [call(0, 200, [10, 4], { hash_runs: undefined, hash_ids: [10, 11, 12, 13] })], { tool_tokens: 0, system_tokens: 0 })]));
    expect(traces[0]!.steps[0]!.blocks).toEqual([[10, 3]]);
    expect(assumed).toEqual({ 'blocks beyond the prompt\'s full ones are left out': 1 });
  });
});
