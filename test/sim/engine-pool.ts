import { assert } from '../../actors/lib/logic.ts';
import type { EngineBlockEvent } from '../../actors/lib/ports.ts';

type Tier = 'hbm' | 'dram';

/** A named block, in one tier at a time. */
interface Block {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly parent: Block | null;
  tier: Tier;
  /** Runs that use it. */
  refs: number;
  usedAt: number;
  readonly children: { hbm: number; dram: number };
  readonly lanes: Set<PoolLane>;
}

export interface PoolLane { readonly lane: string; value: number; pin: Tier | null; names: readonly string[]; isDemoted: boolean }

/** The simulated engine's memory: slots of hbm, blocks by name in hbm and dram, and who may be evicted. */
export class SimPool {
  readonly blocks = new Map<string, Block>();
  readonly lanes = new Map<string, PoolLane>();
  readonly counters = { demoted: 0, recalled: 0, evicted: 0 };
  readonly #hbmBlocks: number;
  readonly #dramBlocks: number;
  /** Slots of hbm that are being filled and have no name yet. */
  #unnamed = 0;
  readonly #named = { hbm: 0, dram: 0 };
  #uses = 0;
  #events: EngineBlockEvent[] = [];

  constructor(hbmBlocks: number, dramBlocks: number) {
    this.#hbmBlocks = hbmBlocks;
    this.#dramBlocks = dramBlocks;
  }

