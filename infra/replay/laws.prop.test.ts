/** What holds in every replay, whatever the policy: nothing is lost, nothing is counted twice, and time adds up. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { policies } from '../../actors/control/policies/all.ts';
import type { BlockRun } from '../../schemas/replay-trace.ts';
import { type HandStep, taskOf, traceOf } from './hand-made.fixture.ts';
import type { ReplayResult } from './measures.ts';
import { Replay, type ReplayOptions } from './replay.ts';
import { freeContext, roundFleet } from './round-numbers.fixture.ts';
import type { Task } from './tasks.ts';

interface Done { readonly trace: string; readonly seq: number; readonly worker: string; readonly askedMs: number; readonly startedMs: number; readonly endedMs: number; readonly prompt: number; readonly hit: number; readonly recalled: number; readonly migrated: number; readonly computed: number; readonly avoidable: number; readonly again: number; readonly preemptions: number }
interface Drawn { readonly steps: readonly { readonly gapMs: number; readonly grows: number; readonly out: number; readonly shrinks: boolean; readonly tool: string }[]; readonly shared: number; readonly children: readonly { readonly at: number; readonly startMs: number; readonly grows: number }[] }

const step = fc.record({ gapMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: 10_000, max: 200_000 })), grows: fc.integer({ min: 0, max: 500 }), out: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 100, max: 300 })), shrinks: fc.boolean(), tool: fc.constantFrom('Bash', 'Edit') });
const drawnTask: fc.Arbitrary<Drawn> = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 6 }), shared: fc.integer({ min: 0, max: 4 }),
  children: fc.array(fc.record({ at: fc.integer({ min: 0, max: 5 }), startMs: fc.integer({ min: 0, max: 2_000 }), grows: fc.integer({ min: 1, max: 300 }) }), { maxLength: 3 }),
});
const world = fc.record({
  tasks: fc.array(drawnTask, { minLength: 1, maxLength: 8 }), workers: fc.integer({ min: 1, max: 3 }), hbm: fc.integer({ min: 8, max: 40 }), dram: fc.constantFrom(0, 10, 60), nvme: fc.constantFrom(0, 40), seed: fc.integer({ min: 0, max: 99 }), admission: fc.constantFrom('whole' as const, 'prompt' as const),
  arrivals: fc.constantFrom<ReplayOptions['arrivals']>({ kind: 'closed', concurrency: 2 }, { kind: 'closed', concurrency: 100 }, { kind: 'open', tasksPerHour: 7_200 }, { kind: 'recorded', scale: 0.5 }),
});

/** Ids of a task's own blocks begin at its number in millions; the shared ones are everybody's. A shrunken prompt goes on with new ones behind what is shared. */
function tasksFrom(drawn: readonly Drawn[]): Task[] {
  return drawn.map(({ steps, shared, children }, index) => {
    let base = (index + 1) * 1e6, tokens = shared * 64;
    const root: HandStep[] = steps.map(({ gapMs, grows, out, shrinks, tool }, at) => {
      if (shrinks && at > 0) { base += 1e4; tokens = shared * 64; }
      tokens += grows;
      const prompt = Math.max(1, tokens), begun = children.filter((child) => Math.min(child.at, steps.length - 1) === at).map((child) => `t${index}/c${children.indexOf(child)}`);
      tokens += out;
      const joins = at > 0 && children.some((child) => Math.min(child.at, steps.length - 1) === at - 1);
      return { prompt, blocks: blocksOf(shared, base, prompt), out, gapMs: at === 0 ? 0 : gapMs, tool, children: begun, ...(joins ? { gap: 'join' as const } : {}) };
    });
    const offspring = children.map(({ at, startMs, grows }, i) => {
      const parent = root[Math.min(at, steps.length - 1)]!, own = 5e5 + i * 1e3, full = Math.floor(parent.prompt / 64), prompt = full * 64 + grows;
      return traceOf(`t${index}/c${i}`, [{ prompt, blocks: [...parent.blocks!, ...runOf((index + 1) * 1e6 + own, Math.floor(prompt / 64) - full)], out: 5 }, { gapMs: 100, prompt: prompt + 70, blocks: [...parent.blocks!, ...runOf((index + 1) * 1e6 + own, Math.floor((prompt + 70) / 64) - full)], out: 1 }], { parent: `t${index}`, startMs });
    });
    return taskOf(traceOf(`t${index}`, root, { startMs: index * 700 }), ...offspring);
  });
}
const sumOf = (done: readonly Done[], what: 'preemptions' | 'again'): number => done.reduce((sum, one) => sum + one[what], 0);
const runOf = (first: number, count: number): BlockRun[] => (count > 0 ? [[first, count]] : []);
const blocksOf = (shared: number, base: number, prompt: number): BlockRun[] => { const full = Math.floor(prompt / 64); return [...runOf(0, Math.min(shared, full)), ...runOf(base, full - Math.min(shared, full))]; };

