import type { StepEnded, StepFailed } from '../../schemas/messages.ts';
import type { EngineEvent } from '../lib/ports.ts';
import type { Instant } from '../lib/logic.ts';
import { release, roomBlocks } from './reservation.ts';
import type { Failure, Report, Run, WorkerConfig, WorkerEffect, WorkerState } from './types.ts';

/** Ended reports that are kept to be told again. */
export const reportsMax = 512;

export const reportId = (of: { readonly step: string; readonly attempt: number }): string => `${of.step}/${of.attempt}/ended`;

/** Gives the engine the first granted run of the lane, when the lane is free: a lane is one sequence. */
export function submitFree(state: WorkerState, lane: string, config: WorkerConfig, effects: WorkerEffect[], now: Instant): void {
  let next: Run | null = null;
  for (const run of state.runs.values()) {
    if (run.order.lane !== lane) continue;
    if (run.phase === 'running') return;
    if (run.phase === 'queued' && next === null) next = run;
  }
  if (next === null) return;
  next.phase = 'running';
  next.submittedAtMs = now;
  const { sampling, prompt } = next.order;
  effects.push({
    kind: 'submit', tenant: next.order.tenant,
    request: {
      run: next.run, lane, tokens: next.tokens, maxTokens: Math.min(sampling.maxTokens, config.contextLength - prompt.tokens), temperature: sampling.temperature,
      topK: sampling.topK, topP: sampling.topP, seed: sampling.seed, stop: sampling.stop, logprobs: sampling.logprobs, priority: next.order.priority,
    },
  });
}

export function onStarted(run: Run, event: Extract<EngineEvent, { kind: 'started' }>): void {
  run.started = { hit: event.hit, recalled: event.recalled, computed: event.computed };
  run.backlog = event.computed;
}

export function onDelta(run: Run, event: Extract<EngineEvent, { kind: 'delta' }>, effects: WorkerEffect[]): void {
  const { step, trace, attempt } = run.order;
  if (run.generated.length === 0 && run.stopping === null) effects.push({ kind: 'note', note: { kind: 'firstToken', trace, step, attempt, ...(run.started ?? { hit: 0, recalled: 0, computed: 0 }) } });
  run.backlog = 0;
  for (const token of event.tokens) run.generated.push(token);
  const logprobs = event.logprobs ?? [];
  run.logprobs.push(...logprobs);
  if (run.stopping !== null) return; // Nobody may read what an attempt says after it was stopped.
  effects.push({ kind: 'publishOut', traceparent: run.traceparent, out: { kind: 'delta', step, attempt, offset: event.offset, tokens: Int32Array.from(event.tokens), logprobs } });
}

/**
 * Stops a granted run. One that the engine has ends when the engine says so; its blocks stay promised until then, and its
 * time is reported, also that of a superseded one: it was spent. One that the engine never had has nothing to report
 * when it is superseded.
 */
export function stopRun(state: WorkerState, run: Run, why: 'cancelled' | 'superseded' | Failure, config: WorkerConfig, effects: WorkerEffect[], now: Instant): void {
  if (run.stopping === 'superseded') return;
  const isFirst = run.stopping === null;
  if (isFirst || why === 'superseded') run.stopping = why;
  if (run.phase === 'running') {
    if (isFirst) effects.push({ kind: 'cancelRun', run: run.run });
    return;
  }
  const failure = typeof why === 'string' ? null : why;
  close(state, run, new Uint8Array(0), effects);
  if (failure !== null) reportFailure(state, run, failure, 0, config, effects);
  else if (why === 'cancelled') report(state, run, endedReport(run, config, null, now), effects);
}

export function endRun(state: WorkerState, run: Run, event: Extract<EngineEvent, { kind: 'ended' }>, config: WorkerConfig, effects: WorkerEffect[], now: Instant): void {
  close(state, run, event.chain, effects);
  submitFree(state, run.order.lane, config, effects, now);
  const failure = run.stopping !== null && typeof run.stopping !== 'string' ? run.stopping : run.stopping === 'superseded' ? null : findEngineFailure(run, event);
  if (failure !== null) return reportFailure(state, run, failure, event.engineMs, config, effects);
  report(state, run, endedReport(run, config, event, now), effects);
}

export function failRun(state: WorkerState, number: number, failure: Failure, config: WorkerConfig, effects: WorkerEffect[], now: Instant): void {
  const run = state.runs.get(number);
  if (run === undefined) return;
  close(state, run, new Uint8Array(0), effects);
  submitFree(state, run.order.lane, config, effects, now);
  if (run.stopping !== 'superseded') reportFailure(state, run, failure, 0, config, effects);
}

