import { assign, setup } from 'xstate';
import type { Outcome, StepAccepted } from '../../schemas/messages.ts';
import { type Change, clearTimer, leave, reduceRuns, runsOf, setTimer, startRun, andThen, unchanged, verdictOn, note, pin, unpinned } from './runs.ts';
import type { TraceContext, TraceEffect, TraceEvent, TraceLimits } from './types.ts';

/** A trace's event with the instant it is applied at, as xstate wants it. */
export type MachineEvent = { [Kind in TraceEvent['kind']]: { readonly type: Kind; readonly event: Extract<TraceEvent, { kind: Kind }>; readonly nowMs: number } }[TraceEvent['kind']];

/**
 * One agent run: generations alternate with tool gaps until somebody ends it or nobody comes back.
 * The table holds what the states are; what an event does to the runs in flight is `runs.ts`.
 */
export const traceMachine = (limits: TraceLimits) => setup({
  types: { context: {} as Change, events: {} as MachineEvent },
  actions: {
    apply: changes((context, { event, nowMs }) => reduceRuns(context, event, nowMs, limits)),
    start: changes((context, { event, nowMs }) => startRun(context, event as StepAccepted & { logSeq: number }, nowMs)),
    answerOnly: changes((context, { event }) => answerOnly(context, event as StepAccepted, limits)),
    openGap: changes((context, { nowMs }) => openGap(context, nowMs, limits)),
    closeGap: changes((context) => clearTimer(context, 'idle')),
    applyAndKeep: changes((context, { event, nowMs }) => andThen(reduceRuns(context, event, nowMs, limits), (next) => keep(next, event, nowMs))),
    addChild: changes((context, { event }) => addChild(context, event, limits)),
    removeChild: changes((context, { event }) => removeChild(context, event)),
    askPin: changes(askPin),
    close: changes((context, { event }) => close(context, event)),
    reopen: changes((context) => unchanged({ ...context, outcome: null })),
  },
  guards: {
    isFirstStep: ({ context: { context }, event }) => event.type === 'stepAccepted' && event.event.lane === 'main' && context.seq === 0 && verdictOn(context, event.event, limits) === 'start',
    isNewStep: ({ context: { context }, event }) => event.type === 'stepAccepted' && event.event.lane === 'main' && verdictOn(context, event.event, limits) === 'start',
    isNewSide: ({ context: { context }, event }) => event.type === 'stepAccepted' && event.event.lane === 'side' && verdictOn(context, event.event, limits) === 'start',
    isCurrent: ({ context: { context }, event }) => event.type === 'firstToken' && context.run?.step === event.event.step && context.run.attempt === event.event.attempt,
    isIdleTimer: ({ context: { context }, event }) => event.type === 'timer' && event.event.id === 'idle' && context.sides.length === 0,
    hasEnded: ({ context: { context } }) => context.run === null,
    hasChildren: ({ context: { context } }) => context.children.length > 0,
    isLastChild: ({ context: { context }, event }) => event.type === 'childEnded' && context.children.every((child) => child === event.event.child),
  },
}).createMachine({
  id: 'trace',
  context: {} as Change, // Replaced before the first event: a trace is begun by its first step.
  initial: 'start',
  states: {
    // A side call may overtake the step that it was named beside: the trace begins with a gap, which its first step ends.
    start: { on: { stepAccepted: [{ guard: 'isNewStep', target: 'running', actions: 'start' }, { guard: 'isNewSide', target: 'toolGap', actions: 'start' }] } },
    running: {
      always: [{ guard: and('hasEnded', 'hasChildren'), target: 'fanOut' }, { guard: 'hasEnded', target: 'toolGap' }],
    },
    resumed: {
      on: { firstToken: { guard: 'isCurrent', target: 'running' } },
      always: [{ guard: and('hasEnded', 'hasChildren'), target: 'fanOut' }, { guard: 'hasEnded', target: 'toolGap' }],
    },
    toolGap: {
      entry: 'openGap',
      exit: 'closeGap',
      on: {
        stepAccepted: [
          { guard: 'isFirstStep', target: 'running', actions: 'start' }, { guard: 'isNewStep', target: 'resumed', actions: 'start' },
          { guard: 'isNewSide', actions: 'start' }, { actions: 'answerOnly' },
        ],
        childStarted: { target: 'fanOut', actions: 'addChild' },
        timer: [{ guard: 'isIdleTimer', target: 'done' }, { actions: 'apply' }],
        decided: { actions: 'applyAndKeep' },
      },
    },
    fanOut: {
      entry: ['openGap', 'askPin'],
      exit: 'closeGap',
      on: {
        stepAccepted: [
          { guard: 'isFirstStep', target: 'running', actions: 'start' }, { guard: 'isNewStep', target: 'resumed', actions: 'start' },
          { guard: 'isNewSide', actions: 'start' }, { actions: 'answerOnly' },
        ],
        childEnded: [{ guard: 'isLastChild', target: 'toolGap', actions: 'removeChild' }, { actions: 'removeChild' }],
        decided: { actions: 'applyAndKeep' },
      },
    },
    done: {
      entry: 'close',
      on: {
        stepAccepted: [
          { guard: 'isFirstStep', target: 'running', actions: ['reopen', 'start'] }, { guard: 'isNewStep', target: 'resumed', actions: ['reopen', 'start'] },
          { guard: 'isNewSide', actions: 'start' }, { actions: 'answerOnly' },
        ],
        endAsked: {},
      },
    },
  },
  on: {
    stepAccepted: [{ guard: 'isNewSide', actions: 'start' }, { actions: 'answerOnly' }],
    childStarted: { actions: 'addChild' },
    childEnded: { actions: 'removeChild' },
    endAsked: { target: '.done' },
    decided: { actions: 'apply' },
    '*': { actions: 'apply' },
  },
});

