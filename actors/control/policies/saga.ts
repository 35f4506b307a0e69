import { blockTokens } from '../../lib/chain.ts';
import type { PlaceAsk } from '../../lib/asks.ts';
import { broughtFrom } from '../migration.ts';
import { type Candidate, runsOf, withRoom } from '../placement.ts';
import type { Policy } from '../policy.ts';
import { pinTier } from '../retention.ts';
import type { Params, Tunables } from '../tunable.ts';
import { ToolGaps } from './gap-sample.ts';
import { able, activeBlocks, smallest } from './load.ts';

export const tunables = {
  loadMax: { from: 0.5, to: 1, scale: 'linear', start: 0.8 },
  idleMs: { from: 50, to: 2_000, scale: 'log', start: 100 },
  stealRatio: { from: 1, to: 8, scale: 'log', start: 2 },
  ttlShare: { from: 0.5, to: 0.99, scale: 'linear', start: 0.95 },
  ttlMaxMs: { from: 1_000, to: 600_000, scale: 'log', start: 300_000 },
  reuseWeight: { from: 0, to: 1, scale: 'linear', start: 0.5 },
} as const satisfies Tunables;

/** Of the eviction score: recency and size, beside the weight of reuse (the authors' are 0.3, 0.5 and 0.2). */
const recencyWeight = 0.3, sizeWeight = 0.2;
/** Use of hbm from which a time to live shrinks, and at which it is half. */
const pressureLow = 0.7, pressureHigh = 0.9;
const gapsLeast = 30, samplesMax = 512;
/** Until lengths of sessions are known: a step in forty is the last. */
const endGuess = 1 / 40, endGuessSteps = 40;
/** A session is to be done within so many times the accelerator time it needs. */
const stretch = 10;

/**
 * After SAGA (Guo, Wu, Yiu: HPDC 2026, arXiv:2605.00528). Sessions stay at their worker while its load is below `loadMax` and go to the least
 * loaded otherwise; steps that find no room there wait, and a worker idle for `idleMs` takes one from a worker that has `stealRatio` times as much.
 * Eviction: the largest of 0.3 recency + 0.5 (1 - chance of reuse) + 0.2 size goes first, recency in units of `ttlMaxMs` and size in those of hbm;
 * the chance of reuse is that the session goes on after so many steps. During a tool a prefix is held for the tool's `ttlShare` quantile, less up to half under memory pressure,
 * and never over `ttlMaxMs`. Order: most work left for the time left until the session's fair completion.
 * A stolen session takes its KV along (their published code moves it from device to device, as Llumnix does: OSDI 2024); one that is merely sent to the
 * least loaded worker computes it anew. Unlike theirs: no execution graph is told, the chance of reuse is of all sessions; there are no
 * tenants' shares; a session's deadline is its arrival and ten times its work. Formulas and constants are those of the authors' artefact.
 * Published: 1.73x shorter completion than vLLM with prefix caching and affinity on SWE-bench, 1.64x over both benchmarks (table 3);
 * here 0.95×: not reproduced, see docs/benchmarks/policy-published.md.
 */
