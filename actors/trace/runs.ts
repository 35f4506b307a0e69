import type { Decided } from '../lib/asks.ts';
import type { Decision, FailedOut, Retry, StepAccepted, StepEnded } from '../../schemas/messages.ts';
import { limits as bounds } from '../lib/limits.ts';
import { idsAfter, idsMax, tipsAfter } from '../lib/tips.ts';
import { addUsage } from '../lib/usage.ts';
import type { StepRun, TraceContext, TraceEffect, TraceEvent, TraceLimits } from './types.ts';

/** A step that control has no room for, or that the only worker refuses, asks again after this long. */
const askAgainMs = 2_000;

/** A context and what its change asks for. */
export interface Change { readonly context: TraceContext; readonly effects: readonly TraceEffect[] }

export function findRun(context: TraceContext, step: string): StepRun | null {
  if (context.run?.step === step) return context.run;
  return context.sides.find((run) => run.step === step) ?? null;
}

export const runsOf = (context: TraceContext): readonly StepRun[] => (context.run === null ? context.sides : [context.run, ...context.sides]);

/** What an accepted step is to this trace. Only `start` begins a run; everything else is answered and changes nothing. */
export function verdictOn(context: TraceContext, accepted: StepAccepted, limits: TraceLimits): 'start' | 'known' | FailedOut {
  if (context.ids.some((known) => known.id === accepted.id)) return 'known';
  const refuse = (code: string, message: string, retry: Retry, limit: number, got: number): FailedOut =>
    ({ kind: 'failed', step: accepted.step, id: accepted.id, code, message, retry, limit, got });
  if (accepted.lane === 'side') {
    return context.sides.length < limits.sideCallsMax ? 'start'
      : refuse('side_calls', `${context.sides.length} side calls of ${limits.sideCallsMax} are running`, 'later', limits.sideCallsMax, context.sides.length + 1);
  }
  const expected = context.seq + 1;
  if (accepted.isSeqGiven && accepted.seq !== expected && context.seq > 0) {
    const what = accepted.seq > expected ? 'a gap' : 'it was used before';
    return refuse(accepted.seq > expected ? 'seq_gap' : 'seq_old', `seq ${accepted.seq}: ${what}; the trace expects ${expected}`, 'never', expected, accepted.seq);
  }
  if (accepted.seq <= context.seq) return refuse('seq_old', `seq ${accepted.seq} was used before; the trace expects ${expected}`, 'later', expected, accepted.seq);
  if (context.run !== null) return refuse('step_in_flight', `step ${context.run.step} is not answered yet`, 'later', 1, 2);
  return 'start';
}

export function startRun(context: TraceContext, accepted: StepAccepted & { readonly logSeq: number }, nowMs: number): Change {
  const isSide = accepted.lane === 'side';
  const run: StepRun = {
    step: accepted.step, id: accepted.id, lane: isSide ? accepted.step : context.trace, seq: accepted.seq,
    acceptedSeq: accepted.logSeq, acceptedAtMs: accepted.atMs, promptTokens: accepted.prompt.tokens, maxTokens: accepted.sampling.maxTokens,
    class: accepted.class, messageChain: accepted.messageChain, phase: 'waiting', attempt: 0, worker: null, failures: 0, avoid: [], priority: 0,
  };
  const next: TraceContext = {
    ...context,
    ids: idsAfter(context.ids, accepted),
    tips: tipsAfter(context.tips, accepted),
    ...(isSide
      ? { sides: [...context.sides, run], sidesSeen: context.sidesSeen + 1 }
      : { ...closedGap(context, nowMs), run, seq: run.seq, outcome: null }),
  };
  const timed = setTimer(next, `deadline:${run.step}`, Math.max(0, accepted.atMs + accepted.deadlineMs - nowMs), nowMs);
  return { context: timed.context, effects: [...timed.effects, ask(timed.context, run)] };
}

/** The next step is what ends a tool gap: its length is what the forecast learns from. */
function closedGap(context: TraceContext, nowMs: number): Pick<TraceContext, 'gapsMs' | 'gapOpenedAtMs'> {
  // Behind a side call that came first there was no generation, so no gap that a tool took.
  if (context.gapOpenedAtMs === 0 || context.seq === 0) return { gapsMs: context.gapsMs, gapOpenedAtMs: 0 };
  return { gapsMs: [...context.gapsMs.slice(-7), nowMs - context.gapOpenedAtMs], gapOpenedAtMs: 0 };
}

