import { EvictionOrder } from './eviction-order.ts';
import { Holding, type LowerTier, lowerTiers } from './holding.ts';
import type { Path, Segment } from './prefix-tree.ts';

export interface TierBlocks { readonly hbm: number; readonly dram: number; readonly nvme: number }

/** How much of a path a worker has: its first `hbm` blocks are resident, `lower` more can be recalled, then something is missing. */
export interface Found { readonly hbm: number; readonly dram: number; readonly nvme: number }

/**
 * The KV blocks of one worker, by tier, as counts of segments. In hbm a block is held only with all before it; what has to go goes from the ends of
 * chains, the smallest `value` first and among equals the least recently used. What runs use, and what is pinned, stays.
 */
export class KvMemory {
  readonly capacity: TierBlocks;
  readonly #spills: boolean;
  readonly #holdings = new Map<Segment, Holding>();
  readonly #order = { hbm: new EvictionOrder('hbm'), dram: new EvictionOrder('dram'), nvme: new EvictionOrder('nvme') };
  readonly #used = { hbm: 0, dram: 0, nvme: 0 };
  /** Blocks of runs that have no name yet. */
  #private = 0;
  /** Blocks of holdings that runs use or pins keep. */
  #kept = 0;
  readonly counters = { evicted: 0, spilled: 0, demoted: 0, recalled: 0, forgotten: 0 };

