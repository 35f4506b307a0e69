import { decodeBeat, decodeFirstToken, encodeBeat } from '../../schemas/codec.ts';
import type { Beat, Decision } from '../../schemas/messages.ts';
import { type Subjects, subjects } from '../../schemas/subjects.ts';
import { candidatesOf, controlLogic, controlStart } from '../control/control.ts';
import { type PolicySettings, policyNamed } from '../control/policies/named.ts';
import type { Policy } from '../control/policy.ts';
import type { ControlEffect, ControlEvent, ControlState, Held } from '../control/types.ts';
import type { Decided, PlaceAsk } from '../lib/asks.ts';
import { type Prices, costUsd } from '../lib/cost.ts';
import { partitionOf } from '../lib/ids.ts';
import { limits } from '../lib/limits.ts';
import { BusFault, type Headers, type Message, type Ports, type Subscription } from '../lib/ports.ts';
import { traceLogic } from '../trace/trace.ts';
import type { Segment, TraceEffect, TraceEvent, TraceLimits } from '../trace/types.ts';
import { Bills } from './bills.ts';
import { DirectoryHost } from './directory-host.ts';
import { Ownership } from './ownership.ts';
import { Partition, type PartitionDeps } from './partition.ts';
import { Performer } from './performer.ts';
import { Prompts } from './prompts.ts';
import { Readers } from './readers.ts';

export interface ConductorOptions {
  readonly name: string;
  /** Grows with each start of the process. */
  readonly epoch: number;
  readonly region: string;
  readonly ports: Ports;
  readonly policy: PolicySettings;
  readonly prices: Prices;
  readonly trace: TraceLimits;
  /** Monotonic milliseconds with fractions: how long a decision took. Measures, never decides. */
  stopwatch(): number;
  headersOf(trace: string): Headers;
  onSegment(segment: Segment): void;
  /** What a trace keeps of a decision about it, before the segment in which it was made is told. */
  onDecided?(decision: Decision): void;
  /** How long one placement took to choose. */
  onDecisionTook?(ms: number): void;
  onFault(message: string): void;
}

interface Owned {
  readonly partition: Partition;
  readonly readers: Readers;
  readonly subscriptions: Subscription[];
}

/**
 * One conductor: owns partitions of traces and runs the control loop over them. Everything it knows beside the saved
 * traces is rebuilt from what it hears: the fleet from beats, the directory from block events, identity from the log.
 */
export class Conductor {
  readonly #options: ConductorOptions;
  readonly #subjects: Subjects;
  readonly #prompts: Prompts;
  readonly #directory: DirectoryHost;
  readonly #performer: Performer;
  readonly #ownership: Ownership;
  readonly #owned = new Map<number, Owned>();
  readonly #policy: Policy;
  readonly #control: ReturnType<typeof controlLogic>;
  readonly #fleet: ControlState = controlStart();
  readonly #conductors = new Map<string, number>();
  readonly #subscriptions: Subscription[] = [];
  readonly #decisionMs: number[] = [];
  #beatSeq = 0;
  /** When any beat was heard: this conductor's own come back to it. */
  #heardAtMs = 0;
  #isClosed = false;
  #isDeciding = false;
  #cancelTick: () => void = () => {};
  #cancelBeat: () => void = () => {};

