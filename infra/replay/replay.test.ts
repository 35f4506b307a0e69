import { expect, test } from 'vitest';
import { policies } from '../../actors/control/policies/all.ts';
import { plain, taskOf, traceOf } from './hand-made.fixture.ts';
import { InputError } from './input-error.ts';
import { Replay, type ReplayOptions } from './replay.ts';
import { roundFleet } from './round-numbers.fixture.ts';
import type { Task } from './tasks.ts';

interface Entry { readonly step: string; readonly worker: string; readonly endedMs: number }
function replay(tasks: readonly Task[], given: Partial<ReplayOptions> = {}) {
  const entries: Entry[] = [];
  const options: ReplayOptions = { fleet: roundFleet(), policy: () => plain(), arrivals: { kind: 'closed', concurrency: 1_000 }, seed: 1, onStep: ({ trace, seq }, { worker }, endedMs) => { entries.push({ step: `${trace}/${seq}`, worker, endedMs }); }, ...given };
  return { result: new Replay(tasks, options).run(), entries };
}
const every = Object.keys(policies) as (keyof typeof policies)[];
const lonely = (count: number, steps = 4): Task[] => Array.from({ length: count }, (_, i) => taskOf(traceOf(`t${i}`, Array.from({ length: steps }, (_, at) => ({ gapMs: at === 0 ? 0 : 500, prompt: 64 * (at + 2), blocks: [[1_000 * (i + 1), at + 2] as const], out: 20 })))));

test('replay: of no tasks nothing is told, and no figure is not a number', () => {
  const { result } = replay([]);
  expect(result).toMatchObject({ tasks: 0, finished: 0, steps: 0, skipped: {} });
  expect(JSON.stringify(result)).not.toContain('null');
});

test('replay: contradicting block ids are refused with trace, step and both neighbours', () => {
  const tasks = [taskOf(traceOf('a', [{ prompt: 640, blocks: [[0, 10]] }, { gapMs: 10, prompt: 640, blocks: [[0, 4], [7, 1]] }]))];
  expect(() => replay(tasks)).toThrow(InputError);
  expect(() => replay(tasks)).toThrow('trace a, step 2: block 7 follows block 3 here and block 6 in an earlier prompt');
});

for (const name of every) {
  const policy: ReplayOptions['policy'] = (future) => policies[name].make({}, future);

  test(`${name}: a step longer than any worker's memory runs, and everybody else too`, () => {
    const huge = taskOf(traceOf('huge', [{ prompt: 64 * 30, blocks: [[0, 30]], out: 100 }, { gapMs: 100, prompt: 64 * 33, blocks: [[0, 33]], out: 1 }]));
    const { result } = replay([huge, ...lonely(12)], { fleet: roundFleet({ workers: 2, capacity: { hbm: 12, dram: 20, nvme: 0 } }), policy });
    expect(result).toMatchObject({ finished: 13, steps: 50, skipped: {}, assumed: { 'a step larger than the hbm of a worker runs alone, at the speed of one that fits': 2 } });
  });

  test(`${name}: past the knee, with ten times as many traces as fit, every one ends`, () => {
    const { result } = replay(lonely(60, 5), { fleet: roundFleet({ workers: 2, capacity: { hbm: 18, dram: 24, nvme: 0 } }), policy });
    expect(result).toMatchObject({ finished: 60, steps: 300, skipped: {} });
  });

  test(`${name}: when a worker is lost half-way its traces go on at the others, and the time until then counts`, () => {
    const { result, entries } = replay(lonely(30), { fleet: roundFleet({ workers: 3, capacity: { hbm: 20, dram: 20, nvme: 0 } }), policy, arrivals: { kind: 'open', tasksPerHour: 3_600 }, loseWorkerAt: 0.5 });
    expect(result).toMatchObject({ finished: 30, steps: 120, skipped: {} });
    const workers = new Set(entries.slice(-20).map(({ worker }) => worker));
    expect(workers.has('w1')).toBe(false);
    expect(result.acceleratorHours).toBeLessThan((3 * result.makespanS) / 3600);
    expect(result.acceleratorHours).toBeGreaterThan((2 * result.makespanS) / 3600);
  });
}

