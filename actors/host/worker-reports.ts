import { encodeInbox } from '../../schemas/codec.ts';
import type { StepEnded, StepFailed } from '../../schemas/messages.ts';
import type { Subjects } from '../../schemas/subjects.ts';
import { partitionOf } from '../lib/ids.ts';
import { limits } from '../lib/limits.ts';
import { assert } from '../lib/logic.ts';
import { BusFault, type Headers, type Ports } from '../lib/ports.ts';

const retryFirstMs = 50;
const retryMostMs = 2_000;

/**
 * Reports on their way into the inbox, each tried until the bus has it: while the process lives none is lost, also when
 * the bus is gone for minutes. How many there can be is the worker actor's bound: it grants nothing above it.
 */
export class WorkerReports {
  readonly #ports: Ports;
  readonly #subjects: Subjects;
  readonly #onStored: () => void;
  readonly #pending = new Map<string, { tries: number; event: StepEnded | StepFailed; cancelRetry: (() => void) | null }>();
  #isHalted = false;
  readonly counters = { stored: 0, retried: 0, tooLarge: 0 };

  constructor(ports: Ports, subjects: Subjects, onStored: () => void) {
    this.#ports = ports;
    this.#subjects = subjects;
    this.#onStored = onStored;
  }

  get pending(): number { return this.#pending.size; }

  /** Stored once under `id`, however often it is added. */
  add(id: string, event: StepEnded | StepFailed, headers: Headers): void {
    if (this.#pending.has(id)) return this.#onStored();
    this.#pending.set(id, { tries: 0, event, cancelRetry: null });
    void this.#publish(id, headers);
  }

  halt(): void {
    this.#isHalted = true;
    for (const { cancelRetry } of this.#pending.values()) cancelRetry?.();
  }

  async #publish(id: string, headers: Headers): Promise<void> {
    const report = this.#pending.get(id);
    if (report === undefined || this.#isHalted) return;
    const partition = partitionOf(report.event.trace);
    assert(partition !== null, `a report of ${report.event.trace}, which is no trace`);
    try {
      await this.#ports.bus.publish(this.#subjects.in(partition, report.event.trace), encodeInbox(report.event), { id, headers, deadlineMs: limits.publishMs });
    } catch (fault) {
      if (!(fault instanceof BusFault)) throw fault;
      return this.#again(id, report, fault, headers);
    }
    if (this.#isHalted) return;
    this.#pending.delete(id);
    this.counters.stored++;
    this.#onStored();
  }

  #again(id: string, report: { tries: number; event: StepEnded | StepFailed; cancelRetry: (() => void) | null }, fault: BusFault, headers: Headers): void {
    if (this.#isHalted) return;
    if (fault.code === 'too_large') { // It never will be stored, and its trace waits for an end.
      this.counters.tooLarge++;
      const { trace, step, attempt, worker, acceleratorMs } = report.event;
      report.event = { kind: 'stepFailed', trace, step, attempt, worker, code: 'too_large', message: fault.message, retry: 'never', acceleratorMs };
    }
    this.counters.retried++;
    const delayMs = Math.min(retryMostMs, retryFirstMs * 2 ** Math.min(report.tries++, 10));
    report.cancelRetry = this.#ports.clock.alarm(this.#ports.clock.now() + delayMs, () => { void this.#publish(id, headers); });
  }
}
