import type { Segment } from './prefix-tree.ts';

export const lowerTiers = ['dram', 'nvme'] as const;
export type LowerTier = (typeof lowerTiers)[number];
export type Tier = 'hbm' | LowerTier;

/** Where a holding stands in the order of a tier: what it was when it was put there. */
export interface Place { readonly holding: Holding; readonly value: number; readonly lastUseMs: number; readonly heldUntilMs: number }

/** The largest of numbers that come and go. */
class Extents {
  readonly #counts = new Map<number, number>();
  #max = 0;

  get max(): number { return this.#max; }
  get size(): number { return this.#counts.size; }

  add(extent: number): void {
    this.#counts.set(extent, (this.#counts.get(extent) ?? 0) + 1);
    if (extent > this.#max) this.#max = extent;
  }

  remove(extent: number): void {
    const left = (this.#counts.get(extent) ?? 0) - 1;
    if (left > 0) { this.#counts.set(extent, left); return; }
    this.#counts.delete(extent);
    if (extent !== this.#max) return;
    this.#max = 0;
    for (const other of this.#counts.keys()) if (other > this.#max) this.#max = other;
  }
}

/** What one worker has of one segment. */
export class Holding {
  readonly segment: Segment;
  /** Its first blocks, resident. */
  hbm = 0;
  dram = { from: 0, to: 0 };
  nvme = { from: 0, to: 0 };
  /** How far runs and pins use it. */
  readonly keeps = new Extents();
  /** Where segments branch off of which blocks are resident. */
  readonly kids = new Extents();
  /** Traces whose prefix it is a part of. */
  lanes = 0;
  value = 0;
  heldUntilMs = 0;
  lastUseMs = 0;
  readonly places: Record<Tier, Place | null> = { hbm: null, dram: null, nvme: null };

  constructor(segment: Segment) { this.segment = segment; }

  /** Blocks that may not go: somebody uses them, or resident ones follow. */
  get floor(): number { return Math.min(this.hbm, Math.max(this.keeps.max, this.kids.max)); }
  get kept(): number { return Math.min(this.hbm, this.keeps.max); }
  get isEmpty(): boolean { return this.hbm === 0 && this.keeps.size === 0 && this.lanes === 0 && this.kids.size === 0 && this.dram.to === 0 && this.nvme.to === 0; }
}
