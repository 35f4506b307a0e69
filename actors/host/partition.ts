import { decodeInbox, decodeSavedTrace, encodeSavedTrace } from '../../schemas/codec.ts';
import type { InboxEvent } from '../../schemas/messages.ts';
import type { Subjects } from '../../schemas/subjects.ts';
import type { Decided } from '../lib/asks.ts';
import { limits } from '../lib/limits.ts';
import type { Logic } from '../lib/logic.ts';
import { BusFault, type LogEntry, type Ports, type Subscription } from '../lib/ports.ts';
import { type Saved, fromSaved, toSaved } from '../trace/saved.ts';
import { runsOf } from '../trace/runs.ts';
import type { TraceActor } from '../trace/trace.ts';
import type { LoggedEvent, TraceContext, TraceEffect, TraceEvent } from '../trace/types.ts';
import { Checkpointer } from './checkpoint.ts';
import { type Wait, waiter } from './wait.ts';

/** What a partition's traces want done, performed by the conductor around it. */
export interface PartitionDeps {
  readonly ports: Ports;
  readonly subjects: Subjects;
  readonly logic: Logic<TraceActor | null, TraceEvent, TraceEffect>;
  /** Asks control; what it can answer at once comes back, the rest later through `tell`. */
  ask(effect: TraceEffect & { readonly kind: 'ask' }, partition: Partition): Promise<readonly Decided[]>;
  /** Performs one effect under an id that is the same whenever it is repeated. What failed comes back as events of the trace. */
  perform(effect: TraceEffect, id: string, partition: Partition): Promise<readonly TraceEvent[]>;
  /** Every entry of the log, in order, before its trace sees it: identity and ledger read along. */
  onEntry(event: InboxEvent, seq: number, partition: Partition): void;
  /** A trace was loaded from its saved state. */
  onLoaded(actor: TraceActor, partition: Partition): void;
  /** The trace took, or refused, an event, and that is saved. */
  onApplied(event: TraceEvent, actor: TraceActor, partition: Partition): void;
  onFault(message: string): void;
  /** Somebody with a newer epoch owns the partition: this one has stopped. */
  onFenced(partition: Partition): void;
}

/** Read but not yet applied; above it the log is left alone until some are. */
const inFlightMax = 4_096;
const saveMs = 2_000;

interface Slot {
  readonly trace: string;
  /** Null: nothing saved yet. */
  saved: Saved | null;
  revision: number;
  isLoaded: boolean;
  readonly mailbox: { readonly event: TraceEvent; readonly seq: number }[];
  /** Of them, those that are not from the log. */
  told: number;
  isBusy: boolean;
}

/**
 * The saved host loop of one partition (design, section 4.2): step, save, perform; in that order, always, and one
 * event of a trace at a time.
 *
 * The lease says who should own the partition, the compare-and-set on each trace says who does. A crash before a save
 * replays the entry from the log; a crash after it repeats the outbox, whose ids are a function of (trace, save, index).
 */
export class Partition {
  readonly number: number;
  readonly epoch: number;
  readonly #deps: PartitionDeps;
  readonly #slots = new Map<string, Slot>();
  readonly #timers = new Map<string, () => void>();
  readonly #checkpointer: Checkpointer;
  readonly #wait: Wait;
  #reader: Subscription | null = null;
  #isStopped = false;

  constructor(number: number, epoch: number, deps: PartitionDeps) {
    this.number = number;
    this.epoch = epoch;
    this.#deps = deps;
    this.#wait = waiter(deps.ports.clock);
    this.#checkpointer = new Checkpointer(number, epoch, deps.ports, deps.subjects);
  }

