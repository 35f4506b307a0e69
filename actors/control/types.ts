import type { Ask, Decided, PlaceAsk } from '../lib/asks.ts';
import type { Beat, Claim, WorkerLoad } from '../../schemas/messages.ts';
import type { Candidate } from './placement.ts';

/** How KV moves between a worker and others: of modelled fleets only, since live workers can not move it yet. */
export interface WorkerLink {
  readonly region: string;
  /** To and from workers of its region, and of others; null: none of these are under the same control. */
  readonly near: LinkRate;
  readonly far: LinkRate | null;
  /** Milliseconds from its beat until its line is free, of what it sends and of what it receives: old where it has not beaten since. */
  readonly sendingMs: number;
  readonly receivingMs: number;
}

/** One way. */
export interface LinkRate { readonly bytesPerS: number; readonly latencyMs: number }

/** How many of a step's prompt tokens a worker has, by tier. From the block directory. `isAdapterResident`: what the step needs beside the model is there too; absent where it needs nothing, or that is not known. */
export interface Held { readonly worker: string; readonly hbmTokens: number; readonly dramTokens: number; readonly isAdapterResident?: boolean }

export type ControlEvent =
  /** A worker's, or another conductor's. `link`: what a beat does not say, since no live worker has one. */
  | { readonly kind: 'beat'; readonly beat: Beat; readonly link?: WorkerLink }
  | { readonly kind: 'ask'; readonly ask: Ask; readonly held: readonly Held[] }
  /** The directory's answer may have changed since a step began to wait: asked again for the candidates of a tick. */
  | { readonly kind: 'held'; readonly step: string; readonly held: readonly Held[] }
  /** Nothing was heard, not even this conductor's own beat: it was paused, or cut off. Who is silent is not known then. */
  | { readonly kind: 'deaf' }
  /** Who is silent for too long is lost. Apart from `tick`, since it waits for no look at the directory. */
  | { readonly kind: 'watch' }
  | { readonly kind: 'tick' };

export type ControlEffect =
  | { readonly kind: 'decided'; readonly trace: string; readonly decided: Decided }
  | { readonly kind: 'workerLost'; readonly worker: string };

export interface WorkerView {
  readonly name: string;
  readonly epoch: number;
  readonly seq: number;
  readonly seenAtMs: number;
  readonly load: WorkerLoad;
  /** Placed here since its last beat, which does not show them yet. */
  readonly promisedBlocks: number;
  readonly promisedRuns: number;
  /** Tokens to compute of each step among them. */
  readonly promisedTokens: ReadonlyMap<string, number>;
  /** Since when it has had nothing to do, as its beats say; null: it has. */
  readonly idleSinceMs: number | null;
  /** Null: KV that it lacks it computes. */
  readonly link: WorkerLink | null;
}

export interface WaitingStep {
  readonly ask: PlaceAsk;
  held: readonly Held[];
  readonly sinceMs: number;
  isDeferred: boolean;
  /** As it was looked at last. */
  readonly scored: Scored;
}

/** The candidates of a step, in the order of the workers, and what they were made of beside a worker's view. */
export interface Scored { held: readonly Held[] | null; candidates: Candidate[]; claims: (Claim | null)[] }

/** The fleet as this conductor sees it: rebuilt from beats and asks, never saved. */
export interface ControlState {
  readonly workers: Map<string, WorkerView>;
  readonly waiting: Map<string, WaitingStep>;
  /** This conductor's own, and those of others by their names. */
  claim: Claim | null;
  readonly foreign: Map<string, { readonly claim: Claim; readonly seenAtMs: number }>;
  /** Whom a tick at that instant looks at, until something else happens: the host asks what they hold, and ticks. */
  look: { readonly atMs: number; readonly at: readonly WaitingStep[] } | null;
}

export interface ControlLimits { readonly beatLostMs: number; readonly waitingMax: number; readonly candidatesMax: number; readonly claimAfterMs: number }
