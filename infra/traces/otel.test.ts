import { describe, expect, it } from 'vitest';
import { complaint, fileOf, readAll } from './samples.fixture.ts';

interface Given { readonly id: string; readonly parent?: string; readonly from: number; readonly to: number; readonly trace?: string; readonly attributes?: Record<string, string | number | string[]> }

const value = (it: string | number | string[]): object => (typeof it === 'number' ? { intValue: String(it) } : typeof it === 'string' ? { stringValue: it } : { arrayValue: { values: it.map(value) } });
const otlp = ({ id, parent, from, to, trace = 'a1', attributes = {} }: Given) => ({
  traceId: trace, spanId: id, parentSpanId: parent ?? '', name: id, startTimeUnixNano: String(1_700_000_000_000_000_000n + BigInt(from) * 1_000_000n), endTimeUnixNano: String(1_700_000_000_000_000_000n + BigInt(to) * 1_000_000n),
  attributes: Object.entries(attributes).map(([key, it]) => ({ key, value: value(it) })),
});
const chat = (id: string, parent: string | undefined, from: number, to: number, tokens: number, more: Record<string, string | number | string[]> = {}): Given =>
  ({ id, ...(parent === undefined ? {} : { parent }), from, to, attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'm', 'gen_ai.usage.input_tokens': tokens, 'gen_ai.usage.output_tokens': 11, ...more } });
