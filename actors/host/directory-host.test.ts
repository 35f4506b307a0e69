import { describe, expect, test } from 'vitest';
import { decodeBlockEvents, isFault } from '../../schemas/codec.ts';
import { subjects } from '../../schemas/subjects.ts';
import { streamTable } from '../../infra/nats/streams.ts';
import { simPorts } from '../../test/sim/bus.ts';
import { SimWorld } from '../../test/sim/clock.ts';
import { type Faults, noFaults } from '../../test/sim/faults.ts';
import { SimServer } from '../../test/sim/server.ts';
import { storeChain, StoreEngine } from '../../test/sim/store-engine.ts';
import { blockTokens } from '../lib/chain.ts';
import { DirectoryHost } from './directory-host.ts';
import { WorkerHost } from './worker-host.ts';

const names = subjects('r');
const node = 'w1';

/** A worker with `first` blocks, and after it a directory that has heard nothing yet. */
async function stage(first: number, faults: Partial<Faults> = {}, seed = 1) {
  const world = new SimWorld(seed, { ...noFaults, ...faults });
  const server = new SimServer(world, streamTable('r'));
  let engine!: StoreEngine;
  const openWorker = (epoch: number): WorkerHost => new WorkerHost({
    ports: simPorts(server, world.start(node)), region: 'r', node, epoch, model: 'm', weightsDigest: 'ab', device: 'sim', runsMax: 1, offload: true, saltFor: () => new Uint8Array(32),
    openEngine: (onEvents) => (engine = new StoreEngine(1_000_000, first, onEvents)),
  });
  let worker = openWorker(1);
  await world.run({ forMs: 500 });
  const ports = simPorts(server, world.start('conductor'));
  const directory = new DirectoryHost(ports, names, (message) => { throw new Error(message); });
  const answers: number[] = [];
  const request = ports.bus.request.bind(ports.bus);
  ports.bus.request = async (...args) => {
    const answer = await request(...args);
    if (answer !== null) answers.push(answer.length);
    return answer;
  };
  ports.bus.listen(names.kvs, ({ bytes }) => { if (!isFault(decodeBlockEvents(bytes))) directory.hear(bytes); });
  return {
    world, directory, answers, engine: () => engine,
    restart(epoch: number): void { worker.halt(); worker = openWorker(epoch); },
    see: (epoch = 1): void => directory.step({ kind: 'nodeSeen', node, epoch }),
    /** With the ticks of a conductor, until it is so or `seconds` are over. */
    async until(isSo: () => boolean, seconds: number): Promise<void> {
      for (let s = 0; s < seconds && !isSo(); s++) {
        await world.run({ forMs: 1_000, isDone: isSo });
        directory.step({ kind: 'tick' });
      }
    },
    /** How much of blocks `from` … `to` - 1 the directory believes the worker to have, in blocks from the first on. */
    held(from: number, to: number): { hbm: number; dram: number } {
      const [found] = directory.held(storeChain(from, to));
      return { hbm: (found?.hbmTokens ?? 0) / blockTokens, dram: (found?.dramTokens ?? 0) / blockTokens };
    },
  };
}

describe('block directory: a snapshot in parts', () => {
  test('of 210,000 blocks, which one message could not say, is here, and no part comes near the bound of a message', async () => {
    const { directory, answers, see, until, held } = await stage(210_000);
    see();
    await until(() => held(0, 1).dram > 0, 3);
    expect(held(0, 210_000)).toEqual({ hbm: 0, dram: 210_000 });
    expect(answers.length).toBeGreaterThan(6);
    expect(Math.max(...answers)).toBeLessThan(512 * 1024);
    expect(directory.nodes).toBe(1);
  });

  test('is not believed by half, and begins anew with a node that starts anew', async () => {
    const { world, answers, see, until, held, restart } = await stage(70_000);
    see();
    await world.run({ forMs: 3_000, isDone: () => answers.length === 3 });
    expect(held(0, 70_000)).toEqual({ hbm: 0, dram: 0 });
    restart(2);
    see(2);
    await until(() => held(0, 1).dram > 0, 5);
    expect(held(0, 70_000)).toEqual({ hbm: 0, dram: 70_000 });
  });

  test.each([1, 2, 3])('of a node that goes on changing meanwhile ends as the node does (world %i)', async (seed) => {
    const { world, engine, answers, see, until, held } = await stage(70_000, { delayMsMin: 1, delayMsMax: 20 }, seed);
    see();
    /** Thousands of blocks from the tail on: some go up to hbm, of the others the second half is dropped. */
    for (let i = 0; i < 12; i++) {
      const from = 69_000 - 1_000 * i;
      world.after(5 + 10 * i, 'change', () => {
        engine().change('removed', 'dram', from, from + 1_000);
        if (i % 2 === 0) engine().change('stored', 'hbm', from, from + 1_000);
        else engine().change('stored', 'dram', from, from + 500);
      });
    }
    await until(() => held(0, 1).dram > 0, 5);
    expect(answers.length).toBeGreaterThanOrEqual(5);
    expect(held(0, 58_000)).toEqual({ hbm: 0, dram: 58_000 });
    for (let i = 0; i < 12; i++) expect(held(69_000 - 1_000 * i, 70_000 - 1_000 * i), `change ${i}`).toEqual(i % 2 === 0 ? { hbm: 1_000, dram: 0 } : { hbm: 0, dram: 500 });
  });

  test('that gets lost here and there is here after a few seconds', async () => {
    const { see, until, held } = await stage(70_000, { coreDrop: 0.2 }, 7);
    see();
    await until(() => held(0, 1).dram > 0, 60);
    expect(held(0, 70_000)).toEqual({ hbm: 0, dram: 70_000 });
  });
});
