/** What holds in every replay, whatever the policy: nothing is lost, nothing is counted twice, and time adds up. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { policies } from '../../actors/control/policies/all.ts';
import type { BlockRun } from '../../schemas/replay-trace.ts';
import { adapterOf } from './adapters.ts';
import { drawnTask, tasksFrom } from './drawn-tasks.fixture.ts';
import type { ReplayResult } from './measures.ts';
import { Replay, type ReplayOptions } from './replay.ts';
import { freeContext, roundFleet } from './round-numbers.fixture.ts';
import type { Task } from './tasks.ts';

interface Done { readonly trace: string; readonly seq: number; readonly worker: string; readonly askedMs: number; readonly startedMs: number; readonly endedMs: number; readonly prompt: number; readonly hit: number; readonly recalled: number; readonly migrated: number; readonly computed: number; readonly avoidable: number; readonly again: number; readonly preemptions: number }
const world = fc.record({
  tasks: fc.array(drawnTask, { minLength: 1, maxLength: 8 }), workers: fc.integer({ min: 1, max: 3 }), hbm: fc.integer({ min: 8, max: 40 }), dram: fc.constantFrom(0, 10, 60), nvme: fc.constantFrom(0, 40), seed: fc.integer({ min: 0, max: 99 }), admission: fc.constantFrom('whole' as const, 'prompt' as const), adapters: fc.constantFrom(null, { count: 3, bytes: 600, zipf: 1 }, { count: 100, bytes: 200, zipf: 0 }),
  arrivals: fc.constantFrom<ReplayOptions['arrivals']>({ kind: 'closed', concurrency: 2 }, { kind: 'closed', concurrency: 100 }, { kind: 'open', tasksPerHour: 7_200 }, { kind: 'recorded', scale: 0.5 }),
});

const sumOf = (done: readonly Done[], what: 'preemptions' | 'again'): number => done.reduce((sum, one) => sum + one[what], 0);

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
    fc.assert(fc.property(world, ({ tasks: drawn, workers, hbm, dram, nvme, seed, arrivals, admission, adapters }) => {
      const tasks = tasksFrom(drawn), fleet = roundFleet({ workers, adapters, capacity: { hbm, dram, nvme: dram === 0 ? 0 : nvme }, device: { ...freeContext, admission } });
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
      // Those that are there at the end were brought and did not go.
      const { loaded, evicted } = result.adapters;
      expect(loaded > 0).toBe(adapters !== null);
      expect(loaded - evicted).toBeLessThanOrEqual(workers * (adapters?.count ?? 0));
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
    fc.assert(fc.property(world, ({ tasks: drawn, workers, seed, arrivals, admission, adapters }) => {
      const tasks = tasksFrom(drawn), fleet = roundFleet({ workers, adapters, capacity: { hbm: 1e5, dram: 1e5, nvme: 0 }, device: { ...freeContext, admission, runsMax: 1e3, dram: { bytesPerS: 1e12, latencyMs: 0 } } });
      const { done, result } = replayed(name, tasks, { fleet, arrivals, seed });
      expect([result.preempted, result.adapters.evicted]).toEqual([0, 0]);
      // KV that was computed with one adapter is none of another's.
      const namesOf = ({ trace }: { readonly trace: string }, blocks: readonly BlockRun[]): string[] => blocks.flatMap(([first, count]) => Array.from({ length: count }, (_, i) => `${adapters === null ? '' : adapterOf(trace, adapters)}:${first + i}`));
      const prompts = new Map(tasks.flatMap(({ root, members }) => [...members.values()].flatMap(({ trace, steps }) => steps.map(({ seq, blocks }) => [`${trace}/${seq}`, namesOf(root, blocks)] as const))));
      const known = new Map<string, Map<string, number>>();
      for (const { trace, seq, worker, endedMs } of done) {
        const blocks = known.get(worker) ?? new Map<string, number>();
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
