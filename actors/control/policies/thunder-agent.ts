import type { PlaceAsk } from '../../lib/asks.ts';
import type { Candidate } from '../placement.ts';
import type { Policy } from '../policy.ts';
import { pinTier } from '../retention.ts';
import type { Params, Tunables } from '../tunable.ts';
import { able, hbmTokens, smallest } from './load.ts';

export const tunables = {
  intervalMs: { from: 100, to: 20_000, scale: 'log', start: 5_000 },
  halfLifeMs: { from: 100, to: 120_000, scale: 'log', start: 1_000 },
  bufferTokens: { from: 0, to: 4_096, scale: 'linear', start: 100 },
} as const satisfies Tunables;

/** A paused program goes on after so long, whatever is free. */
const pauseMaxMs = 1_800_000;

interface Program { tokens: number; /** Null: it is paused, or has not begun. */ worker: string | null; /** Null: it has a step to run. */ actingSinceMs: number | null; stepsDone: number; isMarked: boolean; step: string }

/**
 * ThunderAgent (Kang, Li, Yang, et al., arXiv:2602.13692, section 4.3): a program is bound to a worker or paused, and those bound to one never
 * hold more than its memory. On every `intervalMs`, and once a program's tool has run for t counting 2^-(t / halfLife) of its tokens (equation 7):
 * first paused programs are resumed, those with a step to run before new ones before those still at their tools, the smallest first as long as
 * they fit in all, then the largest of these to the worker with the most room; then, on a worker whose programs exceed it, the smallest at their
 * tools are paused, and then those with a step to run, which are let finish it. A new program is bound at once if nobody waits and it fits.
 * Steps of a bound program queue at its worker in order of arrival; those of a paused one wait. What is evicted falls to dram, so that pausing is
 * not compared without a tier that the others have. (Section and equation as a review of the paper quotes them.)
 * Published: 2.65x the throughput of vLLM with mini-swe-agent on GLM-4.6 (figure 4a; 1.48-3.58x over all);
 * here 1.65×: direction only, see docs/benchmarks/policy-published.md.
 */
