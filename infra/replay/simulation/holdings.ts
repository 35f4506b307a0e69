import { EvictionOrder } from './eviction-order.ts';
import { Holding, type LowerTier, lowerTiers } from './holding.ts';
import type { Path, Segment } from './prefix-tree.ts';

/** How much of a path a worker has: its first `hbm` blocks are resident, those in `dram` and `nvme` can be recalled, then something is missing. */
export interface Found { readonly hbm: number; readonly dram: number; readonly nvme: number }

/** A run that may leave: what it keeps by name, the blocks of its own, and the path that has names once it has left. */
export interface Leaver { readonly kept: Path; readonly blocks: number; readonly leaves: Path }

/** Past the knee a hundred waiting prompts are looked up on every tick, and nearly all that changed in between are blocks of others: that is seen from the last changes. */
const changesKept = 32;

/** What one worker holds of every segment, in all tiers. Whatever changes a holding's blocks does it here, where sums, orders of eviction and the last changes follow. */
export class Holdings {
  readonly #holdings = new Map<Segment, Holding>();
  readonly #order = { hbm: new EvictionOrder('hbm'), dram: new EvictionOrder('dram'), nvme: new EvictionOrder('nvme') };
  readonly #used = { hbm: 0, dram: 0, nvme: 0 };
  #kept = 0;
  /** How often blocks of a segment came or went, or an adapter did (null), and of which ones the last times. */
  #version = 0;
  readonly #lastChanged: (Segment | null)[] = new Array<null>(changesKept).fill(null);

