/** A number of a policy that a search may set: where it may lie, how it is stepped through, and what it is unless somebody says otherwise. */
export interface Tunable {
  readonly from: number;
  readonly to: number;
  /** `log` and `linear`: any number between, in equal ratios or equal steps; `whole`: whole numbers only. */
  readonly scale: 'log' | 'linear' | 'whole';
  readonly start: number;
}

export type Tunables = Readonly<Record<string, Tunable>>;
export type Params<T extends Tunables> = { readonly [Name in keyof T]: number };

/** What was given, and the start of everything else. Throws RangeError, with the name and the numbers, for what is unknown or out of range. */
export function paramsOf<T extends Tunables>(tunables: T, given: Readonly<Record<string, number>>): Params<T> {
  const names = Object.keys(tunables);
  for (const [name, value] of Object.entries(given)) {
    const tunable = tunables[name];
    if (tunable === undefined) throw new RangeError(`no tunable is called ${name}; known: ${names.join(', ') || 'none'}`);
    if (!(value >= tunable.from && value <= tunable.to)) throw new RangeError(`${name} is ${value}; it may be ${tunable.from} to ${tunable.to}`);
    if (tunable.scale === 'whole' && !Number.isInteger(value)) throw new RangeError(`${name} is ${value}; it may be a whole number only`);
  }
  return Object.fromEntries(names.map((name) => [name, given[name] ?? tunables[name]?.start])) as Params<T>;
}