function replayed(name: keyof typeof policies, tasks: readonly Task[], given: Omit<ReplayOptions, 'policy'>): { readonly result: ReplayResult; readonly done: Done[] } {
  const done: Done[] = [];
  const result = new Replay(tasks, {
    ...given, policy: (future) => policies[name].make({}, future),
    onStep: ({ trace, seq, promptTokens }, { worker, end: { usage, queuedMs, recallMs, prefillMs, decodeMs, preemptions }, waitedMs }, endedMs) => {
      for (const ms of [waitedMs, queuedMs, recallMs, prefillMs, decodeMs]) expect(ms).toBeGreaterThanOrEqual(-1e-6);
      const { hit, recalled, migrated, computed, avoidable, again } = usage, servedMs = recallMs + prefillMs + decodeMs;
      done.push({ trace, seq, worker, askedMs: endedMs - waitedMs - queuedMs - servedMs, startedMs: endedMs - servedMs, endedMs, prompt: promptTokens, hit, recalled, migrated, computed, avoidable, again, preemptions });
    },
  }).run();
  return { result, done };
}

for (const name of Object.keys(policies) as (keyof typeof policies)[]) {
  test(`${name}: every step ends, its tokens and its time add up, and the same seed gives the same bytes`, () => {
    fc.assert(fc.property(world, ({ tasks: drawn, workers, hbm, dram, nvme, seed, arrivals, admission }) => {
      const tasks = tasksFrom(drawn), fleet = roundFleet({ workers, capacity: { hbm, dram, nvme: dram === 0 ? 0 : nvme }, device: { ...freeContext, admission } });
      const { result, done } = replayed(name, tasks, { fleet, arrivals, seed });
      const steps = tasks.reduce((sum, task) => sum + task.steps, 0);
      expect([result.finished, result.steps, done.length, result.skipped]).toEqual([tasks.length, steps, steps, {}]);
      for (const { prompt, hit, recalled, migrated, computed, avoidable, again, preemptions } of done) {
        // What it had computed itself it computes again only when it gave way.
        expect(hit + recalled + migrated + computed - again).toBe(prompt);
        if (preemptions === 0) expect([hit % 64, recalled % 64, migrated % 64, again]).toEqual([0, 0, 0, 0]);
        expect(again).toBeLessThanOrEqual(avoidable);
        expect(computed).toBeGreaterThan(0);
        expect(avoidable).toBeLessThanOrEqual(computed);
      }
      expect([result.preempted, result.tokens.again]).toEqual([sumOf(done, 'preemptions'), sumOf(done, 'again')]);
      expect(result.busyShare).toBeLessThanOrEqual(1 + 1e-9);
      // A step is asked for when its gap has passed since the one before ended, or the last child where it joins.
      const byStep = new Map(done.map((entry) => [`${entry.trace}/${entry.seq}`, entry]));
      for (const task of tasks) {
        for (const trace of task.members.values()) {
          for (const { seq, gap, gap_ms } of trace.steps.slice(1)) {
            const before = byStep.get(`${trace.trace}/${seq - 1}`)!, endsMs = gap === 'join' ? trace.steps.flatMap(({ children }) => children).flatMap((child) => { const last = byStep.get(`${child}/2`)!; return last.askedMs < byStep.get(`${trace.trace}/${seq}`)!.askedMs ? [last.endedMs] : []; }) : [];
            expect(byStep.get(`${trace.trace}/${seq}`)!.askedMs).toBeCloseTo(Math.max(before.endedMs, ...endsMs) + gap_ms, 5);
          }
        }
      }
      expect(JSON.stringify(replayed(name, tasks, { fleet, arrivals, seed }).result)).toBe(JSON.stringify(result));
    }), { numRuns: 12 });
  });

  test(`${name}: what a worker has computed it does not compute again while nothing has to go`, () => {
    fc.assert(fc.property(world, ({ tasks: drawn, workers, seed, arrivals, admission }) => {
      const tasks = tasksFrom(drawn), fleet = roundFleet({ workers, capacity: { hbm: 1e5, dram: 1e5, nvme: 0 }, device: { ...freeContext, admission, runsMax: 1e3, dram: { bytesPerS: 1e12, latencyMs: 0 } } });
      const { done, result } = replayed(name, tasks, { fleet, arrivals, seed });
      expect(result.preempted).toBe(0);
      const prompts = new Map(tasks.flatMap(({ members }) => [...members.values()].flatMap(({ trace, steps }) => steps.map(({ seq, blocks }) => [`${trace}/${seq}`, blocks.flatMap(([first, count]) => Array.from({ length: count }, (_, i) => first + i))] as const))));
      const known = new Map<string, Map<number, number>>();
      for (const { trace, seq, worker, endedMs } of done) {
        const blocks = known.get(worker) ?? new Map<number, number>();
        known.set(worker, blocks);
        for (const block of prompts.get(`${trace}/${seq}`)!) if (!blocks.has(block)) blocks.set(block, endedMs);
      }
      for (const { trace, seq, worker, startedMs, prompt, hit, recalled } of done) {
        const reusable = prompts.get(`${trace}/${seq}`)!.slice(0, Math.floor((prompt - 1) / 64)), first = reusable.findIndex((block) => !(known.get(worker)!.get(block)! <= startedMs + 1e-6));
        expect(hit + recalled).toBeGreaterThanOrEqual(64 * (first < 0 ? reusable.length : first));
      }
    }), { numRuns: 8 });
  });
}
