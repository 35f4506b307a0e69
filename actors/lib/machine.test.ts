import { expect, test } from 'vitest';
import { assign, createMachine, transition } from 'xstate';
import { AssertionError } from './logic.ts';
import { advancer } from './machine.ts';

const machine = createMachine({
  types: { context: {} as { readonly count: number }, events: {} as { type: 'up'; by: number } | { type: 'stop' } | { type: 'ignored' } | { type: 'shout' } },
  context: { count: 0 },
  initial: 'low',
  states: {
    low: { on: { up: { target: 'high', actions: assign({ count: ({ event }) => event.by }) }, shout: { actions: { type: 'shouting' } } } },
    high: {
      entry: assign({ count: ({ context }) => context.count + 0.5 }), exit: assign({ count: ({ context }) => context.count + 1 }),
      always: { guard: ({ context }) => context.count > 9, target: 'low' },
      on: { stop: 'low', up: { actions: assign({ count: ({ context, event }) => context.count + event.by }) } },
    },
  },
});

test('machine: a transition over the reused scope is what xstate says of the same state, context and event', () => {
  const advance = advancer(machine);
  let value = 'low', context: { readonly count: number } = { count: 0 };
  const events = [{ type: 'ignored' }, { type: 'up', by: 3 }, { type: 'up', by: 4 }, { type: 'ignored' }, { type: 'stop' }, { type: 'up', by: 20 }, { type: 'up', by: 1 }] as const;
  const seen: string[] = [];
  for (const event of events) {
    const [told] = transition(machine, machine.resolveState({ value, context }), event);
    const snapshot = advance(value, context, event);
    expect([snapshot.value, snapshot.context]).toEqual([told.value, told.context]);
    ({ context } = snapshot);
    value = snapshot.value as string;
    seen.push(`${value} ${context.count}`);
  }
  expect(seen).toEqual(['low 0', 'high 3.5', 'high 7.5', 'high 7.5', 'low 8.5', 'low 21.5', 'high 1.5']);
});

test('machine: what a context was before a transition stays as it was, and one machine advances many', () => {
  const advance = advancer(machine);
  const first = { count: 1 }, second = { count: 2 };
  advance('low', first, { type: 'up', by: 5 });
  expect(advance('low', second, { type: 'ignored' }).context).toEqual({ count: 2 });
  expect([first, second]).toEqual([{ count: 1 }, { count: 2 }]);
});

test('machine: an action that is no change of the context is refused, for nobody would do it', () => {
  expect(() => advancer(machine)('low', { count: 0 }, { type: 'shout' })).toThrow(AssertionError);
});
