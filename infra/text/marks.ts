/**
 * Marks that occur nowhere in a request: they stand for a message's content in a rendering, and break what looks like a control token.
 * Built around U+FDD0, which Unicode reserves for such private use; where a request has that too, a number makes the difference.
 */
export class Marks {
  readonly #open: string;
  readonly #break: string;
  readonly #mark: RegExp;
  readonly #lookalike: RegExp | null;
  readonly #halfAtStart: RegExp | null;
  readonly #halfAtEnd: RegExp | null;
  readonly #longest: number;

  /** `values`: everything that will be rendered. `control`: texts of the model's control tokens. */
  constructor(values: unknown, control: readonly string[]) {
    this.#open = unusedOpening(values);
    this.#break = `${this.#open};`;
    this.#mark = new RegExp(`${this.#open}(\\d+);`, 'u');
    const patterns = lookalikePatterns(control);
    this.#lookalike = patterns.whole;
    this.#halfAtStart = patterns.start;
    this.#halfAtEnd = patterns.end;
    this.#longest = Math.max(1, ...control.map((token) => token.length));
  }

  of(index: number): string { return `${this.#open}${index};`; }

  /** Text between marks, and the index of each mark, in order. No empty texts. */
  split(rendered: string): (string | number)[] {
    return rendered.split(this.#mark).map((part, at) => (at % 2 === 0 ? part : Number(part))).filter((part) => part !== '');
  }

  clean(text: string): string { return text.includes(this.#open) ? text.replaceAll(this.#break, '') : text; }

  /**
   * The same value, with a break in every string that could be, or complete, a control token: inside of a whole one,
   * and at an end that is half of one, since the template may put the other half beside it.
   */
  harmless<Value>(value: Value): Value { return mapStrings(value, (text) => this.#harmlessText(text)) as Value; }

  #harmlessText(text: string): string {
    if (this.#lookalike === null) return text;
    const broken = text.replace(this.#lookalike, (token) => token[0] + this.#break + token.slice(1));
    const start = this.#halfAtStart!.test(broken) ? this.#break : '';
    return start + broken + (this.#halfAtEnd!.test(broken.slice(-this.#longest)) ? this.#break : '');
  }
}

function unusedOpening(values: unknown): string {
  const used: string[] = [];
  mapStrings(values, (text) => { if (text.includes('\ufdd0')) used.push(text); return text; });
  let number = 0;
  while (used.some((text) => text.includes(`\ufdd0${number}.`))) number++;
  return `\ufdd0${number}.`;
}

interface Lookalikes { readonly whole: RegExp | null; readonly start: RegExp | null; readonly end: RegExp | null }

const lookalikesOf = new Map<string, Lookalikes>(); // one entry a model

function lookalikePatterns(control: readonly string[]): Lookalikes {
  const key = control.join('\n');
  const known = lookalikesOf.get(key);
  if (known !== undefined) return known;
  const anyOf = (texts: Iterable<string>): string => [...new Set(texts)].sort((a, b) => b.length - a.length).map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|');
  const cuts = control.flatMap((token) => Array.from({ length: token.length - 1 }, (_, at) => [token.slice(0, at + 1), token.slice(at + 1)] as const));
  const made = control.length === 0 ? { whole: null, start: null, end: null } : {
    whole: new RegExp(anyOf(control), 'gu'),
    start: new RegExp(`^(?:${anyOf(cuts.map(([, second]) => second))})`, 'u'),
    end: new RegExp(`(?:${anyOf(cuts.map(([first]) => first))})$`, 'u'),
  };
  lookalikesOf.set(key, made);
  return made;
}

function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [change(key), mapStrings(item, change)]));
}
