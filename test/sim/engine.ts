import { blockTokens, namesOf } from '../../actors/lib/chain.ts';
import type { Clock, Engine, EngineBlockEvent, EngineEvent, EngineInfo, EngineRun, EngineStats } from '../../actors/lib/ports.ts';
import type { SimProcess } from './clock.ts';
import { extendDigest, nextToken } from './engine-names.ts';
import { SimPool } from './engine-pool.ts';
import { endedEvent, nameNext, newSimRun, type SimRun, startedEvent } from './engine-run.ts';

export interface SimEngineOptions {
  readonly contextLength: number;
  readonly vocab: number;
  readonly blockBytes: number;
  readonly hbmBlocks: number;
  /** 0: what leaves hbm is gone. */
  readonly dramBlocks: number;
  readonly runningMax: number;
  readonly iterationTokensMax: number;
  /** Latency model: an iteration takes its prefill tokens at this speed, plus `decodeIterationMs` when it decodes at all. */
  readonly prefillTokensPerS: number;
  readonly decodeIterationMs: number;
  readonly copyBytesPerS: number;
  /** Tokens of a run are told when there are this many, and at its end. */
  readonly deltaTokens: number;
}

export const simEngineDefaults: SimEngineOptions = {
  contextLength: 8_192, vocab: 5_000, blockBytes: 1_474_560, hbmBlocks: 128, dramBlocks: 512, runningMax: 16, iterationTokensMax: 512,
  prefillTokensPerS: 2_000, decodeIterationMs: 12, copyBytesPerS: 4e9, deltaTokens: 4,
};

/** The `Engine` port in virtual time: the same promises as the native engine, with a latency model for the arithmetic. */
export class SimEngine implements Engine {
  readonly info: EngineInfo;
  readonly #options: SimEngineOptions;
  readonly #clock: Clock;
  readonly #onEvents: (events: readonly EngineEvent[]) => void;
  readonly #pool: SimPool;
  readonly #runs = new Map<number, SimRun>();
  readonly #moves = new Map<string, { readonly what: 'demote' | 'recall'; readonly cancel: () => void }>();
  readonly #totals = { promptTokens: 0, generatedTokens: 0, iterations: 0, busyMs: 0 };
  #copierFreeAtMs = 0;
  #fresh: EngineEvent[] = [];
  #isIterating = false;
  #isKicked = false;
  #isClosed = false;
  #failNext: string | null = null;

  constructor(options: SimEngineOptions, clock: Clock, onEvents: (events: readonly EngineEvent[]) => void) {
    const { contextLength, vocab, blockBytes, hbmBlocks, dramBlocks } = options;
    this.info = { contextLength, vocab, blockBytes, hbmBlocks, dramBlocks, numerics: 'sim' };
    this.#options = options;
    this.#clock = clock;
    this.#onEvents = onEvents;
    this.#pool = new SimPool(hbmBlocks, dramBlocks);
  }

