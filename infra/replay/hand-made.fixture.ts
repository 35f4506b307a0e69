import type { BlockRun, GapKind, ReplayStep, ReplayTrace } from '../../schemas/replay-trace.ts';
import type { Policy } from '../../actors/control/policy.ts';
import type { Task } from './tasks.ts';

/** What a test says of a step; the rest is as in a step of nothing special. */
export interface HandStep { readonly gap?: GapKind; readonly gapMs?: number; readonly prompt: number; readonly blocks?: readonly BlockRun[]; readonly out?: number; readonly children?: readonly string[]; readonly tool?: string }

export function traceOf(trace: string, steps: readonly HandStep[], { parent = null, startMs = 0 }: { readonly parent?: string | null; readonly startMs?: number } = {}): ReplayTrace {
  return {
    v: 1, trace, parent, start_ms: startMs, model: 'm',
    steps: steps.map(({ gap, gapMs = 0, prompt, blocks = [], out = 1, children = [], tool = null }, at): ReplayStep =>
      ({ seq: at + 1, gap_ms: gapMs, gap: gap ?? (at === 0 ? 'start' : 'tool'), prompt_tokens: prompt, blocks, out_tokens: out, tool, children })),
  };
}

export function taskOf(root: ReplayTrace, ...children: readonly ReplayTrace[]): Task {
  const all = [root, ...children];
  return { root, members: new Map(all.map((trace) => [trace.trace, trace])), steps: all.reduce((sum, { steps }) => sum + steps.length, 0), contextTokens: 0 };
}

/** The first worker that there is, in order of arrival, and nothing is moved: a test says what else. */
export const plain = (given: Partial<Policy> = {}): Policy => ({
  name: 'plain', spills: false, order: ({ acceptedAtMs }) => acceptedAtMs, place: (_ask, [first]) => first ?? null,
  retain: () => ({ keepValue: 0, demoteAfterMs: null, recallAfterMs: null, why: 'plain' }), pin: () => ({ tier: 'hbm', why: 'plain' }), ...given,
});
