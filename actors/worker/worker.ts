import type { CancelOrder, Order, RunOrder } from '../../schemas/messages.ts';
import { blockTokens, namesOf } from '../lib/chain.ts';
import { type Instant, type Logic, assert, unreachable } from '../lib/logic.ts';
import { know } from './attempts.ts';
import { blocksNeeded, findStaleOwner, findUnrunnable, type Refusal } from './checks.ts';
import { checkReservation, newReservation, promisedBlocks, roomBlocks, setPinned, tryHold } from './reservation.ts';
import { abandonRun, endRun, failRun, onDelta, onStarted, reportId, stopRun, submitFree } from './runs.ts';
import type { Run, WorkerConfig, WorkerEffect, WorkerEvent, WorkerState } from './types.ts';

/**
 * Grants or refuses what conductors order, runs it, and reports. It owns what is scarce: a run is granted only when
 * the worst case of its blocks fits beside everything promised before, so no two conductors can overcommit the arena.
 */
export const worker = (config: WorkerConfig): Logic<WorkerState, WorkerEvent, WorkerEffect> => ({
  step(state, event, now) {
    const effects: WorkerEffect[] = [];
    switch (event.kind) {
      case 'order': onOrder(state, event, now, config, effects); break;
      case 'promptReady': grant(state, event, config, effects, now); break;
      case 'promptMissing': {
        const run = state.runs.get(event.run);
        if (run !== undefined) refuseRun(state, run, { code: 'page_missing', message: event.message, retry: 'later' }, effects);
        break;
      }
      case 'engine': onEngine(state, event.event, config, effects, now); break;
      case 'submitFailed': failRun(state, event.run, event.failure, config, effects, now); break;
      case 'reported': state.unreported = Math.max(0, state.unreported - 1); break;
      case 'pinned': setPinned(state.reservation, event.names); break;
      case 'tick': expire(state, config, effects, now); break;
      case 'close': state.isClosing = true; break;
      case 'abandon':
        for (const run of [...state.runs.values()]) abandonRun(state, run, state.isAbandoned, config, effects, now);
        state.isAbandoned = true;
        break;
      default: unreachable(event);
    }
    checkWorker(state, config);
    return { state, effects };
  },
});

export const newWorker = (config: WorkerConfig): WorkerState => ({
  isClosing: false, isAbandoned: false, runSeq: 0, epochs: new Map(), attempts: new Map(), runs: new Map(), runOfStep: new Map(),
  reservation: newReservation(config.hbmBlocks), reports: new Map(), unreported: 0,
  counters: { granted: 0, refused: 0, superseded: 0, ended: 0, failed: 0 },
});

/** What a beat says of the runs. */
export function workerLoad(state: WorkerState): { readonly running: number; readonly waiting: number; readonly hbmGrantable: number; readonly backlogTokens: number } {
  let running = 0;
  let backlogTokens = 0;
  for (const run of state.runs.values()) {
    if (run.phase === 'running') running++;
    if (run.hold !== null) backlogTokens += run.backlog;
  }
  return { running, waiting: state.runs.size - running, hbmGrantable: roomBlocks(state.reservation), backlogTokens };
}

function onOrder(state: WorkerState, event: Extract<WorkerEvent, { kind: 'order' }>, now: Instant, config: WorkerConfig, effects: WorkerEffect[]): void {
  const { token, order } = event;
  const stale = findStaleOwner(state, order);
  if (stale !== null) return refuse(state, token, stale, effects);
  if (order.kind === 'run') return onRunOrder(state, order, event, now, config, effects);
  if (order.kind === 'cancel') cancel(state, order, config, effects, now);
  else effects.push({ kind: 'toTier', message: tierMessage(state, order) });
  effects.push({ kind: 'reply', token, reply: { kind: 'granted', workerEpoch: config.epoch } });
}

