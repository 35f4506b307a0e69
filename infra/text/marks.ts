/**
 * Marks that occur nowhere in a request: they stand for a message's content in a rendering, and break what looks like a control token.
 * Built of U+FDD0 to U+FDD2, which Unicode reserves for such private use, and digits, so that splitting at punctuation and changing case
 * leave them whole; where a request has those too, a number makes the difference.
 */
export class Marks {
  readonly #open: string;
  /** Nothing of the request holds any of the three characters: then what is left of them in a rendering is ours. */
  readonly #isOurs: boolean;
  readonly #break: string;
  readonly #mark: RegExp;
  readonly #lookalikes: Lookalikes;

  /** `values`: everything that will be rendered. `control`: texts of the model's control tokens. */
  constructor(values: unknown, control: readonly string[]) {
    const used = textsWithMarks(values);
    this.#isOurs = used.length === 0;
    this.#open = unusedOpening(used);
    this.#break = `${this.#open}\ufdd2`;
    this.#mark = new RegExp(`${this.#open}(\\d+)\ufdd2`, 'u');
    this.#lookalikes = findLookalikes(control);
  }

  of(index: number): string { return `${this.#open}${index}\ufdd2`; }

  /** Text between marks, and the index of each mark, in order. No empty texts. */
  split(rendered: string): (string | number)[] {
    return rendered.split(this.#mark).map((part, at) => (at % 2 === 0 ? part : Number(part))).filter((part) => part !== '');
  }

  /** A text in which a template left a mark, or a part of one that it cut. */
  isDamaged(text: string): boolean { return this.#isOurs && /[\ufdd0-\ufdd2]/.test(this.clean(text)); }

  clean(text: string): string { return text.includes(this.#open) ? text.replaceAll(this.#break, '') : text; }

  /**
   * The same value, with a break in every string that could be, or complete, a control token: inside of a whole one,
   * and at an end that is half of one, since the template may put the other half beside it.
   */
  harmless<Value>(value: Value): Value { return mapStrings(value, (text) => this.#harmlessText(text)) as Value; }

  #harmlessText(text: string): string {
    const { whole, starts, ends, longest } = this.#lookalikes;
    if (whole === null) return text;
    const broken = text.replace(whole, (token) => token[0] + this.#break + token.slice(1));
    const isHalf = (halves: ReadonlySet<string>, cut: (length: number) => string): boolean => Array.from({ length: longest }, (_, at) => cut(at + 1)).some((half) => halves.has(half));
    const start = isHalf(ends, (length) => broken.slice(0, length)) ? this.#break : '';
    return start + broken + (isHalf(starts, (length) => broken.slice(-length)) ? this.#break : '');
  }
}

function textsWithMarks(values: unknown): string[] {
  const found: string[] = [];
  mapStrings(values, (text) => {
    if (text.includes('\ufdd0') || text.includes('\ufdd1') || text.includes('\ufdd2')) found.push(text);
    return text;
  });
  return found;
}

function unusedOpening(used: readonly string[]): string {
  let number = 0;
  while (used.some((text) => text.includes(`\ufdd0${number}\ufdd1`))) number++;
  return `\ufdd0${number}\ufdd1`;
}

/** Control tokens, and the beginnings and ends that one can be cut into; Gemma has 6,249 of them, so the halves are no pattern. */
interface Lookalikes { readonly whole: RegExp | null; readonly starts: ReadonlySet<string>; readonly ends: ReadonlySet<string>; readonly longest: number }

const lookalikesOf = new Map<string, Lookalikes>(); // one entry a model

function findLookalikes(control: readonly string[]): Lookalikes {
  const key = control.join('\n');
  const known = lookalikesOf.get(key);
  if (known !== undefined) return known;
  const starts = new Set<string>(), ends = new Set<string>();
  let longest = 1;
  for (const token of control) {
    longest = Math.max(longest, token.length);
    for (let cut = 1; cut < token.length; cut++) {
      starts.add(token.slice(0, cut));
      ends.add(token.slice(cut));
    }
  }
  const anyOf = [...control].sort((a, b) => b.length - a.length).map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|');
  const made = { whole: control.length === 0 ? null : new RegExp(anyOf, 'gu'), starts, ends, longest };
  lookalikesOf.set(key, made);
  return made;
}

function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [change(key), mapStrings(item, change)]));
}
