import { expect, test } from 'vitest';
import { assign, createMachine, enqueueActions, transition } from 'xstate';
import { advancer, describes } from './machine.ts';

const machine = createMachine({
  types: { context: {} as { readonly count: number }, events: {} as { type: 'up'; by: number } | { type: 'stop' } | { type: 'ignored' } },
  context: { count: 0 },
  initial: 'low',
  states: {
    low: {
      on: { up: { target: 'high', actions: enqueueActions(({ event, enqueue }) => { if (event.type === 'up') { enqueue.assign({ count: event.by }); enqueue({ type: 'effect', params: { by: event.by } }); } }) } },
    },
    high: {
      entry: { type: 'effect', params: { entered: true } }, exit: assign({ count: ({ context }) => context.count + 1 }),
      always: { guard: ({ context }) => context.count > 9, target: 'low' },
      on: { stop: 'low', up: { actions: assign({ count: ({ context, event }) => context.count + event.by }) } },
    },
  },
}, { actions: { effect: describes<unknown>() } });

test('machine: a transition over the reused scope is what xstate says of the same state, context and event', () => {
  const advance = advancer(machine);
  let value = 'low', context: { readonly count: number } = { count: 0 };
  const events = [{ type: 'ignored' }, { type: 'up', by: 3 }, { type: 'up', by: 4 }, { type: 'ignored' }, { type: 'stop' }, { type: 'up', by: 20 }, { type: 'up', by: 1 }] as const;
  const seen: string[] = [];
  for (const event of events) {
    const [told, toldActions] = transition(machine, machine.resolveState({ value, context }), event);
    const { snapshot, actions } = advance(value, context, event);
    expect([snapshot.value, snapshot.context]).toEqual([told.value, told.context]);
    expect(actions.map(({ type, params }) => ({ type, params }))).toEqual(toldActions.map(({ type, params }) => ({ type, params })));
    ({ context } = snapshot);
    value = snapshot.value as string;
    seen.push(`${value} ${context.count} ${actions.length}`);
  }
  expect(seen).toEqual(['low 0 0', 'high 3 2', 'high 7 0', 'high 7 0', 'low 8 0', 'low 21 2', 'high 1 2']);
});

test('machine: what a context was before a transition stays as it was, and one machine advances many', () => {
  const advance = advancer(machine);
  const first = { count: 1 }, second = { count: 2 };
  advance('low', first, { type: 'up', by: 5 });
  expect(advance('low', second, { type: 'ignored' }).snapshot.context).toEqual({ count: 2 });
  expect([first, second]).toEqual([{ count: 1 }, { count: 2 }]);
});
