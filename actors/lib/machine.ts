import { type AnyStateMachine, type EventFromLogic, type SnapshotFrom, transition } from 'xstate';

/** An action of a machine, as data: what the actor around the machine turns into effects. */
export interface Descriptor { readonly type: string; readonly params: unknown }

/** Declares an action that only describes: its params have a type, and it does nothing. */
export const describes = <Params>() => (_: unknown, _params: Params): void => {};

export interface Transition<M extends AnyStateMachine> { readonly snapshot: SnapshotFrom<M>; readonly actions: readonly Descriptor[] }

/** The only call of xstate's `transition` here, so that its cost and its gaps have one home. */
export function advance<M extends AnyStateMachine>(machine: M, snapshot: SnapshotFrom<M>, event: EventFromLogic<M>): Transition<M> {
  const [next, actions] = transition(machine, snapshot, event);
  return { snapshot: next as SnapshotFrom<M>, actions: actions as readonly Descriptor[] };
}
