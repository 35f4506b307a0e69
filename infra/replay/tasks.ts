import type { ReplayTrace } from '../../schemas/replay-trace.ts';
import { familiesOf } from '../traces/timeline.ts';

/** A trace without a parent and all that descend from it: what a user waits for. */
export interface Task {
  readonly root: ReplayTrace;
  readonly members: ReadonlyMap<string, ReplayTrace>;
  readonly steps: number;
  /** Of the longest step, prompt and answer. */
  readonly contextTokens: number;
}

/** Those whose every step a model of that context length would take, and how many it would not. */
export async function tasksOf(traces: AsyncIterable<ReplayTrace>, contextLength: number): Promise<{ readonly tasks: Task[]; readonly tooLong: number }> {
  const tasks: Task[] = [];
  let tooLong = 0;
  for await (const family of familiesOf(traces)) {
    let steps = 0, contextTokens = 0;
    for (const trace of family) {
      steps += trace.steps.length;
      for (const { prompt_tokens, out_tokens } of trace.steps) contextTokens = Math.max(contextTokens, prompt_tokens + out_tokens);
    }
    if (contextTokens > contextLength) tooLong++;
    else if (steps > 0) tasks.push({ root: family[0]!, members: new Map(family.map((trace) => [trace.trace, trace])), steps, contextTokens });
  }
  return { tasks, tooLong };
}
