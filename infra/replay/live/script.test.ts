import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ChatMessage } from '../../../schemas/chat.ts';
import type { BlockRun, ReplayStep, ReplayTrace } from '../../../schemas/replay-trace.ts';
import { modelPath } from '../../text/golden/model-under-test.ts';
import { PromptEncoder } from '../../text/prompt.ts';
import { readModel } from '../../text/read-model.ts';
import { type Layout, layoutOf } from './layout.ts';
import { Script, type Turn } from './script.ts';

const isThere = existsSync(modelPath);
if (!isThere) process.stderr.write(`live-script.test.ts: skipped, no model at ${modelPath} (npm run setup -- --need model)\n`);

describe.skipIf(!isThere)('what an agent says, in tokens of the real model', () => {
  let layout: Layout, encoder: PromptEncoder;
  beforeAll(() => { const facts = readModel(modelPath); layout = layoutOf(facts); encoder = new PromptEncoder(facts); });

  test('prompts have the recorded lengths, with answers of any length between them', () => {
    const script = new Script(traceOf('a', [[200, [[0, 3]]], [400, [[0, 3], [10, 3]]], [401, [[0, 3], [10, 3]]], [1000, [[0, 3], [10, 12]]]]), 1, layout, null);
    const kinds: string[] = [];
    for (const [at, [length, answer]] of ([[200, 20], [400, 1], [401, 3], [1000, 0]] as const).entries()) {
      const turn = script.turn(at);
      kinds.push(turn.kind);
      expect(tokensOf(turn.messages)).toHaveLength(length);
      expect(turn.promptTokens).toBe(length);
      say(turn, answer);
    }
    // One token more leaves no room for the answer and a turn.
    expect(kinds).toEqual(['begins', 'extends', 'repeats', 'extends']);
  });

  test('equal block ids are equal tokens up to there, and what differs is another block', () => {
    const [a, b] = ([[[0, 5], [20, 5]], [[0, 5], [40, 6]]] as const).map((blocks, i) => tokensOf(new Script(traceOf(`t${i}`, [[640 + 65 * i, blocks]]), 1, layout, null).turn(0).messages));
    const common = a!.findIndex((token, at) => token !== b![at]);
    expect(common).toBeGreaterThanOrEqual(5 * 64);
    expect(common).toBeLessThan(6 * 64);
  });

  test('a shrunk prompt shares its share', () => {
    const [a, b] = ([[[0, 8], [20, 8]], [[0, 8], [40, 8]]] as const).map((blocks, i) => tokensOf(new Script(traceOf(`t${i}`, [[1024, blocks]]), 0.25, layout, null).turn(0).messages));
    expect(a).toHaveLength(256);
    const common = a!.findIndex((token, at) => token !== b![at]);
    expect(common).toBeGreaterThanOrEqual(128);
    expect(common).toBeLessThan(128 + 16);
  });

  test('a step that is told all of an earlier prompt goes on from there, whatever was between', () => {
    const script = new Script(traceOf('a', [[200, [[0, 3]]], [130, [[50, 2]]], [300, [[0, 4]]]]), 1, layout, null);
    const first = script.turn(0);
    say(first, 10);
    const other = script.turn(1);
    expect(other.kind).toBe('begins');
    say(other, 10);
    const third = script.turn(2);
    expect(third).toMatchObject({ kind: 'extends', promptTokens: 300 });
    expect(third.messages.slice(0, 2)).toEqual([...first.messages, { role: 'assistant', content: answerOf(10) }]);
  });

  test('after a compaction a history begins anew, with the blocks that were kept', () => {
    const script = new Script(traceOf('a', [[640, [[0, 10]]], [400, [[0, 4], [60, 2]]]]), 1, layout, null);
    const before = script.turn(0);
    say(before, 10);
    const after = script.turn(1);
    expect(after.kind).toBe('begins');
    const [a, b] = [tokensOf(before.messages), tokensOf(after.messages)];
    expect(b).toHaveLength(400);
    expect(a.findIndex((token, at) => token !== b[at])).toBeGreaterThanOrEqual(4 * 64);
  });

  test('a child that begins with the prompt of its parent has its messages', () => {
    const parent = new Script(traceOf('p', [[256, [[0, 4]]]]), 1, layout, null);
    const turn = parent.turn(0);
    say(turn, 12);
    const child = new Script(traceOf('c', [[512, [[0, 4], [9, 4]]]]), 1, layout, parent).turn(0);
    expect(child).toMatchObject({ kind: 'extends', promptTokens: 512 });
    expect(child.messages[0]).toEqual(turn.messages[0]);
  });

  test('a prompt smaller than what the template needs has one word, and says its length', () => {
    const turn = new Script(traceOf('a', [[3, []]]), 1, layout, null).turn(0);
    expect(tokensOf(turn.messages)).toHaveLength(layout.around + 1);
    expect(turn.promptTokens).toBe(layout.around + 1);
  });

  test('prompts without a full block follow each other by their order', () => {
    const script = new Script(traceOf('a', [[40, []], [60, []], [90, [[3, 1]]]]), 1, layout, null);
    for (const [at, length] of [40, 60, 90].entries()) {
      const turn = script.turn(at);
      expect(turn.kind).toBe(at === 0 ? 'begins' : 'extends');
      expect(tokensOf(turn.messages)).toHaveLength(length);
      say(turn, 5);
    }
  });

  test('recorded text is said as it was, with the model\'s own answer in the place of the recorded one', () => {
    const user: ChatMessage = { role: 'user', content: 'Look into the harbour.' }, recorded: ChatMessage = { role: 'assistant', content: 'ls' }, result: ChatMessage = { role: 'user', content: 'three boats' };
    const trace = traceOf('a', [[50, []], [70, []], [60, []]]);
    const texts: Partial<ReplayStep>[] = [{ text: [user] }, { text: [recorded, result] }, { text: [recorded], text_kept: 1 }];
    const script = new Script({ ...trace, steps: trace.steps.map((step, i) => ({ ...step, ...texts[i] })) }, 1, layout, null);
    const first = script.turn(0);
    expect(first).toMatchObject({ kind: 'text', messages: [user], promptTokens: null });
    first.answered({ promptTokens: 50, text: 'I see boats.', tokens: 4 });
    const second = script.turn(1);
    expect(second.messages).toEqual([user, { role: 'assistant', content: 'I see boats.' }, result]);
    second.answered({ promptTokens: 70, text: 'Three.', tokens: 2 });
    // Not the answer to the step before: what is kept ends earlier.
    expect(script.turn(2).messages).toEqual([user, recorded]);
  });

  const answerOf = (tokens: number): string => layout.words.text(0, tokens, () => 77);
  const say = (turn: Turn, tokens: number): void => turn.answered({ promptTokens: turn.promptTokens!, text: answerOf(tokens), tokens });
  function tokensOf(messages: readonly ChatMessage[]): number[] {
    const generated = new Map(messages.flatMap(({ role, content }, at) => (role === 'assistant' ? [[at, { tokens: encoder.tokenizer.encode(content), rest: '' }] as const] : [])));
    return [...encoder.encode({ messages, generated }).tokens];
  }
});

function traceOf(trace: string, steps: readonly (readonly [tokens: number, blocks: readonly BlockRun[]])[]): ReplayTrace {
  return { v: 1, trace, parent: null, start_ms: 0, model: '', steps: steps.map(([prompt_tokens, blocks], i) => ({ seq: i + 1, gap_ms: 0, gap: i === 0 ? 'start' : 'tool', prompt_tokens, blocks, out_tokens: 8, tool: null, children: [] })) };
}