  get hbmFree(): number { return this.#hbmBlocks - this.#named.hbm - this.#unnamed; }
  get dramFree(): number { return this.#dramBlocks - this.#named.dram; }
  get hbmAvailable(): number { return this.hbmFree + [...this.blocks.values()].filter((block) => block.tier === 'hbm' && block.refs === 0 && !pinnedIn(block, 'hbm')).length; }

  inHbm(names: readonly string[]): number { return names.filter((name) => this.blocks.get(name)?.tier === 'hbm').length; }

  takeEvents(): EngineBlockEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  snapshot(): EngineBlockEvent[] {
    return [...this.blocks.values()].map(({ tier, bytes }) => ({ op: 'stored', tier, name: bytes, evicted: false }));
  }

  lane(name: string): PoolLane {
    let lane = this.lanes.get(name);
    if (lane === undefined) this.lanes.set(name, lane = { lane: name, value: 0, pin: null, names: [], isDemoted: false });
    return lane;
  }

  setLane(lane: PoolLane, names: readonly string[]): void {
    for (const name of lane.names) this.blocks.get(name)?.lanes.delete(lane);
    lane.names = names;
    for (const name of names) this.blocks.get(name)?.lanes.add(lane);
  }

  dropLane(name: string): void {
    const lane = this.lanes.get(name);
    if (lane === undefined) return;
    this.setLane(lane, []);
    this.lanes.delete(name);
  }

  tryLiftPins(): boolean {
    const pinned = [...this.lanes.values()].filter(({ pin }) => pin !== null);
    for (const lane of pinned) lane.pin = null;
    return pinned.length > 0;
  }

  use(name: string): void {
    const block = this.blocks.get(name)!;
    block.refs++;
    block.usedAt = ++this.#uses;
  }

  release(name: string): void {
    const block = this.blocks.get(name)!;
    assert(block.refs > 0, `block ${name} was released more often than used`);
    block.refs--;
  }

  /** A slot for a block to be filled; false when everything is in use or pinned. */
  tryTakeSlot(): boolean {
    if (this.hbmFree <= 0 && !this.#tryEvict('hbm', Infinity)) return false;
    this.#unnamed++;
    return true;
  }

  giveSlot(): void {
    assert(this.#unnamed > 0, 'no unnamed slot is taken');
    this.#unnamed--;
  }

  /** The slot is full: it gets its name, and is used by who filled it. One that exists already keeps its bytes. */
  nameSlot(name: string, bytes: Uint8Array, parentName: string | null): void {
    this.giveSlot();
    const known = this.blocks.get(name);
    if (known !== undefined) {
      if (known.tier === 'dram') this.#move(known, 'hbm', false);
    } else {
      const parent = parentName === null ? null : this.blocks.get(parentName)!;
      const block: Block = { name, bytes, parent, tier: 'hbm', refs: 0, usedAt: 0, children: { hbm: 0, dram: 0 }, lanes: new Set() };
      this.blocks.set(name, block);
      this.#count(block, 1);
      this.#say('stored', 'hbm', block, false);
    }
    this.use(name);
  }

  /** Copies back what is in dram, in order; returns how many blocks, and stops when no slot can be had. */
  recall(names: readonly string[]): number {
    let recalled = 0;
    for (const name of names) {
      const block = this.blocks.get(name);
      if (block === undefined || block.tier === 'hbm') continue;
      block.refs++; // What makes room must not drop the block that needs it.
      const hasSlot = this.hbmFree > 0 || this.#tryEvict('hbm', Infinity);
      block.refs--;
      if (!hasSlot) break;
      this.#move(block, 'hbm', false);
      recalled++;
    }
    this.counters.recalled += recalled;
    return recalled;
  }

  /** Copies the lane's blocks down, last first, except what runs use, pins hold, or another lane wants resident. */
  demote(lane: PoolLane): number {
    let demoted = 0;
    for (const name of [...lane.names].reverse()) {
      const block = this.blocks.get(name);
      if (block === undefined || block.tier === 'dram') continue;
      const isWanted = [...block.lanes].some((other) => other !== lane && !other.isDemoted);
      if (isWanted || block.refs > 0 || block.children.hbm > 0 || pinnedIn(block, 'hbm')) break; // Its parents have a child up there.
      if (this.dramFree <= 0 && !this.#tryEvict('dram', keepValue(block))) break;
      this.#move(block, 'dram', false);
      demoted++;
    }
    this.counters.demoted += demoted;
    return demoted;
  }

  check(): void {
    const held = (tier: Tier): number => [...this.blocks.values()].filter((block) => block.tier === tier).length;
    assert(held('hbm') === this.#named.hbm && held('dram') === this.#named.dram, 'blocks are miscounted');
    assert(this.hbmFree >= 0 && this.dramFree >= 0, `free blocks: ${this.hbmFree} hbm, ${this.dramFree} dram`);
    for (const block of this.blocks.values()) assert(block.parent === null || this.blocks.get(block.parent.name) === block.parent, `block ${block.name} is held without its parent`);
  }

  /** The least valuable leaf of a tier goes: from hbm to dram where that has room or something less valuable, else away. */
  #tryEvict(tier: Tier, valueMost: number): boolean {
    const tried = new Set<Block>();
    for (;;) {
      let least: Block | null = null;
      for (const block of this.blocks.values()) {
        if (block.tier !== tier || block.refs > 0 || block.children[tier] > 0 || tried.has(block) || pinnedIn(block, tier)) continue;
        if (tier === 'dram' && block.children.hbm > 0) continue;
        if (least === null || keepValue(block) < keepValue(least) || (keepValue(block) === keepValue(least) && block.usedAt < least.usedAt)) least = block;
      }
      if (least === null || keepValue(least) > valueMost) return false;
      tried.add(least);
      if (this.#evict(least)) return true;
    }
  }

  #evict(block: Block): boolean {
    if (block.tier === 'hbm' && (this.dramFree > 0 || this.#tryEvict('dram', keepValue(block)))) {
      this.#move(block, 'dram', true);
    } else {
      if (block.children.hbm + block.children.dram > 0 || pinnedIn(block, 'dram')) return false;
      this.#count(block, -1);
      this.blocks.delete(block.name);
      this.#say('removed', block.tier, block, true);
    }
    this.counters.evicted++;
    return true;
  }

  #move(block: Block, to: Tier, evicted: boolean): void {
    const from = block.tier;
    this.#count(block, -1);
    block.tier = to;
    this.#count(block, 1);
    this.#say('stored', to, block, false);
    this.#say('removed', from, block, evicted);
  }

  #count(block: Block, by: 1 | -1): void {
    this.#named[block.tier] += by;
    if (block.parent !== null) block.parent.children[block.tier] += by;
  }

  #say(op: 'stored' | 'removed', tier: Tier, block: Block, evicted: boolean): void {
    this.#events.push({ op, tier, name: block.bytes, evicted });
  }
}

const keepValue = (block: Block): number => { let value = 0; for (const lane of block.lanes) value = Math.max(value, lane.value); return value; };

/** Pinned in hbm a block stays there; pinned in either tier it is never dropped. */
function pinnedIn(block: Block, tier: Tier): boolean {
  for (const lane of block.lanes) if (lane.pin === 'hbm' || (tier === 'dram' && lane.pin === 'dram')) return true;
  return false;
}
