import { describe, expect, it } from 'vitest';
import { modelPath as model } from '../text/golden/model-under-test.ts';
import { complaint, fileOf, readAll } from './samples.fixture.ts';

const words = (count: number, what = 'river'): string => Array.from({ length: count }, (_, i) => `${what} ${i}`).join(', ');
const ids = (blocks: readonly (readonly [number, number])[]): number[] => blocks.flatMap(([first, count]) => Array.from({ length: count }, (_, i) => first + i));

describe('recordings of text', { timeout: 60_000 }, () => {
  it('need a model', async () => {
    expect(await complaint(fileOf([{ calls: [] }]))).toBe('FILE: holds text (lmcache calls), not token counts; --model FILE says whose tokenizer counts it');
  });

  it('mini-swe trajectories: prompts extend each other, gaps are what the shell took', async () => {
    const call = (command: string) => [{ id: 'c', type: 'function', function: { name: 'bash', arguments: JSON.stringify({ command }) } }];
    const run = (name: string) => ({ path: `output/dev/${name}/${name}.traj.json`, info: {}, trajectory_format: 'x', messages: [
      { role: 'system', content: words(100) }, { role: 'user', content: `Fix ${words(60, 'bug')}` },
      { role: 'assistant', content: 'I look.', tool_calls: call('ls'), extra: { timestamp: 100.5 } }, { role: 'tool', content: words(80, 'file'), tool_call_id: 'c', extra: { timestamp: 100.75 } },
      { role: 'assistant', content: 'Done.', extra: { timestamp: 104 } }, { role: 'exit', content: 'patch' },
    ] });
    const { traces, assumed } = await readAll(fileOf([run('a'), run('b')]), { model, withText: true });
    expect(traces.map((trace) => trace.trace)).toEqual(['dev/a', 'dev/b']);
    const [first, second] = traces[0]!.steps;
    expect(second).toMatchObject({ gap: 'tool', gap_ms: 250, took_ms: 3250, tool: 'bash' });
    expect(first!.took_ms).toBeUndefined();
    expect(second!.prompt_tokens).toBeGreaterThan(first!.prompt_tokens + 200);
    expect(ids(second!.blocks).slice(0, ids(first!.blocks).length)).toEqual(ids(first!.blocks));
    expect(ids(second!.blocks).length).toBe(Math.floor(second!.prompt_tokens / 64));
    expect(traces[1]!.steps.map((step) => step.blocks)).toEqual(traces[0]!.steps.map((step) => step.blocks)); // the same text
    expect(first!.text!.map((message) => message.role)).toEqual(['system', 'user']);
    expect(second!.text!.map((message) => message.role)).toEqual(['assistant', 'tool']);
    expect(first!.out_tokens).toBeGreaterThan(3);
    expect(assumed).toEqual({});
  });

  it('lmcache calls: what two prompts begin with has the same blocks', async () => {
    const at = (timestamp: number, input: string, output = 'yes') => ({ timestamp, input, output });
    const { traces, assumed } = await readAll(fileOf([{ path: 'x/1.jsonl', calls: [at(5_000_000, words(200)), at(7_500_000, words(300)), at(8_000_000, `Other ${words(200)}`)] }]), { model, withText: true });
    const [first, second, third] = traces[0]!.steps;
    expect([first, second, third].map((step) => [step!.gap, step!.gap_ms])).toEqual([['start', 0], ['tool', 2500], ['tool', 500]]);
    const shared = ids(first!.blocks).filter((id, at) => id === ids(second!.blocks)[at]).length;
    expect(shared).toBeGreaterThanOrEqual(ids(first!.blocks).length - 1);
    expect(ids(third!.blocks).filter((id) => ids(second!.blocks).includes(id))).toEqual([]);
    expect([second!.text_kept, third!.text_kept]).toEqual([undefined, 0]);
    expect(words(200) + second!.text![0]!.content).toBe(words(300));
    expect(assumed).toEqual({ 'a gap from start to start: the generation is part of it': 2 });
  });

  it('tau-bench: a list over many lines, without times', async () => {
    const task = (task_id: number) => ({ task_id, reward: 0, trial: 1, info: { note: 'a "]" and a {' }, traj: [
      { role: 'system', content: words(70) }, { role: 'user', content: 'Hi [there' }, { role: 'assistant', content: 'Who?' }, { role: 'user', content: 'Me' },
      { role: 'assistant', content: null, tool_calls: [{ id: 'c1', function: { name: 'book', arguments: '{}' } }] }, { role: 'tool', tool_call_id: 'c1', name: 'book', content: 'ok' }, { role: 'assistant', content: 'Done' },
    ] });
    const text = JSON.stringify([task(3), task(4)], null, 2);
    const { traces, assumed } = await readAll(fileOf(text, 'air.json'), { model });
    expect(traces.map((trace) => trace.trace)).toEqual(['air-3-1', 'air-4-1']);
    expect(traces[0]!.steps.map((step) => [step.gap, step.tool])).toEqual([['start', null], ['human', null], ['tool', 'book']]);
    expect(assumed).toEqual({ 'a gap without times: 0': 4 });
    expect(await complaint(fileOf(text.slice(0, -3)), { model })).toMatch(/^FILE:\d+: the list does not end: was the file cut off\?$/);
    expect(await complaint(fileOf('[\n  {"task_id": 3,\n   "trial" 1}]'), { model })).toBe("FILE:2: Expected ':' after property name in JSON at character 23 of the element that begins here; expected a JSON object");
  });

  it('times that go back are told', async () => {
    const messages = [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'a', extra: { timestamp: 9 } }, { role: 'user', content: 'b', extra: { timestamp: 8 } }, { role: 'assistant', content: 'c' }];
    expect(await complaint(fileOf([{ info: {}, instance_id: 'i', messages }]), { model })).toBe('FILE:1: "i": message 3 is of 8 s, 1 s before one ahead of it; expected times that do not go back');
    const calls = [{ timestamp: 9, input: 'a', output: '' }, { timestamp: 4, input: 'a', output: '' }];
    expect(await complaint(fileOf([{ calls }]), { model })).toMatch(/^FILE:1: "calls\[1\]\.timestamp" is 5 µs before/);
  });
});
