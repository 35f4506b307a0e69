import { Conductor } from '../../actors/host/conductor.ts';
import { WorkerHost } from '../../actors/host/worker-host.ts';
import type { EngineEvent, EngineRun } from '../../actors/lib/ports.ts';
import { streamTable } from '../../infra/nats/streams.ts';
import type { TraceLimits } from '../../actors/trace/types.ts';
import { simPorts } from './bus.ts';
import type { SimProcess, SimWorld } from './clock.ts';
import { SimEngine, type SimEngineOptions, engineClock, simEngineDefaults } from './engine.ts';
import { SimGateway } from './gateway.ts';
import { watchOrders } from './orders.ts';
import type { Random } from './random.ts';
import { drawTraceLimits, simPrices, simRegion } from './settings.ts';
import { Watch, WatchedServer } from './watch.ts';
import { saltOf, simModel, simVocab } from './words.ts';

export interface FleetPlan {
  readonly conductors: number;
  readonly workers: number;
  readonly gateways: number;
  readonly engine: SimEngineOptions;
  readonly runsMax: number;
  readonly isBaseline: boolean;
  readonly trace: TraceLimits;
}

export function drawFleet(random: Random): FleetPlan {
  const isLong = random.chance(0.08);
  const hbmBlocks = isLong ? 180 : random.between(16, 40);
  return {
    conductors: random.between(1, 3), workers: random.pick([1, 1, 2, 2, 3]), gateways: random.between(1, 2), runsMax: random.between(2, 6), isBaseline: random.chance(0.1), trace: drawTraceLimits(random),
    engine: {
      ...simEngineDefaults, vocab: simVocab, hbmBlocks, dramBlocks: random.chance(0.25) ? 0 : random.between(16, 80), contextLength: isLong ? 8_192 : (hbmBlocks - 2) * 64,
      prefillTokensPerS: random.pick([500, 2_000, 8_000]), decodeIterationMs: random.pick([5, 20, 60]), copyBytesPerS: random.pick([2e8, 4e9]), iterationTokensMax: random.pick([128, 512]), runningMax: random.between(2, 6),
    },
  };
}

export interface ConductorSeat { readonly process: SimProcess; readonly conductor: Conductor }
export interface WorkerSeat { readonly process: SimProcess; readonly host: WorkerHost; readonly engine: WatchedEngine }
export interface GatewaySeat { readonly process: SimProcess; readonly gateway: SimGateway }

/** The engine, who has something pinned in it, and what it said that its runs took. */
export class WatchedEngine extends SimEngine {
  readonly pins = new Set<string>();
  spentMs = 0;
  readonly #onSubmit: (tokens: Int32Array, seed: bigint) => void;

  constructor(options: SimEngineOptions, process: SimProcess, onEvents: (events: readonly EngineEvent[]) => void, onSubmit: (tokens: Int32Array, seed: bigint) => void) {
    super(options, engineClock(process), (events) => {
      for (const event of events) if (event.kind === 'ended') this.spentMs += event.engineMs;
      onEvents(events);
    });
    this.#onSubmit = onSubmit;
  }

  override submit(request: EngineRun): void { super.submit(request); this.#onSubmit(request.tokens, request.seed); }
  override pin(lane: string, tier: 'hbm' | 'dram'): void { super.pin(lane, tier); this.pins.add(lane); }
  override unpin(lane: string): void { super.unpin(lane); this.pins.delete(lane); }
  override drop(lane: string): void { super.drop(lane); this.pins.delete(lane); }
}

/** Every process of a simulated fleet: started, crashed, paused, closed, and started again. */
export class Fleet {
  readonly world: SimWorld;
  readonly server: WatchedServer;
  readonly watch: Watch;
  readonly plan: FleetPlan;
  readonly faults: string[] = [];
  readonly conductors = new Map<string, ConductorSeat>();
  readonly workers = new Map<string, WorkerSeat>();
  readonly gateways = new Map<string, GatewaySeat>();
  /** Of every incarnation. */
  readonly engines: WatchedEngine[] = [];
  /** What chaos did, by kind. */
  readonly struck = { crash: 0, pause: 0, server: 0, close: 0 };
  /** Null: things still go wrong. */
  healedAtMs: number | null = null;
  /** Clients that wait, by tenant and id. */
  readonly asking = new Map<object, string>();
  /** Steps that their harness cancelled. */
  readonly cancelled = new Set<string>();
  /** When their harness last said that a trace is over. */
  readonly endedAtMs = new Map<string, number>();
  /** Steps that a client got an answer of, by tenant and id. */
  readonly answered = new Map<string, string>();

