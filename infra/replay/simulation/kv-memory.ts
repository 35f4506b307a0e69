import type { AdapterMemory } from './adapter-memory.ts';
import { EvictionOrder } from './eviction-order.ts';
import { Holding, type LowerTier, lowerTiers } from './holding.ts';
import type { Path, Segment } from './prefix-tree.ts';

export interface TierBlocks { readonly hbm: number; readonly dram: number; readonly nvme: number }

/** Past the knee a hundred waiting prompts are looked up on every tick, and nearly all that changed in between are blocks of others: that is seen from the last changes. */
const changesKept = 32;

/** A run that may leave: what it keeps by name, the blocks of its own, and the path that has names once it has left. */
export interface Leaver { readonly kept: Path; readonly blocks: number; readonly leaves: Path }

/** How much of a path a worker has: its first `hbm` blocks are resident, `lower` more can be recalled, then something is missing. */
export interface Found { readonly hbm: number; readonly dram: number; readonly nvme: number }

/**
 * The KV blocks of one worker, by tier, as counts of segments. In hbm a block is held only with all before it; what has to go goes from the ends of
 * chains, the smallest `value` first and among equals the least recently used. What runs use, and what is pinned, stays. Adapters that are idle go before any of it:
 * a block of one comes back over the host's line in the time that a recall of a block takes, and never has to be computed.
 */
export class KvMemory {
  readonly capacity: TierBlocks;
  readonly #spills: boolean;
  readonly #adapters: AdapterMemory | null;
  readonly #holdings = new Map<Segment, Holding>();
  readonly #order = { hbm: new EvictionOrder('hbm'), dram: new EvictionOrder('dram'), nvme: new EvictionOrder('nvme') };
  readonly #used = { hbm: 0, dram: 0, nvme: 0 };
  /** Blocks of runs that have no name yet. */
  #private = 0;
  /** Blocks of holdings that runs use or pins keep. */
  #kept = 0;
  /** How often blocks of a segment came or went, or an adapter did (null), and of which ones the last times. */
  #version = 0;
  readonly #lastChanged: (Segment | null)[] = new Array<null>(changesKept).fill(null);
  /** Blocks. `named`: computed or brought in, and usable by others since; `evicted` (for others' sake), `vacated` (by a demotion) and `forgotten` ones left hbm; `copied` went from dram to nvme. */
  readonly counters = { named: 0, evicted: 0, vacated: 0, spilled: 0, copied: 0, demoted: 0, recalled: 0, forgotten: 0 };

  constructor(capacity: TierBlocks, spills: boolean, adapters: AdapterMemory | null = null) {
    this.capacity = capacity;
    this.#spills = spills;
    this.#adapters = adapters;
  }

