import type { Tier } from '../../schemas/messages.ts';
import { assert } from '../lib/logic.ts';
import type { Lane, TierConfig, TierEffect, TierState } from './types.ts';

/**
 * Pins a lane in the tier asked for, or in the one below, where its blocks fit under the pins' share; in hbm they must
 * also fit beside what the worker has promised. A pin that fits nowhere is a wish: it changes nothing and ends as a pin.
 */
export function placePin(state: TierState, lane: Lane, roomBlocks: number, config: TierConfig, effects: TierEffect[]): void {
  const pin = lane.pin;
  if (pin === null) return;
  const before = pin.placed;
  const hasRoom = lane.names.filter((name) => !state.pins.hbm.has(name)).length <= roomBlocks; // What is pinned now is promised now.
  takeOut(state, lane);
  const placed = findPlace(state, lane.names, pin.asked === 'hbm' && hasRoom ? 'hbm' : 'dram', config);
  pin.names = lane.names;
  pin.placed = placed;
  if (placed === null) {
    state.counters.pinsRefused++;
    if (before !== null) effects.push({ kind: 'unpin', lane: lane.lane });
  } else {
    for (const name of pin.names) state.pins[placed].set(name, (state.pins[placed].get(name) ?? 0) + 1);
    state.counters.pinsPlaced++;
    effects.push({ kind: 'pin', lane: lane.lane, tier: placed });
  }
  if (before === 'hbm' || placed === 'hbm') tellPinned(state, effects);
}

export function endPin(state: TierState, lane: Lane, effects: TierEffect[]): void {
  if (lane.pin === null) return;
  const placed = lane.pin.placed;
  takeOut(state, lane);
  lane.pin = null;
  if (placed !== null) effects.push({ kind: 'unpin', lane: lane.lane });
  if (placed === 'hbm') tellPinned(state, effects);
}

/** Every pin in hbm moves to dram, or ends as a wish where that is full too. */
export function yieldPins(state: TierState, config: TierConfig, effects: TierEffect[]): void {
  for (const lane of state.lanes.values()) {
    if (lane.pin?.placed !== 'hbm') continue;
    takeOut(state, lane);
    lane.pin = { ...lane.pin, asked: 'dram', placed: null };
    placePin(state, lane, 0, config, effects);
    if (lane.pin.placed === null) effects.push({ kind: 'unpin', lane: lane.lane });
  }
  tellPinned(state, effects);
}

function findPlace(state: TierState, names: readonly string[], from: Tier, config: TierConfig): Tier | null {
  const fits = (tier: Tier, blocks: number): boolean =>
    state.pins[tier].size + names.filter((name) => !state.pins[tier].has(name)).length <= Math.floor(blocks * config.pinShare);
  if (from === 'hbm' && fits('hbm', config.hbmBlocks)) return 'hbm';
  return fits('dram', config.dramBlocks) ? 'dram' : null;
}

function takeOut(state: TierState, { pin }: Lane): void {
  if (pin === null || pin.placed === null) return;
  const counts = state.pins[pin.placed];
  for (const name of pin.names) {
    const count = counts.get(name) ?? 0;
    assert(count > 0, `a pin on block ${name} was taken out more often than put in`);
    if (count === 1) counts.delete(name);
    else counts.set(name, count - 1);
  }
}

const tellPinned = (state: TierState, effects: TierEffect[]): void => { effects.push({ kind: 'pinned', names: [...state.pins.hbm.keys()] }); };
