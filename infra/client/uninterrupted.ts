import type { Delta, Reply } from '../../schemas/reply.ts';

/**
 * Several tellings of one answer as one: the same step may be submitted more than once, and every telling begins at the
 * answer's start. What the caller has already is skipped by counting tokens and characters, since tellings cut the text
 * in different places.
 */
export class Uninterrupted {
  #text = '';
  #tokens = 0;
  #isAccepted = false;
  /** Of the telling that is being heard. */
  #heardCharacters = 0;
  #heardTokens = 0;
  /** '' before the step was accepted. */
  step = '';

  startOver(): void {
    this.#heardCharacters = 0;
    this.#heardTokens = 0;
  }

  /** What the caller has not had yet. Null: a delta was lost on the way, so this telling is of no more use. */
  take(reply: Reply): readonly Reply[] | null {
    switch (reply.kind) {
      case 'accepted': {
        this.step = reply.step;
        const isFirst = !this.#isAccepted;
        this.#isAccepted = true;
        return isFirst ? [reply] : [];
      }
      case 'delta': return this.#delta(reply);
      case 'result': {
        const text = reply.text.slice(this.#text.length);
        const tokens = Math.max(0, reply.usage.generated - this.#tokens);
        return text === '' ? [reply] : [{ kind: 'delta', step: reply.step, attempt: reply.attempt, offset: this.#tokens, tokens, text }, reply];
      }
      default: return [reply];
    }
  }

  #delta(delta: Delta): readonly Reply[] | null {
    if (delta.offset > this.#heardTokens) return null;
    this.#heardTokens = Math.max(this.#heardTokens, delta.offset + delta.tokens);
    this.#heardCharacters += delta.text.length;
    const characters = Math.max(0, this.#heardCharacters - this.#text.length);
    const tokens = Math.max(0, this.#heardTokens - this.#tokens);
    if (characters === 0 && tokens === 0) return [];
    const text = delta.text.slice(delta.text.length - characters), offset = this.#tokens;
    this.#text += text;
    this.#tokens += tokens;
    return [{ ...delta, offset, tokens, text }];
  }
}
