import type { Ask, Decided } from '../lib/asks.ts';
import type { Decision, Evt, FailedOut, Finish, GapOrder, Outcome, PinOrder, StepAccepted, StepCancelled, StepClass, StepEnded, StepFailed, ChildEnded, ChildStarted, EndAsked, FirstToken, AttemptStarted, CancelOrder, DropOrder, Tier, TraceState, UnpinOrder, Usage } from '../../schemas/messages.ts';

/** One step on its way to an answer. Its prompt stays in the log, at `acceptedSeq`. */
export interface StepRun {
  readonly step: string;
  readonly id: string;
  readonly lane: string;
  readonly seq: number;
  readonly acceptedSeq: number;
  readonly acceptedAtMs: number;
  readonly promptTokens: number;
  readonly maxTokens: number;
  readonly class: StepClass;
  readonly messageChain: string;
  /** waiting: control was asked; ordered: `worker` has this attempt. */
  readonly phase: 'waiting' | 'ordered';
  /** Grows with every try; 0 before the first. */
  readonly attempt: number;
  readonly worker: string | null;
  /** Attempts that were lost or failed, or whose prompt was not there; refusals for lack of room do not count. */
  readonly failures: number;
  readonly avoid: readonly string[];
  /** Of its latest order, as control gave it; smaller runs first. */
  readonly priority: number;
}

/** What a trace is, beside the name of its state. Saved as JSON: add fields with an upcast, see `saved.ts`. */
export interface TraceContext {
  readonly trace: string;
  readonly tenant: string;
  readonly parent: string | null;
  readonly model: string;
  readonly startedAtMs: number;
  /** Of the last accepted step of the main chain; 0: a side call came before any. */
  readonly seq: number;
  readonly run: StepRun | null;
  readonly sides: readonly StepRun[];
  readonly sidesSeen: number;
  /** Worker that has the main lane's KV, and how many tokens that is. */
  readonly worker: string | null;
  readonly tokens: number;
  readonly pinnedOn: string | null;
  readonly pinnedTier: Tier | null;
  readonly children: readonly string[];
  readonly childrenSeen: number;
  /** What identity recognises this trace by; latest last. */
  readonly tips: readonly { readonly chain: string; readonly seq: number }[];
  /** Idempotency keys of the latest steps. */
  readonly ids: readonly { readonly id: string; readonly step: string }[];
  /** Where the latest answers stand in the inbox log. */
  readonly answers: readonly { readonly step: string; readonly attempt: number; readonly acceptedSeq: number; readonly endedSeq: number }[];
  readonly gapsMs: readonly number[];
  readonly gapOpenedAtMs: number;
  readonly stepsDone: number;
  readonly attainedMs: number;
  readonly usage: Usage;
  readonly lastFinish: Finish | 'failed' | null;
  readonly outcome: Outcome | null;
  readonly decisions: readonly Decision[];
  readonly segments: number;
  readonly enteredAtMs: number;
  /** Grows with every timer set, so that a late firing of an old one is told from the new one. */
  readonly timerGeneration: number;
  readonly timers: readonly Timer[];
}

export interface Timer { readonly id: string; readonly generation: number; readonly dueAtMs: number }

/** From the inbox log: these move the cursor. `logSeq` is the entry's stream sequence. */
export type LoggedEvent = (StepAccepted | StepEnded | StepFailed | StepCancelled | ChildStarted | ChildEnded | EndAsked) & { readonly logSeq: number };

export type TraceEvent =
  | LoggedEvent
  | FirstToken
  | { readonly kind: 'decided'; readonly decided: Decided }
  | { readonly kind: 'orderRefused'; readonly step: string; readonly attempt: number; readonly worker: string; readonly code: string; readonly message: string; readonly retry: 'never' | 'later' | 'elsewhere' }
  /** No answer by the deadline: the worker may or may not have it. */
  | { readonly kind: 'orderLost'; readonly step: string; readonly attempt: number; readonly worker: string }
  | { readonly kind: 'workerLost'; readonly worker: string }
  | { readonly kind: 'timer'; readonly id: string; readonly generation: number }
  | { readonly kind: 'takenOver' };

export type TraceEffect =
  | { readonly kind: 'ask'; readonly ask: Ask }
  /** The prompt is read from the log at `acceptedSeq`. */
  | { readonly kind: 'orderRun'; readonly worker: string; readonly step: string; readonly attempt: number; readonly lane: string; readonly acceptedSeq: number; readonly priority: number }
  | { readonly kind: 'order'; readonly worker: string; readonly order: CancelOrder | GapOrder | PinOrder | UnpinOrder | DropOrder }
  | { readonly kind: 'announce'; readonly out: AttemptStarted | FailedOut }
  /** The result of `step` stands in the log at `endedSeq`. */
  | { readonly kind: 'answer'; readonly step: string; readonly id: string; readonly attempt: number; readonly endedSeq: number }
  | { readonly kind: 'tell'; readonly event: ChildStarted | ChildEnded }
  | { readonly kind: 'evt'; readonly evt: Evt }
  | { readonly kind: 'segment'; readonly segment: Segment }
  | { readonly kind: 'timerSet'; readonly timer: Timer }
  | { readonly kind: 'timerClear'; readonly id: string };

/** A stay in one state, told when it ends: one span. The last one of a trace comes with its root. */
export interface Segment {
  readonly trace: string;
  readonly tenant: string;
  readonly parent: string | null;
  readonly model: string;
  readonly index: number;
  readonly state: TraceState;
  readonly step: string;
  readonly worker: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly usage: Usage;
  readonly tier: Tier | null;
  readonly root: { readonly startMs: number; readonly endMs: number; readonly outcome: Outcome; readonly steps: number; readonly usage: Usage; readonly acceleratorMs: number } | null;
}

export interface TraceLimits {
  readonly attemptMs: number;
  readonly attemptsMax: number;
  readonly idleMs: number;
  readonly sideCallsMax: number;
  readonly childrenMax: number;
}
