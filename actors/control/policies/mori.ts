import type { PlaceAsk } from '../../lib/asks.ts';
import type { Candidate } from '../placement.ts';
import type { Policy } from '../policy.ts';
import { pinTier } from '../retention.ts';
import type { Params, Tunables } from '../tunable.ts';
import { able, dramTokens, hbmTokens, smallest } from './load.ts';

export const tunables = {
  window: { from: 1, to: 20, scale: 'whole', start: 5 },
  fill: { from: 0.5, to: 1.2, scale: 'linear', start: 0.95 },
  intervalMs: { from: 100, to: 20_000, scale: 'log', start: 5_000 },
  stickiness: { from: 0, to: 1, scale: 'linear', start: 0.5 },
} as const satisfies Tunables;

interface Cycle { readonly reasoningMs: number; readonly actingMs: number }
interface Program {
  tokens: number;
  worker: string | null;
  tier: 'hbm' | 'dram' | 'waiting';
  /** It leaves hbm then, unless it comes back before. */
  leavesAtMs: number | null;
  leavesTo: 'dram' | 'waiting';
  readonly cycles: Cycle[];
  actingSinceMs: number | null;
  acceptedAtMs: number;
  startedAtMs: number;
  /** In which interval its step asked last. */
  askedIn: number;
  /** Whose gap it is in, or was in last. */
  step: string;
}

const begun = (nowMs: number): Program => ({ tokens: 0, worker: null, tier: 'waiting', leavesAtMs: null, leavesTo: 'dram', cycles: [], actingSinceMs: null, acceptedAtMs: nowMs, startedAtMs: nowMs, askedIn: Number.NaN, step: '' });

/**
 * After MORI (Xia, Li, Li, et al., arXiv:2606.00866). A program's idleness is the share of its last `window` cycles of generation and tool that it
 * spent at tools, with the tool it is at; time that it was made to wait counts as neither (section 4.2, equation 1). Programs are ranked by it: the
 * busiest have hbm, up to `fill` of it, the next ones dram, and what exceeds both is forgotten. A program stays in its tier until one with a better
 * claim needs the room. A step of a program that is not in hbm waits until it gets in: there is room, or programs at their tools that are idler than
 * `stickiness` times itself give way (4.3); it asks again on every `intervalMs`. Among evictable prefixes the idlest goes first.
 * Here the boundary is set when a generation ends or a step asks: the time at which a tool's length moves its program past it is known at once.
 * (Sections as a review of the paper quotes them; `fill` and `stickiness` are ours.)
 * Published: 1.28x the tokens a second of ThunderAgent with offloading, 80 programs on an H200 (section 6.2; 1.20-1.71x over all);
 * here 0.60×: not reproduced, see docs/benchmarks/policy-published.md.
 */
