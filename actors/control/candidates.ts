import type { Claim } from '../../schemas/messages.ts';
import { type Candidate, heldBy, scoreOf } from './placement.ts';
import type { ControlState, Held, WaitingStep } from './types.ts';

/**
 * The workers as candidates for a waiting step, in their order. Past the knee a hundred steps are looked at whenever one worker has changed: a score is made
 * anew only where something changed that goes into it, which are the worker's view, what it holds of the prompt, and the claim on it.
 */
export function candidatesFor(state: ControlState, { ask, held, scored }: WaitingStep): readonly Candidate[] {
  const before = scored.candidates, isHeldSame = held === scored.held;
  let now = before, at = 0;
  for (const view of state.workers.values()) {
    const claim = claimOn(state, view.name), known = before[at];
    if (known === undefined || known.view !== view || scored.claims[at] !== claim || !(isHeldSame || isSame(known.held, heldBy(view.name, held)))) {
      // Whoever was given them before may have them still.
      if (now === before) now = [...before];
      now[at] = scoreOf(ask, view, held, claim);
      scored.claims[at] = claim;
    }
    at++;
  }
  if (at < now.length) now = now.slice(0, at);
  scored.held = held;
  scored.candidates = now;
  return now;
}

/** The oldest claim on a worker, of any conductor. */
export function claimOn(state: ControlState, worker: string): Claim | null {
  let oldest: Claim | null = state.claim?.worker === worker ? state.claim : null;
  if (state.foreign.size === 0) return oldest;
  for (const { claim } of state.foreign.values()) {
    if (claim.worker === worker && (oldest === null || claim.sinceMs < oldest.sinceMs || (claim.sinceMs === oldest.sinceMs && claim.step < oldest.step))) oldest = claim;
  }
  return oldest;
}

const isSame = (a: Held, b: Held): boolean => a === b || (a.hbmTokens === b.hbmTokens && a.dramTokens === b.dramTokens && a.isAdapterResident === b.isAdapterResident);