/** Events of a run's life that leave the trace's state alone; a run that ends here makes the machine move on by itself. */
export function reduceRuns(context: TraceContext, event: TraceEvent, nowMs: number, limits: TraceLimits): Change {
  switch (event.kind) {
    case 'decided': return onDecided(context, event.decided, nowMs, limits);
    case 'orderRefused': {
      const run = ordered(context, event);
      if (run === null) return unchanged(context);
      if (event.retry === 'never') return giveUp(context, run, event.code, event.message, 'never');
      // Nobody makes room for a page that is not there: without an end to it the order would go round as fast as the bus does.
      if (event.code === 'page_missing') return tryAgain(context, run, event.worker, event.code, event.message, limits);
      // A worker that is full now is as good as before when it has room: its prefix is there.
      if (event.code === 'worker_full') return askAgain(context, run, null, 0);
      // The same one a second time: there is no other, and until it has closed or is another it would say the same at once.
      if (run.avoid.includes(event.worker)) return andThen(wait(context, run), (next) => setTimer(next, `ask:${run.step}`, askAgainMs, nowMs));
      return askAgain(context, run, event.worker, 0);
    }
    case 'orderLost': {
      const run = ordered(context, event);
      return run === null ? unchanged(context) : retry(context, run, event.worker, 'no_answer', `worker ${event.worker} did not answer the order`, limits);
    }
    case 'stepFailed': {
      const run = ordered(context, event);
      if (run === null) return unchanged(context);
      const billed: TraceContext = { ...context, attainedMs: context.attainedMs + event.acceleratorMs };
      if (event.retry === 'never') return giveUp(billed, run, event.code, event.message, 'never');
      return retry(billed, run, event.worker, event.code, event.message, limits);
    }
    case 'workerLost': {
      let change = unchanged(context);
      for (const run of runsOf(context)) {
        if (run.phase !== 'ordered' || run.worker !== event.worker) continue;
        change = andThen(change, (next) => retry(next, run, event.worker, 'worker_lost', `worker ${event.worker} was lost`, limits));
      }
      if (context.pinnedOn === event.worker) change = andThen(change, unpinned);
      return andThen(change, (next) => unchanged(next.worker === event.worker ? { ...next, worker: null, tokens: 0 } : next));
    }
    case 'stepEnded': return onEnded(context, event);
    case 'stepCancelled': {
      const run = findRun(context, event.step);
      return run === null ? unchanged(context) : giveUp(context, run, 'cancelled', event.reason, 'never');
    }
    case 'timer': return onTimer(context, event.id, nowMs, limits);
    default: return unchanged(context);
  }
}

/** What was asked lived in the old owner's memory; what was ordered is ordered again under the same attempt, which workers know. */
export const remake = (context: TraceContext): TraceEffect[] => runsOf(context).map((run) => (run.phase === 'waiting' ? ask(context, run) : orderRun(run)));

function onDecided(context: TraceContext, decided: Decided, nowMs: number, limits: TraceLimits): Change {
  if (decided.what === 'retain' || decided.what === 'pin') return unchanged(context);
  const run = findRun(context, decided.step);
  if (run === null || run.phase !== 'waiting') return unchanged(context);
  // Control has no room to keep the step in mind: it stays here, and asks again until its deadline. An accepted step is never turned away.
  if (decided.what === 'reject') return setTimer(context, `ask:${run.step}`, askAgainMs, nowMs);
  const noted = note(context, decided.decision);
  if (decided.what === 'defer') return noted;
  const next: StepRun = { ...run, phase: 'ordered', attempt: run.attempt + 1, worker: decided.worker, priority: decided.priority };
  const timed = andThen(clearTimer(replaceRun(noted.context, next), `ask:${run.step}`), (ordered) => setTimer(ordered, `attempt:${run.step}`, limits.attemptMs, nowMs));
  return {
    context: timed.context,
    effects: [
      ...noted.effects, ...timed.effects,
      { kind: 'announce', out: { kind: 'attemptStarted', step: run.step, id: run.id, attempt: next.attempt, worker: decided.worker } },
      orderRun(next),
    ],
  };
}

