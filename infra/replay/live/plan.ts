import { blockTokens } from '../../../actors/lib/chain.ts';
import { InputError } from '../input-error.ts';
import { scaled } from './script.ts';
import { generator, shuffled } from '../random.ts';
import type { Task } from '../tasks.ts';

export interface LivePlan {
  /** In the order in which they come: the simulator's for the same seed, and only the first of them. */
  readonly tasks: readonly Task[];
  /** Tasks that a given scale leaves too long for the model. */
  readonly tooLong: number;
  readonly scale: number;
  /** Where the draw of the order has left off. */
  readonly draw: () => number;
  /** Of the longest task, its steps' gaps one after the other, as they will be waited for. */
  readonly gapMsMax: number;
  /** The longest single gap. */
  readonly pauseMsMax: number;
}

export interface LivePlanInput { /** Of a step, prompt and answer, and whose limit that is. */ readonly roomTokens: number; readonly roomOf: string; /** Null: the largest that lets every chosen task fit, 1 at most. */ readonly scale: number | null; readonly timeScale: number; readonly tasks: number | null; readonly seed: number; /** They come when they came in the recording: in its order. */ readonly isAsRecorded: boolean }

/** Throws InputError when no task is left. */
export function planLive(all: readonly Task[], input: LivePlanInput): LivePlan {
  const draw = generator(input.seed), order = input.isAsRecorded ? all : shuffled(all, draw);
  const fits = ({ root, members }: Task, scale: number): boolean => [root, ...members.values()].every(({ steps }) => steps.every((step) => scaled(step.prompt_tokens, scale) + scaled(step.out_tokens, scale) <= input.roomTokens));
  const fitting = input.scale === null ? order : order.filter((task) => fits(task, input.scale!));
  const tasks = fitting.slice(0, input.tasks ?? fitting.length);
  if (tasks.length === 0) throw new InputError(all.length === 0 ? 'no task is left to replay' : `none of ${all.length} tasks fits into the ${input.roomTokens} tokens of ${input.roomOf} at --scale-tokens ${input.scale}; the shortest needs ${Math.min(...all.map(({ contextTokens }) => contextTokens))} unscaled`);
  const longest = tasks.reduce((most, { contextTokens }) => Math.max(most, contextTokens), 1);
  // Counts are rounded down, but to no less than 1.
  const scale = input.scale ?? Math.min(1, (input.roomTokens - 2) / longest);
  if (scale <= 0) throw new InputError(`${input.roomOf} has room for ${input.roomTokens} tokens: too few for any step`);
  const stepsOf = ({ members }: Task) => [...members.values()].flatMap((trace) => trace.steps);
  return {
    tasks, tooLong: order.length - fitting.length, scale, draw,
    gapMsMax: input.timeScale * tasks.reduce((most, { root }) => Math.max(most, root.steps.reduce((sum, step) => sum + step.gap_ms, 0)), 0),
    pauseMsMax: input.timeScale * tasks.reduce((most, task) => stepsOf(task).reduce((longer, step) => Math.max(longer, step.gap_ms), most), 0),
  };
}

/** Of the tasks that are there at once, at their largest: each trace's longest prompt with its answer. */
export function workingSetBlocks({ tasks, scale }: Pick<LivePlan, 'tasks' | 'scale'>, atOnce: number): number {
  const blocks = tasks.map(({ members }) => [...members.values()].reduce((sum, { steps }) => sum + Math.ceil(steps.reduce((most, step) => Math.max(most, scaled(step.prompt_tokens, scale) + scaled(step.out_tokens, scale)), 0) / blockTokens), 0));
  return blocks.sort((a, b) => b - a).slice(0, atOnce).reduce((sum, more) => sum + more, 0);
}
