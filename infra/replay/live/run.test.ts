import { describe, expect, test } from 'vitest';
import type { ReplayStep, ReplayTrace } from '../../../schemas/replay-trace.ts';
import type { Reply } from '../../../schemas/reply.ts';
import type { Step } from '../../client/index.ts';
import type { Chains } from './chains.ts';
import type { Layout } from './layout.ts';
import { planLive, workingSetBlocks } from './plan.ts';
import { recordOf } from './record.ts';
import { LiveRun } from './run.ts';
import { generator, shuffled } from '../random.ts';
import type { Task } from '../tasks.ts';

const layout = { around: 10, head: 6, turn: 8, words: { text: (_from: number, count: number) => Array.from({ length: count }, () => 'w').join(' ') } } as unknown as Layout;

describe('recorded agents in real time', () => {
  test('a join waits for its children and then for its gap; every step has its parent, its place and the recorded length', async () => {
    const { run, submitted, ended } = await replayed([root('a', [start(100, ['a/1']), { ...step(200), gap: 'join', gap_ms: 20 }]), child('a/1', 'a', [start(50), { ...step(90), gap_ms: 30 }])]);
    expect(submitted.map(({ trace, parent, seq }) => [trace, parent, seq])).toEqual([['r/0', null, 1], ['r/1', 'r/0', 1], ['r/1', 'r/0', 2], ['r/0', null, 2]]);
    expect(run.traces[0]!.steps.map(({ result }) => result.usage.prompt)).toEqual([100, 200]);
    const [parent, below] = run.traces;
    expect(parent!.steps[1]!.fromMs).toBeGreaterThanOrEqual(below!.steps[1]!.endedMs);
    expect(parent!.steps[1]!.submittedMs - parent!.steps[1]!.fromMs).toBeGreaterThanOrEqual(18);
    expect(below!.steps[1]!.submittedMs - below!.steps[0]!.endedMs).toBeGreaterThanOrEqual(28);
    expect(ended).toEqual(['r/1', 'r/0']);
    expect(run.tasks).toMatchObject([{ overMs: expect.any(Number) }]);
  });

  test('a refused step ends its trace: what came after it is never asked for, its end is said, and its parent goes on', async () => {
    const { run, submitted, ended } = await replayed([root('a', [start(100, ['a/1']), { ...step(200), gap: 'join' }]), child('a/1', 'a', [start(50), step(90), step(120)])], ({ trace, seq }) => trace === 'r/1' && seq === 2);
    expect(submitted.map(({ trace, seq }) => [trace, seq])).toEqual([['r/0', 1], ['r/1', 1], ['r/1', 2], ['r/0', 2]]);
    expect(run.traces[1]).toMatchObject({ problem: { seq: 2, code: 'context_length' } });
    expect(run.traces[0]!.problem).toBeNull();
    expect(ended).toEqual(['r/1', 'r/0']);
  });

  test('no more tasks at once than asked for, in the given order', async () => {
    let most = 0;
    const { run } = await replayed(Array.from({ length: 5 }, (_, i) => root(`t${i}`, [start(20), step(60)])), (_step, { inFlight, tasks }) => {
      most = Math.max(most, inFlight, tasks.filter(({ overMs }) => overMs === null).length);
      return false;
    }, 2);
    expect(most).toBe(2);
    expect(run.traces.map(({ recorded }) => recorded.trace)).toEqual(['t0', 't1', 't2', 't3', 't4']);
  });
});

describe('the record of a replay', () => {
  test('has what was really run: lengths, blocks by name, gaps and times as they were, only children that ran', async () => {
    const { run } = await replayed([root('a', [start(130, ['a/1', 'a/2']), { ...step(200), gap: 'join', gap_ms: 15, tool: 'Bash' }]), child('a/1', 'a', [start(140)]), child('a/2', 'a', [start(64)])], ({ trace }) => trace === 'r/2');
    const chains: Chains = new Map([['r/0/1', ['x', 'y', 'z']], ['r/0/2', ['x', 'y', 'q']], ['r/1/1', ['x', 'y']]]);
    const { traces, skipped } = recordOf(run.traces, chains, 'm');
    expect(traces.map(({ trace, parent }) => [trace, parent])).toEqual([['a', null], ['a/1', 'a']]);
    expect(traces[0]!.steps).toMatchObject([
      { seq: 1, gap: 'start', gap_ms: 0, prompt_tokens: 130, blocks: [[0, 2]], out_tokens: 3, children: ['a/1'] },
      { seq: 2, gap: 'join', prompt_tokens: 200, blocks: [[0, 3]], out_tokens: 3, tool: 'Bash', children: [] },
    ]);
    expect(traces[0]!.steps[1]!.gap_ms).toBeGreaterThanOrEqual(13);
    expect(traces[1]!.steps[0]).toMatchObject({ prompt_tokens: 140, blocks: [[0, 2]] });
    expect(skipped).toEqual({ 'a step without an answer': 1, 'a trace without an answered step': 1 });
  });

  test('a join whose children all came to nothing is a tool gap; blocks that the log lost are counted', async () => {
    const { run } = await replayed([root('a', [start(130, ['a/1']), { ...step(200), gap: 'join' }]), child('a/1', 'a', [start(64)])], ({ trace }) => trace === 'r/1');
    const { traces, skipped } = recordOf(run.traces, new Map(), 'm');
    expect(traces[0]!.steps[1]).toMatchObject({ gap: 'tool', blocks: [] });
    expect(skipped).toMatchObject({ 'the blocks of a step: the log does not have them': 2 });
  });
});