function onEnded(context: TraceContext, event: StepEnded & { readonly logSeq: number }): Change {
  const run = ordered(context, event);
  if (run === null) return unchanged(context);
  const isMain = context.run?.step === run.step;
  const usage = addUsage(context.usage, event.usage);
  const removed = removeRun(context, run);
  const next: TraceContext = {
    ...removed.context, usage,
    attainedMs: context.attainedMs + event.acceleratorMs,
    answers: [...context.answers.slice(1 - idsMax), { step: run.step, attempt: run.attempt, acceptedSeq: run.acceptedSeq, endedSeq: event.logSeq }],
    decisions: context.decisions.map((decision) => (decision.step === run.step && decision.what === 'place' ? settled(decision, event) : decision)),
    ...(isMain ? { worker: event.worker, tokens: event.usage.prompt + event.usage.generated, stepsDone: context.stepsDone + 1, lastFinish: event.finish } : {}),
  };
  const effects: TraceEffect[] = [...removed.effects, { kind: 'answer', step: run.step, id: run.id, attempt: run.attempt, endedSeq: event.logSeq }];
  // The lane that is left behind must not go on holding blocks: a side call's at once, the main one when the trace has moved.
  if (!isMain) effects.push(drop(event.worker, context.trace, run.lane));
  else if (context.worker !== null && context.worker !== event.worker) effects.push(...leave(context, context.worker));
  if (!isMain || context.pinnedOn === null || context.pinnedOn === event.worker) return { context: next, effects };
  return andThen({ context: next, effects }, unpinned);
}

/** What a placement promised (its score is the expected seconds to the first token), and what came of it. */
function settled(decision: Decision, { timing, worker }: StepEnded): Decision {
  const promisedS = decision.alternatives.find((candidate) => candidate.choice === worker)?.score;
  if (decision.choice !== worker || promisedS === undefined) return decision;
  return { ...decision, outcome: { firstTokenMs: timing.firstTokenMs, promisedMs: promisedS * 1_000 } };
}

function onTimer(context: TraceContext, id: string, nowMs: number, limits: TraceLimits): Change {
  if (id === 'pin') return pin(context, nowMs);
  // A side call is under way: nobody is idle, and its end must not find the trace closed.
  if (id === 'idle' && context.sides.length > 0) return setTimer(context, 'idle', limits.idleMs, nowMs);
  const [what, step = ''] = id.split(':', 2);
  const run = findRun(context, step);
  if (run === null) return unchanged(context);
  if (what === 'deadline') return giveUp(context, run, 'deadline', `step ${step} was not answered by its deadline, ${Math.round(nowMs - run.acceptedAtMs)} ms after it was accepted`, 'later');
  if (what === 'attempt' && run.phase === 'ordered' && run.worker !== null) {
    return retry(context, run, run.worker, 'attempt_deadline', `attempt ${run.attempt} took longer than ${limits.attemptMs} ms`, limits);
  }
  if (what === 'ask' && run.phase === 'waiting') return { context, effects: [ask(context, run)] };
  return unchanged(context);
}

/** The attempt counts as lost: cancelled where it may still run, and tried elsewhere until the attempts are used up. */
function retry(context: TraceContext, run: StepRun, worker: string, code: string, message: string, limits: TraceLimits): Change {
  const again = tryAgain(context, run, worker, code, message, limits);
  // A step that is given up is cancelled with that.
  return findRun(again.context, run.step) === null ? again : { context: again.context, effects: [cancel(run, worker, context.trace), ...again.effects] };
}

/** Another attempt, away from `worker` if there is another, until the attempts are used up. */
function tryAgain(context: TraceContext, run: StepRun, worker: string, code: string, message: string, limits: TraceLimits): Change {
  const failures = run.failures + 1;
  if (failures >= limits.attemptsMax) return giveUp(context, run, code, `${message}; ${failures} of ${limits.attemptsMax} attempts failed`, 'later');
  return askAgain(context, run, worker, 1);
}

function askAgain(context: TraceContext, run: StepRun, avoided: string | null, failures: number): Change {
  const avoid = avoided === null ? run.avoid : [...run.avoid.filter((name) => name !== avoided).slice(-7), avoided];
  const next: StepRun = { ...run, failures: run.failures + failures, avoid };
  return andThen(wait(context, next), (waiting) => ({ context: waiting, effects: [ask(waiting, next)] }));
}

const wait = (context: TraceContext, run: StepRun): Change => clearTimer(replaceRun(context, { ...run, phase: 'waiting', worker: null }), `attempt:${run.step}`);

/**
 * The step ends without an answer, and its id and its seq with it: the id is told the same failure when it comes again,
 * and `retry: 'later'` means a new step, under a new id and the next seq.
 */
function giveUp(context: TraceContext, run: StepRun, code: string, message: string, retryHow: Retry, limit: number | null = null, got: number | null = null): Change {
  const removed = removeRun(context, run);
  const isMain = context.run?.step === run.step;
  const effects: TraceEffect[] = [...removed.effects];
  if (run.phase === 'waiting') effects.push({ kind: 'ask', ask: { what: 'withdraw', trace: context.trace, step: run.step } });
  else if (run.worker !== null) effects.push(cancel(run, run.worker, context.trace));
  effects.push({ kind: 'announce', out: { kind: 'failed', step: run.step, id: run.id, code, message, retry: retryHow, limit, got } });
  return { context: isMain ? { ...removed.context, lastFinish: code === 'cancelled' ? 'cancelled' : 'failed' } : removed.context, effects };
}