const agent = (id: string, parent: string | undefined, from: number, to: number, name: string): Given =>
  ({ id, ...(parent === undefined ? {} : { parent }), from, to, attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': name, 'gen_ai.conversation.id': 'talk' } });
const tool = (id: string, parent: string, from: number, to: number, name: string): Given => ({ id, parent, from, to, attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': name } });

const spans = [
  agent('root', undefined, 0, 900, 'main'), chat('c1', 'root', 10, 60, 200), tool('t1', 'root', 61, 160, 'search'), chat('c2', 'root', 160, 200, 400),
  agent('inner', 'root', 210, 500, 'helper'), chat('i1', 'inner', 220, 300, 130), chat('i2', 'inner', 340, 480, 64),
  chat('c3', 'root', 520, 600, 700, { 'gen_ai.response.finish_reasons': ['stop'] }), { ...chat('c4', undefined, 5000, 5100, 800, { 'gen_ai.conversation.id': 'talk' }), trace: 'a2' },
];

describe('spans of generative AI', () => {
  it('a conversation is a trace, an agent under an agent its child', async () => {
    const { traces, assumed, skipped } = await readAll(fileOf([{ resourceSpans: [{ scopeSpans: [{ spans: spans.slice(4).map(otlp) }] }] }, { resourceSpans: [{ scopeSpans: [{ spans: spans.slice(0, 4).map(otlp) }] }] }]));
    expect(traces.map(({ trace, parent, start_ms, model }) => [trace, parent, start_ms, model])).toEqual([['talk', null, 0, 'm'], ['talk/helper-inner', 'talk', 20, 'm']]);
    expect(traces[0]!.steps.map((step) => [step.gap, step.gap_ms, step.tool, step.prompt_tokens, step.out_tokens, step.took_ms, step.children.join(), step.blocks])).toEqual([
      ['start', 0, null, 200, 11, 50, '', [[0, 3]]], ['tool', 100, 'search', 400, 11, 40, 'talk/helper-inner', [[0, 6]]],
      ['join', 40, null, 700, 11, 80, '', [[0, 10]]], ['human', 4400, null, 800, 11, 100, '', [[0, 12]]],
    ]);
    expect(traces[1]!.steps.map((step) => [step.gap_ms, step.blocks])).toEqual([[0, [[12, 2]]], [40, [[14, 1]]]]);
    expect(assumed).toEqual({ 'a prompt extends the one before it': 3, 'a prompt shorter than the one before it shares nothing with it': 1 });
    expect(skipped).toEqual({});
  });

  it('spans as SDKs print them are the same', async () => {
    const iso = (ms: number): string => new Date(1_700_000_000_000 + ms).toISOString().replace('Z', '000Z');
    const printed = spans.map(({ id, parent, from, to, trace = 'a1', attributes }) => ({ name: id, context: { trace_id: `0x${trace}`, span_id: `0x${id}`, trace_state: '[]' }, parent_id: parent === undefined ? null : `0x${parent}`, start_time: iso(from), end_time: iso(to), attributes }));
    expect((await readAll(fileOf(printed))).traces).toEqual((await readAll(fileOf(spans.map(otlp)))).traces);
  });

  it('what overlaps, and what is not there, is counted', async () => {
    const { traces, assumed, skipped } = await readAll(fileOf([
      chat('x', 'gone', 0, 100, 64), chat('y', undefined, 50, 90, 128), { id: 'z', from: 100, to: 101, attributes: { 'gen_ai.operation.name': 'chat' } },
      agent('r', undefined, 0, 1, 'r'), agent('s', 'r', 0, 1, 's'), { ...chat('w', 's', 300, 310, 10), trace: 'a1' },
    ].map(otlp)));
    expect(traces.map((trace) => [trace.trace, trace.steps.map((step) => step.gap_ms)])).toEqual([['a1', [0, 0]], ['talk/s-s', [0]]]);
    expect(skipped).toEqual({ 'a generation without token counts': 1 });
    expect(assumed).toMatchObject({ 'a generation that began while the one before it ran: gap 0': 1, 'a span whose parent is not in the file is taken to have none': 1 });
  });

  it('a span that was sent again is one, and counted', async () => {
    const { traces, skipped } = await readAll(fileOf([chat('x', undefined, 0, 40, 64), chat('y', undefined, 50, 60, 128), chat('x', undefined, 0, 40, 64), { ...chat('x', undefined, 70, 80, 64), trace: 'a2' }].map(otlp)));
    expect(traces.map(({ trace, steps }) => [trace, steps.length])).toEqual([['a1', 2], ['a2', 1]]);
    expect(skipped).toEqual({ 'a span that came before, the same': 1 });
  });

  it.each([
    ['2023-13-46T28:77:03Z'], ['2023-02-30T00:00:00Z'], ['2023-11-16T18:17:03'], ['yesterday'], [-5], [1.5], ['9'.repeat(21)],
  ])('refuses %s as a time', async (start_time) => {
    const span = { trace_id: 'a', span_id: 'x', start_time, end_time: '2023-11-16T18:17:04Z', attributes: { 'gen_ai.usage.input_tokens': 64, 'gen_ai.usage.output_tokens': 1 } };
    expect(await complaint(fileOf([span]))).toBe(`FILE:1: "start_time" is ${JSON.stringify(start_time)}, which is no time; expected nanoseconds since 1970, or a day and time such as 2023-11-16T18:17:03.9799600Z`);
  });

  it('dates say their distance from UTC', async () => {
    const span = { trace_id: 'a', span_id: 'x', start_time: '2023-11-16T19:47:03.25+01:30', end_time: '2023-11-16T18:17:04Z', attributes: { 'gen_ai.usage.input_tokens': 64, 'gen_ai.usage.output_tokens': 1 } };
    expect((await readAll(fileOf([span]))).traces[0]!.steps[0]!.took_ms).toBe(750);
  });

  it.each([
    ['a span that ends before it starts', [chat('x', undefined, 100, 40, 64)], 'FILE:1: span x ends 60 ms before it starts; expected times that do not go back'],
    ['a span id for another span', [chat('x', undefined, 0, 40, 64), chat('x', undefined, 0, 40, 65)], 'FILE:2: span x of trace a1 is not as in line 1; expected ids that are unique'],
    ['a negative count of tokens', [chat('x', undefined, 0, 40, -100)], 'FILE:1: "gen_ai.usage.input_tokens" is "-100"; expected a whole number of tokens, 0 or more'],
    ['a count of tokens that is none', [chat('x', undefined, 0, 40, 64, { 'gen_ai.usage.output_tokens': 'many' })], 'FILE:1: "gen_ai.usage.output_tokens" is "many"; expected a whole number of tokens, 0 or more'],
    ['spans in a circle', [chat('x', 'y', 0, 1, 64), agent('y', 'x', 0, 1, 'a')], 'FILE:1: spans are above each other in a circle: x → y → x; expected every span to lead to one without a parent'],
    ['spans without a generation', [tool('t', 'x', 0, 1, 'ls')], 'FILE: holds no trace of format otel'],
  ])('refuses %s', async (_, given, message) => { expect(await complaint(fileOf(given.map(otlp)))).toBe(message); });
});
