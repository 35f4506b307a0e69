import type { Link } from './engine-model.ts';

/** One direction-blind line of a bandwidth: transfers go one after the other, each at full rate. */
export class TransferLine {
  readonly #link: Link;
  #freeAtMs = 0;
  #bytes = 0;

  constructor(link: Link) { this.#link = link; }

  get bytesPerS(): number { return this.#link.bytesPerS; }
  get bytes(): number { return this.#bytes; }

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
}