export type TraceMachine = ReturnType<typeof traceMachine>;

type Changed = (context: TraceContext, event: MachineEvent) => Change;

/**
 * A change of the trace, as an action. To xstate, which copies a context field by field with each of them, trace and effects are one field each: a
 * trace has some thirty, and effects that were actions of their own would be resolved one by one.
 */
const changes = (change: Changed) =>
  assign<Change, MachineEvent, undefined, MachineEvent, never>(({ context, event }) => andThen(context, (trace) => change(trace, event)));

function and(...names: readonly ('hasEnded' | 'hasChildren')[]) {
  return ({ context: { context } }: { context: Change }) => names.every((name) => (name === 'hasEnded' ? context.run === null : context.children.length > 0));
}

function answerOnly(context: TraceContext, accepted: StepAccepted, limits: TraceLimits): Change {
  const verdict = verdictOn(context, accepted, limits);
  if (verdict === 'start') return unchanged(context); // Every state starts side calls, and the gaps and `done` steps: while one runs, the verdict is that it does.
  // Two steps that were given one number share a subject; by its id the refusal is the second one's alone.
  if (verdict !== 'known') return { context, effects: [{ kind: 'announce', out: verdict }] };
  // The duplicate window has passed: the first copy's answer is the answer to both.
  const step = context.ids.find((known) => known.id === accepted.id)?.step;
  const answer = context.answers.find((known) => known.step === step);
  return { context, effects: answer === undefined ? [] : [{ kind: 'answer', id: accepted.id, step: answer.step, attempt: answer.attempt, endedSeq: answer.endedSeq }] };
}

/** A gap pairs a demotion with a recall: control says down to where, when, and when to be back. */
function openGap(context: TraceContext, nowMs: number, limits: TraceLimits): Change {
  // A gap that turns into a fan-out, or back, is one gap.
  const opened = setTimer({ ...context, gapOpenedAtMs: context.gapOpenedAtMs || nowMs }, 'idle', limits.idleMs, nowMs);
  if (context.worker === null) return opened;
  return {
    context: opened.context,
    effects: [...opened.effects, {
      kind: 'ask',
      ask: {
        what: 'retain', trace: context.trace, step: latestStep(context), worker: context.worker, tokens: context.tokens,
        gapsMs: context.gapsMs, children: context.children.length, stepsDone: context.stepsDone,
      },
    }],
  };
}

