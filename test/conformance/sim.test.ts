import { AssertionError } from '../../actors/lib/logic.ts';
import { streamTable } from '../../infra/nats/streams.ts';
import { simPorts } from '../sim/bus.ts';
import { SimWorld } from '../sim/clock.ts';
import { noFaults } from '../sim/faults.ts';
import { SimServer } from '../sim/server.ts';
import { busConformance } from './bus.conformance.ts';
import { leasesConformance } from './leases.conformance.ts';
import { queueConformance } from './queue.conformance.ts';
import { type Rig, withSmallBounds } from './stage.ts';

const table = withSmallBounds(streamTable('r'));

const rig: Rig = {
  async play(body) {
    const world = new SimWorld(1, noFaults);
    const server = new SimServer(world, table);
    const pass = (ms: number): Promise<void> => new Promise((done) => { world.after(ms, 'test waits', done); });
    let isDone = false;
    let failure: unknown = null;
    void body({
      table, pass,
      open: async (name) => simPorts(server, world.start(name)),
      async until(what, condition, deadlineMs = 8_000) {
        const endMs = world.now + deadlineMs;
        while (!await condition()) {
          if (world.now > endMs) throw new AssertionError(`not within ${deadlineMs} ms of virtual time: ${what}`);
          await pass(5);
        }
      },
      nowMs: () => world.now,
      async purge(stream, subject) { server.stream(stream).purge(subject, world.now); },
      async restartServer() { server.restart(100); await pass(100); },
    }).catch((error: unknown) => { failure = error; }).finally(() => { isDone = true; });
    if (!await world.run({ isDone: () => isDone })) throw new AssertionError('the world stands still and the test waits');
    if (failure !== null) throw failure;
  },
};

for (const conformance of [busConformance, queueConformance, leasesConformance]) conformance('simulated server', rig);
