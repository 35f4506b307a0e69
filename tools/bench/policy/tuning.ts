import type { Tunable, Tunables } from '../../../actors/control/tunable.ts';
import { generator } from '../../../infra/replay/random.ts';
import type { Crew } from './crew.ts';
import type { Job, Outcome } from './job.ts';
import { entryOf } from './variants.ts';

export type Params = Readonly<Record<string, number>>;
export interface Tuned { readonly params: Params; /** Geometric means over the cases, of the starts and of what was chosen. */ readonly startJctS: number; readonly jctS: number; readonly stepsPerSOfStart: number }

/** Every policy gets as many evaluations, by the same search, on the same loads. */
export const evaluations = 12;
export const tuningRegimes = ['knee', 'past-5x'] as const;
/** Of the tasks beyond those that are there at once. */
export const tuningShrink = 0.3;
const drawn = 6, throughputLeast = 0.95, seed = 1;

interface Tried { readonly params: Params; readonly jctS: number; readonly stepsPerS: number }

/**
 * The least mean JCT among settings that keep 95% of the throughput that the starts have. First the starts, then settings drawn over the whole ranges,
 * then one tunable after the other of the best so far moved by up to a quarter of its range. A policy without tunables has nothing to be tuned.
 */
export async function tune(crew: Crew, names: readonly string[], onRound?: (round: number) => void): Promise<Readonly<Record<string, Tuned>>> {
  const searches = names.filter((name) => Object.keys(entryOf(name).tunables).length > 0).map((name) => new Search(name));
  for (let round = 0; round < evaluations; round++) {
    const jobs = searches.flatMap((search) => tuningRegimes.map((regime): Job => ({ regime, policy: search.policy, params: search.next, seed, scaled: {} })));
    const outcomes = await crew.run(jobs);
    for (const [i, search] of searches.entries()) search.told(outcomes.slice(i * tuningRegimes.length, (i + 1) * tuningRegimes.length));
    onRound?.(round + 1);
  }
  return Object.fromEntries(searches.map((search) => [search.policy, search.result]));
}

class Search {
  readonly policy: string;
  readonly #tunables: Tunables;
  readonly #draw: () => number;
  readonly #tried: Tried[] = [];
  next: Params = {};

  constructor(policy: string) {
    this.policy = policy;
    this.#tunables = entryOf(policy).tunables;
    this.#draw = generator([...policy].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7));
  }

  told(outcomes: readonly (Outcome | null)[]): void {
    const of = (metric: 'jct_mean_s' | 'steps_per_s'): number => geometricMean(outcomes.flatMap((outcome) => (outcome === null ? [] : [outcome.values[metric]])));
    this.#tried.push({ params: this.next, jctS: of('jct_mean_s'), stepsPerS: of('steps_per_s') });
    this.next = this.#tried.length <= drawn ? this.#anywhere() : this.#nearBest();
  }

  get #best(): Tried {
    const floor = throughputLeast * this.#tried[0]!.stepsPerS;
    return this.#tried.filter(({ stepsPerS }) => stepsPerS >= floor).reduce((best, one) => (one.jctS < best.jctS ? one : best));
  }

  get result(): Tuned {
    const best = this.#best, start = this.#tried[0]!;
    return { params: best.params, startJctS: rounded(start.jctS), jctS: rounded(best.jctS), stepsPerSOfStart: rounded(best.stepsPerS / start.stepsPerS) };
  }

  #anywhere(): Params { return Object.fromEntries(Object.entries(this.#tunables).map(([name, tunable]) => [name, at(tunable, this.#draw())])); }

  #nearBest(): Params {
    const names = Object.keys(this.#tunables), name = names[(this.#tried.length - drawn - 1) % names.length]!, tunable = this.#tunables[name]!;
    const { params } = this.#best, now = placeOf(tunable, params[name] ?? tunable.start);
    const move = (0.05 + 0.2 * this.#draw()) * (this.#draw() < 0.5 ? -1 : 1);
    // At an end of the range the other way is the only one.
    const place = now + move < 0 || now + move > 1 ? now - move : now + move;
    return { ...params, [name]: at(tunable, Math.min(1, Math.max(0, place))) };
  }
}

/** A tunable's value at a place between 0 and 1 of its range, by its scale; three digits, which is more than any of them needs. */
export function at({ from, to, scale }: Tunable, place: number): number {
  const value = scale === 'log' ? from * (to / from) ** place : from + (to - from) * place;
  return Math.min(to, Math.max(from, scale === 'whole' ? Math.round(value) : Number(value.toPrecision(3))));
}

export function placeOf({ from, to, scale }: Tunable, value: number): number {
  return scale === 'log' ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from);
}

const geometricMean = (values: readonly number[]): number => Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / Math.max(1, values.length));
const rounded = (value: number): number => Number(value.toPrecision(4));