export function mori({ window, fill, intervalMs, stickiness }: Params<typeof tunables>): Policy {
  const programs = new Map<string, Program>();
  const byWorker = new Map<string, Set<Program>>();

  function bind(program: Program, worker: string | null): void {
    if (program.worker !== null) byWorker.get(program.worker)?.delete(program);
    program.worker = worker;
    if (worker === null) return;
    const members = byWorker.get(worker) ?? new Set();
    byWorker.set(worker, members.add(program));
  }
  const intervalAt = (nowMs: number): number => Math.floor(nowMs / intervalMs);
  const hasAsked = (program: Program, ask: PlaceAsk, nowMs: number): boolean => program.acceptedAtMs === ask.acceptedAtMs && program.askedIn === intervalAt(nowMs);
  const tierAt = (program: Program, nowMs: number): Program['tier'] => {
    if (program.tier === 'hbm' && program.leavesAtMs !== null && nowMs >= program.leavesAtMs) program.tier = program.leavesTo;
    return program.tier;
  };
  const inTier = (worker: string, tier: Program['tier'], nowMs: number): Program[] => [...(byWorker.get(worker) ?? [])].filter((program) => tierAt(program, nowMs) === tier);

  /** Gets the program into hbm of that worker, at the cost of idler ones at their tools; false: it does not fit. */
  function promote(program: Program, { worker, view }: Candidate, nowMs: number): boolean {
    const others = inTier(worker, 'hbm', nowMs).filter((other) => other !== program);
    let overTokens = sumOf(others) + program.tokens - fill * hbmTokens(view);
    const mine = idlenessOf(program, nowMs);
    const idler = others.filter((other) => other.actingSinceMs !== null && idlenessOf(other, nowMs) > stickiness * mine).sort((a, b) => idlenessOf(b, nowMs) - idlenessOf(a, nowMs));
    const leaving: Program[] = [];
    for (const other of idler) {
      if (overTokens <= 0) break;
      leaving.push(other);
      overTokens -= other.tokens;
    }
    // Alone it gets in whatever its size.
    if (overTokens > 0 && leaving.length < others.length) return false;
    for (const other of leaving) other.tier = 'dram';
    bind(program, worker);
    Object.assign(program, { tier: 'hbm', leavesAtMs: null });
    return true;
  }

  function admit(program: Program, ask: PlaceAsk, open: readonly Candidate[], nowMs: number): Candidate | null {
    const home = open.find(({ worker }) => worker === (program.worker ?? ask.previousWorker));
    if (home !== undefined && program.worker !== null && tierAt(program, nowMs) === 'hbm') return home;
    if (home !== undefined && program.tier === 'dram') return promote(program, home, nowMs) ? home : null;
    // Nothing is left of it anywhere: whoever has the most room.
    const roomiest = smallest(open, ({ worker, view }) => sumOf(inTier(worker, 'hbm', nowMs)) - fill * hbmTokens(view));
    return roomiest !== null && promote(program, roomiest, nowMs) ? roomiest : null;
  }

  return {
    name: 'mori',
    spills: true,
    holdsBack: true,
    order: ({ acceptedAtMs }) => acceptedAtMs,
    worthALook: (waiting, _openings, nowMs) => waiting.filter(({ ask }) => {
      const program = programs.get(ask.trace);
      return program === undefined || !hasAsked(program, ask, nowMs);
    }),
    place(ask, candidates, _waitedMs, nowMs) {
      const program = programs.get(ask.trace) ?? begun(nowMs);
      programs.set(ask.trace, program);
      if (hasAsked(program, ask, nowMs)) return null;
      if (program.actingSinceMs !== null) {
        tierAt(program, ask.acceptedAtMs);
        endTool(program, ask.acceptedAtMs);
      }
      Object.assign(program, { tokens: ask.promptTokens, acceptedAtMs: ask.acceptedAtMs, leavesAtMs: null, askedIn: intervalAt(nowMs) });
      const chosen = admit(program, ask, able(ask, candidates), nowMs);
      if (chosen !== null) Object.assign(program, { startedAtMs: nowMs, askedIn: Number.NaN });
      return chosen;
    },
    retain(ask, view, nowMs) {
      const program = programs.get(ask.trace) ?? begun(nowMs);
      programs.set(ask.trace, program);
      bind(program, ask.worker);
      Object.assign(program, { tokens: ask.tokens, tier: 'hbm', leavesAtMs: null });
      // It may be asked again of the same gap, as of one in which children end.
      if (program.step !== ask.step) {
        const startMs = ask.queuedMs === undefined ? program.startedAtMs : program.acceptedAtMs + ask.queuedMs;
        program.cycles.push({ reasoningMs: Math.max(0, nowMs - startMs), actingMs: 0 });
        program.cycles.splice(0, program.cycles.length - window);
        Object.assign(program, { actingSinceMs: nowMs, step: ask.step });
      }
      const idleness = idlenessOf(program, nowMs);
      const keepValue = 1 - idleness;
      const boundary = view === null ? null : boundaryOf(inTier(ask.worker, 'hbm', nowMs), fill * hbmTokens(view), nowMs);
      if (view === null || boundary === null) return { keepValue, demoteAfterMs: null, recallAfterMs: null, why: `idle ${percent(idleness)} of its time; all programs fit` };
      const afterMs = untilIdle(program, boundary);
      const isForgotten = sumOf(inTier(ask.worker, 'dram', nowMs)) + program.tokens > dramTokens(view);
      Object.assign(program, { leavesAtMs: nowMs + afterMs, leavesTo: isForgotten ? 'waiting' : 'dram' });
      const why = `idle ${percent(idleness)} of its time, those who have to leave hbm ${percent(boundary)}${isForgotten ? '; dram is full of others' : ''}`;
      if (!isForgotten) return { keepValue, demoteAfterMs: afterMs, recallAfterMs: null, why };
      return { keepValue, demoteAfterMs: null, recallAfterMs: null, dropAfterMs: afterMs, why };
    },
    pin: pinTier,
    ended(trace) {
      const program = programs.get(trace);
      if (program !== undefined) bind(program, null);
      programs.delete(trace);
    },
  };
}

const sumOf = (programs: readonly Program[]): number => programs.reduce((sum, { tokens }) => sum + tokens, 0);
const percent = (share: number): string => `${Math.round(100 * share)}%`;

function endTool(program: Program, nowMs: number): void {
  const last = program.cycles.pop();
  if (last !== undefined) program.cycles.push({ ...last, actingMs: Math.max(0, nowMs - (program.actingSinceMs ?? nowMs)) });
  program.actingSinceMs = null;
}

/** 0: never at a tool, as of one that has not begun; 1: always. */
function idlenessOf({ cycles, actingSinceMs }: Program, nowMs: number): number {
  const { actingMs, reasoningMs } = totals(cycles);
  const acting = actingMs + (actingSinceMs === null ? 0 : nowMs - actingSinceMs);
  return acting === 0 ? 0 : acting / (acting + reasoningMs);
}

const totals = (cycles: readonly Cycle[]): Cycle =>
  cycles.reduce((sum, cycle) => ({ actingMs: sum.actingMs + cycle.actingMs, reasoningMs: sum.reasoningMs + cycle.reasoningMs }), { actingMs: 0, reasoningMs: 0 });

/** The idleness of the first, from the busiest, that does not fit; null: all do. */
function boundaryOf(programs: Program[], tokensMax: number, nowMs: number): number | null {
  let tokens = 0;
  for (const program of programs.sort((a, b) => idlenessOf(a, nowMs) - idlenessOf(b, nowMs))) {
    tokens += program.tokens;
    if (tokens > tokensMax) return idlenessOf(program, nowMs);
  }
  return null;
}

/** How long its tool has to run until a program is as idle as that: (acting + t) / (acting + t + reasoning) = idleness. */
function untilIdle({ cycles }: Program, idleness: number): number {
  const { actingMs, reasoningMs } = totals(cycles);
  return idleness >= 1 ? Number.MAX_SAFE_INTEGER : Math.max(0, (idleness * reasoningMs) / (1 - idleness) - actingMs);
}
