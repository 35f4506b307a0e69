import type { Decided, PinAsk, PlaceAsk, RetainAsk } from '../lib/asks.ts';
import type { Instant, Logic } from '../lib/logic.ts';
import type { Beat, Decision } from '../../schemas/messages.ts';
import { candidatesFor, claimOn } from './candidates.ts';
import { claimantOf, forgetClaims, hearClaim, renewClaim } from './claims.ts';
import { forecastResume, remainingSeconds } from './forecast.ts';
import { type Candidate, blocksNeeded, decodeRate, lackOf, openingOf, prefillRate } from './placement.ts';
import type { Policy } from './policy.ts';
import type { ControlEffect, ControlEvent, ControlLimits, ControlState, Held, WaitingStep, WorkerLink, WorkerView } from './types.ts';

export const controlStart = (): ControlState => ({ workers: new Map(), waiting: new Map(), claim: null, foreign: new Map(), look: null });

const noTokens: ReadonlyMap<string, number> = new Map();

/**
 * The control loop of one conductor: one live picture of the fleet, every decision made from it and made again.
 * A step that can not be placed waits here, in order of priority, and is decided again when room shows up.
 */
export function controlLogic(policy: Policy, limits: ControlLimits): Logic<ControlState, ControlEvent, ControlEffect> {
  return {
    step(state, event, now) {
      const effects: ControlEffect[] = [];
      // What is held of a prompt says nothing about who is looked at, and everything else may.
      if (event.kind !== 'held' && event.kind !== 'tick') state.look = null;
      switch (event.kind) {
        case 'beat': onBeat(state, event.beat, event.link ?? null, now, effects); break;
        case 'deaf': for (const view of state.workers.values()) state.workers.set(view.name, { ...view, seenAtMs: now }); break;
        case 'held': {
          const waiting = state.waiting.get(event.step);
          if (waiting !== undefined) waiting.held = event.held;
          break;
        }
        case 'ask':
          switch (event.ask.what) {
            case 'place': place(state, event.ask, event.held, now, policy, limits, effects); break;
            case 'retain': effects.push({ kind: 'decided', trace: event.ask.trace, decided: decideRetain(state, event.ask, now, policy) }); break;
            case 'pin': effects.push({ kind: 'decided', trace: event.ask.trace, decided: decidePin(state, event.ask, now, policy) }); break;
            case 'withdraw': state.waiting.delete(event.ask.step); break;
          }
          break;
        case 'watch': watch(state, now, limits, effects); break;
        case 'tick': tick(state, now, policy, limits, effects); break;
      }
      return { state, effects };
    },
  };
}

/** The waiting steps that a tick will look at: for these the host asks the directory again. */
export function candidatesOf(state: ControlState, now: Instant, policy: Policy, limits: ControlLimits): readonly WaitingStep[] {
  if (state.look?.atMs === now) return state.look.at;
  const all = [...state.waiting.values()];
  const looked = policy.worthALook === undefined ? all : withClaimant(state, policy.worthALook(all, [...state.workers.values()].map((view) => openingOf(view, claimOn(state, view.name))), now));
  const at = inOrder(looked, now, policy).slice(0, limits.candidatesMax);
  state.look = { atMs: now, at };
  return at;
}

function withClaimant(state: ControlState, looked: readonly WaitingStep[]): readonly WaitingStep[] {
  const claimant = claimantOf(state);
  return claimant === undefined || looked.includes(claimant) ? looked : [...looked, claimant];
}

function onBeat(state: ControlState, beat: Beat, link: WorkerLink | null, now: Instant, effects: ControlEffect[]): void {
  if (beat.role === 'conductor') hearClaim(state, beat.node, beat.claim, now);
  if (beat.role !== 'worker' || beat.worker === null) return;
  const known = state.workers.get(beat.node);
  if (known !== undefined && (beat.epoch < known.epoch || (beat.epoch === known.epoch && beat.seq <= known.seq))) return;
  // A worker that started anew has forgotten what the old one ran.
  if (known !== undefined && beat.epoch > known.epoch) effects.push({ kind: 'workerLost', worker: beat.node });
  const isIdle = beat.worker.running + beat.worker.waiting === 0;
  const idleSinceMs = isIdle ? known?.idleSinceMs ?? now : null;
  state.workers.set(beat.node, { name: beat.node, epoch: beat.epoch, seq: beat.seq, seenAtMs: now, load: beat.worker, promisedBlocks: 0, promisedRuns: 0, promisedTokens: noTokens, idleSinceMs, link });
}

function watch(state: ControlState, now: Instant, limits: ControlLimits, effects: ControlEffect[]): void {
  forgetClaims(state, now, limits);
  for (const view of state.workers.values()) {
    if (now - view.seenAtMs <= limits.beatLostMs) continue;
    state.workers.delete(view.name);
    effects.push({ kind: 'workerLost', worker: view.name });
  }
}

function tick(state: ControlState, now: Instant, policy: Policy, limits: ControlLimits, effects: ControlEffect[]): void {
  const { claim } = state;
  if (policy.holdsBack !== true) renewClaim(state, now, limits);
  if (state.claim !== claim) state.look = null;
  for (const waiting of candidatesOf(state, now, policy, limits)) tryPlace(state, waiting, now, policy, effects);
  state.look = null;
}