/** The process ends: the trace goes on elsewhere as soon as the engine has said what the run took, or `isLast`, when it is not waited for. */
export function abandonRun(state: WorkerState, run: Run, isLast: boolean, config: WorkerConfig, effects: WorkerEffect[], now: Instant): void {
  const failure: Failure = { code: 'closing', message: `${config.node} closed before the run ended`, retry: 'elsewhere' };
  if (run.phase === 'running' && !isLast) return stopRun(state, run, failure, config, effects, now);
  for (const token of run.asks.splice(0)) effects.push({ kind: 'reply', token, reply: { kind: 'refused', code: 'closing', message: failure.message, retry: failure.retry } });
  const isGranted = run.hold !== null;
  close(state, run, new Uint8Array(0), effects);
  if (isGranted && run.stopping !== 'superseded') reportFailure(state, run, failure, 0, config, effects);
}

/** An engine that contradicts itself must not answer a step. */
function findEngineFailure(run: Run, event: Extract<EngineEvent, { kind: 'ended' }>): Failure | null {
  if (event.finish === 'failed') return { code: 'engine_failed', message: event.message ?? 'the engine gave no reason', retry: 'elsewhere' };
  if (event.generated !== run.generated.length) return { code: 'engine_failed', message: `the engine generated ${event.generated} tokens and told ${run.generated.length}`, retry: 'elsewhere' };
  if (event.finish === 'cancelled' && run.stopping === null) return { code: 'engine_failed', message: 'the engine cancelled a run that nobody stopped', retry: 'elsewhere' };
  return null;
}

function endedReport(run: Run, config: WorkerConfig, event: Extract<EngineEvent, { kind: 'ended' }> | null, now: number): StepEnded {
  const waitedMs = (event === null ? now : run.submittedAtMs) - run.orderedAtMs;
  const { hit, recalled, computed } = event ?? { hit: 0, recalled: 0, computed: 0 };
  return {
    kind: 'stepEnded', trace: run.order.trace, step: run.order.step, attempt: run.order.attempt, worker: config.node,
    tokens: Int32Array.from(run.generated), finish: event === null || event.finish === 'failed' || run.stopping !== null ? 'cancelled' : event.finish,
    usage: { prompt: hit + recalled + computed, hit, recalled, computed, generated: run.generated.length },
    timing: {
      queuedMs: waitedMs + (event?.queuedMs ?? 0), recallMs: event?.recallMs ?? 0,
      firstTokenMs: event === null ? 0 : waitedMs + event.firstTokenMs, totalMs: waitedMs + (event?.totalMs ?? 0),
    },
    acceleratorMs: event?.engineMs ?? 0, logprobs: run.logprobs, chain: event?.chain ?? new Uint8Array(0),
  };
}

function reportFailure(state: WorkerState, run: Run, failure: Failure, acceleratorMs: number, config: WorkerConfig, effects: WorkerEffect[]): void {
  report(state, run, { kind: 'stepFailed', trace: run.order.trace, step: run.order.step, attempt: run.order.attempt, worker: config.node, ...failure, acceleratorMs }, effects);
}

function report(state: WorkerState, run: Run, event: StepEnded | StepFailed, effects: WorkerEffect[]): void {
  const told: Report = { event, traceparent: run.traceparent, startedAtMs: run.orderedAtMs };
  const id = reportId(run.order);
  state.reports.set(id, told);
  if (state.reports.size > reportsMax) for (const oldest of state.reports.keys()) { state.reports.delete(oldest); break; }
  state.counters[event.kind === 'stepEnded' ? 'ended' : 'failed']++;
  state.unreported++;
  effects.push({ kind: 'report', id, report: told });
}

/** Takes the run out and gives its blocks back. */
function close(state: WorkerState, run: Run, chain: Uint8Array, effects: WorkerEffect[]): void {
  state.runs.delete(run.run);
  if (state.runOfStep.get(run.order.step) === run.run) state.runOfStep.delete(run.order.step);
  if (run.hold === null) return;
  release(state.reservation, run.hold);
  run.hold = null;
  effects.push({ kind: 'toTier', message: { kind: 'laneEnded', lane: run.order.lane, chain, roomBlocks: roomBlocks(state.reservation) } });
  effects.push({ kind: 'freed' });
}
