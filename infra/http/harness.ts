import type { ServerResponse } from 'node:http';

/**
 * The other end of one request. When it goes away before its answer is complete, its step is cancelled: without an id of
 * its own nobody could ask for that answer again. A step with an id is left to run: its harness may come back for it.
 */
export class Harness {
  readonly #cancel: (step: string) => void;
  #step: string | null = null;
  #isGone = false;
  #isOver = false;

  constructor(response: ServerResponse, cancel: (step: string) => void) {
    this.#cancel = cancel;
    response.once('close', () => {
      if (response.writableFinished) return;
      this.#isGone = true;
      this.#settle();
    });
  }

  onAccepted(step: string): void {
    this.#step = step;
    if (this.#isGone) this.#settle();
  }

  onEnded(): void { this.#isOver = true; }

  #settle(): void {
    if (this.#step === null || this.#isOver) return;
    this.#isOver = true;
    this.#cancel(this.#step);
  }
}