  get isStopped(): boolean { return this.#isStopped; }
  get lastSeq(): number { return this.#checkpointer.lastSeq; }
  get liveTraces(): number { let live = 0; for (const slot of this.#slots.values()) if (slot.saved !== null && slot.saved.actor.value !== 'done') live++; return live; }

  /**
   * Loads every trace, repeats what its last owner may not have done, and reads the log from the checkpoint on, or from
   * `cursorMax` or a step still under way if that is lower: who reads along is not as far, or must know how its attempts ended.
   */
  async takeOver(cursorMax: number): Promise<void> {
    const { bus } = this.#deps.ports;
    const entries = await bus.loadLast('state', this.#deps.subjects.stateOf(this.number));
    if (this.#isStopped) return;
    let from = 1;
    let open = Number.POSITIVE_INFINITY;
    for (const entry of entries) {
      if (entry.subject === this.#deps.subjects.checkpoint(this.number)) { from = this.#checkpointer.load(entry) + 1; continue; }
      const slot = this.#slotOf(entry.subject.slice(entry.subject.lastIndexOf('.') + 1));
      this.#adopt(slot, entry);
      if (slot.saved !== null) open = Math.min(open, firstOpen(slot.saved.actor.context, cursorMax));
    }
    this.#read(Math.min(from, cursorMax + 1, open));
  }

  /** An event that is not from the log: a decision, an order's fate, a lost worker. */
  tell(trace: string, event: TraceEvent): void {
    if (this.#isStopped) return;
    const slot = this.#slotOf(trace);
    // Entries of the log are bounded by what the log may have in flight; they do not take the place of what is told.
    if (slot.told >= limits.mailboxMax) { this.#deps.onFault(`mailbox of ${trace} holds ${slot.told} of ${limits.mailboxMax} told events; ${event.kind} dropped`); return; }
    this.#put(slot, event, 0);
  }

  /** To every trace that has a run, or KV, on that worker. */
  workerLost(worker: string): void {
    for (const slot of this.#slots.values()) {
      const context = slot.saved?.actor.context;
      if (context === undefined) continue;
      if (context.worker === worker || context.pinnedOn === worker || context.run?.worker === worker || context.sides.some((side) => side.worker === worker)) this.tell(slot.trace, { kind: 'workerLost', worker });
    }
  }

  /** Stops at once; what is under way ends at its next compare-and-set. */
  stop(): void {
    this.#isStopped = true;
    this.#reader?.stop();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  /** Says in the store how far the log is applied. Called about once a second, and when the partition is handed over. */
  saveCheckpoint(): Promise<void> { return this.#isStopped ? Promise.resolve() : this.#checkpointer.save(); }

  #read(from: number): void {
    this.#reader?.stop();
    this.#reader = this.#deps.ports.bus.readLog('in', this.#deps.subjects.inOf(this.number), from, (entry) => this.#onEntry(entry));
  }

  #onEntry(entry: LogEntry): void {
    if (this.#isStopped) return;
    const event = decodeInbox(entry.bytes);
    this.#checkpointer.begin(entry.seq);
    if (event.kind === 'fault') {
      // Nobody can ever apply it: it is told, and passed over.
      this.#deps.onFault(`inbox entry ${entry.seq}: ${event.message}`);
      this.#checkpointer.done(entry.seq);
      return;
    }
    this.#deps.onEntry(event, entry.seq, this);
    this.#put(this.#slotOf(event.trace), { ...event, logSeq: entry.seq } as LoggedEvent, entry.seq);
    if (this.#checkpointer.inFlight >= inFlightMax) { this.#reader?.stop(); this.#reader = null; }
  }

  #slotOf(trace: string): Slot {
    let slot = this.#slots.get(trace);
    if (slot === undefined) {
      slot = { trace, saved: null, revision: 0, isLoaded: false, mailbox: [], told: 0, isBusy: false };
      this.#slots.set(trace, slot);
    }
    return slot;
  }

  /** Takes a saved record as the trace's truth. False: it is not readable, or belongs to a newer owner. */
  #adopt(slot: Slot, entry: LogEntry): boolean {
    const record = decodeSavedTrace(entry.bytes);
    const saved = record.kind === 'fault' ? record : fromSaved(record);
    if ('kind' in saved) { this.#deps.onFault(`state of ${slot.trace}: ${saved.message}`); return false; }
    if (saved.epoch > this.epoch) { this.#fenced(); return false; }
    slot.saved = saved;
    slot.revision = entry.seq;
    slot.isLoaded = true;
    this.#deps.onLoaded(saved.actor, this);
    for (const timer of saved.actor.context.timers) this.#arm(slot, timer);
    // Before anything else of this trace: first the old owner's effects again, then what only lived in its memory.
    slot.mailbox.unshift({ event: { kind: 'takenOver' }, seq: -1 });
    void this.#run(slot);
    return true;
  }

  #put(slot: Slot, event: TraceEvent, seq: number): void {
    slot.mailbox.push({ event, seq });
    if (seq === 0) slot.told++;
    void this.#run(slot);
  }

  async #run(slot: Slot): Promise<void> {
    if (slot.isBusy) return;
    slot.isBusy = true;
    try {
      for (let next = slot.mailbox[0]; next !== undefined && !this.#isStopped; next = slot.mailbox[0]) {
        if (!(await this.#apply(slot, next.event, next.seq))) continue;
        // `takenOver` may have been put in front meanwhile.
        slot.mailbox.splice(slot.mailbox.indexOf(next), 1);
        if (next.seq === 0) slot.told--;
        if (next.seq > 0) this.#applied(next.seq);
        if (isOver(slot) && slot.mailbox.length === 0) await this.#clearOutbox(slot);
      }
    } finally {
      slot.isBusy = false;
    }
    if (isOver(slot) && slot.mailbox.length === 0 && this.#slots.get(slot.trace) === slot) this.#slots.delete(slot.trace);
  }

  #applied(seq: number): void {
    this.#checkpointer.done(seq);
    if (this.#reader === null && !this.#isStopped && this.#checkpointer.inFlight < inFlightMax / 2) this.#read(this.#checkpointer.lastSeq + 1);
  }

  /** One event: false when it has to be applied again, on a base that was loaded anew. */
  async #apply(slot: Slot, event: TraceEvent, seq: number): Promise<boolean> {
    if (!slot.isLoaded && !(await this.#load(slot))) return false;
    if (seq === -1 && slot.saved !== null) await this.#perform(slot, slot.saved.outbox, slot.saved.saves);
    if (this.#isStopped) return false;
    const cursor = slot.saved?.cursor ?? 0;
    if (slot.saved !== null && seq > 0 && seq <= cursor) {
      // Read again by a new owner: who reads along is to know what became of it, a refusal too.
      this.#deps.onApplied(event, slot.saved.actor, this);
      return true;
    }
    const { actor, effects } = await this.#macrostep(slot, event);
    if (this.#isStopped) return false;
    if (actor === null) { await this.#perform(slot, effects, 0); return true; }
    if (slot.saved !== null && seq <= 0 && (actor === slot.saved.actor || event.kind === 'firstToken')) {
      // Nothing changed but what only shows: not worth a write. After a crash it is made again, or not shown.
      slot.saved = { ...slot.saved, actor };
      await this.#perform(slot, effects, slot.saved.saves, 'u');
      return true;
    }
    const saved: Saved = { actor, cursor: Math.max(cursor, seq), outbox: effects, epoch: this.epoch, saves: (slot.saved?.saves ?? 0) + 1 };
    if (!(await this.#save(slot, saved))) return false;
    this.#deps.onApplied(event, actor, this);
    await this.#perform(slot, effects, saved.saves);
    return true;
  }

  /** A trace that is over keeps no effects: each new owner would have them happen again, of every trace of three days. */
  async #clearOutbox(slot: Slot): Promise<void> {
    if (slot.saved === null || slot.saved.outbox.length === 0 || this.#isStopped) return;
    await this.#save(slot, { ...slot.saved, outbox: [], epoch: this.epoch, saves: slot.saved.saves + 1 });
  }

  /** The event and every answer that control gives to it at once: one save for all of them. */
  async #macrostep(slot: Slot, event: TraceEvent): Promise<{ actor: TraceActor | null; effects: TraceEffect[] }> {
    const { logic, ports } = this.#deps;
    let actor = slot.saved?.actor ?? null;
    const effects: TraceEffect[] = [];
    const events: TraceEvent[] = [event];
    for (let next = events.shift(); next !== undefined; next = events.shift()) {
      const step = logic.step(actor, next, ports.clock.now());
      actor = step.state;
      for (const effect of step.effects) {
        if (effect.kind === 'ask') for (const decided of await this.#deps.ask(effect, this)) events.push({ kind: 'decided', decided });
        else if (effect.kind === 'timerSet') this.#arm(slot, effect.timer);
        else if (effect.kind === 'timerClear') this.#disarm(slot, effect.id);
        else effects.push(effect);
      }
    }
    return { actor, effects };
  }

  /** `unsaved` keeps the ids of effects that no outbox holds apart from those that one does. */
  async #perform(slot: Slot, effects: readonly TraceEffect[], saves: number, unsaved = ''): Promise<void> {
    for (const [index, effect] of effects.entries()) {
      if (this.#isStopped) return;
      for (const event of await this.#deps.perform(effect, `${slot.trace}/${saves}/${unsaved}${index}`, this)) this.#put(slot, event, 0);
    }
  }

  /** Compare-and-set. False: not saved, and the base has been loaded anew, or this owner is fenced. */
  async #save(slot: Slot, saved: Saved): Promise<boolean> {
    const bytes = encodeSavedTrace(toSaved(saved));
    const subject = this.#deps.subjects.state(this.number, slot.trace);
    while (!this.#isStopped) {
      try {
        const stored = await this.#deps.ports.bus.publish(subject, bytes, { expectLast: slot.revision, deadlineMs: saveMs });
        slot.saved = saved;
        slot.revision = stored.seq;
        return true;
      } catch (fault) {
        if (!(fault instanceof BusFault)) throw fault;
        if (fault.code === 'no_answer' || fault.code === 'wrong_last_sequence') {
          const settled = await this.#settle(slot, saved, bytes);
          if (settled === 'saved') return true;
          if (settled === 'lost') return false;
        } else {
          this.#deps.onFault(`state of ${slot.trace} is not saved: ${fault.message}`);
        }
        await this.#wait(100);
      }
    }
    return false;
  }

  /** A save whose answer got lost, or that lost against another: the state as it is stored says which. */
  async #settle(slot: Slot, saved: Saved, bytes: Uint8Array): Promise<'saved' | 'lost' | 'again'> {
    const entry = await this.#lastState(slot.trace);
    if (entry === undefined || this.#isStopped) return 'again';
    // By its bytes: a trace that was loaded from a read older than the store makes another save of the same number.
    if (entry !== null && isSame(entry.bytes, bytes)) {
      slot.saved = saved;
      slot.revision = entry.seq;
      return 'saved';
    }
    // Not there: either it was never stored, or this read is older than the store. Publishing again tells.
    if (entry === null || entry.seq <= slot.revision) return 'again';
    return this.#adopt(slot, entry) ? 'lost' : 'again';
  }

  async #load(slot: Slot): Promise<boolean> {
    const entry = await this.#lastState(slot.trace);
    if (this.#isStopped || slot.isLoaded) return !this.#isStopped;
    if (entry === undefined) { await this.#wait(100); return false; }
    if (entry === null) { slot.isLoaded = true; return true; }
    if (this.#adopt(slot, entry)) return false; // `takenOver` comes first.
    await this.#wait(1_000);
    return false;
  }

  /** Null: there is none; undefined: no answer. */
  async #lastState(trace: string): Promise<LogEntry | null | undefined> {
    try {
      return await this.#deps.ports.bus.getLast('state', this.#deps.subjects.state(this.number, trace));
    } catch (fault) {
      if (fault instanceof BusFault) return undefined;
      throw fault;
    }
  }

  #arm(slot: Slot, timer: { readonly id: string; readonly generation: number; readonly dueAtMs: number }): void {
    this.#disarm(slot, timer.id);
    if (this.#isStopped) return;
    const key = `${slot.trace} ${timer.id}`;
    this.#timers.set(key, this.#deps.ports.clock.alarm(timer.dueAtMs, () => {
      this.#timers.delete(key);
      // A timer is there once; dropped, it would never come again.
      this.#put(this.#slotOf(slot.trace), { kind: 'timer', id: timer.id, generation: timer.generation }, 0);
    }));
  }

  #disarm(slot: Slot, id: string): void {
    const key = `${slot.trace} ${id}`;
    this.#timers.get(key)?.();
    this.#timers.delete(key);
  }

  #fenced(): void {
    if (this.#isStopped) return;
    this.stop();
    this.#deps.onFenced(this);
  }
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, at) => byte === b[at]);

/** Nothing can happen to it but what the log brings. A side call may outlive its trace, and must hear of a lost worker. */
const isOver = ({ saved }: Slot): boolean => saved === null || (saved.actor.value === 'done' && runsOf(saved.actor.context).length === 0);

/** Sequence of the first accepted step that is under way, or was answered after `cursorMax`; infinite: none. */
function firstOpen(context: TraceContext, cursorMax: number): number {
  const open = [...runsOf(context), ...context.answers.filter(({ endedSeq }) => endedSeq > cursorMax)];
  return open.reduce((first, { acceptedSeq }) => Math.min(first, acceptedSeq), Number.POSITIVE_INFINITY);
}
