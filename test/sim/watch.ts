import type { Headers, PublishOptions, Stored, BusFaultCode } from '../../actors/lib/ports.ts';
import { fromSaved } from '../../actors/trace/saved.ts';
import { runsOf } from '../../actors/trace/runs.ts';
import type { TraceActor } from '../../actors/trace/trace.ts';
import type { TraceEffect } from '../../actors/trace/types.ts';
import { decodeBill, decodeInbox, decodeOut, decodeSavedTrace } from '../../schemas/codec.ts';
import type { Bill, InboxEvent, Out, StepAccepted, StepEnded, StepFailed } from '../../schemas/messages.ts';
import type { StreamTable } from '../../infra/nats/streams.ts';
import type { SimWorld } from './clock.ts';
import { Broken, check } from './broken.ts';
import { digestOf } from './engine-names.ts';
import { simRegion } from './settings.ts';
import { SimServer } from './server.ts';
import { expectedOf, seedOf, type SimStep } from './words.ts';

/** A pin that its trace has ended: since then its worker should have none. */
export interface Unpinned { readonly trace: string; readonly worker: string; readonly atMs: number }

/** Two processes' clocks may differ by this. */
const skewMs = 120;

const nameOf = (out: { readonly kind: string; readonly step: string; readonly id?: string; readonly attempt?: number; readonly worker?: string; readonly code?: string }): string =>
  [out.kind, out.step, out.id, out.attempt, out.kind === 'attemptStarted' ? out.worker : out.code].join(' ');

interface SavedTrail { saves: number; epoch: number; cursor: number; actor: TraceActor; readonly effects: number; readonly attempts: Map<string, number>; savedAtMs: number }

/** The server, and somebody who reads everything that it stores and compares it with what was stored before. */
export class WatchedServer extends SimServer {
  readonly watch: Watch;
  constructor(world: SimWorld, table: StreamTable, watch: Watch) {
    super(world, table);
    this.watch = watch;
  }

  override arrive(subject: string, bytes: Uint8Array, headers: Headers, options: (PublishOptions & { readonly ttlMs?: number }) | null): Stored | BusFaultCode | null {
    const stored = super.arrive(subject, bytes, headers, options);
    if (stored !== null && typeof stored === 'object' && !stored.isDuplicate) this.watch.onStored(subject, bytes, stored.seq, this.world.now, options?.id ?? '');
    return stored;
  }
}

export class Watch {
  readonly steps = new Map<string, SimStep>();
  readonly accepted = new Map<string, StepAccepted[]>();
  /** Attempts with an end in the log, by step. */
  readonly ended = new Map<string, Set<number>>();
  /** Steps with an end that stands in the log twice: a window for duplicates that is shorter than any real one lets it through. */
  readonly repeated = new Set<string>();
  /** What reports in the log say was spent, each attempt's once, by trace and by worker. */
  readonly spentMs = { trace: new Map<string, number>(), worker: new Map<string, number>() };
  readonly #spent = new Set<string>();
  /** Traces and workers with a report that stands in the log twice. */
  readonly toldTwice = new Set<string>();
  /** `<trace>/<save>` → its effects. */
  readonly #outboxes = new Map<string, readonly TraceEffect[]>();
  /** Steps with an end that was not cancelled. */
  readonly billable = new Set<string>();
  readonly outs = new Map<string, { result: number | null; failed: string | null }>();
  /** What each attempt has said so far: one past its last token. */
  readonly said = new Map<string, number>();
  readonly saved = new Map<string, SavedTrail>();
  readonly bills: Bill[] = [];
  unpinned: Unpinned[] = [];
  /** Prompts that an engine was given, with their seeds. */
  readonly executed = new Set<string>();
  readonly contextLength: number;
  readonly #idleMs: number;
  /** Set to see every save as it happens. */
  onSaved: ((line: string) => void) | null = null;
  counts = { saves: 0, results: 0, retries: 0, ended: 0, fanOuts: 0, sides: 0, refused: 0 };

  constructor(contextLength: number, idleMs: number) {
    this.contextLength = contextLength;
    this.#idleMs = idleMs;
  }

  /** Steps that were accepted under one id: a gateway that nobody answered may have named it otherwise. */
  namesOf(tenant: string, id: string): Set<string> {
    const key = `${tenant}/${id}`;
    const names = this.#names.get(key) ?? new Set();
    this.#names.set(key, names);
    return names;
  }
  readonly #names = new Map<string, Set<string>>();

  onSubmit(tokens: Int32Array, seed: bigint): void { this.executed.add(`${digestOf(tokens)}/${seed}`); }

