import { decodeBill, encodeBill } from '../../schemas/codec.ts';
import type { Bill } from '../../schemas/messages.ts';
import { BusFault, type LogEntry, type Ports } from '../lib/ports.ts';
import { waiter } from './wait.ts';

/** Bills waiting to be stored; each is a second's worth. */
const queueMax = 600;

/** A partition's bills, stored one after the other by compare-and-set, so that two owners never both bill. */
export class Bills {
  readonly #ports: Ports;
  readonly #subject: string;
  readonly #onFault: (message: string) => void;
  readonly #onConflict: () => void;
  readonly #queue: Bill[] = [];
  #revision = 0;
  #isBusy = false;
  #isStopped = false;

  /** `onConflict`: somebody else has billed since `load`; what was folded on top of the old bill must not be stored. */
  constructor(ports: Ports, subject: string, onFault: (message: string) => void, onConflict: () => void) {
    this.#ports = ports;
    this.#subject = subject;
    this.#onFault = onFault;
    this.#onConflict = onConflict;
  }

  /** The last one stored; null: none yet. Rejects BusFault `no_answer`. */
  async load(): Promise<Bill | null> {
    const entry = await this.#ports.bus.getLast('bill', this.#subject);
    if (entry === null) return null;
    this.#revision = entry.seq;
    const bill = decodeBill(entry.bytes);
    return bill.kind === 'fault' ? null : bill;
  }

  save(bill: Bill): void {
    if (this.#queue.length >= queueMax) { this.#onFault(`${this.#queue.length} of ${queueMax} bills of partition ${bill.partition} wait to be stored`); return; }
    this.#queue.push(bill);
    void this.#drain();
  }

  stop(): void { this.#isStopped = true; }

  async #drain(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    const wait = waiter(this.#ports.clock);
    for (let bill = this.#queue[0]; bill !== undefined && !this.#isStopped; bill = this.#queue[0]) {
      if (await this.#store(bill)) this.#queue.shift();
      else await wait(200);
    }
    this.#isBusy = false;
  }

  /** False: try again. */
  async #store(bill: Bill): Promise<boolean> {
    try {
      this.#revision = (await this.#ports.bus.publish(this.#subject, encodeBill(bill), { expectLast: this.#revision })).seq;
      return true;
    } catch (fault) {
      if (!(fault instanceof BusFault)) throw fault;
      return fault.code === 'wrong_last_sequence' || fault.code === 'no_answer' ? this.#settle(bill) : false;
    }
  }

  /** The stored bill says whether it is this one (its answer got lost) or another owner's. */
  async #settle(bill: Bill): Promise<boolean> {
    let entry: LogEntry | null;
    try {
      entry = await this.#ports.bus.getLast('bill', this.#subject);
    } catch (fault) {
      if (fault instanceof BusFault) return false;
      throw fault;
    }
    const stored = entry === null ? null : decodeBill(entry.bytes);
    if (entry === null || stored === null || stored.kind === 'fault') return false;
    if (entry.seq <= this.#revision) return false; // Not stored yet, or this read is older than the store.
    if (stored.epoch === bill.epoch && stored.cursor === bill.cursor) { this.#revision = entry.seq; return true; }
    this.#isStopped = true;
    this.#onConflict();
    return true;
  }
}