function place(state: ControlState, ask: PlaceAsk, held: readonly Held[], now: Instant, policy: Policy, limits: ControlLimits, effects: ControlEffect[]): void {
  if (state.waiting.size >= limits.waitingMax && !state.waiting.has(ask.step)) {
    // Whoever came last goes: those that are turned away ask again, and else the luck of the moment would decide for ever.
    const last = [...state.waiting.values()].reduce((a, b) => (b.sinceMs > a.sinceMs ? b : a));
    const turnedAway = last.sinceMs > ask.acceptedAtMs ? last.ask : ask;
    const message = `${state.waiting.size} of ${limits.waitingMax} steps wait for a worker`;
    effects.push({ kind: 'decided', trace: turnedAway.trace, decided: { what: 'reject', step: turnedAway.step, message, limit: limits.waitingMax, got: state.waiting.size + 1 } });
    if (turnedAway === ask) return;
    state.waiting.delete(turnedAway.step);
  }
  const waiting: WaitingStep = { ask, held, sinceMs: ask.acceptedAtMs, isDeferred: false, scored: { held: null, candidates: [], claims: [] } };
  state.waiting.set(ask.step, waiting);
  tryPlace(state, waiting, now, policy, effects);
}

/** Places a waiting step, or says once why it waits. */
function tryPlace(state: ControlState, waiting: WaitingStep, now: Instant, policy: Policy, effects: ControlEffect[]): void {
  const { ask } = waiting;
  const candidates = candidatesFor(state, waiting);
  const claimed = state.claim?.step === ask.step ? candidates.find(({ worker, hasRoom }) => worker === state.claim?.worker && hasRoom) : undefined;
  const chosen = claimed ?? policy.place(ask, candidates, now - waiting.sinceMs, now);
  if (chosen === null) {
    if (waiting.isDeferred) return;
    waiting.isDeferred = true;
    effects.push({ kind: 'decided', trace: ask.trace, decided: { what: 'defer', step: ask.step, decision: decision(ask, now, 'defer', 'wait', policy, whyDeferred(state, ask), candidates) } });
    return;
  }
  if (claimed !== undefined) policy.claimed?.(ask, claimed.worker);
  const view = state.workers.get(chosen.worker) as WorkerView;
  const moves = view.link === null ? null : policy.migrate?.(ask, chosen, candidates) ?? null;
  const tokensToCompute = Math.max(1, chosen.tokensToCompute - (moves?.tokens ?? 0));
  state.waiting.delete(ask.step);
  if (state.claim?.step === ask.step) state.claim = null;
  state.workers.set(view.name, { ...view, promisedBlocks: view.promisedBlocks + blocksNeeded(ask), promisedRuns: view.promisedRuns + 1, promisedTokens: new Map(view.promisedTokens).set(ask.step, tokensToCompute), idleSinceMs: null });
  const priority = policy.order(ask, remainingSeconds(ask, tokensToCompute, prefillRate(view), decodeRate(view)), now - waiting.sinceMs);
  const why = `holds ${chosen.held.hbmTokens} of ${ask.promptTokens} tokens in hbm, ${chosen.held.dramTokens} in dram; queue ${chosen.queueS.toFixed(2)} s${claimed === undefined ? '' : '; room was kept for it'}${moves === null ? '' : `; ${moves.why}`}`;
  effects.push({ kind: 'decided', trace: ask.trace, decided: { what: 'place', step: ask.step, worker: chosen.worker, priority, ...(moves === null ? {} : { migrateFrom: moves.from }), decision: decision(ask, now, 'place', chosen.worker, policy, why, candidates) } });
}

function inOrder(steps: readonly WaitingStep[], now: Instant, policy: Policy): WaitingStep[] {
  const priority = ({ ask, sinceMs }: WaitingStep): number => policy.order(ask, remainingSeconds(ask, ask.promptTokens, 600, 60), now - sinceMs);
  return steps.map((waiting) => ({ waiting, priority: priority(waiting) }))
    .sort((a, b) => a.priority - b.priority || (a.waiting.ask.step < b.waiting.ask.step ? -1 : 1)).map(({ waiting }) => waiting);
}

function decideRetain(state: ControlState, ask: RetainAsk, now: Instant, policy: Policy): Decided {
  const resume = forecastResume(ask.gapsMs);
  const { why, ...kept } = policy.retain(ask, state.workers.get(ask.worker) ?? null, now);
  const made: Decision = {
    ...decision(ask, now, 'demote', kept.demoteAfterMs === null ? 'stay' : `dram after ${Math.round(kept.demoteAfterMs)} ms`, policy, why, []),
    forecast: { resumeP50Ms: resume.p50Ms, resumeP95Ms: resume.p95Ms },
  };
  return { what: 'retain', step: ask.step, ...kept, decision: made };
}

function decidePin(state: ControlState, ask: PinAsk, now: Instant, policy: Policy): Decided {
  const { tier, why } = policy.pin(ask, state.workers.get(ask.worker) ?? null);
  return { what: 'pin', step: ask.step, tier, decision: decision(ask, now, 'pin', tier, policy, why, []) };
}

function decision(ask: { readonly trace: string; readonly step: string }, now: Instant, what: Decision['what'], choice: string, policy: Policy, why: string, candidates: readonly Candidate[]): Decision {
  return {
    kind: 'decision', atMs: now, trace: ask.trace, step: ask.step, what, choice, policy: policy.name, regime: 'fixed', why,
    alternatives: candidates.filter((candidate) => Number.isFinite(candidate.score)).map(({ worker, score }) => ({ choice: worker, score: Math.round(score * 1000) / 1000 })),
    forecast: null, outcome: null,
  };
}

function whyDeferred(state: ControlState, ask: PlaceAsk): string {
  if (state.workers.size === 0) return 'no worker is alive';
  return [...state.workers.values()].map((view) => `${view.name}: ${lackOf(ask, view, claimOn(state, view.name)) || 'kept free for a prefix'}`).join('; ');
}
