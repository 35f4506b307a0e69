import { blockTokens } from '../../../actors/lib/chain.ts';
import type { Fleet } from '../../../infra/replay/fleet.ts';
import { generator, shuffled } from '../../../infra/replay/random.ts';
import type { Arrivals } from '../../../infra/replay/replay.ts';
import type { Task } from '../../../infra/replay/tasks.ts';
import { type Alone, aloneTimes } from './alone.ts';
import { type Half, type Pool, repeated, sliceOf } from './pool.ts';
import { type Regime, swapMs } from './regimes.ts';

/**
 * People's gaps are left out: how long somebody thought is neither the fleet's doing nor, for an agent in the background, there at all, and in the
 * recordings it is two thirds of all waiting. Their steps come at once.
 */
export const humanGapScale = 0;

/** A replay begins with tasks that are all new: while they come, contexts are so much of what they are in the long run (measured: 0.78 to 0.88 from `knee` to `past-5x`). */
const youth = 0.82;

/** What a regime is on one fleet with one seed. */
export interface Load {
  readonly tasks: readonly Task[];
  readonly arrivals: Arrivals;
  /** As in `closed-64`: how the tasks come, and how many are there at once, or would be if none waited. */
  readonly id: string;
  readonly concurrency: number;
  /** Of each of the tasks. */
  readonly alone: readonly Alone[];
}

/** Null: the recordings have no such task. `shrink`: 1 or less, of the number of tasks beyond those that are there at once. */
export function loadOf(regime: Regime, pool: Pool, half: Half, fleet: Fleet, seed: number, shrink = 1): Load | null {
  const some = sliceOf(pool, half, regime.slice);
  if (some.length === 0) return null;
  const times = aloneTimes(some, fleet, humanGapScale);
  const hbmTokens = fleet.workers * fleet.capacity.hbm * blockTokens;
  const concurrency = Math.max(1, Math.round((regime.pressure * hbmTokens) / Math.max(1, youth * meanLive(times))));
  const count = Math.max(Math.ceil(regime.tasksLeast * shrink), Math.ceil(concurrency * (1 + (regime.rounds - 1) * shrink)));
  const everyMs = (1000 * meanOf(times, ({ jctS }) => jctS)) / concurrency;
  const with_ = (tasks: readonly Task[], arrivals: Arrivals, kind: string): Load => ({ tasks, arrivals, id: `${kind}-${concurrency}`, concurrency, alone: aloneTimes(tasks, fleet, humanGapScale) });
  if (regime.arrivals === 'closed') return with_(repeated(some, count), { kind: 'closed', concurrency }, 'closed');
  if (pool.arrivalGapsMs.length === 0) return null;
  const gaps = gapsFrom(pool.arrivalGapsMs, seed, count);
  const scale = (everyMs * count) / gaps.reduce((sum, ms) => sum + ms, 0);
  const recorded = { kind: 'recorded', scale: 1 } as const;
  if (regime.arrivals === 'open') return with_(inTime(shuffledBy(seed, repeated(some, count)), gaps.map((ms) => ms * scale)), recorded, 'open');
  // One that is of both kinds counts as the first: no task comes twice under one name.
  const short = sliceOf(pool, half, 'short').filter((task) => !some.includes(task));
  if (short.length === 0) return null;
  return with_(inTime(swapping(shuffledBy(seed, repeated(some, count)), shuffledBy(seed, repeated(short, count)), gaps.map((ms) => ms * scale)), gaps.map((ms) => ms * scale)), recorded, 'swapping');
}

const meanOf = (times: readonly Alone[], of: (one: Alone) => number): number => times.reduce((sum, one) => sum + of(one), 0) / times.length;
/** Over all of their time: a task that lives longer counts for more. */
const meanLive = (times: readonly Alone[]): number => meanOf(times, ({ jctS, liveTokens }) => jctS * liveTokens) / Math.max(1e-9, meanOf(times, ({ jctS }) => jctS));

/** So many recorded gaps in a row, from another place on for each seed, around the end to the beginning. */
function gapsFrom(gapsMs: readonly number[], seed: number, count: number): number[] {
  const from = Math.floor(generator(seed)() * gapsMs.length);
  return Array.from({ length: count }, (_, i) => gapsMs[(from + i) % gapsMs.length]!);
}

const shuffledBy = (seed: number, tasks: readonly Task[]): Task[] => shuffled(tasks, generator(seed + 1_000));

function inTime(tasks: readonly Task[], gapsMs: readonly number[]): Task[] {
  let atMs = 0;
  return tasks.map((task, i) => {
    const root = { ...task.root, start_ms: atMs };
    atMs += gapsMs[i]!;
    return { ...task, root, members: new Map(task.members).set(root.trace, root) };
  });
}

/** Whichever kind's turn it is when a task comes. */
function swapping(some: readonly Task[], others: readonly Task[], gapsMs: readonly number[]): Task[] {
  let atMs = 0;
  return gapsMs.map((gapMs, i) => {
    const task = (Math.floor(atMs / swapMs) % 2 === 0 ? some : others)[i]!;
    atMs += gapMs;
    return task;
  });
}
