import type { AdapterMemory } from './adapter-memory.ts';
import { type Holding, type LowerTier, lowerTiers } from './holding.ts';
import { type Found, Holdings, type Leaver } from './holdings.ts';
import type { Path } from './prefix-tree.ts';

export interface TierBlocks { readonly hbm: number; readonly dram: number; readonly nvme: number }

/**
 * The KV blocks of one worker, by tier, as counts of segments. In hbm a block is held only with all before it; what has to go goes from the ends of
 * chains, the smallest `value` first and among equals the least recently used. What runs use, and what is pinned, stays. Adapters that are idle go before any of it:
 * a block of one comes back over the host's line in the time that a recall of a block takes, and never has to be computed.
 */
export class KvMemory {
  readonly capacity: TierBlocks;
  readonly #spills: boolean;
  readonly #adapters: AdapterMemory | null;
  readonly #held = new Holdings();
  /** Blocks of runs that have no name yet. */
  #private = 0;
  /** Blocks. `named`: computed or brought in, and usable by others since; `evicted` (for others' sake), `vacated` (by a demotion) and `forgotten` ones left hbm; `copied` went from dram to nvme. */
  readonly counters = { named: 0, evicted: 0, vacated: 0, spilled: 0, copied: 0, demoted: 0, recalled: 0, forgotten: 0 };

  constructor(capacity: TierBlocks, spills: boolean, adapters: AdapterMemory | null = null) {
    this.capacity = capacity;
    this.#spills = spills;
    this.#adapters = adapters;
  }