test('replay: when the last worker is lost it ends, and the tasks that were not over are counted', () => {
  const { result } = replay(lonely(10), { arrivals: { kind: 'open', tasksPerHour: 3_600 }, loseWorkerAt: 0.5 });
  expect(result.finished).toBeLessThan(5);
  expect(result.skipped).toEqual({ 'a task that was not over when nothing was due any more': 10 - result.finished });
  expect(Number.isFinite(result.makespanS)).toBe(true);
});

test('replay: a policy that never places is called out by name, with what waits', () => {
  expect(() => replay(lonely(3), { policy: () => plain({ name: 'lazy', holdsBack: true, place: () => null }) })).toThrow(/policy lazy places none of 3 waiting steps, t\d\/1 among them/);
});

test('replay: gaps of no length follow each other at one instant, and time does not stand still', () => {
  const task = taskOf(traceOf('a', Array.from({ length: 50 }, (_, at) => ({ gapMs: 0, prompt: 64 + at, blocks: [[0, 1] as const] }))));
  const { result } = replay([task]);
  // The first has 64 tokens to compute; each further one at + 0 tokens behind its hit of one block, where there is more than a block.
  const wantedMs = Array.from({ length: 50 }, (_, at) => 2 + 4 + (at === 0 ? 64 : at)).reduce((sum, ms) => sum + ms, 0);
  expect([result.steps, result.makespanS]).toEqual([50, wantedMs / 1_000]);
});

// Ten thousand, all at once, take a quarter of a minute: the gate tries a tenth of them.
const childrenMax = process.env['SLACKWATER_FULL'] === '1' ? 10_000 : 1_000;
test(`replay: ${childrenMax} children of one parent run and join`, { timeout: 120_000 }, () => {
  const names = Array.from({ length: childrenMax }, (_, i) => `c${i}`);
  const task = taskOf(
    traceOf('parent', [{ prompt: 256, blocks: [[0, 4]], children: names }, { gap: 'join', gapMs: 10, prompt: 300, blocks: [[0, 4]] }]),
    ...names.map((name) => traceOf(name, [{ prompt: 280, blocks: [[0, 4]], out: 2 }], { parent: 'parent' })),
  );
  const { result, entries } = replay([task], { fleet: roundFleet({ workers: 4, capacity: { hbm: 200, dram: 0, nvme: 0 } }), policy: (future) => policies.slackwater.make({}, future) });
  expect(result).toMatchObject({ finished: 1, steps: childrenMax + 2, skipped: {} });
  expect(entries.at(-1)!.step).toBe('parent/2');
});

test('replay: a child that has no line is counted, and its parent goes on', () => {
  const { result } = replay([taskOf(traceOf('a', [{ prompt: 10, children: ['nobody'] }, { gap: 'join', gapMs: 5, prompt: 20 }]))]);
  expect(result).toMatchObject({ finished: 1, steps: 2, skipped: { 'a child without a line': 1 } });
});

test('replay: a task is over when its last child is, also where no step joins it', () => {
  const task = taskOf(traceOf('a', [{ prompt: 64, children: ['c'] }]), traceOf('c', [{ prompt: 64 }, { gapMs: 5_000, prompt: 64 }], { parent: 'a', startMs: 100 }));
  // a ends at 70; c comes at 170, ends at 240, and again at 5,240 + 70.
  expect(replay([task]).result.jctS.mean).toBeCloseTo(5.31, 9);
});

test('replay: recorded arrivals come when they were, each task at its own time, whatever the order of the file', () => {
  const tasks = [['late', 9_000], ['early', 1_000]].map(([name, startMs]) => taskOf(traceOf(name as string, [{ prompt: 64 }], { startMs: startMs as number })));
  expect(replay(tasks, { arrivals: { kind: 'recorded', scale: 0.5 } }).entries.map(({ step, endedMs }) => [step, endedMs])).toEqual([['early/1', 570], ['late/1', 4_570]]);
});

