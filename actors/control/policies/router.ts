import { blockTokens } from '../../lib/chain.ts';
import type { PlaceAsk } from '../../lib/asks.ts';
import { type Candidate, promisedTo, runsOf } from '../placement.ts';
import { able, activeBlocks, smallest } from './load.ts';

export interface RouterParams {
  /** Blocks of load that one block of prefill weighs. */
  readonly prefillScale: number;
  /** What of a block in dram is saved by a hit there, of what a hit in hbm saves. */
  readonly hostWeight: number;
  /** Share of the prompt's blocks that the worker of the trace's last step is credited. */
  readonly affinity: number;
  /** A worker with more than so many times the mean of the fleet's steps gets no further one. */
  readonly loadCap: number;
}

/**
 * For policies that say nothing about workers because their authors had one: of seven settings the one that served 150 recorded tasks fastest on four
 * modelled H200, 120 at once and least recently used evicted (690 s of fleet a task; 1,210 s with a prefill scale of 1 and an affinity of 0.05).
 */
export const usualRoute: RouterParams = { prefillScale: 32, hostWeight: 0.75, affinity: 0.5, loadCap: 2 };

/** The worker with the least to compute and to hold; it may have no room, and the step then waits in its queue. */
export function prefixRoute(ask: PlaceAsk, candidates: readonly Candidate[], params: RouterParams): Candidate | null {
  const open = able(ask, candidates);
  const meanRuns = open.reduce((sum, { view }) => sum + runsOf(view), 0) / Math.max(1, open.length);
  const promptBlocks = ask.promptTokens / blockTokens;
  return smallest(open.filter(({ view }) => runsOf(view) + 1 <= params.loadCap * (meanRuns + 1)), ({ worker, held, view }) => {
    const hitBlocks = (held.hbmTokens + params.hostWeight * held.dramTokens) / blockTokens;
    const backlogBlocks = (view.load.backlogTokens + promisedTo(view, null)) / blockTokens;
    const credit = worker === ask.previousWorker ? params.affinity * promptBlocks : 0;
    // What an adapter takes to come from the host is little beside any prefix: it decides between equals.
    const tie = held.isAdapterResident === true ? 1e-6 : 0;
    return params.prefillScale * (Math.max(0, promptBlocks - hitBlocks - credit) + backlogBlocks) + activeBlocks(view) - tie;
  });
}
