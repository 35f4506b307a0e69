/** Tokens of context of all traces that are not over, and their mean over time: what a cache that forgets no live trace would hold, with what several share counted for each. */
export class LiveContext {
  readonly #tokens = new Map<string, number>();
  #sum = 0;
  #sinceMs = 0;
  #tokenMs = 0;

  /** The trace's context is of so many tokens from now on; 0: it is over. */
  set(trace: string, tokens: number, nowMs: number): void {
    this.#tokenMs += this.#sum * (nowMs - this.#sinceMs);
    this.#sinceMs = nowMs;
    this.#sum += tokens - (this.#tokens.get(trace) ?? 0);
    if (tokens === 0) this.#tokens.delete(trace); else this.#tokens.set(trace, tokens);
  }

  /** From the beginning until `nowMs`. */
  mean(nowMs: number): number { return nowMs <= 0 ? 0 : (this.#tokenMs + this.#sum * (nowMs - this.#sinceMs)) / nowMs; }
}