  constructor(world: SimWorld, plan: FleetPlan) {
    this.world = world;
    this.plan = plan;
    this.watch = new Watch(plan.engine.contextLength, plan.trace.idleMs);
    this.server = new WatchedServer(world, streamTable(simRegion), this.watch);
    for (let i = 1; i <= plan.conductors; i++) this.startConductor(`c${i}`);
    for (let i = 1; i <= plan.workers; i++) this.startWorker(`w${i}`);
    for (let i = 1; i <= plan.gateways; i++) this.startGateway(`g${i}`);
  }

  startConductor(name: string): void {
    const process = this.world.start(name);
    const conductor = new Conductor({
      name, epoch: process.incarnation, region: simRegion, ports: simPorts(this.server, process), prices: simPrices, trace: this.plan.trace,
      policy: { name: this.plan.isBaseline ? 'round-robin-lru' : 'slackwater', demoteAfterMs: 200 },
      stopwatch: () => 0, headersOf: () => ({}), onSegment: () => {}, onFault: (message) => { this.faults.push(`${name}: ${message}`); this.world.note(`${name} says ${message}`); },
    });
    this.conductors.set(name, { process, conductor });
    conductor.start();
  }

  startWorker(name: string): void {
    const process = this.world.start(name);
    let engine!: WatchedEngine;
    const host = new WorkerHost({
      ports: watchOrders(this.world, name, simPorts(this.server, process)), region: simRegion, node: name, epoch: process.incarnation, model: simModel, weightsDigest: 'ab', device: 'sim', runsMax: this.plan.runsMax,
      saltFor: saltOf, offload: !this.plan.isBaseline,
      openEngine: (onEvents) => (engine = new WatchedEngine(this.plan.engine, process, onEvents, (tokens, seed) => this.watch.onSubmit(tokens, seed))),
    });
    this.engines.push(engine);
    this.workers.set(name, { process, host, engine });
  }

  startGateway(name: string): void {
    const process = this.world.start(name);
    this.gateways.set(name, { process, gateway: new SimGateway(simPorts(this.server, process), this.plan.engine.contextLength) });
  }

  start(name: string): void {
    if (name.startsWith('c')) this.startConductor(name);
    else if (name.startsWith('w')) this.startWorker(name);
    else this.startGateway(name);
  }

  crash(name: string): void { this.world.process(name)?.crash(); }

  /** Asks it to end in peace. Only what is not a gateway: those hold nothing to give back. */
  async close(name: string): Promise<void> {
    const process = this.world.process(name);
    await this.conductors.get(name)?.conductor.close();
    await this.workers.get(name)?.host.close(1_000);
    process?.crash();
    if (this.healedAtMs !== null && this.world.process(name) === process) this.start(name);
  }

  get names(): string[] { return [...this.conductors.keys(), ...this.workers.keys(), ...this.gateways.keys()]; }
  get liveGateways(): GatewaySeat[] { return [...this.gateways.values()].filter(({ process }) => process.isAlive); }
  get liveWorkers(): [string, WorkerSeat][] { return [...this.workers].filter(([, { process }]) => process.isAlive); }
  get liveConductors(): [string, ConductorSeat][] { return [...this.conductors].filter(([, { process }]) => process.isAlive); }
}