  onStored(subject: string, bytes: Uint8Array, seq: number, nowMs: number, id: string): void {
    const [, , region, kind] = subject.split('.');
    if (region !== simRegion) return;
    if (kind === 'in') this.#onInbox(decodeInbox(bytes) as InboxEvent, seq);
    else if (kind === 'state' && !subject.endsWith('._checkpoint')) this.#onState(subject, bytes, nowMs);
    else if (kind === 'out') this.#onOut(decodeOut(bytes) as Out, id);
    else if (kind === 'bill') this.#onBill(decodeBill(bytes) as Bill);
  }

  #onInbox(event: InboxEvent, seq: number): void {
    this.onSaved?.(`${event.trace} inbox ${seq} ${JSON.stringify(event, (key, value) => (value instanceof Uint8Array || value instanceof Int32Array ? value.length : typeof value === 'bigint' ? String(value) : key === 'usage' || key === 'timing' || key === 'sampling' ? undefined : value))}`);
    if (event.kind === 'stepAccepted') {
      this.namesOf(event.tenant, event.id).add(event.step);
      this.accepted.set(event.step, [...(this.accepted.get(event.step) ?? []), event]);
      if (event.lane === 'side') this.counts.sides++;
    }
    if (event.kind === 'stepEnded' || event.kind === 'stepFailed') this.#onSpent(event);
    if (event.kind !== 'stepEnded') return;
    this.counts.ended++;
    const attempts = this.ended.get(event.step) ?? new Set();
    if (attempts.has(event.attempt)) this.repeated.add(event.step);
    attempts.add(event.attempt);
    this.ended.set(event.step, attempts);
    if (event.finish !== 'cancelled') this.billable.add(event.step);
    const all = this.accepted.get(event.step) ?? [];
    check(all.length > 0, 'reported only what was accepted', `${event.step} ended and was never accepted`);
    const fits = all.some((accepted) => {
      const step = this.steps.get(`${accepted.tenant}/${accepted.id}`);
      if (step === undefined) return false;
      const expected = expectedOf(step, this.contextLength - step.tokens.length);
      const isRight = event.finish === 'cancelled' ? event.tokens.every((token, i) => token === expected.tokens[i]) : event.finish === expected.finish && String(event.tokens) === String(expected.tokens);
      return isRight && (event.finish === 'cancelled' || this.executed.has(`${digestOf(step.tokens)}/${seedOf(step)}`));
    });
    check(fits, 'a report is what the model says', `${event.step} attempt ${event.attempt} of ${event.worker} ended ${event.finish} with [${event.tokens}]`);
    const { usage } = event;
    check(usage.hit + usage.recalled + usage.computed === usage.prompt, 'usage adds up', `${event.step}: ${usage.hit} + ${usage.recalled} + ${usage.computed} of ${usage.prompt}`);
  }

  #onSpent({ kind, trace, step, attempt, worker, acceleratorMs }: StepEnded | StepFailed): void {
    const key = `${kind} ${step} ${attempt}`;
    if (this.#spent.has(key)) { this.toldTwice.add(trace).add(worker); return; }
    this.#spent.add(key);
    this.spentMs.trace.set(trace, (this.spentMs.trace.get(trace) ?? 0) + acceleratorMs);
    this.spentMs.worker.set(worker, (this.spentMs.worker.get(worker) ?? 0) + acceleratorMs);
  }

  #onBill(bill: Bill): void {
    this.onSaved?.(`bill of ${bill.partition} by epoch ${bill.epoch} up to ${bill.cursor}: ${bill.rows.map((row) => `${row.trace} ${row.steps} steps ${Math.round(row.acceleratorMs)} ms`).join(', ')}`);
    const last = this.bills.findLast(({ partition }) => partition === bill.partition);
    check(bill.epoch >= (last?.epoch ?? 0), 'one owner bills', `partition ${bill.partition} billed by epoch ${bill.epoch} after epoch ${last?.epoch}`);
    check(bill.cursor >= (last?.cursor ?? 0), 'a bill goes on where the last one ended', `partition ${bill.partition} billed up to ${bill.cursor} after ${last?.cursor}`);
    this.bills.push(bill);
  }

  /** An effect carries the id `<trace>/<save>/<index>`, and is what that save says there. */
  #checkEffect(out: Out, id: string): void {
    const [, save = '', index = ''] = /^(tr_[^/]+\/\d+)\/(\d+)$/.exec(id) ?? [];
    if (save === '' || save.endsWith('/0')) return; // A delta, or a refusal of a trace that is not there.
    const effect = this.#outboxes.get(save)?.[Number(index)];
    const saved = effect?.kind === 'announce' ? nameOf(effect.out) : effect?.kind === 'answer' ? nameOf({ ...effect, kind: 'result' }) : effect?.kind;
    check(nameOf(out) === saved, 'what is said was saved', `${id} says ${nameOf(out)}; that save has ${saved}`);
  }

  #onOut(out: Out, id: string): void {
    this.#checkEffect(out, id);
    const outs = this.outs.get(out.step) ?? { result: null, failed: null };
    this.outs.set(out.step, outs);
    if (out.kind === 'delta') this.said.set(`${out.step}/${out.attempt}`, Math.max(this.said.get(`${out.step}/${out.attempt}`) ?? 0, out.offset + out.tokens.length));
    if (out.kind === 'attemptStarted' && out.attempt > 1) this.counts.retries++;
    if (out.kind === 'failed') { outs.failed = out.code; this.counts.refused++; }
    if (out.kind === 'result') {
      this.counts.results++;
      check(this.ended.get(out.step)?.has(out.attempt) === true, 'answered means executed', `a result of ${out.step} attempt ${out.attempt}, which never ended`);
      check(outs.result === null || outs.result === out.attempt, 'one answer for a step', `${out.step} was answered by attempt ${outs.result} and by ${out.attempt}`);
      outs.result = out.attempt;
    }
  }

  #onState(subject: string, bytes: Uint8Array, nowMs: number): void {
    const record = decodeSavedTrace(bytes);
    const saved = record.kind === 'fault' ? record : fromSaved(record);
    if ('kind' in saved) throw new Broken('states are readable', saved.message);
    const { actor, epoch, saves, cursor } = saved;
    const { trace } = actor.context;
    check(subject.endsWith(`.${trace}`), 'a state is stored under its trace', `${trace} on ${subject}`);
    this.counts.saves++;
    this.#outboxes.set(`${trace}/${saves}`, saved.outbox);
    const before = this.saved.get(trace);
    check(saves === (before?.saves ?? 0) + 1, 'saves are one chain', `save ${saves} of ${trace} by epoch ${epoch} after save ${before?.saves ?? 0} by epoch ${before?.epoch ?? 0}`);
    check(epoch >= (before?.epoch ?? 0), 'one owner an epoch', `${trace} saved by epoch ${epoch} after epoch ${before?.epoch}`);
    check(cursor >= (before?.cursor ?? 0), 'a cursor never goes back', `${trace} at ${cursor} after ${before?.cursor}`);
    const attempts = before?.attempts ?? new Map<string, number>();
    for (const run of runsOf(actor.context)) {
      check(run.attempt >= (attempts.get(run.step) ?? 0), 'attempts grow', `${run.step} at attempt ${run.attempt} after ${attempts.get(run.step)}`);
      attempts.set(run.step, run.attempt);
    }
    const known = before?.actor.context;
    if (known !== undefined) {
      check(actor.context.seq >= known.seq, 'seq grows', `${trace} at ${actor.context.seq} after ${known.seq}`);
      check(actor.context.stepsDone - known.stepsDone <= 1, 'an event is applied once', `${trace} did ${known.stepsDone} steps, then ${actor.context.stepsDone}`);
    }
    check(actor.context.stepsDone <= this.#mainEnded(trace), 'a step is done once', `${trace} did ${actor.context.stepsDone} steps, the log has the ends of ${this.#mainEnded(trace)}`);
    if (known !== undefined && actor.value === 'done' && before?.actor.value !== 'done' && cursor === before?.cursor) {
      const idleMs = actor.context.enteredAtMs - known.gapOpenedAtMs;
      check(idleMs >= this.#idleMs - skewMs, 'over by itself only when idle', `${trace} was over ${idleMs} ms after its gap began; idle is ${this.#idleMs} ms`);
    }
    const pinnedBefore = known?.pinnedOn ?? null;
    // A lost worker is no entry of the log, and is told nothing: there the pin ends by its lease.
    if (pinnedBefore !== null && actor.context.pinnedOn !== pinnedBefore && (cursor > (before?.cursor ?? 0) || actor.value === 'done')) this.unpinned.push({ trace, worker: pinnedBefore, atMs: nowMs });
    if (actor.value === 'fanOut' && before?.actor.value !== 'fanOut') this.counts.fanOuts++;
    this.onSaved?.(`${trace} save ${saves} epoch ${epoch} cursor ${cursor} ${String(actor.value)} seq ${actor.context.seq} worker ${actor.context.worker} pinnedOn ${actor.context.pinnedOn} children [${actor.context.children}] runs ${runsOf(actor.context).map((run) => `${run.step} ${run.id} ${run.phase} ${run.attempt}@${run.worker}`).join(', ')} outbox ${saved.outbox.map((effect) => effect.kind === 'announce' ? JSON.stringify(effect.out) : effect.kind === 'order' ? `${effect.order.kind}@${effect.worker}` : effect.kind).join(' ')}`);
    this.saved.set(trace, { saves, epoch, cursor, actor, effects: saved.outbox.length, attempts, savedAtMs: nowMs });
  }

  #mainEnded(trace: string): number {
    let count = 0;
    for (const step of this.ended.keys()) if (step.startsWith(`${trace}/`) && step[trace.length + 1] !== 's') count++;
    return count;
  }
}
