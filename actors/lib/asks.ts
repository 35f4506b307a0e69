import type { Decision, StepClass, Tier } from '../../schemas/messages.ts';

/** What a trace asks of the control actor. Answered by `Decided`, at once where that is possible. */
export type Ask = PlaceAsk | RetainAsk | PinAsk | WithdrawAsk;

export interface PlaceAsk {
  readonly what: 'place';
  readonly trace: string;
  readonly parent: string | null;
  readonly step: string;
  readonly tenant: string;
  readonly model: string;
  readonly class: StepClass;
  readonly promptTokens: number;
  readonly maxTokens: number;
  /** Inbox sequence of the accepted step: where its prompt can be read. */
  readonly acceptedSeq: number;
  readonly acceptedAtMs: number;
  readonly previousWorker: string | null;
  /** Workers that refused or lost this step since it was accepted. */
  readonly avoid: readonly string[];
  readonly stepsDone: number;
  /** Accelerator time the trace has had. */
  readonly attainedMs: number;
  /** Where its steps come from and its answers go, where workers of several regions are under one control: not in a live fleet yet. */
  readonly region?: string;
}

/** A generation ended: what to keep of the trace's prefix, where, until when. */
export interface RetainAsk {
  readonly what: 'retain';
  readonly trace: string;
  readonly step: string;
  readonly worker: string;
  readonly tokens: number;
  /** Most recent last. */
  readonly gapsMs: readonly number[];
  readonly children: number;
  readonly stepsDone: number;
  /** What the generation called, where that is known: not in a live fleet yet. */
  readonly tool?: string;
  /** How long the step waited for room, from its acceptance until it ran, where that is known: not in a live fleet yet. */
  readonly queuedMs?: number;
}

/** Children share the prefix: where to pin it until the last of them is done. */
export interface PinAsk { readonly what: 'pin'; readonly trace: string; readonly step: string; readonly worker: string; readonly tokens: number; readonly children: number }

/** The step waits no longer: it was cancelled, or ran out of time. */
export interface WithdrawAsk { readonly what: 'withdraw'; readonly trace: string; readonly step: string }

export type Decided =
  | { readonly what: 'place'; readonly step: string; readonly worker: string; readonly priority: number; /** Who has KV of the prompt that the worker lacks and is to get: see `Policy.migrate`. */ readonly migrateFrom?: string; readonly decision: Decision }
  /** No worker can take it now; control keeps it in its queue and decides again. */
  | { readonly what: 'defer'; readonly step: string; readonly decision: Decision }
  /** Control's queue is full. */
  | { readonly what: 'reject'; readonly step: string; readonly message: string; readonly limit: number; readonly got: number }
  | { readonly what: 'retain'; readonly step: string; readonly keepValue: number; readonly demoteAfterMs: number | null; readonly recallAfterMs: number | null; readonly holdMs?: number; readonly dropAfterMs?: number; readonly decision: Decision }
  | { readonly what: 'pin'; readonly step: string; readonly tier: Tier; readonly decision: Decision };