function keep(context: TraceContext, event: TraceEvent | MachineEvent['event'], nowMs: number): Change {
  if (event.kind !== 'decided' || context.worker === null) return unchanged(context);
  const { decided } = event;
  if (decided.what === 'retain') {
    const { keepValue, demoteAfterMs, recallAfterMs } = decided;
    const noted = note(context, decided.decision);
    return { context: noted.context, effects: [...noted.effects, { kind: 'order', worker: context.worker, order: { kind: 'gap', trace: context.trace, lane: context.trace, keepValue, demoteAfterMs, recallAfterMs } }] };
  }
  if (decided.what === 'pin') {
    return andThen(note({ ...context, pinnedOn: context.worker, pinnedTier: decided.tier }, decided.decision), (next) => pin(next, nowMs));
  }
  return unchanged(context);
}

function addChild(context: TraceContext, event: TraceEvent, limits: TraceLimits): Change {
  if (event.kind !== 'childStarted' || context.children.includes(event.child) || context.children.length >= limits.childrenMax) return unchanged(context);
  return unchanged({ ...context, children: [...context.children, event.child], childrenSeen: context.childrenSeen + 1 });
}

function removeChild(context: TraceContext, event: TraceEvent): Change {
  if (event.kind !== 'childEnded') return unchanged(context);
  const children = context.children.filter((child) => child !== event.child);
  if (children.length > 0 || context.pinnedOn === null) return unchanged({ ...context, children });
  const unpin: TraceEffect = { kind: 'order', worker: context.pinnedOn, order: { kind: 'unpin', trace: context.trace, lane: context.trace } };
  const next = unpinned({ ...context, children });
  return { context: next.context, effects: [...next.effects, unpin] };
}

function askPin(context: TraceContext): Change {
  if (context.worker === null || context.pinnedOn !== null) return unchanged(context);
  const { trace, worker, tokens, children } = context;
  return { context, effects: [{ kind: 'ask', ask: { what: 'pin', trace, step: latestStep(context), worker, tokens, children: children.length } }] };
}

function close(context: TraceContext, event: TraceEvent | { readonly event: TraceEvent }): Change {
  const cause = 'event' in event ? event.event : event;
  const outcome: Outcome = cause.kind === 'endAsked' ? cause.outcome : outcomeOfIdle(context);
  let change = unchanged({ ...context, outcome });
  for (const run of runsOf(context)) change = andThen(change, (next) => reduceRuns(next, { kind: 'stepCancelled', trace: next.trace, step: run.step, reason: 'the trace was ended', logSeq: 0 }, 0, endless));
  change = andThen(change, (next) => clearTimer(next, 'idle'));
  return andThen(change, (next) => ({
    context: { ...unpinned(next).context, worker: null, tokens: 0 },
    effects: [
      ...unpinned(next).effects,
      ...(next.worker === null ? [] : leave(next, next.worker)),
      ...(next.parent === null ? [] : [{ kind: 'tell' as const, event: { kind: 'childEnded' as const, trace: next.parent, child: next.trace, outcome } }]),
    ],
  }));
}

/** Nobody came back: an agent whose last answer asked for nothing more has finished; one that failed, or owed a tool's result, was left. */
function outcomeOfIdle(context: TraceContext): Outcome {
  if (context.lastFinish === 'failed') return 'failed';
  return context.lastFinish === 'stop' || context.lastFinish === 'length' ? 'finished' : 'abandoned';
}

const latestStep = (context: TraceContext): string => `${context.trace}/${context.seq}`;
const endless: TraceLimits = { attemptMs: 0, attemptsMax: 0, idleMs: 0, sideCallsMax: 0, childrenMax: 0 };
