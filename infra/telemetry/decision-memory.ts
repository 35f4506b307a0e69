import type { Decision } from '../../schemas/messages.ts';

const tracesMax = 20_000, decisionsMax = 32;

/** Decisions of segments that are not over yet. Bounded: the traces longest without one, and a segment's first ones, go first. */
export class DecisionMemory {
  readonly #byTrace = new Map<string, Decision[]>();

  keep(decision: Decision): void {
    const known = this.#byTrace.get(decision.trace) ?? [];
    this.#byTrace.delete(decision.trace);
    // A decision may be told twice around a takeover: the later word counts.
    const kept = known.filter(({ what, step, atMs }) => what !== decision.what || step !== decision.step || atMs !== decision.atMs);
    this.#byTrace.set(decision.trace, [...kept, decision].slice(-decisionsMax));
    const [oldest] = this.#byTrace.keys();
    if (this.#byTrace.size > tracesMax && oldest !== undefined) this.#byTrace.delete(oldest);
  }

  take(trace: string): readonly Decision[] {
    const kept = this.#byTrace.get(trace) ?? [];
    this.#byTrace.delete(trace);
    return kept;
  }
}
