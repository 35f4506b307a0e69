import type { ReplayTrace } from '../../../schemas/replay-trace.ts';
import type { Result } from '../../../schemas/reply.ts';
import type { Answer } from '../../demo/harness.ts';
import type { TurnKind } from './script.ts';
import type { Task } from '../tasks.ts';

/** One step as it was really run; times in milliseconds from the start of the replay. */
export interface LiveStep {
  /** Of the recording, counted from 1. */
  readonly seq: number;
  /** The fleet's own name of it. */
  readonly step: string;
  readonly turn: TurnKind;
  /** From here the gap counts: the end of the step before, or of the last child where it was waited for. */
  readonly fromMs: number;
  readonly submittedMs: number;
  readonly endedMs: number;
  /** What the prompt was to have; null: text decided. */
  readonly promptTokens: number | null;
  readonly result: Result;
}

/** A trace of a replay, measured from outside. */
export class LiveTrace {
  readonly kind = 'nats';
  readonly recorded: ReplayTrace;
  readonly parent: LiveTrace | null;
  readonly task: LiveTask;
  /** The harness's name of it. */
  readonly label: string;
  /** The fleet's; '' before it is known. */
  trace = '';
  readonly steps: LiveStep[] = [];
  /** Since the start of the replay; of a child, since its parent's step ended. */
  readonly begunMs: number;
  startedAtMs: number | null = null;
  endedAtMs: number | null = null;
  /** Why it ended early; null: it did not. */
  problem: { readonly seq: number; readonly code: string; readonly message: string } | null = null;

  constructor(recorded: ReplayTrace, parent: LiveTrace | null, task: LiveTask, label: string, begunMs: number) {
    this.recorded = recorded;
    this.parent = parent;
    this.task = task;
    this.label = label;
    this.begunMs = begunMs;
  }

  get answers(): Answer[] {
    return this.steps.map(({ result: { text, worker, usage, cost_usd: costUsd } }) => ({ text, trace: this.trace, worker, usage, costUsd }));
  }
}

/** A task as it was run: over when all of its traces are. */
export interface LiveTask { readonly task: Task; readonly arrivedMs: number; overMs: number | null }
