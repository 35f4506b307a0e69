import type { AnyActorScope, AnyMachineSnapshot, AnyStateMachine, ContextFrom, EventFromLogic, SnapshotFrom, StateValueFrom } from 'xstate';

/** An action of a machine, as data: what the actor around the machine turns into effects. */
export interface Descriptor { readonly type: string; readonly params: unknown }

/** Declares an action that only describes: its params have a type, and it does nothing. */
export const describes = <Params>() => (_: unknown, _params: Params): void => {};

export interface Transition<M extends AnyStateMachine> { readonly snapshot: SnapshotFrom<M>; readonly actions: readonly Descriptor[] }

export type Advance<M extends AnyStateMachine> = (value: StateValueFrom<M>, context: ContextFrom<M>, event: EventFromLogic<M>) => Transition<M>;

/**
 * The only home of xstate's transitions here, of their cost and their gaps. `transition` of xstate makes an actor for each call only to have the scope of
 * one, and a state is resolved from its name each time: four fifths of the time. Here one scope, which does nothing, serves all calls, and each of the
 * machine's few states is resolved once. For machines of atomic states, without children and history.
 */
export function advancer<M extends AnyStateMachine>(machine: M): Advance<M> {
  const resolved = new Map<unknown, AnyMachineSnapshot>();
  let actions: Descriptor[] = [];
  const nothing = (): void => {};
  const scope = {
    self: {}, id: '', sessionId: '', logger: nothing, defer: nothing, stopChild: nothing, emit: nothing,
    system: { _sendInspectionEvent: nothing }, actionExecutor: (action: Descriptor) => { actions.push(action); },
  } as unknown as AnyActorScope;
  return (value, context, event) => {
    let state = resolved.get(value);
    if (state === undefined) resolved.set(value, (state = machine.resolveState({ value, context })));
    actions = [];
    const snapshot = machine.transition({ ...state, context }, event, scope) as SnapshotFrom<M>;
    return { snapshot, actions };
  };
}
