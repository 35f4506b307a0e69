import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blocksOf } from '../../lib/chain.ts';
import { policies } from './all.ts';
import { SmallFleet } from './small-fleet.fixture.ts';

interface Trace { readonly name: string; readonly startMs: number; readonly tokens: number; readonly grows: number; readonly gapsMs: readonly number[] }
interface Step { readonly trace: Trace; readonly at: number; readonly acceptedAtMs: number }
interface Run extends Step { readonly endsAtMs: number; readonly blocks: number }

const tickMs = 500, runMs = 2_000, maxTokens = 100, hbmBlocks = 100;
/** The last of six steps of the longest takes all blocks of a worker, and no step more: such a one would wait for ever. */
const traceOf = fc.record({
  startMs: fc.integer({ min: 0, max: 20_000 }), tokens: fc.integer({ min: 100, max: 3_800 }), grows: fc.integer({ min: 0, max: 500 }),
  gapsMs: fc.array(fc.oneof(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 10_000, max: 100_000 })), { maxLength: 5 }),
});

for (const [name, { make }] of Object.entries(policies)) {
  test(`${name}: every trace ends, however many there are for two workers that run what fits, in the order in which they came`, () => {
    fc.assert(fc.property(fc.array(traceOf, { minLength: 1, maxLength: 12 }), (drawn) => {
      const traces = drawn.map((trace, index) => ({ ...trace, name: `t${index}` }));
      expect(endsOf(traces).length).toBe(traces.length);
    }), { numRuns: 15 });
  });

  function endsOf(traces: readonly Trace[]): string[] {
    const policy = make({}, { nextUseMs: () => Number.POSITIVE_INFINITY, remainingS: () => 1 });
    const fleet = new SmallFleet(policy);
    const queues = new Map<string, Step[]>([['w1', []], ['w2', []]]), runs = new Map<string, Run[]>([['w1', []], ['w2', []]]);
    const due: Step[] = traces.map((trace) => ({ trace, at: 0, acceptedAtMs: trace.startMs })), waiting = new Map<string, Step>(), ended: string[] = [];
    for (let nowMs = 0; nowMs < 3_600_000 && ended.length < traces.length; nowMs += tickMs) {
      fleet.at(nowMs);
      for (const [worker, running] of runs) {
        for (const run of running.splice(0)) {
          if (run.endsAtMs > nowMs) { running.push(run); continue; }
          const gapMs = run.trace.gapsMs[run.at];
          fleet.gap(run.trace.name, { worker, tokens: promptOf(run) + maxTokens, stepsDone: run.at + 1, step: `${run.trace.name}/${run.at}` });
          if (gapMs === undefined) { policy.ended?.(run.trace.name); ended.push(run.trace.name); }
          else due.push({ trace: run.trace, at: run.at + 1, acceptedAtMs: nowMs + gapMs });
        }
        const used = start(queues.get(worker) as Step[], running, nowMs);
        fleet.beat(worker, { running: running.length, waiting: (queues.get(worker) as Step[]).length, hbmBlocks, hbmGrantable: hbmBlocks - used, hbmUsed: used });
      }
      for (const step of due.splice(0)) {
        if (step.acceptedAtMs > nowMs) { due.push(step); continue; }
        const worker = fleet.step(step.trace.name, { promptTokens: promptOf(step), maxTokens, stepsDone: step.at, acceptedAtMs: nowMs, step: `${step.trace.name}/${step.at}` });
        if (worker === 'waits') waiting.set(step.trace.name, step); else queues.get(worker)?.push(step);
      }
      for (const [trace, worker] of fleet.tick().map((line) => line.split(' ') as [string, string])) {
        queues.get(worker)?.push(waiting.get(trace) as Step);
        waiting.delete(trace);
      }
    }
    return ended;
  }
}

const promptOf = ({ trace, at }: Step): number => trace.tokens + at * trace.grows;

/** What fits begins, from the front; answers the blocks that are in use. */
function start(queue: Step[], running: Run[], nowMs: number): number {
  let used = running.reduce((sum, { blocks }) => sum + blocks, 0);
  for (let next = queue[0]; next !== undefined; next = queue[0]) {
    const blocks = blocksOf(promptOf(next) + maxTokens);
    if (used + blocks > hbmBlocks) break;
    used += blocks;
    running.push({ ...next, blocks, endsAtMs: nowMs + runMs });
    queue.shift();
  }
  return used;
}
