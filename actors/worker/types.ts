import type { BlockChain, DeltaOut, FirstToken, GapOrder, DropOrder, Order, OrderReply, PinOrder, PromptRef, Retry, RunOrder, StepEnded, StepFailed, TokenLogprob, UnpinOrder } from '../../schemas/messages.ts';
import type { EngineEvent, EngineRun } from '../lib/ports.ts';
import type { Instant } from '../lib/logic.ts';
import type { Attempts } from './attempts.ts';
import type { Reservation } from './reservation.ts';

export interface WorkerConfig {
  readonly node: string;
  /** Of this process. */
  readonly epoch: number;
  readonly model: string;
  readonly contextLength: number;
  readonly hbmBlocks: number;
  /** Runs resolving, waiting and running together. */
  readonly runsMax: number;
  /** Reports that are not stored yet; above it nothing is granted, so that the queue of reports has a bound. */
  readonly unreportedMax: number;
  /** Longest life of a run: its trace has given the attempt up by then. */
  readonly runMs: number;
}

export interface WorkerState {
  isClosing: boolean;
  isAbandoned: boolean;
  runSeq: number;
  /** Highest epoch seen, by partition. */
  readonly epochs: Map<number, number>;
  readonly attempts: Attempts;
  /** Live runs by the engine's number, in order of arrival. */
  readonly runs: Map<number, Run>;
  /** Latest run of a step. */
  readonly runOfStep: Map<string, number>;
  readonly reservation: Reservation;
  /** Ended ones, so that an order that comes again is answered again; the oldest are forgotten. */
  readonly reports: Map<string, Report>;
  unreported: number;
  readonly counters: { granted: number; refused: number; superseded: number; ended: number; failed: number };
}

/** `resolving`: its prompt is being fetched, nothing is promised. `queued`: granted, its lane is busy. `running`: the engine has it. */
export interface Run {
  readonly run: number;
  readonly order: RunOrder;
  readonly traceparent: string | null;
  readonly orderedAtMs: Instant;
  phase: 'resolving' | 'queued' | 'running';
  /** Order tokens to answer once it is granted or refused. */
  asks: number[];
  tokens: Int32Array;
  hold: Hold | null;
  submittedAtMs: number;
  /** Prompt tokens still to compute: what the node lacked when the run was granted, and from its start what the engine says. */
  backlog: number;
  started: { readonly hit: number; readonly recalled: number; readonly computed: number } | null;
  generated: number[];
  logprobs: TokenLogprob[];
  /** Why it is being stopped; null while it is wanted. `superseded`: its trace has ordered a later attempt, and reads no report of this one; the ledger does. */
  stopping: null | 'cancelled' | 'superseded' | Failure;
}

export interface Hold { readonly shared: readonly string[]; readonly own: number }
export interface Failure { readonly code: string; readonly message: string; readonly retry: Retry }
export interface Report { readonly event: StepEnded | StepFailed; readonly traceparent: string | null; readonly startedAtMs: number }

export type WorkerEvent =
  | { readonly kind: 'order'; readonly token: number; readonly order: Order; readonly traceparent: string | null }
  /** `blocksFound`: its full blocks before the first that the node lacks now, in either tier. */
  | { readonly kind: 'promptReady'; readonly run: number; readonly tokens: Int32Array; readonly chain: BlockChain; readonly blocksFound: number }
  | { readonly kind: 'promptMissing'; readonly run: number; readonly message: string }
  | { readonly kind: 'engine'; readonly event: Extract<EngineEvent, { kind: 'started' | 'delta' | 'ended' }> }
  /** The engine did not take the run. */
  | { readonly kind: 'submitFailed'; readonly run: number; readonly failure: Failure }
  /** A report is stored. */
  | { readonly kind: 'reported' }
  /** What the tier has pinned in hbm now. */
  | { readonly kind: 'pinned'; readonly names: readonly string[] }
  | { readonly kind: 'tick' }
  /** Grants nothing from here on; what runs may end. */
  | { readonly kind: 'close' }
  /** The process ends: what still runs is given back to its trace when the engine has ended it; told again, without waiting for that. */
  | { readonly kind: 'abandon' };

export type WorkerEffect =
  | { readonly kind: 'reply'; readonly token: number; readonly reply: OrderReply }
  /** Answered by `promptReady` or `promptMissing`, well before the order's deadline. */
  | { readonly kind: 'resolve'; readonly run: number; readonly tenant: string; readonly prompt: PromptRef }
  | { readonly kind: 'submit'; readonly tenant: string; readonly request: Omit<EngineRun, 'salt'> }
  | { readonly kind: 'cancelRun'; readonly run: number }
  | { readonly kind: 'setPriority'; readonly run: number; readonly priority: number }
  | { readonly kind: 'publishOut'; readonly out: DeltaOut; readonly traceparent: string | null }
  | { readonly kind: 'note'; readonly note: FirstToken }
  | { readonly kind: 'report'; readonly id: string; readonly report: Report }
  | { readonly kind: 'toTier'; readonly message: ToTier }
  /** Capacity came free: worth a beat. */
  | { readonly kind: 'freed' };

/** `roomBlocks`: hbm blocks that are promised to nobody, so that a pin can be placed without overcommitting them. */
export type ToTier =
  | { readonly kind: 'laneStarted'; readonly lane: string; readonly trace: string }
  | { readonly kind: 'laneEnded'; readonly lane: string; readonly chain: BlockChain; readonly roomBlocks: number }
  | { readonly kind: 'gap'; readonly order: GapOrder }
  | { readonly kind: 'pin'; readonly order: PinOrder; readonly roomBlocks: number }
  | { readonly kind: 'unpin'; readonly order: UnpinOrder }
  | { readonly kind: 'drop'; readonly order: DropOrder }
  /** Nothing runs and a run does not fit beside the pins: they give way. */
  | { readonly kind: 'yieldPins' };
