import type { PinAsk, PlaceAsk, RetainAsk } from '../lib/asks.ts';
import type { Tier } from '../../schemas/messages.ts';
import type { Migration } from './migration.ts';
import type { Candidate, Opening } from './placement.ts';
import type { WaitingStep, WorkerView } from './types.ts';

/**
 * What may differ between policies, and nothing else: everything around it (the picture of the fleet, what waits, what is promised,
 * claims, deadlines, the explanation of each decision) is the control actor's, for ours and for those that it is compared with.
 *
 * A policy may remember what it was asked (it is a part of the control actor's state, one instance for each conductor), but like an actor
 * it reads no clock, draws no random number and never awaits.
 */
export interface Policy {
  /** Stands in every decision. */
  readonly name: string;
  /** Blocks that have to go from a tier fall to the one below, as caches that offload do; false: they are forgotten, unless a demotion copied them before. */
  readonly spills: boolean;
  /** It lets steps wait although there is room for them, and bounds their wait itself: no room is claimed for those that are late. */
  readonly holdsBack?: true;
  /**
   * Those of the waiting steps that a tick looks at; without it all. Of the others `place` would answer null, as things are when
   * the tick begins, whatever is held of their prompts, and would remember nothing by it: past the knee that is nearly every one, on every tick. `openings`: of all workers.
   */
  worthALook?(waiting: readonly WaitingStep[], openings: readonly Opening[], nowMs: number): readonly WaitingStep[];
  /** Of two steps that wait, at a conductor or a worker, the smaller runs first. `remainingS`: expected accelerator seconds until its trace is done. */
  order(ask: PlaceAsk, remainingS: number, waitedMs: number): number;
  /**
   * Null: it waits here, and is decided again on every tick. `candidates` in no order, one for each worker; their `score` is infinite where the
   * step can never run. One that has no room may be chosen all the same: the step then waits in that worker's queue, or is refused by it.
   */
  place(ask: PlaceAsk, candidates: readonly Candidate[], waitedMs: number, nowMs: number): Candidate | null;
  /** Room that was kept for the step decided where it goes, and `place` was not asked. */
  claimed?(ask: PlaceAsk, worker: string): void;
  /**
   * Asked right after `place` chose `to`, of candidates that are linked: from whom the KV that it lacks comes, instead of being computed there. Null, or no
   * such method: from nobody. It is made only when it is sooner than computing, once the step's blocks are free; what does not arrive is computed. Only
   * fleets of the replay can do this, live ones not yet.
   */
  migrate?(ask: PlaceAsk, to: Candidate, candidates: readonly Candidate[]): Migration | null;
  /** A generation ended: what becomes of the trace's prefix in the gap. `view`: of the worker that has it; null: not seen. */
  retain(ask: RetainAsk, view: WorkerView | null, nowMs: number): Retention;
  /** Children share the trace's prefix: where to keep it until the last of them is done. */
  pin(ask: PinAsk, view: WorkerView | null): { readonly tier: Tier; readonly why: string };
  /** The trace is over: what was remembered of it may go. */
  ended?(trace: string): void;
}

export interface Retention {
  /** Of blocks that nobody uses the ones with the smallest go first; among equals the least recently used. 0 everywhere is plain LRU. */
  readonly keepValue: number;
  readonly demoteAfterMs: number | null;
  readonly recallAfterMs: number | null;
  /** Until then the blocks go only when nothing else is left: a pin with a time to live. Only fleets of the replay can do this and the next, live ones not yet. */
  readonly holdMs?: number;
  /** Forgotten everywhere on that worker after so long. */
  readonly dropAfterMs?: number;
  readonly why: string;
}
