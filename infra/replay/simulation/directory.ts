import type { Held } from '../../../actors/control/types.ts';
import { blockTokens } from '../../../actors/lib/chain.ts';
import type { Path } from './prefix-tree.ts';
import type { Seat } from './seat.ts';

/** What was found of a step's prompt. */
interface Seen {
  /** By the index of a seat, with the version that its memory had. */
  readonly found: (Known | undefined)[];
  /** Those of `found` that have something; null when that has to be seen again. */
  held: readonly Held[] | null;
}
interface Known { version: number; held: Held }

/** What each worker holds of prompts, as the directory of a fleet says it, and never late. */
export class Directory {
  /** Of the fleet, by their workers' names: those that are lost go from it. */
  readonly #seats: ReadonlyMap<string, Seat>;
  readonly #seen = new Map<string, Seen>();

  constructor(seats: ReadonlyMap<string, Seat>) { this.#seats = seats; }

  /** Of one prompt, now. */
  holdersOf(prompt: Path, adapter: number | null): readonly Held[] {
    const held: Held[] = [];
    for (const seat of this.#seats.values()) { const found = lookUp(seat, prompt, adapter); if (isSome(found)) held.push(found); }
    return held;
  }

  /** The same, of a step that waits until `leave`, and the same list as before when nothing of it changed: whoever asks sees by that what did. */
  holdersFor(trace: string, prompt: Path, adapter: number | null): readonly Held[] {
    let seen = this.#seen.get(trace);
    if (seen === undefined) this.#seen.set(trace, (seen = { found: [], held: null }));
    for (const seat of this.#seats.values()) {
      const { memory } = seat.worker, known = seen.found[seat.index];
      if (known?.version === memory.version) continue;
      const now = known !== undefined && !memory.mayDiffer(prompt, adapter !== null, known.version) ? known.held : lookUp(seat, prompt, adapter);
      if (known !== undefined && areSame(known.held, now)) {
        known.version = memory.version;
        continue;
      }
      seen.found[seat.index] = { version: memory.version, held: now };
      seen.held = null;
    }
    return seen.held ??= this.#holders(seen);
  }

  /** The trace's step waits no longer. */
  leave(trace: string): void { this.#seen.delete(trace); }

  /** A seat is none of the fleet any more. */
  lost(): void { for (const seen of this.#seen.values()) seen.held = null; }

  #holders({ found }: Seen): readonly Held[] {
    const held: Held[] = [];
    for (const { index } of this.#seats.values()) { const known = found[index]!; if (isSome(known.held)) held.push(known.held); }
    return held;
  }
}

function lookUp({ worker: { name, memory, adapters } }: Seat, prompt: Path, adapter: number | null): Held {
  const { hbm, dram, nvme } = memory.find(prompt);
  return { worker: name, hbmTokens: hbm * blockTokens, dramTokens: (dram + nvme) * blockTokens, ...(adapter !== null && adapters!.isResident(adapter) ? { isAdapterResident: true } : {}) };
}

const isSome = ({ hbmTokens, dramTokens, isAdapterResident }: Held): boolean => hbmTokens + dramTokens > 0 || isAdapterResident === true;
const areSame = (a: Held, b: Held): boolean => a.hbmTokens === b.hbmTokens && a.dramTokens === b.dramTokens && a.isAdapterResident === b.isAdapterResident;