test('replay: closed arrivals keep as many at once as they say, open ones come on average as often', () => {
  const { entries } = replay(lonely(4, 1), { arrivals: { kind: 'closed', concurrency: 1 } });
  // 128 tokens and 19 more: 2 + 132 + 95 ms each.
  expect(entries.map(({ endedMs }) => endedMs)).toEqual([229, 458, 687, 916]);
  const { result } = replay(lonely(400, 1), { fleet: roundFleet({ workers: 8 }), arrivals: { kind: 'open', tasksPerHour: 3_600 }, policy: (future) => policies['least-loaded-lru'].make({}, future) });
  expect(result.windowS).toBeGreaterThan(340);
  expect(result.windowS).toBeLessThan(460);
});

test('replay: tool and human gaps are scaled apart', () => {
  const task = taskOf(traceOf('a', [{ prompt: 64 }, { gapMs: 1_000, prompt: 64 }, { gap: 'human', gapMs: 10_000, prompt: 64 }]));
  expect(replay([task], { toolGapScale: 2, humanGapScale: 0.1 }).result.jctS.mean).toBeCloseTo((3 * 70 + 2_000 + 1_000) / 1_000, 9);
});

test('replay: what subagents take counts without their gaps, on the way of the one that ends last', () => {
  const served = (childOut: number, childGapMs: number): number => {
    const root = traceOf('a', [{ prompt: 64, children: ['b', 'c'] }, { gap: 'join', gapMs: 70, prompt: 64 }]), short = traceOf('b', [{ prompt: 64 }], { parent: 'a' });
    const child = traceOf('c', [{ prompt: 64, out: childOut }, { gapMs: childGapMs, prompt: 64 }], { parent: 'a', startMs: 300 });
    const { result } = replay([taskOf(root, short, child)]);
    expect(result.jctS.mean - result.servedS.mean).toBeCloseTo((300 + childGapMs + 70) / 1000, 12);
    return result.servedS.mean;
  };
  expect(served(100, 20)).toBeCloseTo(served(100, 5_000), 12);
  expect(served(300, 20) - served(100, 20)).toBeCloseTo(0.2 * 5, 12);
});

test('replay: a fleet is paid for until the last task is over, however long timers of its gap would run', () => {
  const policy = plain({ retain: () => ({ keepValue: 0, demoteAfterMs: 60_000, recallAfterMs: null, why: 'late' }) });
  const { result } = replay(lonely(1, 2), { policy: () => policy, fleet: roundFleet({ workers: 2, capacity: { hbm: 20, dram: 20, nvme: 0 } }) });
  expect(result.makespanS).toBe(result.jctS.max);
  expect(result.acceleratorHours).toBeCloseTo((2 * result.makespanS) / 3_600, 12);
});

test('replay: where all tasks come at once, or no step ends while they come, rates and the working set are those of the whole run', () => {
  for (const arrivals of [{ kind: 'closed', concurrency: 8 }, { kind: 'open', tasksPerHour: 1e9 }] as const) {
    const { result } = replay(lonely(8), { arrivals });
    expect(result.windowS).toBe(result.makespanS);
    expect(result.stepsPerS).toBeCloseTo(32 / result.makespanS, 9);
    expect(result.liveTokens).toBeGreaterThan(500);
  }
});

test('replay: prompts and answers of no tokens are taken as of one, and counted', () => {
  expect(replay([taskOf(traceOf('a', [{ prompt: 0, out: 0 }, { gapMs: 1, prompt: 64, out: 0 }]))]).result).toMatchObject({ steps: 2, tokens: { prompt: 65, generated: 2 }, assumed: { 'a prompt of no tokens has one': 1, 'an answer of no tokens has one': 2 } });
});
