import type { BlockChain, BlockEvents, GapOrder, DropOrder, PinOrder, Tier, UnpinOrder } from '../../schemas/messages.ts';
import type { EngineBlockEvent, EngineEvent } from '../lib/ports.ts';
import type { Names } from './held.ts';

export interface TierConfig {
  readonly node: string;
  readonly epoch: number;
  readonly hbmBlocks: number;
  readonly dramBlocks: number;
  /** Block events wait at most this long for their batch, and at most this many of them. */
  readonly flushMs: number;
  readonly batchMax: number;
  /** A pin that nobody repeats ends after this: its trace is gone. */
  readonly pinMs: number;
  readonly lanesMax: number;
  /** Share of a tier that pins may take, so that what is not pinned can still run. */
  readonly pinShare: number;
  /** False: the node is a plain LRU cache, and gap and pin orders change nothing. */
  readonly offload: boolean;
}

export interface TierState {
  /** Names held, by tier: mirrors of the engine's block pool. */
  readonly held: Readonly<Record<Tier, Names>>;
  /** Least recently used first. */
  readonly lanes: Map<string, Lane>;
  /** Pins on each block, by the tier they were placed in. */
  readonly pins: { readonly hbm: Map<string, number>; readonly dram: Map<string, number> };
  waiting: EngineBlockEvent[];
  batchSeq: number;
  /** Of the last alarm or pin given out; none is used twice. */
  generation: number;
  /** Of the alarm that ends the waiting batch; null: none is set. */
  flushGeneration: number | null;
  readonly counters: TierCounters;
}

export interface TierCounters { demoted: number; recalled: number; evicted: number; moves: number; movesCancelled: number; pinsPlaced: number; pinsRefused: number; pinsExpired: number; lanesForgotten: number }

export interface Lane {
  readonly lane: string;
  trace: string;
  /** Runs granted and not ended. */
  running: number;
  /** Names of its full blocks after its last run. */
  names: readonly string[];
  /** Of the gap it is in; another one makes the alarms set before void. */
  generation: number;
  /** A drop came while it ran. */
  isDropped: boolean;
  pin: Pin | null;
}

/** `placed`: where there was room; null: nowhere, it is only a wish. */
export interface Pin { readonly asked: Tier; placed: Tier | null; names: readonly string[]; readonly generation: number }

export type TierEvent =
  | { readonly kind: 'laneStarted'; readonly lane: string; readonly trace: string }
  | { readonly kind: 'laneEnded'; readonly lane: string; readonly chain: BlockChain; readonly roomBlocks: number }
  | { readonly kind: 'gap'; readonly order: GapOrder }
  | { readonly kind: 'pin'; readonly order: PinOrder; readonly roomBlocks: number }
  | { readonly kind: 'unpin'; readonly order: UnpinOrder }
  | { readonly kind: 'drop'; readonly order: DropOrder }
  | { readonly kind: 'yieldPins' }
  | { readonly kind: 'blocks'; readonly events: readonly EngineBlockEvent[] }
  | { readonly kind: 'moved'; readonly event: Extract<EngineEvent, { kind: 'moved' }> }
  | { readonly kind: 'alarm'; readonly alarm: TierAlarm }
  | { readonly kind: 'snapshotAsked'; readonly token: number; readonly from: number };

/** Fires once at or after `atMs`; a later one with the same `what` and `lane` takes its place. */
export interface TierAlarm { readonly what: 'demote' | 'recall' | 'pin' | 'flush'; readonly lane: string; readonly generation: number; readonly atMs: number }

export type TierEffect =
  | { readonly kind: 'demote' | 'recall' | 'unpin' | 'dropLane'; readonly lane: string }
  | { readonly kind: 'pin'; readonly lane: string; readonly tier: Tier }
  | { readonly kind: 'retain'; readonly lane: string; readonly value: number }
  | { readonly kind: 'alarm'; readonly alarm: TierAlarm }
  /** The lane's demotion and recall are off; the generation would refuse their alarms anyway. */
  | { readonly kind: 'forgetAlarms'; readonly lane: string }
  | { readonly kind: 'publish'; readonly batch: BlockEvents }
  | { readonly kind: 'answer'; readonly token: number; readonly snapshot: BlockEvents }
  /** To the worker actor: what is pinned in hbm now. */
  | { readonly kind: 'pinned'; readonly names: readonly string[] };