  constructor(options: ConductorOptions) {
    const { ports } = options;
    this.#options = options;
    this.#subjects = subjects(options.region);
    this.#prompts = new Prompts(ports, this.#subjects);
    this.#directory = new DirectoryHost(ports, this.#subjects, options.onFault);
    this.#policy = policyNamed(options.policy);
    this.#control = controlLogic(this.#policy, limits);
    this.#performer = new Performer({
      ports, subjects: this.#subjects, prompts: this.#prompts, headersOf: options.headersOf, onSegment: options.onSegment, onDecided: (decision) => options.onDecided?.(decision), onFault: options.onFault,
      costUsd: (ended) => costUsd(ended.acceleratorMs, 0, options.prices),
    });
    this.#ownership = new Ownership({
      ports, name: options.name,
      liveConductors: () => this.#liveConductors(),
      onGained: (partition, epoch) => void this.#gain(partition, epoch),
      onLost: (partition, isGraceful) => this.#lose(partition, isGraceful),
    });
  }

  start(): void {
    const { bus } = this.#options.ports;
    this.#subscriptions.push(
      bus.listen(this.#subjects.beats, (message) => this.#onBeat(message)),
      bus.listen(this.#subjects.kvs, (message) => this.#directory.hear(message.bytes)),
    );
    this.#beat();
    this.#tick(0);
    // One beat's time to hear of the others, so that those who start together share at once.
    this.#options.ports.clock.alarm(this.#now() + limits.beatMs, () => { if (!this.#isClosed) this.#ownership.start(); });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelTick();
    this.#cancelBeat();
    await this.#ownership.close();
    for (const subscription of this.#subscriptions) subscription.stop();
  }

  /** For `/metrics`, `doctor` and tests. */
  stats() {
    return {
      partitions: this.#owned.size,
      liveTraces: [...this.#owned.values()].reduce((sum, { partition }) => sum + partition.liveTraces, 0),
      waitingSteps: this.#fleet.waiting.size,
      workers: [...this.#fleet.workers.values()].map(({ name, load }) => ({ name, ...load })),
      directoryNodes: this.#directory.nodes,
      decisionMs: [...this.#decisionMs],
    };
  }

  /** Somebody else's compare-and-set won: the partition is theirs. */
  #fenced(partition: Partition): void {
    this.#options.onFault(`partition ${partition.number} is somebody else's: epoch ${partition.epoch} lost a compare-and-set`);
    this.#giveUp(partition);
  }

  /** A partition that was lost and gained again in the meantime is not given up with its predecessor. */
  #giveUp(partition: Partition): void {
    if (this.#ownedBy(partition) !== null) this.#ownership.drop(partition.number);
    this.#forget(partition);
  }

  async #gain(number: number, epoch: number): Promise<void> {
    const { ports } = this.#options;
    const before = this.#owned.get(number);
    if (before !== undefined) this.#forget(before.partition);
    const partition = new Partition(number, epoch, this.#partitionDeps());
    const bills = new Bills(ports, this.#subjects.bill(number), this.#options.onFault, () => this.#fenced(partition));
    const readers = new Readers(number, epoch, bills, this.#options.prices, () => this.#now());
    const owned: Owned = { partition, readers, subscriptions: [] };
    this.#owned.set(number, owned);
    try {
      const billed = await readers.load();
      if (partition.isStopped) return;
      await partition.takeOver(billed);
      if (partition.isStopped) return;
      owned.subscriptions.push(
        ports.bus.serve(this.#subjects.who(number), async (message) => (partition.isStopped ? null : readers.answer(message.bytes))),
        ports.bus.listen(this.#subjects.nowOf(number), (message) => {
          const first = decodeFirstToken(message.bytes);
          if (first.kind !== 'fault') partition.tell(first.trace, first);
        }),
      );
    } catch (fault) {
      if (!(fault instanceof BusFault)) throw fault;
      this.#options.onFault(`partition ${number} could not be taken over: ${fault.message}`);
      this.#giveUp(partition);
    }
  }

  async #lose(number: number, isGraceful: boolean): Promise<void> {
    const owned = this.#owned.get(number);
    if (owned === undefined) return;
    if (isGraceful) await owned.partition.saveCheckpoint();
    this.#forget(owned.partition);
  }

  #forget(partition: Partition): void {
    partition.stop();
    const owned = this.#owned.get(partition.number);
    if (owned?.partition !== partition) return;
    for (const subscription of owned.subscriptions) subscription.stop();
    owned.readers.stop();
    this.#owned.delete(partition.number);
    // Its waiting steps are asked for again by the next owner.
    for (const [step, { ask }] of this.#fleet.waiting) if (partitionOf(ask.trace) === partition.number) this.#fleet.waiting.delete(step);
  }

  #partitionDeps(): PartitionDeps {
    const { ports } = this.#options;
    return {
      ports, subjects: this.#subjects, logic: traceLogic(this.#options.trace),
      ask: (effect) => this.#ask(effect),
      perform: (effect, id, partition) => this.#perform(effect, id, partition),
      onEntry: (event, seq, partition) => {
        this.#prompts.remember(seq, event);
        this.#readersOf(partition)?.entry(event, seq);
      },
      onLoaded: (actor, partition) => this.#readersOf(partition)?.loaded(actor),
      onApplied: (event, actor, partition) => this.#readersOf(partition)?.applied(event, actor),
      onFault: this.#options.onFault,
      onFenced: (partition) => this.#fenced(partition),
    };
  }

  async #ask(effect: TraceEffect & { readonly kind: 'ask' }): Promise<readonly Decided[]> {
    const { ask } = effect;
    const held = ask.what === 'place' ? await this.#held(ask) : [];
    const atOnce: Decided[] = [];
    const startedAtMs = this.#options.stopwatch();
    for (const made of this.#stepControl({ kind: 'ask', ask, held })) {
      if (made.kind === 'decided' && made.trace === ask.trace && made.decided.step === ask.step) atOnce.push(made.decided);
      else this.#route(made);
    }
    if (ask.what === 'place') this.#noteDecision(this.#options.stopwatch() - startedAtMs);
    return atOnce;
  }

  #noteDecision(ms: number): void {
    this.#options.onDecisionTook?.(ms);
    this.#decisionMs.push(ms);
    if (this.#decisionMs.length > 1_024) this.#decisionMs.shift();
  }

  async #held(ask: PlaceAsk): Promise<readonly Held[]> {
    const accepted = await this.#prompts.accepted(ask.acceptedSeq);
    if (accepted === null) return [];
    return this.#directory.held(await this.#prompts.chainOf(accepted.prompt, ask.tenant));
  }

  #stepControl(event: ControlEvent): readonly ControlEffect[] {
    return this.#control.step(this.#fleet, event, this.#now()).effects;
  }

  #route(effect: ControlEffect): void {
    if (effect.kind === 'workerLost') {
      this.#directory.step({ kind: 'nodeLost', node: effect.worker });
      for (const { partition } of this.#owned.values()) partition.workerLost(effect.worker);
      return;
    }
    const number = partitionOf(effect.trace);
    if (number !== null) this.#owned.get(number)?.partition.tell(effect.trace, { kind: 'decided', decided: effect.decided });
  }

  /** Every 50 ms: what no event triggers. Every 20th: what can wait a second. */
  #tick(count: number): void {
    if (this.#isClosed) return;
    this.#cancelTick = this.#options.ports.clock.alarm(this.#now() + limits.tickMs, () => this.#tick(count + 1));
    if (this.#now() - this.#heardAtMs > limits.beatLostMs / 2) this.#stepControl({ kind: 'deaf' });
    for (const effect of this.#stepControl({ kind: 'watch' })) this.#route(effect);
    void this.#decideWaiting();
    if (count % 20 !== 0) return;
    this.#directory.step({ kind: 'tick' });
    for (const owned of this.#owned.values()) {
      void owned.partition.saveCheckpoint();
      owned.readers.tick();
    }
  }

  /** One at a time: a look at pages that takes longer than a tick must not pile up behind itself. */
  async #decideWaiting(): Promise<void> {
    if (this.#isDeciding) return;
    this.#isDeciding = true;
    try {
      await this.#decideCandidates();
    } finally {
      this.#isDeciding = false;
    }
  }

  async #decideCandidates(): Promise<void> {
    await Promise.all(candidatesOf(this.#fleet, this.#now(), this.#policy, limits).map(async ({ ask }) => { this.#stepControl({ kind: 'held', step: ask.step, held: await this.#held(ask) }); }));
    for (const effect of this.#stepControl({ kind: 'tick' })) this.#route(effect);
  }

  #beat(): void {
    if (this.#isClosed) return;
    const { name, epoch, ports } = this.#options;
    const beat: Beat = { kind: 'beat', node: name, role: 'conductor', epoch, seq: ++this.#beatSeq, atMs: this.#now(), worker: null, claim: this.#fleet.claim };
    ports.bus.emit(this.#subjects.beat(name), encodeBeat(beat));
    this.#cancelBeat = ports.clock.alarm(this.#now() + limits.beatMs, () => this.#beat());
  }

  #onBeat(message: Message): void {
    const beat = decodeBeat(message.bytes);
    if (beat.kind === 'fault') return;
    this.#heardAtMs = this.#now();
    if (beat.role === 'conductor') this.#conductors.set(beat.node, this.#now());
    // One's own claim is known better than from its echo.
    if (beat.role === 'gateway' || beat.node === this.#options.name) return;
    for (const effect of this.#stepControl({ kind: 'beat', beat })) this.#route(effect);
    if (beat.role === 'worker') this.#directory.step({ kind: 'nodeSeen', node: beat.node, epoch: beat.epoch });
  }

  #liveConductors(): readonly string[] {
    const now = this.#now();
    for (const [name, seenAtMs] of this.#conductors) if (now - seenAtMs > limits.leaseTtlMs) this.#conductors.delete(name);
    return [...new Set([this.#options.name, ...this.#conductors.keys()])];
  }

  #perform(effect: TraceEffect, id: string, partition: Partition): Promise<readonly TraceEvent[]> {
    const trace = id.slice(0, id.indexOf('/')); // Ids of effects begin with their trace: `<trace>/<save>/<index>`.
    return this.#performer.perform(trace, effect, id, { partition: partition.number, epoch: partition.epoch });
  }

  #ownedBy(partition: Partition): Owned | null {
    const owned = this.#owned.get(partition.number);
    return owned?.partition === partition ? owned : null;
  }

  #readersOf(partition: Partition): Readers | null { return this.#ownedBy(partition)?.readers ?? null; }

  #now() { return this.#options.ports.clock.now(); }
}
