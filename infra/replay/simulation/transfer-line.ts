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
