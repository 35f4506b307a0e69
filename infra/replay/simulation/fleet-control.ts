import { candidatesOf, controlLogic, controlStart } from '../../../actors/control/control.ts';
import type { Policy } from '../../../actors/control/policy.ts';
import type { ControlEvent, Held, WorkerLink } from '../../../actors/control/types.ts';
import type { Ask, Decided } from '../../../actors/lib/asks.ts';
import type { Instant } from '../../../actors/lib/logic.ts';
import type { WorkerLoad } from '../../../schemas/messages.ts';
import type { EventQueue } from './event-queue.ts';
import type { Seat } from './seat.ts';
import type { WorkerModel } from './worker-model.ts';

/** Nothing that a replay measures may be a deadline's doing: steps wait as long as they must. */
const limits = { beatLostMs: 1e15, waitingMax: 1e9, candidatesMax: 256, claimAfterMs: 60_000 };
const beatMs = 250, soonMs = 10;
/** For each step that waits, up to so much in all. */
const lookMs = 10, queueMsMax = 2_000;
const starvedMs = 7 * 24 * 3_600_000;

export interface ControlListener {
  /** What each worker has of the prompt of the trace's step, now. */
  heldOf(trace: string): readonly Held[];
  onDecided(trace: string, decided: Decided): void;
  /** Where there is any, and somebody would look at it. */
  linkOf?(seat: Seat): WorkerLink;
}

/** The control actor of production in virtual time: told of every worker soon after it changed, and made to look again at what waits. */
export class FleetControl {
  readonly #policy: Policy;
  readonly #seats: ReadonlyMap<string, Seat>;
  readonly #events: EventQueue;
  readonly #listener: ControlListener;
  readonly #logic: ReturnType<typeof controlLogic>;
  readonly #state = controlStart();
  #busyAtMs = 0;
  #isTicking = false;

  /** `seats`: of the fleet, by their workers' names; those that are lost go from it. */
  constructor(policy: Policy, seats: ReadonlyMap<string, Seat>, events: EventQueue, listener: ControlListener) {
    this.#policy = policy;
    this.#seats = seats;
    this.#events = events;
    this.#listener = listener;
    this.#logic = controlLogic(policy, limits);
  }

