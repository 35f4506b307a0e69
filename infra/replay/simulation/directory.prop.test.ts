import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Held } from '../../../actors/control/types.ts';
import { roundDevice, roundModel } from '../round-numbers.fixture.ts';
import { Directory } from './directory.ts';
import { EventQueue } from './event-queue.ts';
import { PrefixTree, emptyPath } from './prefix-tree.ts';
import { Seat } from './seat.ts';
import { WorkerModel } from './worker-model.ts';

/** Prompts that grow, branch and share, so that a change concerns some of them and not others. */
const runsOf: readonly (readonly (readonly [number, number])[])[] = [
  [[0, 3]], [[0, 6]], [[0, 9]], [[0, 3], [100, 2]], [[0, 3], [100, 5]], [[0, 6], [200, 2]], [[0, 6], [200, 3], [300, 2]], [[500, 4]], [[500, 7]], [[500, 2], [600, 4]],
];
const seatsMax = 3;
const some = { seat: fc.nat(seatsMax - 1), prompt: fc.nat(runsOf.length - 1), adapter: fc.constantFrom(null, 0, 1, 2), forMs: fc.constantFrom(0, 5, 60, 2_000) };
const command = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('run' as const), ...some }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('watch' as const), ...some }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('leave' as const, 'demote' as const, 'recall' as const, 'forget' as const), ...some }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const), ...some }) },
);

test('what is held of a prompt that is watched is what a look-up anew finds, and the same list until it is another one', () => {
  fc.assert(fc.property(fc.array(command, { minLength: 10, maxLength: 80 }), (commands) => {
    const events = new EventQueue(), tree = new PrefixTree(), paths = runsOf.map((runs) => tree.path(runs, 'here')), seats = new Map<string, Seat>(), directory = new Directory(seats);
    const add = (index: number): void => {
      const worker = new WorkerModel(`w${index}`, roundDevice, roundModel, { hbm: 16, dram: 12, nvme: 8, adapterBytes: 500 }, true, events, {
        onFirstToken: () => {}, onEnded: () => {}, onChange: () => {}, onNoRoom: () => {},
      });
      const seat = new Seat(worker, index, 'home', events, { demotions: 0, recalls: 0 }, () => {});
      seats.set(worker.name, seat);
    };
    for (let i = 0; i < seatsMax; i++) add(i);
    const watched = new Map<string, { readonly prompt: number; readonly adapter: number | null; told: readonly Held[] | null }>();
    for (const [at, { do: what, seat, prompt, adapter, forMs }] of commands.entries()) {
      const { worker } = seats.get(`w${seat}`) ?? { worker: null }, path = paths[prompt]!, trace = `t${at}`;
      switch (what) {
        case 'run': worker?.submit({ trace, step: `${trace}/1`, attempt: 1, prompt: path, promptTokens: path.blocks * 64, outTokens: 3, after: path, priority: at, adapter }); break;
        case 'watch': watched.set(trace, { prompt, adapter, told: directory.holdersFor(trace, path, adapter) }); break;
        case 'leave': { const [first] = watched.keys(); if (first !== undefined) { watched.delete(first); directory.leave(first); } break; }
        case 'demote': worker?.memory.demote(path, 'dram', events.nowMs); break;
        case 'recall': worker?.memory.recall(path, events.nowMs); break;
        case 'forget': worker?.memory.forget(path); break;
        case 'lose': {
          const lost = seats.get(`w${seat}`);
          if (lost === undefined || seats.size === 1) break;
          seats.delete(`w${seat}`);
          lost.worker.lose();
          directory.lost();
          for (const known of watched.values()) known.told = null;
          break;
        }
      }
      const untilMs = events.nowMs + forMs;
      events.at(untilMs, () => {});
      while (events.nowMs < untilMs && events.next()) { /* Workers compute, evict and load adapters. */ }
      // Some are asked about after every change, some after many.
      for (const [watcher, known] of watched) {
        if (at % (1 + Number(watcher.slice(1)) % 4) !== 0) continue;
        const told = directory.holdersFor(watcher, paths[known.prompt]!, known.adapter);
        expect(told).toEqual(directory.holdersOf(paths[known.prompt]!, known.adapter));
        if (JSON.stringify(told) === JSON.stringify(known.told)) expect(told).toBe(known.told);
        known.told = told;
      }
    }
    expect(directory.holdersOf(emptyPath, null)).toEqual([]);
  }), { numRuns: 100 });
});
