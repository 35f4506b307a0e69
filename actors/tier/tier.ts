import type { GapOrder, PinOrder } from '../../schemas/messages.ts';
import { namesOf } from '../lib/chain.ts';
import { type Instant, type Logic, assert, unreachable } from '../lib/logic.ts';
import { checkHeld, flush, onBlocks, snapshotOf } from './block-events.ts';
import { noNames } from './held.ts';
import { endPin, placePin, yieldPins } from './pins.ts';
import type { Lane, TierAlarm, TierConfig, TierEffect, TierEvent, TierState } from './types.ts';

/**
 * The two tiers of a node, hbm and dram, in one actor: every order moves blocks between exactly these two.
 * It keeps no bytes and decides no eviction; it tells the engine when to move a lane, and the fleet what the node holds.
 */
export const tier = (config: TierConfig): Logic<TierState, TierEvent, TierEffect> => ({
  step(state, event, now) {
    const effects: TierEffect[] = [];
    switch (event.kind) {
      case 'laneStarted': onLaneStarted(state, event.lane, event.trace, config, effects); break;
      case 'laneEnded': onLaneEnded(state, event, config, effects); break;
      case 'gap': if (config.offload) onGap(state, event.order, now, effects); break;
      case 'pin': if (config.offload) onPin(state, event.order, event.roomBlocks, now, config, effects); break;
      case 'unpin': withLane(state, event.order.lane, (lane) => endPin(state, lane, effects)); break;
      case 'drop': withLane(state, event.order.lane, (lane) => drop(state, lane, effects)); break;
      case 'yieldPins': yieldPins(state, config, effects); break;
      case 'blocks': onBlocks(state, event.events, now, config, effects); break;
      case 'moved': onMoved(state, event.event); break;
      case 'alarm': onAlarm(state, event.alarm, config, effects); break;
      case 'snapshotAsked':
        flush(state, config, effects);
        effects.push({ kind: 'answer', token: event.token, snapshot: snapshotOf(state, event.from, config) });
        break;
      default: unreachable(event);
    }
    checkTier(state, config);
    return { state, effects };
  },
});

export const newTier = (): TierState => ({
  held: { hbm: noNames(), dram: noNames() }, lanes: new Map(), pins: { hbm: new Map(), dram: new Map() },
  waiting: [], batchSeq: 0, generation: 0, flushGeneration: null,
  counters: { demoted: 0, recalled: 0, evicted: 0, moves: 0, movesCancelled: 0, pinsPlaced: 0, pinsRefused: 0, pinsExpired: 0, lanesForgotten: 0 },
});

/** A run of the lane needs its blocks: whatever its gap had planned is off. */
function onLaneStarted(state: TierState, name: string, trace: string, config: TierConfig, effects: TierEffect[]): void {
  const lane = state.lanes.get(name) ?? { lane: name, trace, running: 0, names: [], generation: 0, isDropped: false, pin: null };
  state.lanes.delete(name);
  state.lanes.set(name, lane);
  lane.trace = trace;
  lane.running++;
  lane.isDropped = false;
  forgetGap(state, lane, effects);
  forgetOldest(state, config, effects);
}

function onLaneEnded(state: TierState, event: Extract<TierEvent, { kind: 'laneEnded' }>, config: TierConfig, effects: TierEffect[]): void {
  const lane = state.lanes.get(event.lane);
  assert(lane !== undefined && lane.running > 0, `lane ${event.lane} ended more often than it started`);
  lane.running--;
  if (lane.isDropped && lane.running === 0) return forget(state, lane, effects);
  if (event.chain.length === 0) return; // It never began; what was there is there.
  lane.names = namesOf(event.chain);
  placePin(state, lane, event.roomBlocks, config, effects);
}

