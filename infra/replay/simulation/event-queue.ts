import { Heap } from './heap.ts';

export interface Due { readonly atMs: number; readonly order: number; readonly fire: () => void; isOff: boolean }

/** What is due, by virtual time and, at one time, by the order of asking. Nothing here draws or reads a clock: the same asking gives the same order. */
export class EventQueue {
  readonly #due = new Heap<Due>((a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order));
  #asked = 0;
  #nowMs = 0;

  /** Milliseconds since the replay began. */
  get nowMs(): number { return this.#nowMs; }

  /** Calls `fire` at `atMs`; when that has passed at once, but after what is due already. `isOff` takes it back. */
  at(atMs: number, fire: () => void): Due {
    const due: Due = { atMs: Math.max(atMs, this.#nowMs), order: this.#asked++, fire, isOff: false };
    this.#due.push(due);
    return due;
  }

  /** False: nothing is due any more. */
  next(): boolean {
    for (let due = this.#due.pop(); due !== undefined; due = this.#due.pop()) {
      if (due.isOff) continue;
      this.#nowMs = due.atMs;
      due.fire();
      return true;
    }
    return false;
  }
}
