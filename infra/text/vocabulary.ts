import { type ModelFacts, tokenType } from './model-facts.ts';
import { TextError } from './text-error.ts';

/** The tokens of a model, as bytes: all that is needed to turn ids into text. */
export class Vocabulary {
  readonly size: number;
  readonly bosToken: number | null;
  readonly eosTokens: readonly number[];
  /** Text of each control token (`<|im_start|>`) and of each token that users may write (type 4), with its id. */
  readonly control: ReadonlyMap<string, number>;
  readonly userDefined: ReadonlyMap<string, number>;
  readonly #bytes: Uint8Array;
  readonly #starts: Uint32Array; // [size + 1]
  readonly #isControl: Uint8Array; // [size]

  constructor({ tokenizer }: ModelFacts) {
    const { tokens, tokenTypes, bosToken, eosTokens } = tokenizer;
    const isPieces = tokenizer.model === 'llama';
    this.size = tokens.length;
    this.bosToken = bosToken;
    this.eosTokens = eosTokens;
    this.#starts = new Uint32Array(tokens.length + 1);
    this.#isControl = new Uint8Array(tokens.length);
    const control = new Map<string, number>();
    const userDefined = new Map<string, number>();
    const parts: Uint8Array[] = [];
    for (const [id, token] of tokens.entries()) {
      if (tokenTypes[id] === tokenType.control) control.set(token, id);
      if (tokenTypes[id] === tokenType.userDefined) userDefined.set(token, id);
      const bytes = tokenTypes[id] === tokenType.control ? Buffer.from(token) : isPieces ? bytesOfPiece(token, tokenTypes[id]) : userDefined.has(token) ? Buffer.from(token) : bytesOfToken(token);
      this.#isControl[id] = tokenTypes[id] === tokenType.control ? 1 : 0;
      this.#starts[id + 1] = this.#starts[id]! + bytes.length;
      parts.push(bytes);
    }
    this.control = control;
    this.userDefined = userDefined;
    this.#bytes = Buffer.concat(parts);
  }

  isControl(id: number): boolean { return this.#isControl[id] === 1; }

  /** The bytes of a token, a view. Throws `message_invalid` for an id outside the vocabulary. */
  bytesOf(id: number): Uint8Array {
    if (!(id >= 0 && id < this.size)) throw new TextError('message_invalid', `token ${id}; the vocabulary has ${this.size}`);
    return this.#bytes.subarray(this.#starts[id], this.#starts[id + 1]);
  }
}

/**
 * The 256 characters that stand for bytes in the tokens of a byte-level model: printable Latin-1 stands for itself,
 * the other 68 bytes for U+0100 onwards, in order (Radford et al. 2019, the GPT-2 tokenizer).
 */
export const byteCharacters: readonly string[] = (() => {
  const isPrintable = (byte: number): boolean => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++));
})();

const byteOfCharacter = new Map(byteCharacters.map((character, byte) => [character, byte]));

function bytesOfToken(token: string): Uint8Array {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = byteOfCharacter.get(token[i]!);
    if (byte === undefined) return Buffer.from(token); // not written in byte characters: stands for itself
    bytes[i] = byte;
  }
  return bytes;
}

/** A space is written as U+2581, a lone byte as `<0xAB>`. */
function bytesOfPiece(piece: string, type: number | undefined): Uint8Array {
  return type === tokenType.byte ? Uint8Array.of(Number.parseInt(piece.slice(3, 5), 16)) : Buffer.from(piece.replaceAll('\u2581', ' '));
}
