import { decodeWho, encodeWhoReply } from '../../schemas/codec.ts';
import type { InboxEvent } from '../../schemas/messages.ts';
import { type IdentityEvent, identity } from '../identity/identity.ts';
import { type Identities, emptyIdentities } from '../identity/rows.ts';
import { type Ledger, type LedgerEvent, ledger, newLedger } from '../ledger/ledger.ts';
import type { Prices } from '../lib/cost.ts';
import { isSideStep } from '../lib/ids.ts';
import type { Instant } from '../lib/logic.ts';
import { runsOf } from '../trace/runs.ts';
import type { TraceActor } from '../trace/trace.ts';
import type { TraceEvent } from '../trace/types.ts';
import type { Bills } from './bills.ts';

/**
 * Who reads along with the traces of one partition, for as long as it is owned: identity, which answers what trace a
 * step belongs to, and the ledger. Neither is asked by a trace; both are told what it is told, in the same order.
 */
export class Readers {
  readonly #bills: Bills;
  readonly #now: () => Instant;
  readonly #ledgerLogic: ReturnType<typeof ledger>;
  /** Steps of each trace that are under way, as last applied. */
  readonly #running = new Map<string, readonly string[]>();
  #identity: Identities;
  #ledger: Ledger;

  constructor(partition: number, epoch: number, bills: Bills, prices: Prices, now: () => Instant) {
    this.#bills = bills;
    this.#now = now;
    this.#ledgerLogic = ledger(prices);
    this.#identity = emptyIdentities(partition);
    this.#ledger = newLedger(partition, epoch);
  }

  /** Returns up to where the log is billed: the ledger may be less far than the traces. */
  async load(): Promise<number> {
    const bill = await this.#bills.load();
    if (bill !== null) this.#stepLedger({ kind: 'loaded', bill });
    return bill?.cursor ?? 0;
  }

  stop(): void { this.#bills.stop(); }

  tick(): void { this.#stepLedger({ kind: 'tick' }); }

  /** An entry of the log, also one that was applied long ago. */
  entry(event: InboxEvent, seq: number): void {
    if (event.kind === 'stepAccepted') this.#stepIdentity({ kind: 'accepted', accepted: event });
    // A side call that is read again, and forgotten by its trace, is open for nobody else to close.
    if (event.kind === 'stepEnded' && event.finish !== 'cancelled' && isSideStep(event.step)) this.#ended(event.trace, event.step);
    this.#stepLedger({ kind: 'entry', seq, event });
  }

  /** A trace that a predecessor saved. */
  loaded({ value, context }: TraceActor): void {
    const { trace, tenant, model, parent, seq, tips, ids, gapOpenedAtMs, run, sides } = context;
    const saved = { trace, tenant, model, parent, seq, tips, ids, isRunning: run !== null, isDone: value === 'done', sides: sides.map((side) => side.step), answeredAtMs: gapOpenedAtMs };
    this.#stepIdentity({ kind: 'loaded', saved });
    this.#noteRuns(trace, runsOf(context).map((run) => run.step));
    for (const { step, attempt, endedSeq } of context.answers) this.#stepLedger({ kind: 'answered', trace, step, attempt, seq: endedSeq });
    if (value === 'done') this.#stepLedger({ kind: 'traceDone', trace });
  }

  /**
   * What a trace has become by an event. A step has ended when its trace had it and has it no more, however that came: a
   * report may be an older attempt's, and a refusal that of another step that was given the same place.
   */
  applied(event: TraceEvent, { value, context }: TraceActor): void {
    const { trace, ids } = context;
    const before = [...this.#running.get(trace) ?? []];
    const runs = runsOf(context);
    const running = runs.map(({ step }) => step);
    if (event.kind === 'stepAccepted') {
      const known = ids.find(({ id }) => id === event.id) ?? runs.find(({ id }) => id === event.id);
      if (known === undefined) this.#stepIdentity({ kind: 'refused', tenant: event.tenant, id: event.id, trace: event.trace, step: event.step });
      else if (known.step === event.step) before.push(event.step);
    }
    for (const step of before) if (!running.includes(step)) this.#ended(trace, step);
    this.#noteRuns(trace, running);
    if (value !== 'done') return;
    this.#stepIdentity({ kind: 'done', trace });
    this.#stepLedger({ kind: 'traceDone', trace });
  }

  /** Which trace a step belongs to. Null: the question can not be read. */
  answer(question: Uint8Array): Uint8Array | null {
    const who = decodeWho(question);
    if (who.kind === 'fault') return null;
    const reply = this.#stepIdentity(who)[0];
    return reply === undefined ? null : encodeWhoReply(reply);
  }

  #ended(trace: string, step: string): void { this.#stepIdentity({ kind: 'ended', trace, step, atMs: this.#now() }); }

  #noteRuns(trace: string, steps: readonly string[]): void {
    if (steps.length === 0) this.#running.delete(trace);
    else this.#running.set(trace, steps);
  }

  #stepIdentity(event: IdentityEvent) {
    const step = identity.step(this.#identity, event, this.#now());
    this.#identity = step.state;
    return step.effects;
  }

  #stepLedger(event: LedgerEvent): void {
    const step = this.#ledgerLogic.step(this.#ledger, event, this.#now());
    this.#ledger = step.state;
    for (const { bill } of step.effects) this.#bills.save(bill);
  }
}