  get used(): TierBlocks { return { ...this.#held.used, hbm: this.capacity.hbm - this.#free }; }
  /** hbm blocks that a new run could get: the free ones and those that could go. */
  get grantable(): number { return this.capacity.hbm - this.#private - this.#held.kept - (this.#adapters === null ? 0 : this.#adapters.usedBlocks - this.#adapters.idleBlocks); }
  get #free(): number { return this.capacity.hbm - this.#held.used.hbm - this.#private - (this.#adapters?.usedBlocks ?? 0); }
  /** Another one after every change of what is here. */
  get version(): number { return this.#held.version; }
  /** Whether `find` may have another answer for the path than at that version, or, where it goes with one, another adapter is resident. */
  mayDiffer(path: Path, hasAdapter: boolean, version: number): boolean { return this.#held.mayDiffer(path, hasAdapter, version); }
  /** Places in the orders of eviction, those that are out of date included: what memory they take. */
  get places(): number { return this.#held.places; }

  find(path: Path): Found { return this.#held.find(path); }

  /** A run begins: what is there of its path stays, and `blocks` more are its own. False, and nothing is changed: they would not leave `spare` ones. */
  begin(path: Path, blocks: number, nowMs: number, spare = 0): boolean {
    if (blocks + spare > this.grantable - this.#held.freeAlong(path)) return false;
    this.#keep(path, 1, nowMs);
    this.#makeRoom(blocks, nowMs);
    this.#private += blocks;
    return true;
  }

  /** Whether `begin` would find room if those runs had left, and `more` blocks with them. */
  wouldBegin(path: Path, blocks: number, without: readonly Leaver[], more = 0): boolean {
    let own = more;
    for (const run of without) {
      own += run.blocks;
      for (const [holding, use] of this.#held.along(run.kept)) this.#held.changeKeeps(holding, use, -1);
    }
    const isRoom = blocks <= this.grantable + own - this.#held.freeAlong(path) - this.#held.keptOf(without, path);
    for (const run of without) for (const [holding, use] of this.#held.along(run.kept)) this.#held.changeKeeps(holding, use, 1);
    return isRoom;
  }

  /** An adapter takes its room: at most the grantable one. */
  makeRoomForAdapter(nowMs: number): void {
    this.#makeRoom(this.#adapters!.blocks, nowMs);
    this.#held.changed(null);
  }

  /** Runs get `blocks` more of their own: at most the grantable ones. */
  extend(blocks: number, nowMs: number): void {
    this.#makeRoom(blocks, nowMs);
    this.#private += blocks;
  }

  /** `blocks` of runs' own are free again. */
  giveBack(blocks: number): void { this.#private -= blocks; }

  /** The run's own blocks, `blocks` of them, get the names of the path: those that somebody else computed meanwhile are free again. */
  name(path: Path, blocks: number): void {
    this.#private -= blocks;
    this.#insert(path);
  }

  /** The run is over: of its own blocks those of `after`, which begins with `path`, get their names, and the rest is free. */
  end(path: Path, blocks: number, nowMs: number, after: Path): void {
    this.#private -= blocks;
    this.#insert(after);
    this.#keep(path, -1, nowMs);
    for (const segment of after.segments) {
      const holding = this.#held.at(segment);
      holding.lastUseMs = nowMs;
      this.#held.reorder(holding);
    }
  }

  pin(path: Path, nowMs: number): void { this.#keep(path, 1, nowMs); }
  unpin(path: Path, nowMs: number): void { this.#keep(path, -1, nowMs); }

  /** What eviction orders by, of the whole path: a block that several traces use keeps the largest. `heldUntilMs`: goes before then only when nothing else is left. */
  setValue(path: Path, value: number, heldUntilMs: number): void {
    path.segments.forEach((segment, i) => {
      const holding = this.#held.of(segment);
      if (holding === undefined) return;
      const isOwn = i === path.segments.length - 1 || holding.lanes <= 1;
      holding.value = isOwn ? value : Math.max(holding.value, value);
      holding.heldUntilMs = isOwn ? heldUntilMs : Math.max(holding.heldUntilMs, heldUntilMs);
      this.#held.reorder(holding);
    });
  }

  /** Traces that have this path here: what only one of them uses goes with it. */
  addLane(path: Path): void { for (const segment of path.segments) this.#held.at(segment).lanes++; }
  /** What nobody's prefix goes on with loses what value it had by whom it was kept for: else branches that were left would outlive those in use. */
  removeLane(path: Path): void {
    for (const segment of path.segments) {
      const holding = this.#held.at(segment);
      holding.lanes--;
      if (holding.lanes === 0) {
        holding.value = Math.min(holding.value, 0);
        holding.heldUntilMs = 0;
        this.#held.reorder(holding);
      }
      this.#held.tidy(holding);
    }
  }

  /** Blocks of the path that are resident and not in `tier` yet: what a demotion would copy. */
  toCopy(path: Path, tier: LowerTier): number {
    let blocks = 0;
    for (const [holding, use] of this.#held.along(path)) {
      const resident = Math.min(holding.hbm, use);
      blocks += resident - overlap(holding[tier], 0, resident);
    }
    return blocks;
  }

  /** The copy has arrived: the path's resident blocks are in `tier` too, and where no other trace and no run uses them they leave hbm. Answers the blocks that are copied. */
  demote(path: Path, tier: LowerTier, nowMs: number): number {
    const along = [...this.#held.along(path)];
    let copied = 0;
    for (const [holding, use] of along) copied += this.#copyDown(holding, tier, 0, Math.min(holding.hbm, use), nowMs);
    for (const [holding, use] of along.reverse()) {
      const { from, to } = holding[tier];
      // What found no room below stays where it is.
      if (holding.lanes > 1 || holding.keeps.size > 0 || holding.hbm > use || to < holding.hbm) continue;
      const vacated = Math.max(0, holding.hbm - Math.max(holding.floor, from));
      this.counters.vacated += vacated;
      this.#held.shrink(holding, vacated);
    }
    this.counters.demoted += copied;
    return copied;
  }

  /** What lies below comes back into hbm, if there is room for all of it. Answers the blocks. */
  recall(path: Path, nowMs: number): number {
    const { dram, nvme } = this.find(path), blocks = dram + nvme;
    if (blocks === 0 || blocks > this.grantable - this.#held.freeAlong(path)) return 0;
    // Seen before room is made, which may push out below what is on its way up already.
    const reached = this.#held.reached(path);
    this.#keep(path, 1, nowMs);
    this.#makeRoom(blocks, nowMs);
    for (let i = 0; i < path.segments.length && reached[i]! > 0; i++) {
      this.counters.named += this.#held.grow(this.#held.at(path.segments[i]!), reached[i]!);
      if (reached[i]! < path.uses[i]!) break;
    }
    this.counters.recalled += blocks;
    this.#keep(path, -1, nowMs);
    return blocks;
  }

  /** The trace is over, or its prefix is not worth keeping: blocks that only it used are forgotten, in every tier. */
  forget(path: Path): void {
    for (const [holding] of [...this.#held.along(path)].reverse()) {
      if (holding.lanes > 1 || holding.keeps.size > 0) continue;
      this.counters.forgotten += holding.hbm - holding.floor;
      this.#held.shrink(holding, holding.hbm - holding.floor);
      if (holding.hbm === 0) for (const tier of lowerTiers) this.#held.setLower(holding, tier, 0, 0);
      this.#held.tidy(holding);
    }
  }

  /** Nothing is there any more: the worker was lost. */
  clear(): void {
    this.#held.clear();
    this.#adapters?.clear();
    this.#private = 0;
  }

  /** For tests: the sums that are kept along the way are those of the holdings, and no tier holds more than it can. */
  check(): void {
    this.#held.check();
    const { dram, nvme } = this.#held.used;
    if (this.#free < 0 || dram > this.capacity.dram || nvme > this.capacity.nvme || this.#private < 0) throw new Error(`${JSON.stringify(this.used)} of ${JSON.stringify(this.capacity)}, ${this.#private} of runs`);
  }

  #keep(path: Path, change: 1 | -1, nowMs: number): void {
    for (let i = 0; i < path.segments.length; i++) {
      const holding = this.#held.at(path.segments[i]!);
      this.#held.changeKeeps(holding, path.uses[i]!, change);
      holding.lastUseMs = nowMs;
      if (change === -1) {
        this.#held.reorder(holding);
        this.#held.tidy(holding);
      }
    }
  }

  #insert(path: Path): void {
    for (let i = 0; i < path.segments.length; i++) {
      const holding = this.#held.at(path.segments[i]!);
      this.counters.named += this.#held.grow(holding, path.uses[i]!);
      path.segments[i]!.everComputed = Math.max(path.segments[i]!.everComputed, path.uses[i]!);
    }
  }

  /** At most the grantable ones: whatever is not kept can go, from the ends of chains on. */
  #makeRoom(blocks: number, nowMs: number): void {
    let missing = blocks - this.#free;
    while (missing > 0 && this.#adapters !== null && this.#adapters.idleBlocks > 0) {
      missing -= this.#adapters.evict();
      this.#held.changed(null);
    }
    while (missing > 0) {
      const holding = this.#held.takeResident(nowMs);
      if (holding === undefined) throw new Error(`${missing} blocks are still missing, and no holding may go: ${JSON.stringify(this.used)}, ${this.#held.kept} kept, ${this.#private} of runs`);
      const count = Math.min(missing, holding.hbm - holding.floor);
      const end = holding.hbm;
      if (this.#spills && this.capacity.dram > 0) this.counters.spilled += this.#copyDown(holding, 'dram', end - count, end, nowMs);
      this.counters.evicted += count;
      missing -= count;
      this.#held.shrink(holding, count);
      this.#held.reorder(holding);
    }
  }

  /** Blocks [from, to) of a segment are in `tier` as well. Answers how many were not. */
  #copyDown(holding: Holding, tier: LowerTier, from: number, to: number, nowMs: number): number {
    if (to <= from || this.capacity[tier] === 0) return 0;
    const old = holding[tier];
    // One range a segment: one that would leave a hole replaces what was there.
    const isJoined = old.to > old.from && from <= old.to && to >= old.from;
    const next = isJoined ? { from: Math.min(from, old.from), to: Math.max(to, old.to) } : { from, to };
    const more = next.to - next.from - (old.to - old.from);
    if (more > 0 && !this.#makeRoomBelow(tier, more, holding, nowMs)) return 0;
    const copied = to - from - overlap(old, from, to);
    this.#held.setLower(holding, tier, next.from, next.to);
    return copied;
  }

  #makeRoomBelow(tier: LowerTier, blocks: number, apart: Holding, nowMs: number): boolean {
    if (blocks > this.capacity[tier]) return false;
    let missing = blocks - (this.capacity[tier] - this.#held.used[tier]);
    while (missing > 0) {
      const holding = this.#held.takeLower(tier, nowMs, apart);
      if (holding === undefined) return false;
      const { from, to } = holding[tier], count = Math.min(missing, to - from);
      if (tier === 'dram') this.counters.copied += this.#copyDown(holding, 'nvme', to - count, to, nowMs);
      this.#held.setLower(holding, tier, from, to - count);
      missing -= count;
      this.#held.tidy(holding);
    }
    return true;
  }
}

const overlap = (range: { readonly from: number; readonly to: number }, from: number, to: number): number => Math.max(0, Math.min(range.to, to) - Math.max(range.from, from));
