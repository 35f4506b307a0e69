import type { Vocabulary } from './vocabulary.ts';

/** Token ids of one generation → text as it comes. Every piece is well-formed Unicode: bytes of an unfinished character wait for the rest. */
export class Detokenizer {
  readonly #vocabulary: Vocabulary;
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  constructor(vocabulary: Vocabulary) { this.#vocabulary = vocabulary; }

  /** The text that these ids complete; control tokens have none. Throws `message_invalid` for an id outside the vocabulary. */
  push(ids: ArrayLike<number>): string {
    let text = '';
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      if (!this.#vocabulary.isControl(id)) text += this.#decoder.decode(this.#vocabulary.bytesOf(id), { stream: true });
    }
    return text;
  }

  /** Ends the text: U+FFFD for bytes whose character never came. The detokenizer can then be used for another text. */
  flush(): string { return this.#decoder.decode(); }
}
