import type { Clock } from '../../actors/lib/ports.ts';
import type { Reply } from '../../schemas/reply.ts';

/** Shorter than the silence after which a client looks for another gateway. */
const quietMs = 1_500;

/** While a step waits or its prompt is computed there is nothing to say: an empty delta then says that somebody is still there. */
export class SignOfLife {
  readonly #clock: Clock;
  readonly #send: (reply: Reply) => void;
  #cancel: () => void = () => {};
  #step: string | null = null;
  #attempt = 1;
  #offset = 0;

  constructor(clock: Clock, send: (reply: Reply) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  heard(reply: Reply): void {
    this.stop();
    if (reply.kind === 'accepted') this.#step = reply.step;
    if (reply.kind === 'delta') { this.#offset = reply.offset + reply.tokens; this.#attempt = reply.attempt; }
    if (reply.kind === 'accepted' || reply.kind === 'delta') this.#arm();
  }

  stop(): void { this.#cancel(); }

  #arm(): void {
    this.#cancel = this.#clock.alarm(this.#clock.now() + quietMs, () => {
      if (this.#step !== null) this.#send({ kind: 'delta', step: this.#step, attempt: this.#attempt, offset: this.#offset, tokens: 0, text: '' });
      this.#arm();
    });
  }
}