  ask(ask: Ask, held: readonly Held[]): void {
    this.#step({ kind: 'ask', ask, held });
    if (ask.what !== 'place' || !this.#state.waiting.has(ask.step)) return;
    if (!this.#isTicking) this.#busyAtMs = this.#events.nowMs;
    this.#tickLater();
  }

  beat(seat: Seat): void {
    const { worker, beat } = seat;
    beat.lastMs = this.#events.nowMs;
    const link = this.#listener.linkOf?.(seat);
    this.#step({ kind: 'beat', ...(link === undefined ? {} : { link }), beat: { kind: 'beat', node: worker.name, role: 'worker', epoch: 1, seq: ++beat.seq, atMs: this.#events.nowMs, worker: loadOf(worker), claim: null } });
  }

  /** One that says what the last one did, with nothing placed since, tells control nothing. */
  #beatAgain(seat: Seat): void {
    const view = this.#state.workers.get(seat.worker.name);
    if (view === undefined || view.promisedRuns > 0 || !areAlike(view.load, loadOf(seat.worker)) || !areIdle(view.link, this.#listener.linkOf?.(seat))) this.beat(seat);
    else seat.beat.lastMs = this.#events.nowMs;
  }

  /** At once after a change, but not more often than every 10 ms. */
  beatSoon(seat: Seat): void {
    const { beat } = seat, { name } = seat.worker;
    if (beat.isDue || this.#seats.get(name) !== seat) return;
    beat.isDue = true;
    this.#events.at(Math.max(this.#events.nowMs, beat.lastMs + soonMs), () => {
      beat.isDue = false;
      if (this.#seats.get(name) !== seat) return;
      this.beat(seat);
      if (this.#state.waiting.size > 0) this.#tick();
    });
  }

  lost(worker: string): void { this.#state.workers.delete(worker); }

  #step(event: ControlEvent): void {
    for (const effect of this.#logic.step(this.#state, event, this.#events.nowMs as Instant).effects) {
      if (effect.kind === 'decided') this.#listener.onDecided(effect.trace, effect.decided);
    }
  }

  #tick(): void {
    for (const { ask, held } of candidatesOf(this.#state, this.#events.nowMs as Instant, this.#policy, limits)) {
      const found = this.#listener.heldOf(ask.trace);
      if (found !== held) this.#step({ kind: 'held', step: ask.step, held: found });
    }
    this.#step({ kind: 'tick' });
  }

  /**
   * While steps wait, waiting itself may change what is decided: looked at when the one that came last has waited a tenth longer. Where all workers are busy
   * the look at a long queue may come later too: whoever makes room is followed by one at once.
   */
  #tickLater(): void {
    if (this.#isTicking || this.#seats.size === 0) return;
    this.#refuseStarvation();
    this.#isTicking = true;
    let sinceMs = 0;
    for (const waiting of this.#state.waiting.values()) sinceMs = Math.max(sinceMs, waiting.sinceMs);
    const isIdle = [...this.#seats.values()].some(({ worker }) => worker.running === 0);
    const queueMs = isIdle ? 0 : Math.min(queueMsMax, lookMs * this.#state.waiting.size);
    this.#events.at(this.#events.nowMs + Math.max(beatMs, queueMs, (this.#events.nowMs - sinceMs) / 10), () => {
      this.#isTicking = false;
      if (this.#state.waiting.size === 0 || this.#seats.size === 0) return;
      for (const seat of this.#seats.values()) this.#beatAgain(seat);
      this.#tick();
      if (this.#state.waiting.size > 0) this.#tickLater();
    });
  }

  /** Steps wait, no worker has had anything to do for days, and every tick leaves it at that: nothing will ever change. */
  #refuseStarvation(): void {
    const { nowMs } = this.#events;
    if ([...this.#seats.values()].some(({ worker }) => worker.running + worker.waiting > 0)) this.#busyAtMs = nowMs;
    if (nowMs - this.#busyAtMs < starvedMs) return;
    const [step] = this.#state.waiting.keys();
    throw new Error(`policy ${this.#policy.name} places none of ${this.#state.waiting.size} waiting steps, ${step} among them, though no worker has run anything for ${Math.round((nowMs - this.#busyAtMs) / 3_600_000)} hours`);
  }
}

/** In all that differs between beats of one worker and that policies look at. */
const areAlike = (a: WorkerLoad, b: WorkerLoad): boolean =>
  a.running === b.running && a.waiting === b.waiting && a.hbmGrantable === b.hbmGrantable && a.hbmUsed === b.hbmUsed && a.dramUsed === b.dramUsed && a.backlogTokens === b.backlogTokens;

/** A line that something goes over is another one with every instant. */
const areIdle = (before: WorkerLink | null, now: WorkerLink | undefined): boolean => [before, now].every((link) => link == null || link.sendingMs + link.receivingMs === 0);

function loadOf(worker: WorkerModel): WorkerLoad {
  const { memory, device } = worker;
  return {
    model: 'model', weights: '', numerics: '', contextLength: Number.MAX_SAFE_INTEGER, blockBytes: worker.blockBytes, device: device.name, runsMax: device.runsMax, running: worker.running, waiting: worker.waiting,
    hbmBlocks: memory.capacity.hbm, hbmGrantable: worker.grantableBlocks, hbmUsed: memory.used.hbm, dramBlocks: memory.capacity.dram, dramUsed: memory.used.dram,
    prefillTokensPerS: worker.prefillTokensPerS, decodeTokensPerS: worker.decodeTokensPerS, recallBytesPerS: device.dram.bytesPerS, backlogTokens: worker.backlogTokens,
    counters: { demotedBlocks: 0, recalledBlocks: 0, evictedBlocks: 0, migratedBlocks: 0, promptTokens: 0, generatedTokens: 0, iterations: worker.iterations, busyMs: worker.busyMs },
  };
}