  get used(): TierBlocks { return { ...this.#used, hbm: this.capacity.hbm - this.#free }; }
  /** hbm blocks that a new run could get: the free ones and those that could go. */
  get grantable(): number { return this.capacity.hbm - this.#private - this.#kept - (this.#adapters === null ? 0 : this.#adapters.usedBlocks - this.#adapters.idleBlocks); }
  get #free(): number { return this.capacity.hbm - this.#used.hbm - this.#private - (this.#adapters?.usedBlocks ?? 0); }
  /** Another one after every change of what is here. */
  get version(): number { return this.#version; }
  /** Whether `find` may have another answer for the path than at that version, or, where it goes with one, another adapter is resident. */
  mayDiffer(path: Path, hasAdapter: boolean, version: number): boolean {
    if (this.#version - version > changesKept) return true;
    for (let at = version; at < this.#version; at++) {
      const segment = this.#lastChanged[at % changesKept]!;
      if (segment === null ? hasAdapter : path.segments.includes(segment)) return true;
    }
    return false;
  }
  /** Places in the orders of eviction, those that are out of date included: what memory they take. */
  get places(): number { return this.#order.hbm.places + this.#order.dram.places + this.#order.nvme.places; }

  find(path: Path): Found {
    const found = { hbm: 0, dram: 0, nvme: 0 };
    for (let i = 0; i < path.segments.length; i++) {
      const holding = this.#holdings.get(path.segments[i]!);
      if (holding === undefined) break;
      if (this.#cover(holding, path.uses[i]!, found) < path.uses[i]!) break;
    }
    return found;
  }

  /** A run begins: what is there of its path stays, and `blocks` more are its own. False, and nothing is changed: they would not leave `spare` ones. */
  begin(path: Path, blocks: number, nowMs: number, spare = 0): boolean {
    if (blocks + spare > this.grantable - this.#freeAlong(path)) return false;
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
      for (const [holding, use] of this.#along(run.kept)) this.#changeKeeps(holding, use, -1);
    }
    const isRoom = blocks <= this.grantable + own - this.#freeAlong(path) - this.#keptOf(without, path);
    for (const run of without) for (const [holding, use] of this.#along(run.kept)) this.#changeKeeps(holding, use, 1);
    return isRoom;
  }

  /** An adapter takes its room: at most the grantable one. */
  makeRoomForAdapter(nowMs: number): void {
    this.#makeRoom(this.#adapters!.blocks, nowMs);
    this.#changed(null);
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

  /** Traces that have this path here: what only one of them uses goes with it. */
  addLane(path: Path): void { for (const segment of path.segments) this.#at(segment).lanes++; }
  /** What nobody's prefix goes on with loses what value it had by whom it was kept for: else branches that were left would outlive those in use. */
  removeLane(path: Path): void {
    for (const segment of path.segments) {
      const holding = this.#at(segment);
      holding.lanes--;
      if (holding.lanes === 0) {
        holding.value = Math.min(holding.value, 0);
        holding.heldUntilMs = 0;
        this.#reorder(holding);
      }
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
      const { from, to } = holding[tier];
      // What found no room below stays where it is.
      if (holding.lanes > 1 || holding.keeps.size > 0 || holding.hbm > use || to < holding.hbm) continue;
      const vacated = Math.max(0, holding.hbm - Math.max(holding.floor, from));
      this.counters.vacated += vacated;
      this.#shrink(holding, vacated);
    }
    this.counters.demoted += copied;
    return copied;
  }

  /** What lies below comes back into hbm, if there is room for all of it. Answers the blocks. */
  recall(path: Path, nowMs: number): number {
    const { dram, nvme } = this.find(path), blocks = dram + nvme;
    if (blocks === 0 || blocks > this.grantable - this.#freeAlong(path)) return 0;
    // Seen before room is made, which may push out below what is on its way up already.
    const reached = path.uses.map((use, i) => { const holding = this.#holdings.get(path.segments[i]!); return holding === undefined ? 0 : this.#cover(holding, use, null); });
    this.#keep(path, 1, nowMs);
    this.#makeRoom(blocks, nowMs);
    for (let i = 0; i < path.segments.length && reached[i]! > 0; i++) {
      this.#grow(this.#at(path.segments[i]!), reached[i]!);
      if (reached[i]! < path.uses[i]!) break;
    }
    this.counters.recalled += blocks;
    this.#keep(path, -1, nowMs);
    return blocks;
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
    for (const segment of this.#holdings.keys()) segment.holders--;
    this.#holdings.clear();
    this.#version += changesKept + 1;
    for (const tier of ['hbm', 'dram', 'nvme'] as const) { this.#used[tier] = 0; this.#order[tier].clear(); }
    this.#adapters?.clear();
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
    if (this.#free < 0 || this.#used.dram > this.capacity.dram || this.#used.nvme > this.capacity.nvme || this.#private < 0) throw new Error(`${JSON.stringify(this.used)} of ${JSON.stringify(this.capacity)}, ${this.#private} of runs`);
  }

  *#along(path: Path): Generator<[Holding, number]> {
    for (let i = 0; i < path.segments.length; i++) {
      const holding = this.#holdings.get(path.segments[i]!);
      if (holding !== undefined) yield [holding, path.uses[i]!];
    }
  }

  #at(segment: Segment): Holding {
    let holding = this.#holdings.get(segment);
    if (holding === undefined) {
      this.#holdings.set(segment, (holding = new Holding(segment)));
      segment.holders++;
    }
    return holding;
  }

  #keep(path: Path, change: 1 | -1, nowMs: number): void {
    for (let i = 0; i < path.segments.length; i++) {
      const holding = this.#at(path.segments[i]!);
      this.#changeKeeps(holding, path.uses[i]!, change);
      holding.lastUseMs = nowMs;
      if (change === -1) {
        this.#reorder(holding);
        this.#tidy(holding);
      }
    }
  }

  #changeKeeps(holding: Holding, use: number, change: 1 | -1): void {
    const before = holding.kept;
    if (change === 1) holding.keeps.add(use);
    else holding.keeps.remove(use);
    this.#kept += holding.kept - before;
  }

  /** How far the first `use` blocks are there without a hole, in one tier or the other; adds up which in `found`. */
  #cover(holding: Holding, use: number, found: { hbm: number; dram: number; nvme: number } | null): number {
    let covered = Math.min(holding.hbm, use);
    if (found !== null) found.hbm += covered;
    for (let before = -1; before < covered && covered < use;) {
      before = covered;
      for (const tier of lowerTiers) {
        const { from, to } = holding[tier];
        if (from > covered || to <= covered) continue;
        const end = Math.min(to, use);
        if (found !== null) found[tier] += end - covered;
        covered = end;
      }
    }
    return covered;
  }

  /** Resident blocks of the path that could go now, and could not once a run uses it. */
  #freeAlong(path: Path): number {
    let free = 0;
    for (const [holding, use] of this.#along(path)) free += Math.max(0, Math.min(holding.hbm, use) - holding.kept);
    return free;
  }

  /** Of what those would leave, blocks that have no name yet and that others keep by it, but for those of `path`: they would not be free. */
  #keptOf(leavers: readonly Leaver[], path: Path): number {
    const named = new Map<Segment, number>();
    for (const { leaves } of leavers) leaves.segments.forEach((segment, i) => { named.set(segment, Math.max(named.get(segment) ?? 0, leaves.uses[i]!)); });
    let kept = 0;
    for (const [segment, use] of named) {
      const holding = this.#holdings.get(segment);
      if (holding !== undefined) kept += Math.max(0, Math.min(use, holding.keeps.max) - Math.max(holding.hbm, path.uses[path.segments.indexOf(segment)] ?? 0));
    }
    return kept;
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
    this.#changed(holding.segment);
    this.#used.hbm += grown;
    this.counters.named += grown;
    this.#kept += holding.kept - before;
    this.#reorder(holding);
  }

  #shrink(holding: Holding, blocks: number): void {
    if (blocks <= 0) return;
    const before = holding.kept;
    holding.hbm -= blocks;
    this.#changed(holding.segment);
    this.#used.hbm -= blocks;
    this.#kept += holding.kept - before;
    if (holding.hbm > 0) return;
    const parent = this.#parentOf(holding);
    parent?.kids.remove(holding.segment.offset);
    if (parent !== undefined) this.#reorder(parent);
    this.#tidy(holding);
  }

  #parentOf(holding: Holding): Holding | undefined { return holding.segment.parent === null ? undefined : this.#at(holding.segment.parent); }

  #tidy(holding: Holding): void {
    if (!holding.isEmpty) return;
    if (this.#holdings.delete(holding.segment)) holding.segment.holders--;
    for (const tier of ['hbm', ...lowerTiers] as const) this.#order[tier].remove(holding);
  }

  #reorder(holding: Holding): void {
    if (holding.hbm > holding.floor) this.#order.hbm.put(holding);
    for (const tier of lowerTiers) if (holding[tier].to > holding[tier].from) this.#order[tier].put(holding);
  }

  /** At most the grantable ones: whatever is not kept can go, from the ends of chains on. */
  #makeRoom(blocks: number, nowMs: number): void {
    let missing = blocks - this.#free;
    while (missing > 0 && this.#adapters !== null && this.#adapters.idleBlocks > 0) {
      missing -= this.#adapters.evict();
      this.#changed(null);
    }
    while (missing > 0) {
      const holding = this.#order.hbm.take(nowMs, hasFree, null);
      if (holding === undefined) throw new Error(`${missing} blocks are still missing, and no holding may go: ${JSON.stringify(this.used)}, ${this.#kept} kept, ${this.#private} of runs`);
      const count = Math.min(missing, holding.hbm - holding.floor);
      const end = holding.hbm;
      if (this.#spills && this.capacity.dram > 0) this.counters.spilled += this.#copyDown(holding, 'dram', end - count, end, nowMs);
      this.counters.evicted += count;
      missing -= count;
      this.#shrink(holding, count);
      this.#reorder(holding);
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
    this.#setLower(holding, tier, next.from, next.to);
    this.#order[tier].put(holding);
    return copied;
  }

  #makeRoomBelow(tier: LowerTier, blocks: number, apart: Holding, nowMs: number): boolean {
    if (blocks > this.capacity[tier]) return false;
    let missing = blocks - (this.capacity[tier] - this.#used[tier]);
    while (missing > 0) {
      const holding = this.#order[tier].take(nowMs, (candidate) => candidate[tier].to > candidate[tier].from, apart);
      if (holding === undefined) return false;
      const { from, to } = holding[tier], count = Math.min(missing, to - from);
      if (tier === 'dram') this.counters.copied += this.#copyDown(holding, 'nvme', to - count, to, nowMs);
      this.#setLower(holding, tier, from, to - count);
      missing -= count;
      if (holding[tier].to > holding[tier].from) this.#order[tier].put(holding);
      else this.#tidy(holding);
    }
    return true;
  }

  #changed(segment: Segment | null): void { this.#lastChanged[this.#version++ % changesKept] = segment; }

  #setLower(holding: Holding, tier: LowerTier, from: number, to: number): void {
    this.#changed(holding.segment);
    this.#used[tier] += to - from - (holding[tier].to - holding[tier].from);
    holding[tier] = to > from ? { from, to } : { from: 0, to: 0 };
  }
}

const hasFree = (holding: Holding): boolean => holding.hbm > holding.floor;
const overlap = (range: { readonly from: number; readonly to: number }, from: number, to: number): number => Math.max(0, Math.min(range.to, to) - Math.max(range.from, from));
