import { partitionOf } from '../../actors/lib/ids.ts';
import { limits } from '../../actors/lib/limits.ts';
import type { Random } from '../sim/random.ts';
import { type ProcessFleet, until } from './fleet.ts';
import type { Observer } from './recovery-checks.ts';
import type { Told, Work } from './recovery-work.ts';

/** Where and when a fault strikes: in the answer of a step after that many tokens, and then so much later. */
export interface Moment { readonly agent: string; readonly seq: number; readonly tokens: number; readonly delayMs: number }

export interface Stage { readonly fleet: ProcessFleet; readonly observer: Observer; readonly work: Work; readonly moment: Moment; readonly random: Random }

/** Who was struck, and when; `lost`: the answer that was under way and can not have been ended by the attempt that was struck. */
export interface Struck { readonly who: string; readonly atMs: number; readonly lost: Told | null }

export interface Fault {
  readonly name: string;
  /** The server that remembers what was announced is killed: one announcement may stand there twice. */
  readonly mayRepeat?: boolean;
  /** Strikes in the last step of a trace, where most is to be lost. */
  readonly isLate?: boolean;
  /** Ends when what it does is done; the fleet may be left with processes missing. */
  strike(stage: Stage): Promise<Struck>;
}

const killed = (name: string, who: (stage: Stage, told: Told) => Promise<string>, comesBack: boolean): Fault => ({
  name: `${name} killed mid-answer, ${comesBack ? 'restarted' : 'gone for good'}`,
  strike: async (stage) => {
    const told = await midAnswer(stage);
    const victim = await who(stage, told);
    const atMs = performance.now();
    await stage.fleet.kill(victim);
    if (comesBack) await stage.fleet.launch(victim);
    return { who: victim, atMs, lost: null };
  },
});

const killedWorker = (comesBack: boolean): Fault => ({
  name: `worker killed late in a trace, ${comesBack ? 'restarted with a new epoch' : 'gone for good'}`, isLate: true,
  strike: async (stage) => {
    const told = await midAnswer(stage);
    const { worker } = await attemptOf(stage, told);
    const atMs = performance.now();
    await stage.fleet.kill(worker);
    const lost = hasMuchLeft(stage, told) ? told : null;
    if (comesBack) await stage.fleet.launch(worker);
    return { who: worker, atMs, lost };
  },
});

const server = (name: string, downMs: (random: Random) => number): Fault => ({
  name, mayRepeat: true,
  strike: async (stage) => {
    await midAnswer(stage);
    const atMs = performance.now();
    await stage.fleet.killServer();
    await pause(downMs(stage.random));
    await stage.fleet.restartServer();
    return { who: 'nats-server', atMs, lost: null };
  },
});

const zombieConductor: Fault = {
  name: 'conductor paused past its lease',
  strike: async (stage) => {
    const told = await midAnswer(stage);
    const victim = await conductorOf(stage, told);
    const atMs = performance.now();
    await stage.fleet.pause(victim);
    await until(`${victim} loses its leases`, async () => ![...(await stage.fleet.ports.leases.holders()).values()].includes(victim), 20_000);
    // From just as the other takes over to well after it has.
    await pause(stage.random.below(1_500));
    stage.fleet.resume(victim);
    return { who: victim, atMs, lost: null };
  },
};

const zombieWorker: Fault = {
  name: 'worker paused until it is lost',
  strike: async (stage) => {
    const told = await midAnswer(stage);
    const { attempt, worker } = await attemptOf(stage, told);
    const atMs = performance.now();
    const tokens = told.tokens;
    await stage.fleet.pause(worker);
    const lost = hasMuchLeft(stage, told) ? told : null;
    // It wakes up while its step is being answered a second time, or when that has been done.
    await until(`another attempt of ${told.step}`, () => told.result !== null || ((stage.observer.attemptOf(told.step as string)?.attempt ?? 0) > attempt && told.tokens > tokens), 60_000);
    await pause(stage.random.below(400));
    stage.fleet.resume(worker);
    return { who: worker, atMs, lost };
  },
};

