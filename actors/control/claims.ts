import type { Claim } from '../../schemas/messages.ts';
import type { Instant } from '../lib/logic.ts';
import { candidatesFor } from './candidates.ts';
import { bestFirst, blocksNeeded } from './placement.ts';
import type { ControlLimits, ControlState, WaitingStep } from './types.ts';

/**
 * Bounds starvation. A large step never finds room on a worker that small ones keep busy, and a background step always
 * finds somebody before it: age alone changes the order in which steps are tried, not the room. So a step that waited
 * too long claims a worker: every conductor then leaves it the blocks and the place it needs, until it is there.
 *
 * A conductor holds one claim, for the oldest of its steps; on one worker the oldest claim counts. So at most one
 * worker per conductor drains for a step, and of two steps that want the same one, neither waits for the other.
 */
export function renewClaim(state: ControlState, now: Instant, limits: ControlLimits): void {
  const { claim } = state;
  const held = claim === null ? undefined : state.waiting.get(claim.step);
  if (claim !== null && held !== undefined && candidatesFor(state, held).some(({ worker, score }) => worker === claim.worker && Number.isFinite(score))) return;
  state.claim = null;
  const late = [...state.waiting.values()].filter(({ sinceMs }) => now - sinceMs >= limits.claimAfterMs).sort((a, b) => (isOlder(a, b) ? -1 : 1));
  for (const waiting of late) {
    // The one it would go to anyway, where its prefix is: a claim elsewhere would have it computed anew.
    const worker = claimable(state, waiting)[0];
    if (worker === undefined) continue;
    state.claim = { worker, step: waiting.ask.step, blocks: blocksNeeded(waiting.ask), sinceMs: waiting.sinceMs };
    return;
  }
}

/** The step that has this conductor's claim or would be the next to get it: where its prefix is now is worth knowing though there is no room for it. */
export function claimantOf(state: ControlState): WaitingStep | undefined {
  const held = state.claim === null ? undefined : state.waiting.get(state.claim.step);
  if (held !== undefined) return held;
  let oldest: WaitingStep | undefined;
  for (const waiting of state.waiting.values()) if (oldest === undefined || isOlder(waiting, oldest)) oldest = waiting;
  return oldest;
}

const isOlder = (a: WaitingStep, b: WaitingStep): boolean => a.sinceMs < b.sinceMs || (a.sinceMs === b.sinceMs && a.ask.step < b.ask.step);

/** What another conductor's beat says: it is heard again with each one, and forgotten when they stop. */
export function hearClaim(state: ControlState, conductor: string, claim: Claim | null, now: Instant): void {
  if (claim === null) state.foreign.delete(conductor);
  else state.foreign.set(conductor, { claim, seenAtMs: now });
}

export function forgetClaims(state: ControlState, now: Instant, limits: ControlLimits): void {
  for (const [conductor, { seenAtMs }] of state.foreign) if (now - seenAtMs > limits.beatLostMs) state.foreign.delete(conductor);
}

/** Workers that could take the step if they were empty, best first. */
const claimable = (state: ControlState, waiting: WaitingStep): readonly string[] => bestFirst(candidatesFor(state, waiting)).map(({ worker }) => worker);
