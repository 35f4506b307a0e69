/** An invariant of the fleet does not hold. */
export class Broken extends Error {
  override readonly name = 'Broken';
  readonly invariant: string;
  constructor(invariant: string, numbers: string) {
    super(`${invariant}: ${numbers}`);
    this.invariant = invariant;
  }
}

export function check(condition: boolean, invariant: string, numbers: string): asserts condition {
  if (!condition) throw new Broken(invariant, numbers);
}
