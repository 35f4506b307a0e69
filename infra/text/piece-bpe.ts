import { type TokenizerFacts, tokenType } from './model-facts.ts';
import { TextError } from './text-error.ts';

/**
 * BPE over characters, as SentencePiece's models have it (Kudo and Richardson, 2018): spaces are U+2581, and a character without a piece of its own
 * is written in byte pieces, or as the unknown token.
 *
 * Pairs are merged in the order of `merges`; a GGUF has none, and a pair is then as early as the score of the piece that it makes, the longer
 * left part first, as the conversion of such models to merges has it. No pair ever makes a control token.
 */
export class PieceBpe {
  readonly #ids = new Map<string, number>();
  readonly #bytes: readonly (number | undefined)[];
  readonly #unknown: number | null;
  readonly #addsSpace: 'always' | 'unlessThere' | 'never';
  readonly #rank: (left: string, right: string) => number | undefined;
  /** Neighbouring characters that some merge joins. Between others no merge ever reaches, so a text may be cut there. */
  readonly #joined = new Set<string>();

  /** Throws `tokenizer_unsupported`. */
  constructor(facts: TokenizerFacts) {
    const { tokens, tokenTypes, merges, scores } = facts;
    for (const [id, token] of tokens.entries()) {
      const type = tokenTypes[id] ?? tokenType.normal;
      const isMade = type === tokenType.normal || (type === tokenType.userDefined && merges.length > 0);
      if (isMade && token !== '') this.#ids.set(token, id);
    }
    const byteIds = new Map(tokens.flatMap((token, id) => (tokenTypes[id] === tokenType.byte ? [[token, id] as const] : [])));
    this.#bytes = Array.from({ length: 256 }, (_, byte) => byteIds.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`));
    this.#unknown = facts.unkToken;
    this.#addsSpace = facts.addsSpace ?? 'never';
    if (merges.length === 0 && scores?.length !== tokens.length) {
      throw new TextError('tokenizer_unsupported', `tokenizer.ggml.model "llama" with ${tokens.length} tokens, ${merges.length} merges and ${scores?.length ?? 0} scores; merges, or a score for each token are needed`);
    }
    this.#rank = merges.length > 0 ? this.#rankByMerges(merges) : this.#rankByScores(scores!);
  }

  /** A text as words that are encoded independently, with the same ids as the whole. */
  words(text: string): string[] {
    if (text === '') return [];
    const words: string[] = [];
    const marked = text.replaceAll(' ', '\u2581');
    const isAdded = this.#addsSpace === 'always' || (this.#addsSpace === 'unlessThere' && !marked.startsWith('\u2581'));
    let word = '', last = '';
    for (const character of isAdded ? `\u2581${marked}` : marked) {
      if (word !== '' && !this.#joined.has(last + character)) {
        words.push(word);
        word = '';
      }
      word += character;
      last = character;
    }
    words.push(word);
    return words;
  }

  encode(word: string): number[] {
    const ids: number[] = [];
    for (const piece of this.#merge([...word])) {
      const id = this.#ids.get(piece);
      if (id === undefined) this.#fallBack(piece, ids);
      else ids.push(id);
    }
    return ids;
  }

  #fallBack(character: string, ids: number[]): void {
    const bytes = [...Buffer.from(character)].map((byte) => this.#bytes[byte]);
    if (bytes.every((id) => id !== undefined)) ids.push(...bytes);
    else if (this.#unknown !== null) ids.push(this.#unknown);
  }

  /** Joins the earliest pair, of equals the leftmost, until there is none. */
  #merge(pieces: string[]): string[] {
    const next = pieces.map((_, at) => at + 1), before = pieces.map((_, at) => at - 1);
    const heap = new PairHeap();
    const offer = (left: number): void => {
      const right = next[left]!;
      const rank = right < pieces.length ? this.#rank(pieces[left]!, pieces[right]!) : undefined;
      if (rank !== undefined) heap.push({ rank, left, text: pieces[left]! + pieces[right]!, right });
    };
    for (let at = 0; at + 1 < pieces.length; at++) offer(at);
    for (let pair = heap.pop(); pair !== undefined; pair = heap.pop()) {
      const { left, right, text } = pair;
      const isStale = pieces[left] === '' || next[left] !== right || pieces[left]! + pieces[right]! !== text;
      if (isStale) continue;
      pieces[left] = text;
      pieces[right] = '';
      next[left] = next[right]!;
      if (next[left]! < pieces.length) before[next[left]!] = left;
      offer(left);
      if (before[left]! >= 0) offer(before[left]!);
    }
    return pieces.filter((piece) => piece !== '');
  }

  #rankByMerges(merges: readonly string[]): (left: string, right: string) => number | undefined {
    const ranks = new Map<string, number>();
    for (const [rank, merge] of merges.entries()) {
      const cut = merge.indexOf(' ', 1);
      const left = merge.slice(0, cut), right = merge.slice(cut + 1);
      if (cut < 1 || right === '') throw new TextError('tokenizer_unsupported', `merge ${rank} of ${merges.length} is "${merge}": not two tokens`);
      if (!this.#ids.has(left + right)) continue; // it makes a control token
      ranks.set(merge, rank);
      this.#joined.add([...left].at(-1)! + String.fromCodePoint(right.codePointAt(0)!));
    }
    return (left, right) => ranks.get(`${left} ${right}`);
  }

  #rankByScores(scores: readonly number[]): (left: string, right: string) => number | undefined {
    let longest = 1;
    const order = new Map([...this.#ids].sort((a, b) => scores[b[1]]! - scores[a[1]]!).map(([piece], at) => [piece, at]));
    for (const piece of this.#ids.keys()) {
      longest = Math.max(longest, piece.length);
      let last = '';
      for (const character of piece) {
        if (last !== '') this.#joined.add(last + character);
        last = character;
      }
    }
    return (left, right) => {
      const at = left.length + right.length > longest ? undefined : order.get(left + right);
      return at === undefined ? undefined : at * (longest + 1) - left.length;
    };
  }
}

interface Pair { readonly rank: number; readonly left: number; readonly right: number; readonly text: string }

function isEarlier(a: Pair, b: Pair): boolean { return a.rank < b.rank || (a.rank === b.rank && a.left < b.left); }

/** A binary heap, the earliest pair first: a long word takes n log n. */
class PairHeap {
  readonly #pairs: Pair[] = [];

  push(pair: Pair): void {
    const pairs = this.#pairs;
    let at = pairs.push(pair) - 1;
    for (let up = (at - 1) >> 1; at > 0 && isEarlier(pair, pairs[up]!); up = (at - 1) >> 1) {
      pairs[at] = pairs[up]!;
      at = up;
    }
    pairs[at] = pair;
  }

  pop(): Pair | undefined {
    const pairs = this.#pairs, first = pairs[0], last = pairs.pop();
    if (last === undefined || pairs.length === 0) return first;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= pairs.length) break;
      if (down + 1 < pairs.length && isEarlier(pairs[down + 1]!, pairs[down]!)) down++;
      if (!isEarlier(pairs[down]!, last)) break;
      pairs[at] = pairs[down]!;
      at = down;
    }
    pairs[at] = last;
    return first;
  }
}