export function thunderAgent({ intervalMs, halfLifeMs, bufferTokens }: Params<typeof tunables>): Policy {
  const programs = new Map<string, Program>();
  let checkAtMs = Number.NEGATIVE_INFINITY;

  const weight = ({ tokens, actingSinceMs }: Program, nowMs: number): number => bufferTokens + (actingSinceMs === null ? tokens : tokens * 2 ** (-Math.max(0, nowMs - actingSinceMs) / halfLifeMs));
  const boundTo = (worker: string): Program[] => [...programs.values()].filter((program) => program.worker === worker);
  const roomOf = (candidates: readonly Candidate[], nowMs: number): Map<string, number> => {
    const room = new Map(candidates.map(({ worker, view }) => [worker, hbmTokens(view)]));
    for (const program of programs.values()) {
      const left = program.worker === null ? undefined : room.get(program.worker);
      if (left !== undefined) room.set(program.worker as string, left - weight(program, nowMs));
    }
    return room;
  };

  function resume(room: Map<string, number>): void {
    const groupOf = ({ stepsDone, actingSinceMs }: Program): number => (actingSinceMs !== null ? 2 : stepsDone === 0 ? 1 : 0);
    const paused = [...programs.values()].filter(({ worker }) => worker === null).sort((a, b) => groupOf(a) - groupOf(b) || a.tokens - b.tokens);
    let left = [...room.values()].reduce((sum, tokens) => sum + Math.max(0, tokens), 0);
    const picked = paused.filter(({ tokens }) => {
      const fits = tokens + bufferTokens <= left;
      if (fits) left -= tokens + bufferTokens;
      return fits;
    });
    for (const program of picked.sort((a, b) => b.tokens - a.tokens)) {
      const [worker, tokens] = roomiest(room);
      if (program.tokens + bufferTokens > tokens) continue;
      program.worker = worker;
      room.set(worker, tokens - program.tokens - bufferTokens);
    }
    // One that is larger than any worker's memory, less the buffer, would never go on: it gets a worker that nobody is bound to.
    const next = paused[0];
    if (picked.length > 0 || next === undefined) return;
    next.worker = [...room.keys()].find((worker) => boundTo(worker).length === 0) ?? null;
  }

  function pause(worker: string, room: number, nowMs: number): void {
    const bound = boundTo(worker).filter(({ isMarked }) => !isMarked);
    const smallestFirst = bound.sort((a, b) => Number(a.actingSinceMs === null) - Number(b.actingSinceMs === null) || a.tokens - b.tokens);
    let left = room + boundTo(worker).filter(({ isMarked }) => isMarked).reduce((sum, program) => sum + weight(program, nowMs), 0);
    // The last one stays: alone on its worker it has all there is.
    for (const program of smallestFirst.slice(0, -1)) {
      if (left >= 0) return;
      left += weight(program, nowMs);
      if (program.actingSinceMs === null) program.isMarked = true; else program.worker = null;
    }
  }

  function check(candidates: readonly Candidate[], nowMs: number): void {
    if (nowMs < checkAtMs) return;
    checkAtMs = nowMs + intervalMs;
    resume(roomOf(candidates, nowMs));
    for (const [worker, left] of roomOf(candidates, nowMs)) if (left < 0) pause(worker, left, nowMs);
  }

  function mayBegin(ask: PlaceAsk, program: Program): boolean {
    if (ask.stepsDone > 0) return false;
    for (const other of programs.values()) if (other !== program && other.worker === null) return false;
    return true;
  }

  function bind(ask: PlaceAsk, program: Program, open: readonly Candidate[], peers: readonly Candidate[], waitedMs: number, nowMs: number): void {
    if (program.worker !== null && !open.some(({ worker }) => worker === program.worker)) program.worker = null;
    if (program.worker !== null) return;
    const mayGoOn = waitedMs >= pauseMaxMs;
    if (!mayGoOn && !mayBegin(ask, program)) return;
    const room = roomOf(peers, nowMs);
    const best = smallest(open, ({ worker }) => -(room.get(worker) ?? 0));
    if (best !== null && (mayGoOn || (room.get(best.worker) ?? 0) >= program.tokens + bufferTokens)) program.worker = best.worker;
  }

  return {
    name: 'thunder-agent',
    spills: true,
    holdsBack: true,
    order: ({ acceptedAtMs }) => acceptedAtMs,
    worthALook: (waiting, _openings, nowMs) => (nowMs >= checkAtMs ? waiting : waiting.filter(({ ask, sinceMs }) => {
      const program = programs.get(ask.trace);
      if (program === undefined || program.worker !== null || nowMs - sinceMs >= pauseMaxMs) return true;
      const isNew = program.actingSinceMs !== null || program.tokens !== ask.promptTokens || program.stepsDone !== ask.stepsDone;
      return isNew || mayBegin(ask, program);
    })),
    place(ask, candidates, waitedMs, nowMs) {
      const program: Program = programs.get(ask.trace) ?? { tokens: 0, worker: null, actingSinceMs: null, stepsDone: 0, isMarked: false, step: '' };
      programs.set(ask.trace, program);
      Object.assign(program, { tokens: ask.promptTokens, actingSinceMs: null, stepsDone: ask.stepsDone });
      const open = able(ask, candidates);
      const peers = candidates.filter(({ view }) => view.load.model === ask.model);
      bind(ask, program, open, peers, waitedMs, nowMs);
      check(peers, nowMs);
      return open.find(({ worker }) => worker === program.worker) ?? null;
    },
    retain(ask, _view, nowMs) {
      const known = programs.get(ask.trace);
      const isPaused = known !== undefined && (known.isMarked || (known.step === ask.step && known.worker === null));
      // Asked again of the same gap, as of one in which children end, its tool runs since the first time.
      const actingSinceMs = known?.step === ask.step ? known.actingSinceMs ?? nowMs : nowMs;
      programs.set(ask.trace, { tokens: ask.tokens, worker: isPaused ? null : ask.worker, actingSinceMs, stepsDone: ask.stepsDone, isMarked: false, step: ask.step });
      return { keepValue: isPaused ? -1 : 0, demoteAfterMs: null, recallAfterMs: null, why: isPaused ? 'paused: the programs of this worker exceed its memory' : 'bound to this worker' };
    },
    pin: pinTier,
    ended: (trace) => void programs.delete(trace),
  };
}

function roomiest(room: ReadonlyMap<string, number>): readonly [string, number] {
  let best: readonly [string, number] = ['', Number.NEGATIVE_INFINITY];
  for (const [worker, tokens] of room) if (tokens > best[1] || (tokens === best[1] && worker < best[0])) best = [worker, tokens];
  return best;
}