/** Demotion and recall are a pair: no copy goes down that would have to come up in the same moment. */
function onGap(state: TierState, order: GapOrder, now: Instant, effects: TierEffect[]): void {
  const lane = state.lanes.get(order.lane);
  if (lane === undefined) return; // Its blocks were forgotten, or another worker has them.
  effects.push({ kind: 'retain', lane: lane.lane, value: order.keepValue });
  forgetGap(state, lane, effects);
  if (lane.running > 0) return; // The order of an earlier gap, overtaken by the step that ended it.
  const { demoteAfterMs, recallAfterMs } = order;
  const alarm = (what: TierAlarm['what'], afterMs: number): void => { effects.push({ kind: 'alarm', alarm: { what, lane: lane.lane, generation: lane.generation, atMs: now + afterMs } }); };
  if (demoteAfterMs !== null && (recallAfterMs === null || demoteAfterMs < recallAfterMs)) alarm('demote', demoteAfterMs);
  if (recallAfterMs !== null) alarm('recall', recallAfterMs);
}

function onPin(state: TierState, order: PinOrder, roomBlocks: number, now: Instant, config: TierConfig, effects: TierEffect[]): void {
  const lane = state.lanes.get(order.lane);
  if (lane === undefined) return;
  const generation = ++state.generation;
  lane.pin = { asked: order.tier, placed: lane.pin?.placed ?? null, names: lane.pin?.names ?? [], generation };
  placePin(state, lane, roomBlocks, config, effects);
  effects.push({ kind: 'alarm', alarm: { what: 'pin', lane: lane.lane, generation, atMs: now + config.pinMs } });
}

function onMoved(state: TierState, event: Extract<TierEvent, { kind: 'moved' }>['event']): void {
  state.counters.moves++;
  if (event.cancelled) state.counters.movesCancelled++;
  state.counters[event.what === 'demote' ? 'demoted' : 'recalled'] += event.blocks;
}

function onAlarm(state: TierState, alarm: TierAlarm, config: TierConfig, effects: TierEffect[]): void {
  if (alarm.what === 'flush') {
    if (alarm.generation === state.flushGeneration) flush(state, config, effects);
    return;
  }
  const lane = state.lanes.get(alarm.lane);
  if (lane === undefined) return;
  if (alarm.what === 'pin') {
    if (lane.pin?.generation !== alarm.generation) return;
    state.counters.pinsExpired++;
    endPin(state, lane, effects);
  } else if (alarm.generation === lane.generation && lane.running === 0 && !(alarm.what === 'demote' && lane.pin?.placed === 'hbm')) {
    effects.push({ kind: alarm.what, lane: lane.lane });
  }
}

function forgetGap(state: TierState, lane: Lane, effects: TierEffect[]): void {
  lane.generation = ++state.generation;
  effects.push({ kind: 'forgetAlarms', lane: lane.lane });
}

/** The engine remembers as many lanes as this map does. */
function forgetOldest(state: TierState, config: TierConfig, effects: TierEffect[]): void {
  if (state.lanes.size <= config.lanesMax) return;
  for (const lane of state.lanes.values()) {
    if (lane.running > 0 || (lane.pin?.placed != null && lane.pin.names.length > 0)) continue;
    state.counters.lanesForgotten++;
    return forget(state, lane, effects);
  }
}

/** What runs is wanted, whatever the drop said when it was sent: it is dropped at its end. */
function drop(state: TierState, lane: Lane, effects: TierEffect[]): void {
  if (lane.running === 0) return forget(state, lane, effects);
  lane.isDropped = true;
  endPin(state, lane, effects);
}

function forget(state: TierState, lane: Lane, effects: TierEffect[]): void {
  endPin(state, lane, effects);
  forgetGap(state, lane, effects);
  state.lanes.delete(lane.lane);
  effects.push({ kind: 'dropLane', lane: lane.lane });
}

function withLane(state: TierState, name: string, act: (lane: Lane) => void): void {
  const lane = state.lanes.get(name);
  if (lane !== undefined) act(lane);
}

function checkTier(state: TierState, config: TierConfig): void {
  checkHeld(state, config);
  assert(state.pins.hbm.size <= config.hbmBlocks && state.pins.dram.size <= config.dramBlocks, `pins on ${state.pins.hbm.size} hbm and ${state.pins.dram.size} dram blocks`);
}