const conductorInGap: Fault = {
  name: 'conductor killed in a gap, gone for good',
  strike: async (stage) => {
    const { work, moment, fleet } = stage;
    await work.answered(moment.agent, moment.seq);
    const told = work.find(moment.agent, moment.seq) as Told;
    const victim = await conductorOf(stage, told);
    const atMs = performance.now();
    await fleet.kill(victim);
    return { who: victim, atMs, lost: null };
  },
};

const conductorWhileWaiting: Fault = {
  name: 'conductor killed while steps wait (every worker paused), gone for good',
  strike: async (stage) => {
    const { fleet } = stage;
    const told = await midAnswer(stage);
    const workers = fleet.names.filter((name) => name.startsWith('w'));
    const victim = await conductorOf(stage, told);
    const atMs = performance.now();
    for (const worker of workers) await fleet.pause(worker);
    await pause(limits.beatLostMs + limits.orderMs + stage.random.below(1_000));
    await fleet.kill(victim);
    await pause(stage.random.below(3_000));
    for (const worker of workers) fleet.resume(worker);
    return { who: `${workers.join(', ')}, then ${victim}`, atMs, lost: null };
  },
};

const workerAndConductor: Fault = {
  name: 'worker and conductor of one step killed at once, both restarted',
  strike: async (stage) => {
    const told = await midAnswer(stage);
    const { worker } = await attemptOf(stage, told);
    const conductor = await conductorOf(stage, told);
    const atMs = performance.now();
    await Promise.all([stage.fleet.kill(worker), stage.fleet.kill(conductor)]);
    await Promise.all([stage.fleet.launch(worker), stage.fleet.launch(conductor)]);
    return { who: `${worker} and ${conductor}`, atMs, lost: null };
  },
};

const workerAndServer: Fault = {
  name: 'worker and nats-server killed at once, both restarted', mayRepeat: true,
  strike: async (stage) => {
    const told = await midAnswer(stage);
    const { worker } = await attemptOf(stage, told);
    const atMs = performance.now();
    await Promise.all([stage.fleet.kill(worker), stage.fleet.killServer()]);
    await stage.fleet.restartServer();
    await stage.fleet.launch(worker);
    return { who: `${worker} and nats-server`, atMs, lost: null };
  },
};

const oneGateway = async (stage: Stage): Promise<string> => stage.random.pick(stage.fleet.names.filter((name) => name.startsWith('g')));

/** One of each kind: what `npm test` shows. */
export const usualFaults: readonly Fault[] = [
  killed('conductor', conductorOf, false), killedWorker(true), server('nats-server killed, restarted on the same store', () => 300), zombieConductor, zombieWorker, killed('gateway', oneGateway, true),
];

export const allFaults: readonly Fault[] = [
  killed('conductor', conductorOf, true), killed('conductor', conductorOf, false), conductorInGap, conductorWhileWaiting,
  killedWorker(true), killedWorker(false),
  server('nats-server killed, restarted on the same store', (random) => random.below(300)), server('nats-server killed, away for seconds', (random) => random.between(2_500, 5_000)),
  zombieConductor, zombieWorker, killed('gateway', oneGateway, true), killed('gateway', oneGateway, false), workerAndConductor, workerAndServer,
];

async function midAnswer({ work, moment }: Stage): Promise<Told> {
  const told = await work.reached(moment.agent, moment.seq, moment.tokens);
  await pause(moment.delayMs);
  return told;
}

/** The end of the answer was not on its way yet. */
const hasMuchLeft = ({ work }: Stage, told: Told): boolean => told.result === null && told.tokens < 0.7 * work.maxTokens;

async function conductorOf({ fleet }: Stage, told: Told): Promise<string> {
  const partition = partitionOf(told.trace ?? '') ?? 0;
  let owner: string | null = null;
  await until(`partition ${partition} has an owner`, async () => (owner = await fleet.ownerOf(partition)) !== null, 10_000);
  return owner as unknown as string;
}

async function attemptOf({ observer }: Stage, told: Told) {
  await until(`${told.step} is ordered`, () => observer.attemptOf(told.step ?? '') !== null, 10_000);
  return observer.attemptOf(told.step ?? '') as NonNullable<ReturnType<Observer['attemptOf']>>;
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
