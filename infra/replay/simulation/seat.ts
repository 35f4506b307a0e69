import type { Decided } from '../../../actors/lib/asks.ts';
import type { TraceEffect } from '../../../actors/trace/types.ts';
import type { EventQueue } from './event-queue.ts';
import { type Path, emptyPath } from './prefix-tree.ts';
import type { WorkerModel } from './worker-model.ts';

/** What was done in gaps, on all seats together. */
export interface GapCounters { demotions: number; recalls: number }

/** A worker's place in the fleet: which traces' prefixes it has, and what is done with them between steps. */
export class Seat {
  readonly worker: WorkerModel;
  /** The how manieth of the fleet. */
  readonly index: number;
  readonly region: string;
  /** Of its beats. */
  readonly beat = { seq: 0, isDue: false, lastMs: 0 };
  readonly #events: EventQueue;
  readonly #counters: GapCounters;
  readonly #onDemoted: () => void;
  readonly #lanes = new Map<string, Path>();
  readonly #laneTokens = new Map<string, number>();
  readonly #pins = new Map<string, Path>();
  readonly #gaps = new Map<string, number>();
  /** Of all its gaps: one that ended is never taken for a later one. */
  #gapsBegun = 0;

  constructor(worker: WorkerModel, index: number, region: string, events: EventQueue, counters: GapCounters, onDemoted: () => void) {
    this.worker = worker;
    this.index = index;
    this.region = region;
    this.#events = events;
    this.#counters = counters;
    this.#onDemoted = onDemoted;
  }

  /** The trace's prefix on this worker is another one now; `tokens`: with those behind its last full block. */
  moveLane(trace: string, path: Path, tokens: number): void {
    this.#laneTokens.set(trace, tokens);
    const before = this.#lanes.get(trace);
    this.worker.memory.addLane(path);
    if (before !== undefined) this.worker.memory.removeLane(before);
    this.#lanes.set(trace, path);
  }

  /** Undefined: none of its steps ended here. */
  laneTokensOf(trace: string): number | undefined { return this.#laneTokens.get(trace); }

  /** What the trace machine orders of its prefix. */
  perform(trace: string, { order }: Extract<TraceEffect, { kind: 'order' }>): void {
    switch (order.kind) {
      case 'pin': if (order.tier === 'hbm') this.#pin(trace); return;
      case 'unpin': return this.#unpin(trace);
      case 'drop': return this.#drop(trace);
      // A gap is done with the decision itself, which says more; nobody cancels a recorded step, and a lost worker's has ended with it.
      case 'gap': case 'cancel': return;
    }
  }

  /** Nothing runs, and there is no room for the next run: pins give way. */
  unpinAll(): void { for (const trace of [...this.#pins.keys()]) this.#unpin(trace); }

  /** A gap begins: what control decided for it, until the next step of the trace is here. */
  beginGap(trace: string, decided: Extract<Decided, { what: 'retain' }>): void {
    const path = this.#lanes.get(trace);
    if (path === undefined) return;
    const { memory, lines } = this.worker, nowMs = this.#events.nowMs, gap = ++this.#gapsBegun;
    this.#gaps.set(trace, gap);
    const inGap = (afterMs: number, act: () => void): void => { this.#events.at(nowMs + afterMs, () => { if (this.#gaps.get(trace) === gap && this.worker.isAlive) act(); }); };
    memory.setValue(path, decided.keepValue, decided.holdMs === undefined ? 0 : nowMs + decided.holdMs);
    if (decided.dropAfterMs !== undefined) inGap(decided.dropAfterMs, () => memory.forget(path));
    if (decided.demoteAfterMs !== null && memory.capacity.dram > 0) {
      inGap(decided.demoteAfterMs, () => {
        const blocks = memory.toCopy(path, 'dram');
        this.#counters.demotions++;
        // What is being copied stays until it has arrived.
        const endMs = blocks === 0 ? this.#events.nowMs : lines.dram.start(blocks * this.worker.blockBytes, this.#events.nowMs);
        inGap(endMs - nowMs, () => { memory.demote(path, 'dram', this.#events.nowMs); this.#onDemoted(); });
      });
    }
    if (decided.recallAfterMs !== null) {
      inGap(decided.recallAfterMs, () => {
        const { dram, nvme } = memory.find(path);
        if (dram + nvme === 0) return;
        this.#counters.recalls++;
        const { blockBytes } = this.worker;
        const endMs = lines.recall({ dram: dram * blockBytes, nvme: nvme * blockBytes }, this.#events.nowMs);
        inGap(endMs - nowMs, () => { memory.recall(path, this.#events.nowMs); });
      });
    }
  }

  endGap(trace: string): void { this.#gaps.delete(trace); }

  #pin(trace: string): void {
    if (this.#pins.has(trace)) return;
    const path = this.#lanes.get(trace) ?? emptyPath;
    this.#pins.set(trace, path);
    this.worker.memory.pin(path, this.#events.nowMs);
  }

  #unpin(trace: string): void {
    const path = this.#pins.get(trace);
    if (path === undefined) return;
    this.#pins.delete(trace);
    this.worker.memory.unpin(path, this.#events.nowMs);
    this.#events.at(this.#events.nowMs, () => this.worker.lookAgain());
  }

  #drop(trace: string): void {
    this.#unpin(trace);
    const path = this.#lanes.get(trace);
    this.#gaps.delete(trace);
    this.#laneTokens.delete(trace);
    if (path === undefined) return;
    this.worker.memory.setValue(path, -1, 0);
    this.worker.memory.removeLane(path);
    this.#lanes.delete(trace);
  }
}
