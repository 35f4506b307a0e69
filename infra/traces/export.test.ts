import { describe, expect, it } from 'vitest';
import type { Finish, InboxEvent, StepAccepted, StepClass, StepEnded } from '../../schemas/messages.ts';
import { replayLine, replayTraceOf } from '../../schemas/replay-trace.ts';
import { exportTraces, type LoggedTrace } from './export.ts';
import { complaint, fileOf, readAll } from './samples.fixture.ts';

const root = 'tr_00root', child = 'tr_01child';
const accepted = (trace: string, seq: number, tokens: number, more: { readonly side?: boolean; readonly class?: StepClass } = {}): InboxEvent =>
  ({ kind: 'stepAccepted', trace, step: `${trace}/${more.side === true ? 's' : ''}${seq}`, seq, tenant: 'acme', model: 'secret', prompt: { pages: [], tail: new Int32Array(), tailChain: new Uint8Array(), tokens }, class: more.class ?? 'agent' } as unknown as StepAccepted);
const ended = (trace: string, seq: number, tokens: number, finish: Finish = 'stop'): InboxEvent => ({ kind: 'stepEnded', trace, step: `${trace}/${seq}`, tokens: new Int32Array(tokens), finish } as unknown as StepEnded);
const log = (trace: string, entries: readonly (readonly [number, InboxEvent])[], chains: Record<number, string> = {}): LoggedTrace => ({
  trace, events: entries.map(([atMs, event]) => ({ atMs, event })),
  chains: new Map(Object.entries(chains).map(([seq, letters]) => [`${trace}/${seq}`, Uint8Array.from([...letters].flatMap((letter) => Array.from({ length: 16 }, () => letter.charCodeAt(0))))])),
});

const logs = [
  log(root, [
    [1_000, accepted(root, 1, 200)], [1_500, ended(root, 1, 7, 'tool_calls')], [1_600, accepted(root, 9, 50, { side: true })], [1_700, ended(root, 2, 0, 'cancelled')],
    [1_900, accepted(root, 2, 330)], [2_000, ended(root, 2, 3, 'cancelled')], [2_400, ended(root, 2, 8)], [2_450, { kind: 'childStarted', trace: root, child }], [2_451, { kind: 'childStarted', trace: root, child: 'tr_02mute' }],
    [9_000, accepted(root, 3, 400, { class: 'interactive' })], [9_100, ended(root, 3, 1)], [12_000, accepted(root, 4, 400, { class: 'interactive' })], [12_500, ended(root, 4, 1)], [13_000, accepted(root, 5, 64)],
  ], { 1: 'abc', 2: 'abcde', 3: 'abcdef', 4: 'abc' }),
  log(child, [[2_500, accepted(child, 1, 128)], [3_000, ended(child, 1, 2)]], { 1: 'ax' }),
  log('tr_02mute', [[2_500, accepted('tr_02mute', 1, 128)]]),
];

describe('an exported trace', () => {
  it('has the times, lengths and shared blocks of the log', () => {
    const { traces, skipped, assumed } = exportTraces(logs, 'key', false);
    expect(traces.map(({ start_ms, model }) => [start_ms, model])).toEqual([[0, ''], [100, '']]);
    expect(traces[0]!.steps.map((step) => [step.seq, step.gap, step.gap_ms, step.took_ms, step.prompt_tokens, step.out_tokens, step.blocks])).toEqual([
      [1, 'start', 0, 500, 200, 7, [[0, 3]]], [2, 'tool', 400, 500, 330, 8, [[0, 5]]], [3, 'join', 6_000, 100, 400, 1, [[0, 6]]], [4, 'human', 2_900, 500, 400, 1, [[0, 3]]],
    ]);
    expect(traces[0]!.steps[1]!.children).toEqual([traces[1]!.trace]);
    expect(traces[1]).toMatchObject({ parent: traces[0]!.trace, steps: [{ blocks: [[0, 1], [6, 1]] }] });
    expect(Object.fromEntries(skipped)).toEqual({ 'a side call': 1, 'a step without an answer': 2, 'a trace without an answered step': 1 });
    expect(Object.fromEntries(assumed)).toEqual({ 'a prompt whose pages are gone: its later blocks share nothing': 1 });
    for (const trace of traces) expect(replayTraceOf(JSON.parse(replayLine(trace)))).toEqual(trace);
  });

  it('is the same under one salt, and another under another; without one blocks are only numbered', () => {
    const text = (key: string, areBlocksHashed: boolean): string => exportTraces(logs, key, areBlocksHashed).traces.map(replayLine).join('');
    expect(text('one', true)).toBe(text('one', true));
    const ids = (key: string, areBlocksHashed: boolean) => exportTraces(logs, key, areBlocksHashed).traces.flatMap(({ trace, steps }) => [trace, ...steps.flatMap((step) => step.blocks.map(([first]) => first))]);
    expect(ids('one', true).filter((id) => ids('two', true).includes(id))).toEqual([]);
    expect(exportTraces(logs, 'one', true).traces[0]!.steps[1]!.blocks.slice(0, 3)).toEqual(exportTraces(logs, 'one', true).traces[0]!.steps[0]!.blocks);
    expect(text('one', true)).not.toMatch(/tr_|acme|secret/);
    expect(text('one', false)).not.toMatch(/tr_|acme|secret/);
  });

  it('exports under one salt share blocks when they are read as one file, none as several, and a third file may have no room', async () => {
    const [one, two, three] = ['tr_00one', 'tr_00two', 'tr_00three'].map((id) => exportTraces([log(id, [[0, accepted(id, 1, 1_280)], [9, ended(id, 1, 5)]], { 1: 'abcdefghijklmnopqrst' })], 'key', true).traces.map(replayLine).join(''));
    const idsOf = async (files: string[]) => (await readAll(files)).traces.map(({ steps }) => steps[0]!.blocks);
    const [first, second] = await idsOf([fileOf(one! + two!)]);
    expect(second).toEqual(first);
    const apart = await idsOf([fileOf(one!), fileOf(two!)]);
    expect(apart[0]).toEqual(first);
    expect(Math.min(...apart[1]!.map(([id]) => id))).toBeGreaterThan(Math.max(...first!.map(([id]) => id)));
    expect(await complaint([fileOf(one!), fileOf(two!), fileOf(three!)])).toMatch(/:1: block ids up to \d+ would go beyond 2\^53 behind those of the files before \(up to \d+\); files that belong together are read as one/);
  });
});
