import type { Link } from './engine-model.ts';

/** One direction-blind line of a bandwidth: transfers go one after the other, each at full rate. */
export class TransferLine {
  readonly #link: Link;
  #freeAtMs = 0;
  #bytes = 0;

  constructor(link: Link) { this.#link = link; }

  get bytesPerS(): number { return this.#link.bytesPerS; }
  get latencyMs(): number { return this.#link.latencyMs; }
  get bytes(): number { return this.#bytes; }
  /** What was asked for until now is through then, latency apart. */
  get freeAtMs(): number { return this.#freeAtMs; }

  /** How long a transfer that is asked for now would take, what goes before it included. Infinite without a line. */
  waitMs(bytes: number, nowMs: number): number {
    if (this.#link.bytesPerS === 0) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.#freeAtMs - nowMs) + this.#link.latencyMs + (bytes / this.#link.bytesPerS) * 1000;
  }

  /** Answers when it ends. */
  start(bytes: number, nowMs: number): number {
    const endMs = nowMs + this.waitMs(bytes, nowMs);
    this.#freeAtMs = endMs - this.#link.latencyMs;
    this.#bytes += bytes;
    return endMs;
  }

  /** Takes `bytes` from `fromMs` on, when it is free. */
  occupy(bytes: number, fromMs: number): void {
    this.#freeAtMs = fromMs + (bytes / this.#link.bytesPerS) * 1000;
    this.#bytes += bytes;
  }
}

/** The lines of one worker between its tiers: hbm and dram, dram and nvme. */
export class TierLines {
  readonly dram: TransferLine;
  readonly nvme: TransferLine;

  constructor(dram: Link, nvme: Link) {
    this.dram = new TransferLine(dram);
    this.nvme = new TransferLine(nvme);
  }

  /** How long a recall of so many bytes from each tier would take, asked for now; the tiers send side by side. */
  recallMs({ dram, nvme }: LowerBytes, nowMs: number): number {
    return Math.max(dram > 0 ? this.dram.waitMs(dram, nowMs) : 0, nvme > 0 ? this.nvme.waitMs(nvme, nowMs) : 0);
  }

  /** Answers when it ends. */
  recall({ dram, nvme }: LowerBytes, nowMs: number): number {
    return Math.max(dram > 0 ? this.dram.start(dram, nowMs) : nowMs, nvme > 0 ? this.nvme.start(nvme, nowMs) : nowMs);
  }
}

interface LowerBytes { readonly dram: number; readonly nvme: number }

/** What of a transfer goes over one of the lines that lead to its end. */
export interface Hop { readonly line: TransferLine; readonly bytes: number }
/** From `beginMs` on bytes leave, for `spanMs`, and each is there `latencyMs` later. */
export interface Passage { readonly beginMs: number; readonly spanMs: number; readonly latencyMs: number }

/** A transfer over several lines at once, asked for now: it begins when all are free, and is as fast as the slowest of them. Nothing is changed. */
export function passageOf(hops: readonly Hop[], nowMs: number): Passage {
  let beginMs = nowMs, spanMs = 0, latencyMs = 0;
  for (const { line, bytes } of hops) {
    beginMs = Math.max(beginMs, line.freeAtMs);
    spanMs = Math.max(spanMs, (bytes / line.bytesPerS) * 1000);
    latencyMs = Math.max(latencyMs, line.latencyMs);
  }
  return { beginMs, spanMs, latencyMs };
}

/** It is made: every line is taken for as long as its own part takes there, so that a fast one goes on with others beside a slow one. */
export function take(hops: readonly Hop[], { beginMs }: Passage): void {
  for (const { line, bytes } of hops) line.occupy(bytes, beginMs);
}
