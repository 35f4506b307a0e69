import { ByteLru } from './byte-lru.ts';
import type { Vocabulary } from './vocabulary.ts';

/** A message as it was generated: its exact ids, and text that follows them (`rest`, nearly always empty). */
export interface Generated { readonly tokens: Int32Array; readonly rest: string }

const entryBytes = 160; // a key of 32 digits and the bookkeeping, roughly
const lost = Symbol('looked up in vain');

/**
 * Generated tokens under the name of the conversation whose last message they became (an entry of `messageChain`), so that the
 * message comes back as the ids that the KV was computed for, also where the tokenizer would have chosen others.
 */
export class SpliceMemory {
  readonly #vocabulary: Vocabulary;
  readonly #known: ByteLru<Generated | typeof lost>;

  constructor(vocabulary: Vocabulary, bytesMax = 64 << 20) {
    this.#vocabulary = vocabulary;
    this.#known = new ByteLru(bytesMax);
  }

  /**
   * Keeps the ids of a generation, without the control tokens that end it. `text` is what the harness was given of it: where a stop string
   * cut it short, the ids that are wholly in `text` are kept, and the rest of `text` as text. False when not even the first id is.
   */
  remember(chainName: string, tokens: ArrayLike<number>, text?: string): boolean {
    let end = tokens.length;
    while (end > 0 && this.#vocabulary.isControl(tokens[end - 1]!)) end--;
    const ids = Int32Array.from({ length: end }, (_, at) => tokens[at]!);
    const generated = text === undefined ? { tokens: ids, rest: '' } : matchText(this.#vocabulary, ids, text);
    if (generated === null) return false;
    this.#known.keep(chainName, generated, entryBytes + 4 * generated.tokens.length + 2 * generated.rest.length);
    return true;
  }

  find(chainName: string): Generated | null {
    const found = this.#known.find(chainName);
    return found === lost ? null : found;
  }

  /** True the first time that it is said of a name: a message lost to re-rendering costs its prefix once, so it counts once. */
  noteLost(chainName: string): boolean {
    if (this.#known.find(chainName) !== null) return false;
    this.#known.keep(chainName, lost, entryBytes);
    return true;
  }
}

function matchText(vocabulary: Vocabulary, ids: Int32Array, text: string): Generated | null {
  const shown = Array.from(ids, (id) => (vocabulary.isControl(id) ? new Uint8Array() : vocabulary.bytesOf(id)));
  if (new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.concat(shown)) === text) return { tokens: ids, rest: '' };
  const wanted = Buffer.from(text);
  let at = 0;
  let kept = { tokens: 0, bytes: 0 };
  for (const [index, bytes] of shown.entries()) {
    if (!wanted.subarray(at, at + bytes.length).equals(bytes)) break;
    at += bytes.length;
    const isWhole = at === wanted.length || (wanted[at]! & 0xc0) !== 0x80; // not inside of a character
    if (isWhole) kept = { tokens: index + 1, bytes: at };
  }
  return kept.tokens === 0 ? null : { tokens: ids.slice(0, kept.tokens), rest: wanted.toString('utf8', kept.bytes) };
}
