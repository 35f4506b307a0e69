import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../infra/config.ts';
import { type Task, tasksOf } from '../../../infra/replay/tasks.ts';
import { readTraces } from '../../../infra/traces/read.ts';
import type { ReplayStep, ReplayTrace } from '../../../schemas/replay-trace.ts';
import type { Slice } from './regimes.ts';

export type Half = 'tuning' | 'report';

/** Every task that the bench may use, and the arrivals of a public service. */
export interface Pool {
  readonly tasks: readonly Task[];
  /** Between one arrival and the next; empty: not there. */
  readonly arrivalGapsMs: readonly number[];
  /** What was left out, by reason. */
  readonly leftOut: ReadonlyMap<string, number>;
}

const recordings = join(packageRoot(), '..', 'shared', 'traces');
export const usualFiles = { weka: join(recordings, 'weka_cc_v8', 'weka_cc_dev.hashruns.jsonl.gz'), miniSwe: join(recordings, 'miniswe_deepseek', 'steps_dev.jsonl.gz') };
const arrivalsFile = join(recordings, 'azure_llm_2023', 'AzureLLMInferenceTrace_code.csv.gz');

/** The recordings that the bench uses unless told others; empty where they are not. */
export const filesThere = (): readonly string[] => Object.values(usualFiles).filter((file) => existsSync(file));

/** A gap longer than this is nobody's tool: a permission prompt that was left open over lunch, or a proxy that slept. */
const gapMaxMs = 3_600_000;

/** `contextMax`: tokens of the longest step that a task may have; `stepsMax`: steps of one without subagents and with longer gaps. */
export async function readPool(files: readonly string[], limits: { readonly contextMax: number; readonly stepsMax: number }): Promise<Pool> {
  const reading = readTraces(files);
  const { tasks: all, tooLong } = await tasksOf(reading, limits.contextMax);
  const leftOut = new Map([...reading.skipped].map(([why, count]) => [`record: ${why}`, count]));
  if (tooLong > 0) leftOut.set(`task with a step over ${limits.contextMax} tokens`, tooLong);
  const leave = (why: string): false => { leftOut.set(why, (leftOut.get(why) ?? 0) + 1); return false; };
  const tasks = all.filter((task) => {
    if (longestGapMs(task) > gapMaxMs) return leave('task with a tool gap over an hour');
    // Of tasks with subagents and of those with short gaps there are few, and short ones hardly any.
    return task.members.size === 1 && !isShort(task) && task.steps > limits.stepsMax ? leave(`task of more than ${limits.stepsMax} steps`) : true;
  });
  return { tasks, arrivalGapsMs: existsSync(arrivalsFile) ? await arrivalGaps(arrivalsFile) : [], leftOut };
}

async function arrivalGaps(file: string): Promise<number[]> {
  const gapsMs: number[] = [];
  let lastMs: number | null = null;
  for await (const { start_ms } of readTraces(file)) {
    if (lastMs !== null) gapsMs.push(start_ms - lastMs);
    lastMs = start_ms;
  }
  return gapsMs;
}

/** By the name alone, so that a task never changes sides: tunables are found on one half, figures come from the other. */
export const halfOf = (task: Task): Half => ((hashOf(task.root.trace) & 1) === 0 ? 'tuning' : 'report');

/** Those of a half and a slice, always in the same order, which is no order of anything else. */
export const sliceOf = (pool: Pool, half: Half, slice: Slice): readonly Task[] =>
  pool.tasks.filter((task) => halfOf(task) === half && isOf[slice](task)).toSorted((a, b) => hashOf(`order/${a.root.trace}`) - hashOf(`order/${b.root.trace}`) || (a.root.trace < b.root.trace ? -1 : 1));

const isShort = (task: Task): boolean => toolGaps(task).filter((ms) => ms <= 2_000).length >= 0.9 * toolGaps(task).length;
const isOf: Readonly<Record<Slice, (task: Task) => boolean>> = {
  short: isShort,
  mixed: (task) => !isShort(task),
  long: (task) => toolGaps(task).some((ms) => ms > 60_000),
  'fan-out': ({ members }) => members.size > 1,
};

const stepsOf = ({ members }: Task): ReplayStep[] => [...members.values()].flatMap(({ steps }) => steps);
const toolGaps = (task: Task): number[] => stepsOf(task).filter(({ gap }) => gap === 'tool').map(({ gap_ms }) => gap_ms);
const longestGapMs = (task: Task): number => Math.max(0, ...toolGaps(task), ...[...task.members.values()].filter(({ parent }) => parent !== null).map(({ start_ms }) => start_ms));

/** FNV-1a of 32 bits, its low bits mixed in from the high ones. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/**
 * `count` tasks of those there are: all of them before any comes again. One that comes again is another task that is alike: what it shares with other
 * tasks (a system prompt) it shares still, everything else is its own.
 */
export function repeated(tasks: readonly Task[], count: number): Task[] {
  const shared = sharedIds(tasks);
  let span = 0;
  for (const task of tasks) for (const { blocks } of stepsOf(task)) for (const [first, length] of blocks) span = Math.max(span, first + length);
  return Array.from({ length: count }, (_, i) => {
    const task = tasks[i % tasks.length]!, copy = Math.floor(i / tasks.length);
    return copy === 0 ? task : again(task, copy, span, shared);
  });
}

/** Blocks that more than one task has. */
function sharedIds(tasks: readonly Task[]): ReadonlySet<number> {
  const owner = new Map<number, number>(), shared = new Set<number>();
  for (const [i, task] of tasks.entries()) {
    for (const { blocks } of stepsOf(task)) {
      for (const [first, length] of blocks) {
        for (let id = first; id < first + length; id++) {
          const before = owner.get(id);
          if (before === undefined) owner.set(id, i); else if (before !== i) shared.add(id);
        }
      }
    }
  }
  return shared;
}

function again(task: Task, copy: number, span: number, shared: ReadonlySet<number>): Task {
  const name = (id: string): string => `${id}~${copy}`;
  // What is shared is a prefix: from the first block on that is not, all are the task's own.
  const moved = ({ blocks }: ReplayStep): (readonly [number, number])[] => {
    const out: (readonly [number, number])[] = [];
    let isShared = true;
    for (const [first, length] of blocks) {
      let common = 0;
      while (isShared && common < length && shared.has(first + common)) common++;
      if (common > 0) out.push([first, common]);
      if (common < length) { isShared = false; out.push([first + common + copy * span, length - common]); }
    }
    return out;
  };
  const members = new Map([...task.members.values()].map((trace): [string, ReplayTrace] => [name(trace.trace), {
    ...trace, trace: name(trace.trace), parent: trace.parent === null ? null : name(trace.parent), steps: trace.steps.map((step) => ({ ...step, blocks: moved(step), children: step.children.map(name) })),
  }]));
  return { ...task, root: members.get(name(task.root.trace))!, members };
}