describe('what is replayed', () => {
  const tasks = [300, 4_000, 90, 1_000].map((tokens, i) => taskOf([root(`t${i}`, [start(tokens), { ...step(tokens + 100), gap_ms: 500 * i }])]));
  const input = { roomTokens: 2_000, roomOf: 'the model', scale: null, timeScale: 0.5, tasks: null, seed: 7, isAsRecorded: false };

  test('tasks come in the order that the seed draws, the first so many of them', () => {
    const order = shuffled(tasks, generator(7));
    expect(planLive(tasks, input).tasks).toEqual(order);
    expect(planLive(tasks, { ...input, tasks: 2 }).tasks).toEqual(order.slice(0, 2));
    expect(planLive(tasks, { ...input, isAsRecorded: true }).tasks).toEqual(tasks);
  });

  test('the scale is the largest with which the longest chosen task fits, and 1 at most; gaps are told as they will be waited for', () => {
    const { scale, tooLong, gapMsMax, pauseMsMax } = planLive(tasks, input);
    expect(Math.floor(4_100 * scale) + Math.max(1, Math.floor(8 * scale))).toBeLessThanOrEqual(2_000);
    expect(scale).toBeGreaterThan(0.48);
    expect({ tooLong, gapMsMax, pauseMsMax }).toEqual({ tooLong: 0, gapMsMax: 750, pauseMsMax: 750 });
    expect(planLive(tasks, { ...input, roomTokens: 10_000 }).scale).toBe(1);
  });

  test('a given scale leaves out and counts what does not fit; nothing left is an error with the numbers', () => {
    expect(planLive(tasks, { ...input, scale: 1 })).toMatchObject({ scale: 1, tooLong: 1 });
    expect(() => planLive(tasks, { ...input, scale: 1, roomTokens: 50 })).toThrow('none of 4 tasks fits into the 50 tokens of the model at --scale-tokens 1; the shortest needs 198 unscaled');
    expect(() => planLive(tasks, { ...input, roomTokens: 0 })).toThrow('the model has room for 0 tokens');
    expect(() => planLive([], input)).toThrow('no task is left');
  });

  test('the working set is that of the largest tasks that run at once', () => {
    expect(workingSetBlocks({ tasks, scale: 1 }, 2)).toBe(Math.ceil(4_108 / 64) + Math.ceil(1_108 / 64));
  });
});

async function replayed(traces: readonly ReplayTrace[], isRefused: (step: Step, run: LiveRun) => boolean = () => false, concurrency = 1) {
  const submitted: Step[] = [], ended: string[] = [];
  const client = {
    async *submit(step: Step): AsyncGenerator<Reply> {
      submitted.push(step);
      await new Promise((resolve) => { setImmediate(resolve); });
      if (isRefused(step, run)) { yield { kind: 'refused', code: 'context_length', message: 'too long' }; return; }
      const trace = step.trace!, prompt = promptTokens(step);
      yield { kind: 'accepted', step: `${trace}/${step.seq}`, trace, attempt: 1, prompt_tokens: prompt, known_tokens: 0, identity: { how: 'explicit', confidence: 1 } };
      yield { kind: 'result', step: `${trace}/${step.seq}`, attempt: 1, text: 'one two', finish: 'stop', tool_calls: [], usage: { prompt, hit: 0, recalled: 0, computed: prompt, generated: 3 }, timing_ms: { queued: 0, recall: 0, first_token: 1, total: 2 }, worker: 'w1', cost_usd: 0 };
    },
    end: async (trace: string) => { ended.push(trace); },
  };
  const roots = traces.filter(({ parent }) => parent === null);
  const tasks = roots.map((root) => taskOf([root, ...traces.filter(({ parent }) => parent === root.trace)]));
  const run: LiveRun = new LiveRun({ tasks, arrivals: { kind: 'closed', concurrency }, draw: generator(1), scale: 1, timeScale: 1, layout, model: 'm' }, client, 'r');
  await run.run();
  return { run, submitted, ended };
}

/** As the made-up layout has it: words, answers of two tokens, and what is around them. */
function promptTokens({ messages }: Step): number {
  const answers = messages!.filter(({ role }) => role === 'assistant').length;
  const words = messages!.reduce((sum, { role, content }) => sum + (role === 'user' ? content.split(' ').length : 0), 0);
  return layout.around + words + answers * (2 + layout.turn);
}

function step(prompt_tokens: number): ReplayStep {
  const blocks = Math.floor(prompt_tokens / 64);
  return { seq: 0, gap_ms: 0, gap: 'tool', prompt_tokens, blocks: blocks === 0 ? [] : [[0, blocks]], out_tokens: 8, tool: null, children: [] };
}
function start(tokens: number, children: readonly string[] = []): ReplayStep { return { ...step(tokens), gap: 'start', children }; }
function root(trace: string, steps: readonly ReplayStep[]): ReplayTrace { return { v: 1, trace, parent: null, start_ms: 0, model: 'm', steps: steps.map((one, at) => ({ ...one, seq: at + 1 })) }; }
function child(trace: string, parent: string, steps: readonly ReplayStep[]): ReplayTrace { return { ...root(trace, steps), parent }; }
function taskOf(traces: readonly ReplayTrace[]): Task {
  const all = traces.flatMap(({ steps }) => steps);
  return { root: traces[0]!, members: new Map(traces.map((trace) => [trace.trace, trace])), steps: all.length, contextTokens: Math.max(...all.map((one) => one.prompt_tokens + one.out_tokens)) };
}
