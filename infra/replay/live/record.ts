import { blockTokens } from '../../../actors/lib/chain.ts';
import type { BlockRun, ReplayStep, ReplayTrace } from '../../../schemas/replay-trace.ts';
import type { Chains } from './chains.ts';
import type { LiveTrace } from './trace.ts';

/** What was really run, in the normal form: to be replayed by others, or simulated. `skipped`: what it does not hold, by reason. */
export interface Recorded { readonly traces: readonly ReplayTrace[]; readonly skipped: Readonly<Record<string, number>> }

/**
 * Lengths are those the fleet counted, blocks those of the tokens it was sent, gaps and times those the harness measured, in
 * milliseconds; a generation takes from its submission to its answer. Names and tools are the recording's.
 */
export function recordOf(traces: readonly LiveTrace[], chains: Chains, model: string): Recorded {
  const skipped: Record<string, number> = {};
  const skip = (why: string): void => { skipped[why] = (skipped[why] ?? 0) + 1; };
  const ids = new Map<string, number>();
  const told = new Set(traces.filter(({ steps }) => steps.length > 0).map(({ recorded }) => recorded.trace));
  const made: ReplayTrace[] = [];
  for (const trace of traces) {
    if (trace.problem !== null) skip('a step without an answer');
    if (trace.steps.length === 0) { skip('a trace without an answered step'); continue; }
    let hasChildren = false;
    const steps = trace.steps.map((step, at): ReplayStep => {
      const recorded = trace.recorded.steps[step.seq - 1]!, { prompt, generated } = step.result.usage;
      const names = chains.get(step.step)?.slice(0, Math.floor(prompt / blockTokens)) ?? null;
      if (names === null) skip('the blocks of a step: the log does not have them');
      const children = recorded.children.filter((child) => told.has(child));
      const gap = recorded.gap === 'join' && !hasChildren ? 'tool' : recorded.gap;
      hasChildren ||= children.length > 0;
      return {
        seq: step.seq, gap, gap_ms: at === 0 ? 0 : rounded(Math.max(0, step.submittedMs - step.fromMs)), prompt_tokens: prompt, blocks: runsOf(names ?? [], ids), out_tokens: generated, tool: recorded.tool, children,
        took_ms: rounded(step.endedMs - step.submittedMs),
      };
    });
    made.push({ v: 1, trace: trace.recorded.trace, parent: trace.parent?.recorded.trace ?? null, start_ms: rounded(startMs(trace)), model, steps });
  }
  return { traces: made, skipped };
}

/** A child's: from the end of the generation that started it. */
function startMs(trace: LiveTrace): number {
  const atMs = trace.steps[0]!.submittedMs;
  const by = trace.parent?.steps.find(({ seq }) => trace.parent!.recorded.steps[seq - 1]!.children.includes(trace.recorded.trace));
  return Math.max(0, atMs - (by?.endedMs ?? 0));
}

/** Blocks are numbered as they come: a new name stands behind its own prefix, so what is new is one run. */
function runsOf(names: readonly string[], ids: Map<string, number>): BlockRun[] {
  const runs: [number, number][] = [];
  for (const name of names) {
    let id = ids.get(name);
    if (id === undefined) ids.set(name, id = ids.size);
    const run = runs.at(-1);
    if (run !== undefined && run[0] + run[1] === id) run[1]++;
    else runs.push([id, 1]);
  }
  return runs;
}

const rounded = (ms: number): number => Math.round(ms * 1_000) / 1_000;
