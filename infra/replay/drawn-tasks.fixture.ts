import fc from 'fast-check';
import type { BlockRun } from '../../schemas/replay-trace.ts';
import { type HandStep, taskOf, traceOf } from './hand-made.fixture.ts';
import type { Task } from './tasks.ts';

/** What a property test says of a task: its steps, how many blocks it shares with everybody, and its children. */
export interface Drawn { readonly steps: readonly { readonly gapMs: number; readonly grows: number; readonly out: number; readonly shrinks: boolean; readonly tool: string }[]; readonly shared: number; readonly children: readonly { readonly at: number; readonly startMs: number; readonly grows: number }[] }

const step = fc.record({ gapMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: 10_000, max: 200_000 })), grows: fc.integer({ min: 0, max: 500 }), out: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 100, max: 300 })), shrinks: fc.boolean(), tool: fc.constantFrom('Bash', 'Edit') });
export const drawnTask: fc.Arbitrary<Drawn> = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 6 }), shared: fc.integer({ min: 0, max: 4 }),
  children: fc.array(fc.record({ at: fc.integer({ min: 0, max: 5 }), startMs: fc.integer({ min: 0, max: 2_000 }), grows: fc.integer({ min: 1, max: 300 }) }), { maxLength: 3 }),
});

/** Ids of a task's own blocks begin at its number in millions; the shared ones are everybody's. A shrunken prompt goes on with new ones behind what is shared. */
export function tasksFrom(drawn: readonly Drawn[]): Task[] {
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
const runOf = (first: number, count: number): BlockRun[] => (count > 0 ? [[first, count]] : []);
const blocksOf = (shared: number, base: number, prompt: number): BlockRun[] => { const full = Math.floor(prompt / 64); return [...runOf(0, Math.min(shared, full)), ...runOf(base, full - Math.min(shared, full))]; };
