/** Cuts a text that comes in pieces at the first stop string, and holds back what may be the beginning of one. */
export class StopFilter {
  readonly #stops: readonly string[];
  readonly #longest: number;
  #held = '';
  #found: string | null = null;

  /** Empty stop strings are ignored: they would stop everything. */
  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== '').map((stop) => stop.toWellFormed());
    this.#longest = Math.max(0, ...this.#stops.map((stop) => stop.length));
  }

  /** The stop string that ended the text, null as long as none has. */
  get found(): string | null { return this.#found; }

  /** The text that may be shown now. After a stop string: nothing more. */
  push(text: string): string {
    if (this.#found !== null) return '';
    const whole = this.#held + text;
    const stop = this.#firstStop(whole);
    if (stop !== null) {
      this.#found = stop.text;
      this.#held = '';
      return whole.slice(0, stop.at);
    }
    const shown = whole.length - this.#heldLength(whole);
    this.#held = whole.slice(shown);
    return whole.slice(0, shown);
  }

  /** The text is over: what was held back was no stop string after all. */
  flush(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }

  /** The stop string that is complete first; of several that are, the one that starts first. */
  #firstStop(whole: string): { at: number; text: string } | null {
    let first: { at: number; end: number; text: string } | null = null;
    for (const text of this.#stops) {
      const at = whole.indexOf(text);
      if (at < 0) continue;
      const end = at + text.length;
      if (first === null || end < first.end || (end === first.end && at < first.at)) first = { at, end, text };
    }
    return first;
  }

  /** Length of the longest end of the text that begins a stop string. */
  #heldLength(whole: string): number {
    for (let length = Math.min(this.#longest - 1, whole.length); length > 0; length--) {
      const end = whole.slice(-length);
      if (this.#stops.some((stop) => stop.startsWith(end))) return length;
    }
    return 0;
  }
}