  constructor(capacity: TierBlocks, spills: boolean) { this.capacity = capacity; this.#spills = spills; }

  get used(): TierBlocks { return { ...this.#used, hbm: this.#used.hbm + this.#private }; }
  /** hbm blocks that a new run could get: the free ones and those that could go. */
  get grantable(): number { return this.capacity.hbm - this.#private - this.#kept; }
  get segments(): number { return this.#holdings.size; }

  find(path: Path): Found {
    const found = { hbm: 0, dram: 0, nvme: 0 };
    for (let i = 0; i < path.segments.length; i++) {
      const holding = this.#holdings.get(path.segments[i]!);
      if (holding === undefined) break;
      const use = path.uses[i]!;
      let covered = Math.min(holding.hbm, use);
      found.hbm += covered;
      for (const tier of lowerTiers) {
        const range = holding[tier];
        if (range.from > covered || range.to <= covered) continue;
        const end = Math.min(range.to, use);
        found[tier] += Math.max(0, end - covered);
        covered = Math.max(covered, end);
      }
      if (covered < use) break;
    }
    return found;
  }

  /** A run begins: what is there of its path stays, and `blocks` more are its own. False, and nothing is changed: there is no room. */
  begin(path: Path, blocks: number, nowMs: number): boolean {
    this.#keep(path, 1, nowMs);
    if (!this.#makeRoom(blocks, nowMs)) {
      this.#keep(path, -1, nowMs);
      return false;
    }
    this.#private += blocks;
    return true;
  }

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
      const holding = this.#at(segment);
      holding.lastUseMs = nowMs;
      this.#reorder(holding);
    }
  }

  pin(path: Path, nowMs: number): void { this.#keep(path, 1, nowMs); }
  unpin(path: Path, nowMs: number): void { this.#keep(path, -1, nowMs); }

  /** What eviction orders by, of the whole path: a block that several traces use keeps the largest. `heldUntilMs`: goes before then only when nothing else is left. */
  setValue(path: Path, value: number, heldUntilMs: number): void {
    path.segments.forEach((segment, i) => {
      const holding = this.#holdings.get(segment);
      if (holding === undefined) return;
      const isOwn = i === path.segments.length - 1 || holding.lanes <= 1;
      holding.value = isOwn ? value : Math.max(holding.value, value);
      holding.heldUntilMs = isOwn ? heldUntilMs : Math.max(holding.heldUntilMs, heldUntilMs);
      this.#reorder(holding);
    });
  }

  /** A hold has ended: those blocks may go like others. */
  refresh(path: Path): void {
    for (const segment of path.segments) {
      const holding = this.#holdings.get(segment);
      if (holding !== undefined) this.#reorder(holding);
    }
  }

  /** Traces that have this path here: what only one of them uses goes with it. */
  addLane(path: Path): void { for (const segment of path.segments) this.#at(segment).lanes++; }
  removeLane(path: Path): void {
    for (const segment of path.segments) {
      const holding = this.#at(segment);
      holding.lanes--;
      this.#tidy(holding);
    }
  }

  /** Blocks of the path that are resident and not in `tier` yet: what a demotion would copy. */
  toCopy(path: Path, tier: LowerTier): number {
    let blocks = 0;
    for (const [holding, use] of this.#along(path)) {
      const resident = Math.min(holding.hbm, use);
      blocks += resident - overlap(holding[tier], 0, resident);
    }
    return blocks;
  }

  /** The copy has arrived: the path's resident blocks are in `tier` too, and where no other trace and no run uses them they leave hbm. Answers the blocks that are copied. */
  demote(path: Path, tier: LowerTier, nowMs: number): number {
    const along = [...this.#along(path)];
    let copied = 0;
    for (const [holding, use] of along) copied += this.#copyDown(holding, tier, 0, Math.min(holding.hbm, use), nowMs);
    for (const [holding, use] of along.reverse()) {
      if (holding.lanes > 1 || holding.keeps.size > 0 || holding.hbm > use) continue;
      this.#shrink(holding, holding.hbm - Math.max(holding.floor, Math.min(holding.hbm, holding[tier].from)));
    }
    this.counters.demoted += copied;
    return copied;
  }

  /** What lies below comes back into hbm, as far as there is room for it. Answers the blocks. */
  recall(path: Path, nowMs: number): number {
    const { dram, nvme } = this.find(path);
    this.#keep(path, 1, nowMs);
    const hasRoom = this.#makeRoom(dram + nvme, nowMs);
    if (hasRoom) {
      for (const [holding, use] of this.#along(path)) this.#grow(holding, Math.max(holding.hbm, this.#covered(holding, use)));
      this.counters.recalled += dram + nvme;
    }
    this.#keep(path, -1, nowMs);
    return hasRoom ? dram + nvme : 0;
  }

  /** The trace is over, or its prefix is not worth keeping: blocks that only it used are forgotten, in every tier. */
  forget(path: Path): void {
    for (const [holding] of [...this.#along(path)].reverse()) {
      if (holding.lanes > 1 || holding.keeps.size > 0) continue;
      this.counters.forgotten += holding.hbm - holding.floor;
      this.#shrink(holding, holding.hbm - holding.floor);
      if (holding.hbm === 0) for (const tier of lowerTiers) this.#setLower(holding, tier, 0, 0);
      this.#tidy(holding);
    }
  }

  /** Nothing is there any more: the worker was lost. */
  clear(): void {
    this.#holdings.clear();
    for (const tier of ['hbm', 'dram', 'nvme'] as const) { this.#used[tier] = 0; this.#order[tier].clear(); }
    this.#private = 0;
    this.#kept = 0;
  }

  /** For tests: the sums that are kept along the way are those of the holdings. */
  check(): void {
    const sum = { hbm: 0, dram: 0, nvme: 0, kept: 0 };
    for (const holding of this.#holdings.values()) {
      sum.hbm += holding.hbm;
      for (const tier of lowerTiers) sum[tier] += holding[tier].to - holding[tier].from;
      sum.kept += holding.kept;
      if (holding.hbm < holding.kids.max) throw new Error(`${holding.hbm} blocks, and others that follow the ${holding.kids.max}th`);
    }
    if (sum.hbm !== this.#used.hbm || sum.dram !== this.#used.dram || sum.nvme !== this.#used.nvme || sum.kept !== this.#kept) throw new Error(`sums ${JSON.stringify(sum)}, kept along ${JSON.stringify({ ...this.#used, kept: this.#kept })}`);
    if (this.#used.hbm + this.#private > this.capacity.hbm || this.#used.dram > this.capacity.dram || this.#used.nvme > this.capacity.nvme || this.#private < 0) throw new Error(`${JSON.stringify(this.used)} of ${JSON.stringify(this.capacity)}, ${this.#private} of runs`);
  }

  *#along(path: Path): Generator<[Holding, number]> {
    for (let i = 0; i < path.segments.length; i++) {
      const holding = this.#holdings.get(path.segments[i]!);
      if (holding !== undefined) yield [holding, path.uses[i]!];
    }
  }

  #at(segment: Segment): Holding {
    let holding = this.#holdings.get(segment);
    if (holding === undefined) this.#holdings.set(segment, (holding = new Holding(segment)));
    return holding;
  }

  #keep(path: Path, change: 1 | -1, nowMs: number): void {
    for (let i = 0; i < path.segments.length; i++) {
      const holding = this.#at(path.segments[i]!), before = holding.kept;
      if (change === 1) holding.keeps.add(path.uses[i]!);
      else holding.keeps.remove(path.uses[i]!);
      this.#kept += holding.kept - before;
      holding.lastUseMs = nowMs;
      if (change === -1) {
        this.#reorder(holding);
        this.#tidy(holding);
      }
    }
  }

  #covered(holding: Holding, use: number): number {
    let covered = Math.min(holding.hbm, use);
    for (const tier of lowerTiers) if (holding[tier].from <= covered && holding[tier].to > covered) covered = Math.min(use, holding[tier].to);
    return covered;
  }

  #insert(path: Path): void {
    for (let i = 0; i < path.segments.length; i++) {
      const holding = this.#at(path.segments[i]!);
      if (path.uses[i]! > holding.hbm) this.#grow(holding, path.uses[i]!);
      path.segments[i]!.everComputed = Math.max(path.segments[i]!.everComputed, path.uses[i]!);
    }
  }

  #grow(holding: Holding, hbm: number): void {
    const grown = hbm - holding.hbm;
    if (grown <= 0) return;
    if (holding.hbm === 0) this.#parentOf(holding)?.kids.add(holding.segment.offset);
    const before = holding.kept;
    holding.hbm = hbm;
    this.#used.hbm += grown;
    this.#kept += holding.kept - before;
    this.#reorder(holding);
  }

  #shrink(holding: Holding, blocks: number): void {
    if (blocks <= 0) return;
    const before = holding.kept;
    holding.hbm -= blocks;
    this.#used.hbm -= blocks;
    this.#kept += holding.kept - before;
    if (holding.hbm > 0) return;
    const parent = this.#parentOf(holding);
    parent?.kids.remove(holding.segment.offset);
    if (parent !== undefined) this.#reorder(parent);
    this.#tidy(holding);
  }

  #parentOf(holding: Holding): Holding | undefined { return holding.segment.parent === null ? undefined : this.#at(holding.segment.parent); }

  #tidy(holding: Holding): void { if (holding.isEmpty) this.#holdings.delete(holding.segment); }

  #reorder(holding: Holding): void {
    if (holding.hbm > holding.floor) this.#order.hbm.put(holding);
    for (const tier of lowerTiers) if (holding[tier].to > holding[tier].from) this.#order[tier].put(holding);
  }

  #makeRoom(blocks: number, nowMs: number): boolean {
    if (blocks > this.grantable) return false;
    let missing = blocks - (this.capacity.hbm - this.#used.hbm - this.#private);
    while (missing > 0) {
      const holding = this.#order.hbm.take(nowMs, (candidate) => candidate.hbm > candidate.floor);
      if (holding === undefined) return false;
      const count = Math.min(missing, holding.hbm - holding.floor);
      const end = holding.hbm;
      if (this.#spills && this.capacity.dram > 0) this.counters.spilled += this.#copyDown(holding, 'dram', end - count, end, nowMs);
      this.counters.evicted += count;
      missing -= count;
      this.#shrink(holding, count);
      this.#reorder(holding);
    }
    return true;
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
    this.#setLower(holding, tier, next.from, next.to);
    this.#order[tier].put(holding);
    return copied;
  }

  #makeRoomBelow(tier: LowerTier, blocks: number, apart: Holding, nowMs: number): boolean {
    if (blocks > this.capacity[tier]) return false;
    let missing = blocks - (this.capacity[tier] - this.#used[tier]);
    while (missing > 0) {
      const holding = this.#order[tier].take(nowMs, (candidate) => candidate !== apart && candidate[tier].to > candidate[tier].from);
      if (holding === undefined) return false;
      const { from, to } = holding[tier], count = Math.min(missing, to - from);
      if (tier === 'dram' && this.capacity.nvme > 0) this.#copyDown(holding, 'nvme', to - count, to, nowMs);
      this.#setLower(holding, tier, from, to - count);
      missing -= count;
      if (holding[tier].to > holding[tier].from) this.#order[tier].put(holding);
      else this.#tidy(holding);
    }
    return true;
  }

  #setLower(holding: Holding, tier: LowerTier, from: number, to: number): void {
    this.#used[tier] += to - from - (holding[tier].to - holding[tier].from);
    holding[tier] = to > from ? { from, to } : { from: 0, to: 0 };
  }
}

const overlap = (range: { readonly from: number; readonly to: number }, from: number, to: number): number => Math.max(0, Math.min(range.to, to) - Math.max(range.from, from));
