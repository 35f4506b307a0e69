import type { BlockEvents } from '../../schemas/messages.ts';
import { nameBytes, namesOf } from '../lib/chain.ts';
import { assert, type Instant } from '../lib/logic.ts';
import type { EngineBlockEvent } from '../lib/ports.ts';
import { addName, deleteName, partOf } from './held.ts';
import type { TierConfig, TierEffect, TierState } from './types.ts';

/** Mirrors what the engine's block pool did, and announces it in batches: at `batchMax` events, or `flushMs` after the first. */
export function onBlocks(state: TierState, events: readonly EngineBlockEvent[], now: Instant, config: TierConfig, effects: TierEffect[]): void {
  for (const event of events) {
    const names = state.held[event.tier];
    const name = namesOf(event.name)[0]!;
    if (event.op === 'stored') addName(names, name);
    else deleteName(names, name);
    if (event.evicted) state.counters.evicted++;
    state.waiting.push(event);
    if (state.waiting.length >= config.batchMax) flush(state, config, effects);
  }
  if (state.waiting.length === 0 || state.flushGeneration !== null) return;
  state.flushGeneration = ++state.generation;
  effects.push({ kind: 'alarm', alarm: { what: 'flush', lane: '', generation: state.flushGeneration, atMs: now + config.flushMs } });
}

export function flush(state: TierState, config: TierConfig, effects: TierEffect[]): void {
  state.flushGeneration = null;
  if (state.waiting.length === 0) return;
  const batch: BlockEvents = { kind: 'blockEvents', node: config.node, epoch: config.epoch, seq: ++state.batchSeq, isSnapshot: false, events: runsOfNames(state.waiting), from: 0, next: 0 };
  state.waiting = [];
  effects.push({ kind: 'publish', batch });
}

/** A part of what is held, as of the last batch: whoever has them all goes on with the batch after the first part's. */
export function snapshotOf(state: TierState, from: number, config: TierConfig): BlockEvents {
  const { next, ...names } = partOf(state.held, from);
  const tiers = (['hbm', 'dram'] as const).filter((tier) => names[tier].length > 0);
  return {
    kind: 'blockEvents', node: config.node, epoch: config.epoch, seq: state.batchSeq, isSnapshot: true,
    events: tiers.map((tier) => ({ op: 'stored', tier, chain: names[tier] })), from, next,
  };
}

/** Free + held = total in each tier: holding never exceeds what there is. */
export function checkHeld(state: TierState, config: TierConfig): void {
  assert(state.held.hbm.size <= config.hbmBlocks, `hbm holds ${state.held.hbm.size} of ${config.hbmBlocks} blocks`);
  assert(state.held.dram.size <= config.dramBlocks, `dram holds ${state.held.dram.size} of ${config.dramBlocks} blocks`);
}

/** Neighbours of one kind go together: 16 bytes a block and a few for each change of kind. */
function runsOfNames(events: readonly EngineBlockEvent[]): BlockEvents['events'] {
  const runs: { op: EngineBlockEvent['op']; tier: EngineBlockEvent['tier']; chain: Uint8Array }[] = [];
  for (let from = 0; from < events.length;) {
    const { op, tier } = events[from]!;
    let to = from + 1;
    while (to < events.length && events[to]!.op === op && events[to]!.tier === tier) to++;
    const chain = new Uint8Array((to - from) * nameBytes);
    for (let i = from; i < to; i++) chain.set(events[i]!.name, (i - from) * nameBytes);
    runs.push({ op, tier, chain });
    from = to;
  }
  return runs;
}