  /** Blocks. */
  get used(): Found { return this.#used; }
  /** Blocks in hbm that runs use or pins keep. */
  get kept(): number { return this.#kept; }
  /** Places in the orders of eviction, those that are out of date included: what memory they take. */
  get places(): number { return this.#order.hbm.places + this.#order.dram.places + this.#order.nvme.places; }
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

  find(path: Path): Found {
    const found = { hbm: 0, dram: 0, nvme: 0 };
    for (let i = 0; i < path.segments.length; i++) {
      const holding = this.#holdings.get(path.segments[i]!);
      if (holding === undefined) break;
      if (cover(holding, path.uses[i]!, found) < path.uses[i]!) break;
    }
    return found;
  }

  /** Of each segment of the path how many blocks are there without a hole, in one tier or the other. */
  reached(path: Path): readonly number[] {
    return path.uses.map((use, i) => { const holding = this.#holdings.get(path.segments[i]!); return holding === undefined ? 0 : cover(holding, use, null); });
  }

  of(segment: Segment): Holding | undefined { return this.#holdings.get(segment); }

  /** The same; where there is none an empty one, which stays until `tidy`. */
  at(segment: Segment): Holding {
    let holding = this.#holdings.get(segment);
    if (holding === undefined) {
      this.#holdings.set(segment, (holding = new Holding(segment)));
      segment.holders++;
    }
    return holding;
  }

  /** Those of the path that there are, and how many of its blocks the path takes of each. */
  *along(path: Path): Generator<[Holding, number]> {
    for (let i = 0; i < path.segments.length; i++) {
      const holding = this.#holdings.get(path.segments[i]!);
      if (holding !== undefined) yield [holding, path.uses[i]!];
    }
  }

  /** Resident blocks of the path that could go now, and could not once a run uses it. */
  freeAlong(path: Path): number {
    let free = 0;
    for (const [holding, use] of this.along(path)) free += Math.max(0, Math.min(holding.hbm, use) - holding.kept);
    return free;
  }

  /** Of what those would leave, blocks that have no name yet and that others keep by it, but for those of `path`: they would not be free. */
  keptOf(leavers: readonly Leaver[], path: Path): number {
    const named = new Map<Segment, number>();
    for (const { leaves } of leavers) leaves.segments.forEach((segment, i) => { named.set(segment, Math.max(named.get(segment) ?? 0, leaves.uses[i]!)); });
    let kept = 0;
    for (const [segment, use] of named) {
      const holding = this.#holdings.get(segment);
      if (holding !== undefined) kept += Math.max(0, Math.min(use, holding.keeps.max) - Math.max(holding.hbm, path.uses[path.segments.indexOf(segment)] ?? 0));
    }
    return kept;
  }

  /** The first `use` blocks are kept by one more, or by one less. */
  changeKeeps(holding: Holding, use: number, change: 1 | -1): void {
    const before = holding.kept;
    if (change === 1) holding.keeps.add(use);
    else holding.keeps.remove(use);
    this.#kept += holding.kept - before;
  }

  /** Its first `hbm` blocks are resident. Answers how many were not. */
  grow(holding: Holding, hbm: number): number {
    const grown = hbm - holding.hbm;
    if (grown <= 0) return 0;
    if (holding.hbm === 0) this.#parentOf(holding)?.kids.add(holding.segment.offset);
    const before = holding.kept;
    holding.hbm = hbm;
    this.changed(holding.segment);
    this.#used.hbm += grown;
    this.#kept += holding.kept - before;
    this.reorder(holding);
    return grown;
  }

  /** Its last `blocks` leave hbm. */
  shrink(holding: Holding, blocks: number): void {
    if (blocks <= 0) return;
    const before = holding.kept;
    holding.hbm -= blocks;
    this.changed(holding.segment);
    this.#used.hbm -= blocks;
    this.#kept += holding.kept - before;
    if (holding.hbm > 0) return;
    const parent = this.#parentOf(holding);
    parent?.kids.remove(holding.segment.offset);
    if (parent !== undefined) this.reorder(parent);
    this.tidy(holding);
  }

  /** Blocks [from, to) are in `tier`, and no others. */
  setLower(holding: Holding, tier: LowerTier, from: number, to: number): void {
    this.changed(holding.segment);
    this.#used[tier] += to - from - (holding[tier].to - holding[tier].from);
    holding[tier] = to > from ? { from, to } : { from: 0, to: 0 };
    if (to > from) this.#order[tier].put(holding);
  }

  /** What goes first in hbm, of those of which something may; it has no place in the order afterwards, until `reorder`. */
  takeResident(nowMs: number): Holding | undefined { return this.#order.hbm.take(nowMs, ({ hbm, floor }) => hbm > floor, null); }
  /** The same in a lower tier, other than `apart`. */
  takeLower(tier: LowerTier, nowMs: number, apart: Holding): Holding | undefined { return this.#order[tier].take(nowMs, (holding) => holding[tier].to > holding[tier].from, apart); }

  /** What it is ordered by is another one. */
  reorder(holding: Holding): void {
    if (holding.hbm > holding.floor) this.#order.hbm.put(holding);
    for (const tier of lowerTiers) if (holding[tier].to > holding[tier].from) this.#order[tier].put(holding);
  }

  /** An empty one is forgotten. */
  tidy(holding: Holding): void {
    if (!holding.isEmpty) return;
    if (this.#holdings.delete(holding.segment)) holding.segment.holders--;
    for (const tier of ['hbm', ...lowerTiers] as const) this.#order[tier].remove(holding);
  }

  /** Blocks of the segment came or went; null: an adapter did. */
  changed(segment: Segment | null): void { this.#lastChanged[this.#version++ % changesKept] = segment; }

  clear(): void {
    for (const segment of this.#holdings.keys()) segment.holders--;
    this.#holdings.clear();
    this.#version += changesKept + 1;
    for (const tier of ['hbm', ...lowerTiers] as const) { this.#used[tier] = 0; this.#order[tier].clear(); }
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
    const { hbm, dram, nvme } = this.#used;
    if (sum.hbm !== hbm || sum.dram !== dram || sum.nvme !== nvme || sum.kept !== this.#kept) throw new Error(`sums ${JSON.stringify(sum)}, kept along ${JSON.stringify({ ...this.#used, kept: this.#kept })}`);
  }

  #parentOf(holding: Holding): Holding | undefined { return holding.segment.parent === null ? undefined : this.at(holding.segment.parent); }
}

/** How far the first `use` blocks are there without a hole, in one tier or the other; adds up which in `found`. */
function cover(holding: Holding, use: number, found: { hbm: number; dram: number; nvme: number } | null): number {
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
