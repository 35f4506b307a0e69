import type { StepAccepted, TraceState, TransitionEvent } from '../../schemas/messages.ts';
import type { Instant, Logic, Step } from '../lib/logic.ts';
import { assert } from '../lib/logic.ts';
import { advancer } from '../lib/machine.ts';
import { emptyUsage } from '../lib/usage.ts';
import { remake, unchanged } from './runs.ts';
import { type MachineEvent, traceMachine } from './trace.machine.ts';
import type { Segment, TraceContext, TraceEffect, TraceEvent, TraceLimits } from './types.ts';

/** A trace's whole state: JSON, immutable, what the host saves. Null before its first step. */
export interface TraceActor { readonly value: TraceState | 'start'; readonly context: TraceContext }

/** The trace actor: the machine, begun by its first step, and what its transitions show to the outside. */
export function traceLogic(limits: TraceLimits): Logic<TraceActor | null, TraceEvent, TraceEffect> {
  const advance = advancer(traceMachine(limits));
  return {
    step(state, event, now) {
      if (state === null && event.kind !== 'stepAccepted') return { state, effects: [] };
      // Says nothing new about the trace: only what its last owner held in memory is asked and ordered again.
      if (event.kind === 'takenOver') return { state, effects: state === null ? [] : remake(state.context) };
      if (event.kind === 'timer') {
        // A firing of a timer that was cleared or set anew in the meantime is nobody's.
        if (!state?.context.timers.some((timer) => timer.id === event.id && timer.generation === event.generation)) return { state, effects: [] };
        state = { ...state, context: { ...state.context, timers: state.context.timers.filter((timer) => timer.id !== event.id) } };
      }
      const before = state ?? { value: 'start' as const, context: contextOf(event as StepAccepted, now) };
      const next = advance(before.value, unchanged(before.context), { type: event.kind, event, nowMs: now } as MachineEvent);
      const { context, effects } = next.context;
      const after: TraceActor = { value: next.value as TraceActor['value'], context };
      // A first step that was refused leaves no trace behind.
      if (state === null && after.value === 'start') return { state: null, effects };
      return after.value === before.value ? { state: after, effects } : moved(before, after, effects, now);
    },
  };
}

function contextOf(first: StepAccepted, now: Instant): TraceContext {
  assert(first.trace !== '', 'an accepted step names its trace');
  return {
    trace: first.trace, tenant: first.tenant, parent: first.parent, model: first.model, startedAtMs: now,
    // A trace may be taken up in its middle, by a harness that numbers its steps; behind a side call any may come.
    seq: first.lane === 'side' ? 0 : first.seq - 1, run: null, sides: [], sidesSeen: 0, worker: null, tokens: 0, pinnedOn: null, pinnedTier: null, children: [], childrenSeen: 0,
    tips: [], ids: [], answers: [], gapsMs: [], gapOpenedAtMs: 0, stepsDone: 0, attainedMs: 0, usage: emptyUsage,
    lastFinish: null, outcome: null, decisions: [], segments: 0, enteredAtMs: now, timerGeneration: 0, timers: [],
  };
}

/** A state was left: its segment ends, watchers hear of it, and a parent of its child's beginning. */
function moved(before: TraceActor, after: TraceActor, effects: readonly TraceEffect[], now: Instant): Step<TraceActor, TraceEffect> {
  const to = after.value as TraceState;
  const { trace, tenant, parent, seq } = after.context;
  const worker = before.context.run?.worker ?? after.context.worker ?? before.context.worker ?? '';
  const transition: TransitionEvent = {
    kind: 'transition', atMs: now, trace, tenant, parent, from: before.value, to, step: `${trace}/${seq}`, seq, worker, usage: after.context.usage, outcome: after.context.outcome,
  };
  const shown: TraceEffect[] = [{ kind: 'evt', evt: transition }];
  const isLast = to === 'done';
  const wasLast = before.value === 'done';
  if (before.value !== 'start' && !wasLast) shown.push({ kind: 'segment', segment: segmentOf(before, after, now, isLast) });
  if (parent !== null && (before.value === 'start' || wasLast)) shown.push({ kind: 'tell', event: { kind: 'childStarted', trace: parent, child: trace } });
  const context = { ...after.context, enteredAtMs: now, segments: after.context.segments + (before.value === 'start' || wasLast ? 0 : 1) };
  return { state: { value: to, context }, effects: [...effects, ...shown] };
}

function segmentOf(before: TraceActor, after: TraceActor, now: Instant, isLast: boolean): Segment {
  const { context } = before;
  return {
    trace: context.trace, tenant: context.tenant, parent: context.parent, model: context.model, index: context.segments, state: before.value as TraceState,
    step: `${context.trace}/${context.seq}`, worker: context.run?.worker ?? context.worker ?? '', startMs: context.enteredAtMs, endMs: now,
    usage: {
      prompt: after.context.usage.prompt - context.usage.prompt, hit: after.context.usage.hit - context.usage.hit, recalled: after.context.usage.recalled - context.usage.recalled,
      computed: after.context.usage.computed - context.usage.computed, generated: after.context.usage.generated - context.usage.generated,
    },
    tier: before.value === 'toolGap' || before.value === 'fanOut' ? (context.pinnedOn === null ? 'dram' : 'hbm') : null,
    root: isLast ? { startMs: context.startedAtMs, endMs: now, outcome: after.context.outcome ?? 'finished', steps: after.context.stepsDone, usage: after.context.usage, acceleratorMs: after.context.attainedMs } : null,
  };
}