function tierMessage(state: WorkerState, order: Exclude<Order, { kind: 'run' | 'cancel' }>): Extract<WorkerEffect, { kind: 'toTier' }>['message'] {
  switch (order.kind) {
    case 'gap': return { kind: 'gap', order };
    case 'pin': return { kind: 'pin', order, roomBlocks: roomBlocks(state.reservation) };
    case 'unpin': return { kind: 'unpin', order };
    case 'drop': return { kind: 'drop', order };
    default: return unreachable(order);
  }
}

function onRunOrder(
  state: WorkerState, order: RunOrder, { token, traceparent }: { readonly token: number; readonly traceparent: string | null },
  now: Instant, config: WorkerConfig, effects: WorkerEffect[],
): void {
  const known = state.attempts.get(order.step);
  const highest = Math.max(known?.attempt ?? 0, findRun(state, order.step)?.order.attempt ?? 0);
  if (order.attempt < highest || (order.attempt === known?.attempt && known.isCancelled)) {
    const why = known?.isCancelled === true ? 'cancelled' : 'ordered';
    return refuse(state, token, { code: 'old_attempt', message: `attempt ${order.attempt} of ${order.step}; attempt ${highest} was ${why} before`, retry: 'never' }, effects);
  }
  know(state.attempts, order.step, { attempt: order.attempt, isCancelled: false });
  if (answerAgain(state, order, token, config, effects, now)) return;
  const refusal = findUnrunnable(config, order) ?? findFull(state, config);
  if (refusal !== null) return refuse(state, token, refusal, effects);
  const run: Run = {
    run: ++state.runSeq, order, traceparent, orderedAtMs: now, phase: 'resolving', asks: [token], tokens: new Int32Array(0), hold: null,
    submittedAtMs: now, backlog: 0, started: null, generated: [], logprobs: [], stopping: null,
  };
  state.runs.set(run.run, run);
  state.runOfStep.set(order.step, run.run);
  effects.push({ kind: 'resolve', run: run.run, tenant: order.tenant, prompt: order.prompt });
}

/** True: this very attempt is known, live or ended. A lower attempt that is live is stopped; its end is reported for what it took. */
function answerAgain(state: WorkerState, order: RunOrder, token: number, config: WorkerConfig, effects: WorkerEffect[], now: Instant): boolean {
  const ended = state.reports.get(reportId(order));
  if (ended !== undefined) {
    effects.push({ kind: 'reply', token, reply: { kind: 'granted', workerEpoch: config.epoch } });
    state.unreported++;
    effects.push({ kind: 'report', id: reportId(order), report: ended });
    return true;
  }
  const live = findRun(state, order.step);
  if (live === undefined) return false;
  if (live.order.attempt < order.attempt) {
    if (live.stopping !== 'superseded') state.counters.superseded++;
    stop(state, live, 'superseded', config, effects, now);
    return false;
  }
  if (live.phase === 'resolving') live.asks.push(token);
  else effects.push({ kind: 'reply', token, reply: { kind: 'granted', workerEpoch: config.epoch } });
  if (live.phase === 'running') effects.push({ kind: 'setPriority', run: live.run, priority: order.priority });
  return true;
}

function findFull(state: WorkerState, config: WorkerConfig): Refusal | null {
  if (state.isClosing) return { code: 'closing', message: `${config.node} is closing`, retry: 'elsewhere' };
  if (state.runs.size >= config.runsMax) return { code: 'worker_full', message: `${state.runs.size} of ${config.runsMax} runs`, retry: 'later' };
  if (state.unreported >= config.unreportedMax) return { code: 'worker_full', message: `${state.unreported} of ${config.unreportedMax} reports wait for the bus`, retry: 'later' };
  return null;
}