function ordered(context: TraceContext, event: { readonly step: string; readonly attempt: number }): StepRun | null {
  const run = findRun(context, event.step);
  // An older attempt's report, or one of a run that has ended, says nothing about the run there is.
  return run !== null && run.phase === 'ordered' && run.attempt === event.attempt ? run : null;
}

export function ask(context: TraceContext, run: StepRun): TraceEffect {
  return {
    kind: 'ask',
    ask: {
      what: 'place', trace: context.trace, parent: context.parent, step: run.step, tenant: context.tenant, model: context.model, class: run.class,
      promptTokens: run.promptTokens, maxTokens: run.maxTokens, acceptedSeq: run.acceptedSeq, acceptedAtMs: run.acceptedAtMs,
      previousWorker: context.worker, avoid: run.avoid, stepsDone: context.stepsDone, attainedMs: context.attainedMs,
    },
  };
}

const orderRun = (run: StepRun): TraceEffect =>
  ({ kind: 'orderRun', worker: run.worker ?? '', step: run.step, attempt: run.attempt, lane: run.lane, acceptedSeq: run.acceptedSeq, priority: run.priority });

const cancel = (run: StepRun, worker: string, trace: string): TraceEffect =>
  ({ kind: 'order', worker, order: { kind: 'cancel', trace, step: run.step, attempt: run.attempt } });

export const drop = (worker: string, trace: string, lane: string): TraceEffect => ({ kind: 'order', worker, order: { kind: 'drop', trace, lane } });

/** A pin is a lease: ordered again as long as there are children, so that one whose trace was lost ends by itself. */
export function pin(context: TraceContext, nowMs: number): Change {
  const { trace, pinnedOn, pinnedTier } = context;
  if (pinnedOn === null || pinnedTier === null) return unchanged(context);
  const timed = setTimer(context, 'pin', bounds.pinRepeatMs, nowMs);
  return { context: timed.context, effects: [...timed.effects, { kind: 'order', worker: pinnedOn, order: { kind: 'pin', trace, lane: trace, tier: pinnedTier } }] };
}

export const unpinned = (context: TraceContext): Change => clearTimer({ ...context, pinnedOn: null, pinnedTier: null }, 'pin');

/** The main lane's KV on `worker` is no longer the trace's. */
export function leave(context: TraceContext, worker: string): TraceEffect[] {
  const unpin: TraceEffect[] = context.pinnedOn === worker ? [{ kind: 'order', worker, order: { kind: 'unpin', trace: context.trace, lane: context.trace } }] : [];
  return [...unpin, drop(worker, context.trace, context.trace)];
}

function replaceRun(context: TraceContext, run: StepRun): TraceContext {
  if (context.run?.step === run.step) return { ...context, run };
  return { ...context, sides: context.sides.map((side) => (side.step === run.step ? run : side)) };
}

function removeRun(context: TraceContext, run: StepRun): Change {
  const without = context.run?.step === run.step ? { ...context, run: null } : { ...context, sides: context.sides.filter((side) => side.step !== run.step) };
  return (['attempt', 'deadline', 'ask'] as const).reduce((change, what) => andThen(change, (next) => clearTimer(next, `${what}:${run.step}`)), unchanged(without));
}

export function setTimer(context: TraceContext, id: string, delayMs: number, nowMs: number): Change {
  const timer = { id, generation: context.timerGeneration + 1, dueAtMs: nowMs + delayMs };
  return {
    context: { ...context, timerGeneration: timer.generation, timers: [...context.timers.filter((set) => set.id !== id), timer] },
    effects: [{ kind: 'timerSet', timer }],
  };
}

export function clearTimer(context: TraceContext, id: string): Change {
  if (!context.timers.some((timer) => timer.id === id)) return unchanged(context);
  return { context: { ...context, timers: context.timers.filter((timer) => timer.id !== id) }, effects: [{ kind: 'timerClear', id }] };
}

/** Keeps the decision for `trace show`, and tells it to whoever watches. */
export function note(context: TraceContext, decision: Decision): Change {
  return { context: { ...context, decisions: [...context.decisions.slice(-11), decision] }, effects: [{ kind: 'evt', evt: decision }] };
}

export const unchanged = (context: TraceContext): Change => ({ context, effects: [] });

export function andThen(change: Change, more: (context: TraceContext) => Change): Change {
  const next = more(change.context);
  return { context: next.context, effects: [...change.effects, ...next.effects] };
}
