import { limits } from '../../actors/lib/limits.ts';
import { Agent, type AgentStats } from './agent.ts';
import { Broken } from './broken.ts';
import { Chaos } from './chaos.ts';
import { SimWorld } from './clock.ts';
import { type Faults, noFaults } from './faults.ts';
import { drawFleet, Fleet } from './fleet.ts';
import { checkAtEnd, checkNow, findUnfinished } from './invariants.ts';
import { usePartitions, useWaiting } from './settings.ts';
import { speak } from './words.ts';

export interface SimOptions {
  /** Instead of those that the seed draws. */
  readonly faults?: Faults;
  readonly chaosMs?: number;
  readonly onEvent?: (line: string) => void;
  /** Events between two looks at every pool. */
  readonly checkEvery?: number;
}

export interface Report {
  readonly seed: number;
  readonly hash: number;
  readonly events: number;
  readonly virtualMs: number;
  readonly stats: AgentStats & Readonly<Record<string, number>>;
  /** Null: every invariant held. */
  readonly broken: { readonly invariant: string; readonly message: string } | null;
  readonly tail: readonly string[];
}

const liveMs = 300_000;

/** One world from one seed: a fleet, agents, everything that can go wrong; then it heals, and everything asked is answered. */
export async function simulate(seed: number, options: SimOptions = {}): Promise<Report> {
  usePartitions(4);
  useWaiting(seed);
  const world = new SimWorld(seed, options.faults);
  if (options.onEvent !== undefined) world.onEvent = options.onEvent;
  const random = world.random.fork();
  const fleet = new Fleet(world, drawFleet(random));
  if (options.onEvent !== undefined) fleet.watch.onSaved = (line) => options.onEvent?.(`             ${line}`);
  const stats: AgentStats = { steps: 0, answered: 0, failed: 0, refused: 0 };
  let broken: Report['broken'] = null;
  try {
    await play(world, fleet, stats, options);
  } catch (error) {
    broken = { invariant: error instanceof Broken ? error.invariant : error instanceof Error ? error.name : 'thrown', message: error instanceof Error ? (error instanceof Broken ? error.message : error.stack ?? error.message) : String(error) };
  }
  return { seed, hash: world.hash, events: world.eventsRun, virtualMs: world.elapsedMs, stats: { ...stats, ...fleet.watch.counts, ...fleet.struck, ...blocksMoved(fleet) }, broken, tail: world.tail };
}

function blocksMoved(fleet: Fleet): Readonly<Record<string, number>> {
  const sum = (of: 'demotedBlocks' | 'recalledBlocks' | 'evictedBlocks'): number => fleet.engines.reduce((total, engine) => total + engine.stats()[of], 0);
  return { demoted: sum('demotedBlocks'), recalled: sum('recalledBlocks'), evicted: sum('evictedBlocks') };
}

async function play(world: SimWorld, fleet: Fleet, stats: AgentStats, options: SimOptions): Promise<void> {
  const random = world.random.fork();
  const chaosMs = options.chaosMs ?? random.pick([4_000, 10_000, 20_000]);
  const tenants = ['acme', 'umbra', 'zeta'].slice(0, random.between(1, 3));
  const systems = new Map(tenants.map((tenant) => [tenant, speak(random, 'system', fleet.plan.engine.contextLength > 4_200 ? 4_110 : random.between(30, 200))]));
  const agents = Array.from({ length: random.between(2, 7) }, (_, i) => {
    const tenant = random.pick(tenants);
    return new Agent(fleet, random.fork(), {
      name: `a${i + 1}`, tenant, says: random.pick(['none', 'trace', 'seq']), parent: null, steps: random.between(1, 6), depth: 0,
      history: [systems.get(tenant)!, speak(random, 'user', random.between(5, 100))],
    }, stats);
  });
  let running = agents.length;
  for (const agent of agents) world.after(random.fraction() * chaosMs * 0.7, `${agent.plan.name} begins`, () => { agent.run().then(() => { running--; }, (error: unknown) => world.fail(error)); });
  if (options.faults !== noFaults) new Chaos(fleet, random.fork(), chaosMs);
  let looked = 0;
  const look = (every: number) => (): void => { if (++looked % every === 0) checkNow(fleet); };
  const glance = look(options.checkEvery ?? 64);
  await world.run({ forMs: chaosMs, isDone: () => { glance(); return false; } });
  world.heal();
  fleet.healedAtMs = world.now;
  for (const name of fleet.names) if (world.process(name)?.isAlive !== true) fleet.start(name);
  const healedMs = world.now;
  const answered = await world.run({ forMs: liveMs, isDone: () => { glance(); return running === 0; } });
  if (!answered) throw new Broken('everything asked is answered', `${liveMs / 1_000} s after the world healed these wait: ${[...fleet.asking.values()].join(', ')}; ${findUnfinished(fleet)}`);
  const isDrained = await world.run({ untilMs: Math.max(healedMs + liveMs, world.now + 60_000), isDone: () => { glance(); return looked % 256 === 0 && findUnfinished(fleet) === null; } });
  if (!isDrained) throw new Broken('traces drain', findUnfinished(fleet) ?? 'late');
  await world.run({ forMs: 4_000, isDone: () => { glance(); return false; } });
  // What was lost on its way ends by its lease.
  await world.run({ forMs: limits.pinMs + 1_000, isDone: () => fleet.liveWorkers.every(([, { engine }]) => engine.pins.size === 0) });
  checkAtEnd(fleet);
}
