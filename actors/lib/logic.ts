/** The one shape every actor has: a deterministic function from (state, event, now) to (state, effects). */
export interface Logic<State, Event, Effect> {
  step(state: State, event: Event, now: Instant): Step<State, Effect>;
}

export interface Step<State, Effect> {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** Milliseconds since the epoch on the host's clock. Branded so that a duration cannot be passed for an instant. */
export type Instant = number & { readonly __brand: 'Instant' };

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** A bug in this program. Never caught by an actor: the host crashes the actor and replays it. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Makes a switch over a union exhaustive at compile time. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}