export function saga(params: Params<typeof tunables>): Policy {
  const { loadMax, idleMs, stealRatio, ttlShare, ttlMaxMs, reuseWeight } = params;
  const gaps = new ToolGaps(samplesMax);
  const ends = new SessionEnds();
  const homes = new Map<string, string>();
  const arrivalMs = new Map<string, number>();
  const queues = new Queues();
  /** The last step that was placed, if its session was stolen, and from whom. */
  let theft: { readonly step: string; readonly from: string } | null = null;
  const queueOf = (candidate: Candidate): number => runsOf(candidate.view) + queues.of(candidate.worker);

  function route(ask: PlaceAsk, open: readonly Candidate[], nowMs: number): Candidate | null {
    const homeName = homes.get(ask.trace) ?? ask.previousWorker ?? (ask.parent === null ? undefined : homes.get(ask.parent));
    const home = open.find(({ worker }) => worker === homeName);
    const target = home !== undefined && loadOf(home) < loadMax ? home : smallest(open, (candidate) => loadOf(candidate) + queueOf(candidate) / 1e6);
    if (target === null) return null;
    if (target.hasRoom) return target;
    const thieves = open.filter(({ hasRoom, idleSinceMs }) => hasRoom && idleSinceMs !== null && nowMs - idleSinceMs >= idleMs);
    const thief = thieves.length === 0 ? null : smallest(thieves.filter((candidate) => queueOf(target) + 1 >= stealRatio * Math.max(1, queueOf(candidate))), ({ idleSinceMs }) => idleSinceMs ?? 0);
    if (thief === null) queues.wait(ask.trace, target.worker);
    else if (home !== undefined) theft = { step: ask.step, from: home.worker };
    return thief;
  }

  return {
    name: 'saga',
    spills: true,
    order(ask, remainingS, waitedMs) {
      const nowMs = ask.acceptedAtMs + waitedMs;
      const workMs = ask.attainedMs + remainingS * 1000;
      const leftMs = (arrivalMs.get(ask.trace) ?? ask.acceptedAtMs) + stretch * workMs - nowMs;
      // Past its fair completion a session goes before all that are not, the latest first.
      return leftMs > 0 ? -Math.min(1e6, (remainingS * 1000) / leftMs) : -1e6 + leftMs / 1e6;
    },
    worthALook(waiting, openings) {
      const begin = new Set(withRoom(waiting, openings));
      // What was asked when no worker could take it is in no queue yet.
      return waiting.filter((step) => begin.has(step) || !queues.has(step.ask.trace));
    },
    place(ask, candidates, _waitedMs, nowMs) {
      gaps.closed(ask);
      if (!arrivalMs.has(ask.trace)) arrivalMs.set(ask.trace, ask.acceptedAtMs);
      theft = null;
      const open = able(ask, candidates);
      // It stays in its queue until there is room somewhere.
      if (queues.has(ask.trace) && !open.some(({ hasRoom }) => hasRoom)) return null;
      queues.leave(ask.trace);
      const chosen = route(ask, open, nowMs);
      if (chosen !== null) homes.set(ask.trace, chosen.worker);
      return chosen;
    },
    claimed(ask, worker) {
      queues.leave(ask.trace);
      homes.set(ask.trace, worker);
    },
    migrate(ask, to, candidates) {
      const from = theft?.step === ask.step ? theft.from : null, home = candidates.find(({ worker }) => worker === from);
      return home === undefined ? null : broughtFrom(home, to);
    },
    retain(ask, view, nowMs) {
      gaps.opened(ask.trace, ask.tool, nowMs);
      ends.served(ask.trace, ask.stepsDone);
      const hbmShare = view === null ? 0 : ask.tokens / Math.max(1, view.load.hbmBlocks * blockTokens);
      // Recency is (now - last use) / ttlMax for all, so that the order of two of them is that of their last uses, at whatever time they are compared.
      const keepValue = (recencyWeight * nowMs) / ttlMaxMs - reuseWeight * ends.chanceOfEnd(ask.stepsDone) - sizeWeight * Math.min(1, hbmShare);
      const sample = gaps.known(ask.tool, gapsLeast);
      if (view === null || sample === null) return { keepValue, demoteAfterMs: null, recallAfterMs: null, why: 'too few gaps known for a time to live' };
      const used = view.load.hbmUsed / Math.max(1, view.load.hbmBlocks);
      const pressure = Math.min(1, Math.max(0, (used - pressureLow) / (pressureHigh - pressureLow)));
      const holdMs = Math.min(ttlMaxMs, sample.quantile(ttlShare) * (1 - 0.5 * pressure));
      return { keepValue, demoteAfterMs: null, recallAfterMs: null, holdMs, why: `${Math.round(100 * ttlShare)}% of these gaps are over in ${Math.round(sample.quantile(ttlShare))} ms; pressure ${pressure.toFixed(2)}` };
    },
    pin: pinTier,
    ended(trace) {
      ends.ended(trace);
      gaps.ended(trace);
      queues.leave(trace);
      homes.delete(trace);
      arrivalMs.delete(trace);
    },
  };
}

/** 0 to 1: what running steps have of the memory or of the places, whichever is more. */
const loadOf = (candidate: Candidate): number =>
  Math.max(activeBlocks(candidate.view) / Math.max(1, candidate.view.load.hbmBlocks), runsOf(candidate.view) / Math.max(1, candidate.view.load.runsMax));

/** Steps that wait here, by trace, in the queue of the worker that they belong to. */
class Queues {
  readonly #workers = new Map<string, string>();
  readonly #lengths = new Map<string, number>();

  has(trace: string): boolean { return this.#workers.has(trace); }
  of(worker: string): number { return this.#lengths.get(worker) ?? 0; }

  wait(trace: string, worker: string): void {
    this.leave(trace);
    this.#workers.set(trace, worker);
    this.#lengths.set(worker, this.of(worker) + 1);
  }

  leave(trace: string): void {
    const worker = this.#workers.get(trace);
    if (worker === undefined) return;
    this.#workers.delete(trace);
    this.#lengths.set(worker, this.of(worker) - 1);
  }
}

/** How often a session ends after so many steps, of those that got as far, by powers of two. */
class SessionEnds {
  readonly #last = new Map<string, number>();
  readonly #served: number[] = [];
  readonly #ended: number[] = [];

  served(trace: string, stepsDone: number): void {
    if (this.#last.get(trace) === stepsDone) return;
    this.#last.set(trace, stepsDone);
    const bin = binOf(stepsDone);
    this.#served[bin] = (this.#served[bin] ?? 0) + 1;
  }

  ended(trace: string): void {
    const steps = this.#last.get(trace);
    if (steps === undefined) return;
    this.#last.delete(trace);
    this.#ended[binOf(steps)] = (this.#ended[binOf(steps)] ?? 0) + 1;
  }

  chanceOfEnd(stepsDone: number): number {
    const bin = binOf(stepsDone);
    return ((this.#ended[bin] ?? 0) + endGuess * endGuessSteps) / ((this.#served[bin] ?? 0) + endGuessSteps);
  }
}

const binOf = (steps: number): number => Math.floor(Math.log2(Math.max(1, steps)));
