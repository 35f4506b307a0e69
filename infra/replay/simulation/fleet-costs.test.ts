import { expect, test } from 'vitest';
import type { BlockRun } from '../../../schemas/replay-trace.ts';
import type { Fleet } from '../fleet.ts';
import { plain, taskOf, traceOf } from '../hand-made.fixture.ts';
import { Replay } from '../replay.ts';
import { freeContext, roundFleet } from '../round-numbers.fixture.ts';
import type { Device } from './engine-model.ts';

/** Two steps: 300 tokens and 11 generated ones; half a second later 400 tokens. When each ends, and the tokens of both. */
function twoSteps(given: { readonly device?: Partial<Device>; readonly fleet?: Partial<Fleet>; readonly next?: readonly BlockRun[] }): { readonly endsMs: readonly number[]; readonly hit: number; readonly computed: number } {
  const endsMs: number[] = [];
  const task = taskOf(traceOf('a', [{ prompt: 300, blocks: [[0, 4]], out: 11 }, { gapMs: 500, prompt: 400, blocks: given.next ?? [[0, 6]] }]));
  const { tokens } = new Replay([task], {
    fleet: roundFleet({ device: { ...freeContext, ...given.device }, ...given.fleet }), policy: () => plain(), arrivals: { kind: 'closed', concurrency: 1 }, seed: 1, onStep: (_step, _outcome, endedAtMs) => { endsMs.push(endedAtMs); },
  }).run();
  return { endsMs, hit: tokens.hit, computed: tokens.computed };
}

// An order takes 2 ms. 128, 128 and 44 tokens, then ten of one: 312 + 50 ms. Of the next prompt the four full blocks are there: 128 and 16 tokens, 152 ms.
const first = 2 + 362, second = first + 500 + 2 + 152;

test('fleet costs: without a word about them a step costs 2 ms beside its iterations, and only full blocks are used again', () => {
  expect(twoSteps({})).toEqual({ endsMs: [first, second], hit: 256, computed: 300 + 144 });
});

test('fleet costs: nobody knows how long an answer will be: what was asked for is reserved, at a worker that grants all of it and at a control that waits for room', () => {
  const tasks = ['a', 'b'].map((name, i) => taskOf(traceOf(name, [{ prompt: 64, blocks: [[10 * i, 1]], out: 3 }])));
  const ends = (given: Partial<Fleet>, policy = plain()): readonly number[] => {
    const endsMs: number[] = [];
    new Replay(tasks, { fleet: roundFleet({ capacity: { hbm: 6, dram: 0, nvme: 0 }, ...given }), policy: () => policy, arrivals: { kind: 'closed', concurrency: 2 }, seed: 1, onStep: (_step, _outcome, endedAtMs) => { endsMs.push(endedAtMs); } }).run();
    return endsMs;
  };
  const grows: Device = { ...freeContext, admission: 'prompt' }, waitsForRoom = plain({ place: (_ask, candidates) => candidates.find(({ hasRoom }) => hasRoom) ?? null });
  // Both prompts in one iteration, then two tokens of each; or one after the other, 68 and two tokens of 5 ms each.
  expect(ends({})).toEqual([2 + 132 + 12, 2 + 132 + 12]);
  // 64 and 192 tokens are 4 of 6 blocks: the other one waits at the worker.
  expect(ends({ maxTokens: 192 })).toEqual([2 + 78, 2 + 156]);
  // More than there is is what there is; and where a run starts on its prompt only control waits, and its order is on its way for 2 ms once more.
  expect(ends({ maxTokens: 9_999 })).toEqual([2 + 78, 2 + 156]);
  expect(ends({ maxTokens: 192, device: grows })).toEqual([2 + 132 + 12, 2 + 132 + 12]);
  expect(ends({ maxTokens: 192, device: grows }, waitsForRoom)).toEqual([2 + 78, 2 + 78 + 2 + 78]);
});

test('fleet costs: a block of an answer is there when the KV of its last token is, which the next step computes', () => {
  const hits = (out: number): number => {
    let hit = 0;
    new Replay([taskOf(traceOf('a', [{ prompt: 64, blocks: [[0, 1]], out }, { gapMs: 10, prompt: 192, blocks: [[0, 3]] }]))], { fleet: roundFleet(), policy: () => plain(), arrivals: { kind: 'closed', concurrency: 1 }, seed: 1, onStep: (_step, { end }) => { hit = end.usage.hit; } }).run();
    return hit;
  };
  expect([64, 65].map(hits)).toEqual([64, 128]);
});

test('fleet costs: where last blocks are kept a prompt goes on behind the last token but one, whose KV is there', () => {
  // 310 tokens are there: 90 are left, in one iteration.
  expect(twoSteps({ device: { keepsTails: true } })).toEqual({ endsMs: [first, first + 500 + 2 + 94], hit: 310, computed: 300 + 90 });
});

test('fleet costs: the last block of a history that another prompt leaves before it is not used', () => {
  expect(twoSteps({ device: { keepsTails: true }, next: [[0, 3], [9, 3]] })).toMatchObject({ hit: 192, computed: 300 + 208 });
});

test('fleet costs: what a run costs its engine once, and what a step costs on its way, comes to each', () => {
  expect(twoSteps({ device: { overheadPerRunMs: 7 } }).endsMs).toEqual([first + 7, second + 14]);
  expect(twoSteps({ fleet: { stepOverheadMs: 32 } }).endsMs).toEqual([first + 30, second + 60]);
});
