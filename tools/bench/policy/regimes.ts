/** Which tasks of the recordings. `mixed`: those that are not `short`. */
export type Slice = 'mixed' | 'short' | 'long' | 'fan-out';

/**
 * A kind of load. `pressure`: how many times over the live contexts of its tasks, left to themselves, would fill the fleet's hbm; how many tasks are
 * there at once follows from it, so that the name holds on any fleet and with any recording.
 */
export interface Regime {
  readonly id: string;
  readonly what: string;
  readonly slice: Slice;
  readonly pressure: number;
  /** `closed`: the next task comes when one is over. `open`: they come as recorded arrivals do, at the rate at which so many would live if none waited. `swapping`: so too, but ten minutes of `slice`, then ten of `short` ones, and so on. */
  readonly arrivals: 'closed' | 'open' | 'swapping';
  /** Tasks in all, for each that is there at once; and at least so many. */
  readonly rounds: number;
  readonly tasksLeast: number;
  /** The first worker is lost when this share of the tasks has come. */
  readonly loseWorkerAt?: number;
}

export const swapMs = 600_000;

/** In the order of the tables. The first five are one slice under more and more load: what is drawn against load is taken from them. */
export const regimes: readonly Regime[] = [
  { id: 'low', what: 'low pressure: a quarter of hbm would hold all', slice: 'mixed', pressure: 0.25, arrivals: 'closed', rounds: 2, tasksLeast: 30 },
  { id: 'knee', what: 'at the knee: hbm would just hold all', slice: 'mixed', pressure: 1, arrivals: 'closed', rounds: 2, tasksLeast: 30 },
  { id: 'past-2x', what: 'past the knee: twice what hbm holds', slice: 'mixed', pressure: 2, arrivals: 'closed', rounds: 1.6, tasksLeast: 30 },
  { id: 'past-5x', what: 'past the knee: five times what hbm holds', slice: 'mixed', pressure: 5, arrivals: 'closed', rounds: 1.4, tasksLeast: 30 },
  { id: 'past-10x', what: 'past the knee: ten times what hbm holds', slice: 'mixed', pressure: 10, arrivals: 'closed', rounds: 1.2, tasksLeast: 30 },
  { id: 'short-gaps', what: 'short gaps: nine of ten under two seconds', slice: 'short', pressure: 0.6, arrivals: 'closed', rounds: 1.2, tasksLeast: 20 },
  { id: 'long-gaps', what: 'long-tail gaps: only tasks with a gap of over a minute', slice: 'long', pressure: 3, arrivals: 'closed', rounds: 1.5, tasksLeast: 30 },
  { id: 'fan-out', what: 'fan-out: only tasks with subagents', slice: 'fan-out', pressure: 1.5, arrivals: 'closed', rounds: 1.2, tasksLeast: 10 },
  { id: 'open', what: 'tasks come as requests to a public service did, bursts and all', slice: 'mixed', pressure: 2, arrivals: 'open', rounds: 1.7, tasksLeast: 60 },
  { id: 'drifting', what: 'ten minutes of tasks with long gaps, ten of such with short ones, and again', slice: 'long', pressure: 2, arrivals: 'swapping', rounds: 1.6, tasksLeast: 60 },
  { id: 'worker-lost', what: 'past the knee, and one worker is lost half-way with all it holds', slice: 'mixed', pressure: 2, arrivals: 'closed', rounds: 1.6, tasksLeast: 30, loseWorkerAt: 0.5 },
];
