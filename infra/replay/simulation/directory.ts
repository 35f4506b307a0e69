import type { Held } from '../../../actors/control/types.ts';
import { blockTokens } from '../../../actors/lib/chain.ts';
import type { Path, Segment } from './prefix-tree.ts';
import type { Seat } from './seat.ts';

/** A prompt whose step waits. */
interface Watch {
  readonly prompt: Path;
  readonly adapter: number | null;
  /** By the index of a seat. */
  readonly found: (Held | undefined)[];
  /** Seats to look at again. */
  readonly stale: Set<Seat>;
  /** Those of `found` that have something; null when that has to be seen again. */
  held: readonly Held[] | null;
}

/**
 * What each worker holds of prompts, as the directory of a fleet says it, and never late. Past the knee a hundred waiting steps are asked about on every tick, and
 * nearly all that came and went in between are blocks of other prompts: one is looked up again only on workers where a segment of its own changed.
 */
export class Directory {
  /** Of the fleet, by their workers' names: those that are lost go from it. */
  readonly #seats: ReadonlyMap<string, Seat>;
  readonly #watches = new Map<string, Watch>();
  readonly #watchers = new Map<Segment, Set<Watch>>();
  /** Of prompts that need an adapter. */
  readonly #adapted = new Set<Watch>();

  constructor(seats: ReadonlyMap<string, Seat>) { this.#seats = seats; }

  /** Of one prompt, now. */
  holdersOf(prompt: Path, adapter: number | null): readonly Held[] {
    const held: Held[] = [];
    for (const seat of this.#seats.values()) { const found = lookUp(seat, prompt, adapter); if (isSome(found)) held.push(found); }
    return held;
  }

  /** The same, of a step that waits until `leave`, and the same list as before when nothing of it changed: whoever asks sees by that what did. */
  holdersFor(trace: string, prompt: Path, adapter: number | null): readonly Held[] {
    const watch = this.#watches.get(trace) ?? this.#begin(trace, prompt, adapter);
    for (const seat of watch.stale) {
      const known = watch.found[seat.index], now = lookUp(seat, prompt, adapter);
      if (known !== undefined && areSame(known, now)) continue;
      watch.found[seat.index] = now;
      watch.held = null;
    }
    watch.stale.clear();
    return watch.held ??= [...this.#seats.values()].map(({ index }) => watch.found[index]!).filter(isSome);
  }

  /** The trace's step waits no longer. */
  leave(trace: string): void {
    const watch = this.#watches.get(trace);
    if (watch === undefined) return;
    this.#watches.delete(trace);
    this.#adapted.delete(watch);
    for (const segment of watch.prompt.segments) {
      const watchers = this.#watchers.get(segment)!;
      watchers.delete(watch);
      if (watchers.size === 0) this.#watchers.delete(segment);
    }
  }

  /** Blocks of the segment came or went there; null: an adapter did. */
  changed(seat: Seat, segment: Segment | null): void {
    const watches = segment === null ? this.#adapted : this.#watchers.get(segment);
    if (watches !== undefined) for (const { stale } of watches) stale.add(seat);
  }

  /** It is no seat of the fleet any more. */
  lost(seat: Seat): void {
    for (const watch of this.#watches.values()) {
      watch.stale.delete(seat);
      watch.held = null;
    }
  }

  #begin(trace: string, prompt: Path, adapter: number | null): Watch {
    const watch: Watch = { prompt, adapter, found: [], stale: new Set(this.#seats.values()), held: null };
    this.#watches.set(trace, watch);
    if (adapter !== null) this.#adapted.add(watch);
    for (const segment of prompt.segments) {
      const watchers = this.#watchers.get(segment);
      if (watchers === undefined) this.#watchers.set(segment, new Set([watch])); else watchers.add(watch);
    }
    return watch;
  }
}

function lookUp({ worker: { name, memory, adapters } }: Seat, prompt: Path, adapter: number | null): Held {
  const { hbm, dram, nvme } = memory.find(prompt);
  return { worker: name, hbmTokens: hbm * blockTokens, dramTokens: (dram + nvme) * blockTokens, ...(adapter !== null && adapters!.isResident(adapter) ? { isAdapterResident: true } : {}) };
}

const isSome = ({ hbmTokens, dramTokens, isAdapterResident }: Held): boolean => hbmTokens + dramTokens > 0 || isAdapterResident === true;
const areSame = (a: Held, b: Held): boolean => a.hbmTokens === b.hbmTokens && a.dramTokens === b.dramTokens && a.isAdapterResident === b.isAdapterResident;