function grant(state: WorkerState, event: Extract<WorkerEvent, { kind: 'promptReady' }>, config: WorkerConfig, effects: WorkerEffect[], now: Instant): void {
  const run = state.runs.get(event.run);
  if (run === undefined || run.phase !== 'resolving') return; // Stopped while its prompt was on the way.
  const blocks = blocksNeeded(config, run.order);
  run.hold = tryHold(state.reservation, namesOf(event.chain), blocks);
  if (run.hold === null) {
    const numbers = `${blocks} blocks needed; ${promisedBlocks(state.reservation)} of ${state.reservation.total} promised, ${state.reservation.pinned.length} of them pinned`;
    refuseRun(state, run, { code: 'worker_full', message: numbers, retry: 'later' }, effects);
    // Pins end when children are done: a child that does not fit beside them would wait for itself.
    if (![...state.runs.values()].some((other) => other.hold !== null) && state.reservation.pinned.length > 0) effects.push({ kind: 'toTier', message: { kind: 'yieldPins' } });
    return;
  }
  run.phase = 'queued';
  run.backlog = Math.max(1, run.order.prompt.tokens - event.blocksFound * blockTokens);
  run.tokens = event.tokens;
  state.counters.granted++;
  for (const token of run.asks.splice(0)) effects.push({ kind: 'reply', token, reply: { kind: 'granted', workerEpoch: config.epoch } });
  effects.push({ kind: 'toTier', message: { kind: 'laneStarted', lane: run.order.lane, trace: run.order.trace } });
  submitFree(state, run.order.lane, config, effects, now);
}

function onEngine(state: WorkerState, event: Extract<WorkerEvent, { kind: 'engine' }>['event'], config: WorkerConfig, effects: WorkerEffect[], now: Instant): void {
  const run = state.runs.get(event.run);
  if (run === undefined) return; // Abandoned: its trace has it back already.
  switch (event.kind) {
    case 'started': return onStarted(run, event);
    case 'delta': return onDelta(run, event, effects);
    case 'ended': return endRun(state, run, event, config, effects, now);
    default: unreachable(event);
  }
}

/** A cancel that overtakes its run order is remembered, so that the order is refused when it comes. */
function cancel(state: WorkerState, order: CancelOrder, config: WorkerConfig, effects: WorkerEffect[], now: Instant): void {
  const known = state.attempts.get(order.step);
  if (known !== undefined && known.attempt > order.attempt) return;
  know(state.attempts, order.step, { attempt: order.attempt, isCancelled: true });
  const run = findRun(state, order.step);
  if (run !== undefined) stop(state, run, run.order.attempt === order.attempt ? 'cancelled' : 'superseded', config, effects, now);
}

function stop(state: WorkerState, run: Run, why: 'cancelled' | 'superseded', config: WorkerConfig, effects: WorkerEffect[], now: Instant): void {
  if (run.phase !== 'resolving') return stopRun(state, run, why, config, effects, now);
  refuseRun(state, run, { code: 'old_attempt', message: `attempt ${run.order.attempt} of ${run.order.step} was ${why} while its prompt was fetched`, retry: 'never' }, effects);
}

function expire(state: WorkerState, config: WorkerConfig, effects: WorkerEffect[], now: Instant): void {
  for (const run of [...state.runs.values()]) {
    const ranMs = now - run.orderedAtMs;
    if (run.phase === 'resolving' || run.stopping !== null || ranMs <= config.runMs) continue;
    stopRun(state, run, { code: 'run_expired', message: `attempt ${run.order.attempt} took ${ranMs} ms of ${config.runMs} ms`, retry: 'later' }, config, effects, now);
  }
}

const findRun = (state: WorkerState, step: string): Run | undefined => state.runs.get(state.runOfStep.get(step) ?? 0);

function refuseRun(state: WorkerState, run: Run, refusal: Refusal, effects: WorkerEffect[]): void {
  state.runs.delete(run.run);
  if (state.runOfStep.get(run.order.step) === run.run) state.runOfStep.delete(run.order.step);
  for (const token of run.asks.splice(0)) refuse(state, token, refusal, effects);
}

function refuse(state: WorkerState, token: number, refusal: Refusal, effects: WorkerEffect[]): void {
  state.counters.refused++;
  effects.push({ kind: 'reply', token, reply: { kind: 'refused', ...refusal } });
}

function checkWorker(state: WorkerState, config: WorkerConfig): void {
  const holds = [];
  for (const run of state.runs.values()) if (run.hold !== null) holds.push(run.hold);
  checkReservation(state.reservation, holds);
  assert(state.runs.size <= config.runsMax, `${state.runs.size} runs of ${config.runsMax}`);
}