  submit(request: EngineRun): void {
    const { contextLength, vocab } = this.#options;
    if (request.tokens.length + 1 > contextLength) throw refused('context_length', `prompt of ${request.tokens.length} tokens; the context takes ${contextLength}`);
    const outside = request.tokens.findIndex((token) => token < 0 || token >= vocab);
    if (outside >= 0) throw refused('token_range', `token ${request.tokens[outside]} at position ${outside}; the vocabulary has ${vocab}`);
    if (this.#runs.has(request.run)) throw refused('bad_argument', `run ${request.run} is known already`);
    const maxTokens = Math.min(request.maxTokens, contextLength - request.tokens.length);
    this.#cancelMove(request.lane);
    this.#pool.lane(request.lane).isDemoted = false;
    this.#runs.set(request.run, newSimRun(request, maxTokens, this.#clock.now()));
    this.#kick();
  }

  cancel(run: number): void {
    this.#later(() => {
      const known = this.#runs.get(run);
      if (known !== undefined) this.#end(known, 'cancelled');
    });
  }

  setPriority(run: number, priority: number): void {
    const known = this.#runs.get(run);
    if (known !== undefined) (known.request as { priority: number }).priority = priority;
  }

  demote(lane: string): void { this.#move(lane, 'demote'); }
  recall(lane: string): void { this.#move(lane, 'recall'); }
  pin(lane: string, tier: 'hbm' | 'dram'): void { this.#pool.lane(lane).pin = tier; }
  unpin(lane: string): void { this.#pool.lane(lane).pin = null; this.#kick(); }
  retain(lane: string, value: number): void { this.#pool.lane(lane).value = value; }
  drop(lane: string): void { this.#cancelMove(lane); this.#pool.dropLane(lane); this.#kick(); }
  snapshot(): readonly EngineBlockEvent[] { return this.#pool.snapshot(); }

  stats(): EngineStats {
    const { hbmBlocks, dramBlocks, prefillTokensPerS, decodeIterationMs, copyBytesPerS } = this.#options;
    const { hbmFree, dramFree, hbmAvailable, counters } = this.#pool;
    const running = this.#active().length;
    return {
      hbmBlocks, hbmFree, hbmAvailable, dramBlocks, dramFree, waiting: this.#runs.size - running, running,
      demotedBlocks: counters.demoted, recalledBlocks: counters.recalled, evictedBlocks: counters.evicted, ...this.#totals,
      prefillTokensPerS, decodeTokensPerS: 1_000 / decodeIterationMs, recallBytesPerS: copyBytesPerS,
    };
  }

  /** The next run that ends, ends as failed. */
  failNext(message: string): void { this.#failNext = message; }

  /** The process is gone: nothing more happens. */
  halt(): void { this.#isClosed = true; }

  close(): Promise<void> {
    if (!this.#isClosed) {
      for (const run of [...this.#runs.values()]) this.#end(run, 'cancelled');
      this.#publish();
      this.#isClosed = true;
    }
    return Promise.resolve();
  }

  checkIntegrity(): void { this.#pool.check(); }

  /** As the native engine does everything on its own thread, nothing happens within the caller's call. */
  #later(act: () => void, afterMs = 0): () => void {
    return this.#clock.alarm(this.#clock.now() + afterMs, () => {
      if (this.#isClosed) return;
      act();
      this.#publish();
      this.#kick();
    });
  }

  #kick(): void {
    if (this.#isKicked || this.#isIterating || this.#isClosed) return;
    this.#isKicked = true;
    this.#clock.alarm(this.#clock.now(), () => { this.#isKicked = false; if (!this.#isClosed && !this.#isIterating) this.#iterate(); });
  }

  #iterate(): void {
    this.#admit();
    const plan = this.#compose();
    this.#publish();
    if (plan.length === 0) return;
    const decoding = plan.filter((run) => run.computed >= run.request.tokens.length);
    const prefillTokens = plan.reduce((sum, run) => sum + run.rows, 0) - decoding.length;
    const ms = (prefillTokens * 1_000) / this.#options.prefillTokensPerS + (decoding.length > 0 ? this.#options.decodeIterationMs : 0);
    this.#isIterating = true;
    this.#later(() => { this.#isIterating = false; this.#collect(plan, ms); }, ms);
  }

  /** By priority, and nobody overtakes the first: a large run would wait for ever behind small ones. */
  #admit(): void {
    for (const run of this.#byPriority('waiting')) {
      const active = this.#active();
      if (active.length >= this.#options.runningMax) return;
      const promised = active.reduce((sum, other) => sum + other.blocksMax - this.#pool.inHbm(other.held) - (other.hasSlot ? 1 : 0), 0);
      const prefix = run.names.slice(0, Math.floor((run.request.tokens.length - 1) / blockTokens));
      const known = prefix.findIndex((name) => !this.#pool.blocks.has(name));
      const held = known < 0 ? prefix : prefix.slice(0, known);
      const inDram = held.length - this.#pool.inHbm(held);
      for (const name of held) this.#pool.use(name);
      if (run.blocksMax - held.length + inDram > this.#pool.hbmAvailable - promised && active.length > 0) {
        for (const name of held) this.#pool.release(name);
        return;
      }
      run.held = held;
      run.recalled = inDram * blockTokens;
      run.hit = (held.length - inDram) * blockTokens;
      run.computed = held.length * blockTokens;
      run.admittedAtMs = this.#clock.now();
      run.stage = inDram > 0 ? 'recalling' : 'running';
      run.startedAtMs = run.admittedAtMs;
      if (inDram > 0) this.#copy(inDram, () => this.#resident(run));
    }
  }

  #resident(run: SimRun): void {
    if (run.stage !== 'recalling') return;
    this.#pool.recall(run.held);
    if (this.#pool.inHbm(run.held) < run.held.length) { // Pinned blocks are in the way, or a run that is about to end.
      this.#pool.tryLiftPins();
      this.#copy(1, () => this.#resident(run));
      return;
    }
    run.stage = 'running';
    run.startedAtMs = this.#clock.now();
  }

  #compose(): SimRun[] {
    const plan: SimRun[] = [];
    let budget = this.#options.iterationTokensMax;
    for (const run of this.#byPriority('running')) {
      const left = run.request.tokens.length - run.computed;
      const toBoundary = blockTokens - (run.computed % blockTokens);
      run.rows = left > 0 ? Math.min(left, budget) : 1;
      if (run.rows <= 0) continue;
      if (!run.hasSlot && !this.#pool.tryTakeSlot()) continue; // Stalled: somebody's end makes room.
      run.hasSlot = true;
      for (let taken = toBoundary; taken < run.rows; taken += blockTokens) if (!this.#pool.tryTakeSlot()) { run.rows = taken; break; }
      budget -= run.rows;
      if (!run.isStarted) this.#tellStarted(run);
      plan.push(run);
    }
    if (plan.length === 0) this.#unstall();
    return plan;
  }

  /** Nothing can go on and nothing will free a block: the pins give way first, then a run fails. */
  #unstall(): void {
    const stalled = this.#active();
    if (stalled.length === 0 || this.#moves.size > 0 || stalled.some(({ stage }) => stage !== 'running')) return;
    if (!this.#pool.tryLiftPins()) this.#end(stalled.at(-1)!, 'failed', 'no block is left');
    this.#kick();
  }

  #tellStarted(run: SimRun): void {
    run.isStarted = true;
    this.#totals.promptTokens += run.request.tokens.length;
    this.#fresh.push(startedEvent(run));
  }

  #collect(plan: readonly SimRun[], ms: number): void {
    const rows = plan.reduce((sum, run) => sum + run.rows, 0);
    this.#totals.iterations++;
    this.#totals.busyMs += ms;
    for (const run of plan) {
      run.engineMs += (ms * run.rows) / rows;
      this.#commit(run);
      if (run.stage === 'ended') continue; // Cancelled meanwhile: its slots were what the iteration still wrote to.
      if (run.computed >= run.request.tokens.length) this.#accept(run);
    }
  }

  /** What the iteration computed: full blocks get their names. */
  #commit(run: SimRun): void {
    run.computed += run.rows;
    while ((run.held.length + 1) * blockTokens <= run.computed) {
      const parent = run.held.at(-1) ?? null;
      const bytes = nameNext(run);
      const name = namesOf(bytes)[0]!;
      this.#pool.nameSlot(name, bytes, parent);
      run.held.push(name);
    }
    run.hasSlot = run.computed % blockTokens !== 0;
    run.rows = 0;
    if (run.stage === 'ended') this.#giveBack(run);
  }

  #accept(run: SimRun): void {
    const token = nextToken(run.digest, run.request.seed, this.#options.vocab);
    run.digest = extendDigest(run.digest, token);
    run.generated.push(token);
    this.#totals.generatedTokens++;
    if (run.generated.length === 1) run.firstTokenAtMs = this.#clock.now();
    if (this.#failNext !== null) { this.#end(run, 'failed', this.#failNext); this.#failNext = null; return; }
    if (token === 0) return this.#end(run, 'stop');
    if (run.generated.length >= run.request.maxTokens) return this.#end(run, 'length');
    if (run.generated.length - run.told >= this.#options.deltaTokens) this.#tellDelta(run);
  }

  #tellDelta(run: SimRun): void {
    const tokens = run.generated.slice(run.told);
    if (tokens.length > 0) this.#fresh.push({ kind: 'delta', run: run.request.run, offset: run.told, tokens });
    run.told = run.generated.length;
  }

  #end(run: SimRun, finish: 'stop' | 'length' | 'cancelled' | 'failed', message?: string): void {
    this.#tellDelta(run);
    this.#fresh.push(endedEvent(run, finish, message, this.#clock.now()));
    run.stage = 'ended';
    this.#runs.delete(run.request.run);
    if (run.rows === 0) this.#giveBack(run); // Else the iteration under way still writes to its slots.
  }

  #giveBack(run: SimRun): void {
    if (run.hasSlot) this.#pool.giveSlot();
    run.hasSlot = false;
    for (const name of run.held) this.#pool.release(name);
    const lane = this.#pool.lanes.get(run.request.lane);
    if (lane !== undefined && run.held.length > 0) this.#pool.setLane(lane, run.held);
  }

  /** One copy at a time, in order of asking. */
  #copy(blocks: number, done: () => void): () => void {
    const now = this.#clock.now();
    this.#copierFreeAtMs = Math.max(this.#copierFreeAtMs, now) + (blocks * this.#options.blockBytes * 1_000) / this.#options.copyBytesPerS;
    return this.#later(done, this.#copierFreeAtMs - now);
  }

  #move(name: string, what: 'demote' | 'recall'): void {
    this.#cancelMove(name);
    const lane = this.#pool.lanes.get(name);
    if (lane === undefined || [...this.#runs.values()].some((run) => run.request.lane === name)) return this.#tellMoved(name, what, 0, 0, true);
    lane.isDemoted = what === 'demote';
    const from = what === 'demote' ? 'hbm' : 'dram';
    const startedAtMs = this.#clock.now();
    const blocks = lane.names.filter((block) => this.#pool.blocks.get(block)?.tier === from).length;
    const cancel = this.#copy(blocks, () => {
      if (this.#moves.get(name) !== move) return; // Its cancel came too late for the clock.
      this.#moves.delete(name);
      this.#tellMoved(name, what, what === 'demote' ? this.#pool.demote(lane) : this.#pool.recall(lane.names), this.#clock.now() - startedAtMs, false);
    });
    const move = { what, cancel };
    this.#moves.set(name, move);
  }

  #cancelMove(lane: string): void {
    const move = this.#moves.get(lane);
    if (move === undefined) return;
    move.cancel();
    this.#moves.delete(lane);
    this.#tellMoved(lane, move.what, 0, 0, true);
  }

  #tellMoved(lane: string, what: 'demote' | 'recall', blocks: number, ms: number, cancelled: boolean): void {
    this.#fresh.push({ kind: 'moved', lane, what, blocks, bytes: blocks * this.#options.blockBytes, ms, cancelled });
    this.#kick();
  }

  #active(): SimRun[] { return [...this.#runs.values()].filter(({ stage }) => stage === 'recalling' || stage === 'running'); }
  #byPriority(stage: SimRun['stage']): SimRun[] {
    return [...this.#runs.values()].filter((run) => run.stage === stage).sort((a, b) => a.request.priority - b.request.priority || a.request.run - b.request.run);
  }

  /** Blocks and moves first, then what runs did, as the native loop hands its iteration over. */
  #publish(): void {
    const blocks = this.#pool.takeEvents();
    const fresh = this.#fresh;
    this.#fresh = [];
    const events: EngineEvent[] = blocks.length > 0 ? [{ kind: 'blocks', events: blocks }] : [];
    events.push(...fresh.filter(({ kind }) => kind === 'moved'), ...fresh.filter(({ kind }) => kind !== 'moved'));
    if (events.length > 0) this.#onEvents(events);
  }
}

/** The engine is a thread of its process: it stops with it and dies with it, and its clock is the machine's. */
export const engineClock = (process: SimProcess): Clock => ({
  now: () => process.world.now,
  alarm: (atMs, fire) => process.world.at(atMs, `${process.name} engine`, () => process.enter(`${process.name} engine`, fire, true)),
});

const refused = (code: string, message: string): Error => Object.assign(new Error(message), { code });
