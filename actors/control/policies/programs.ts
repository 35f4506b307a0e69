import type { PlaceAsk } from '../../lib/asks.ts';

/** When each program came, which is what program-level first come, first served goes by. A subagent is a part of the program that started it. */
export class Arrivals {
  readonly #ms = new Map<string, number>();

  of({ trace, parent, acceptedAtMs }: PlaceAsk): number {
    const known = this.#ms.get(trace);
    if (known !== undefined) return known;
    const arrivalMs = (parent === null ? undefined : this.#ms.get(parent)) ?? acceptedAtMs;
    this.#ms.set(trace, arrivalMs);
    return arrivalMs;
  }

  ended(trace: string): void { this.#ms.delete(trace); }
}
