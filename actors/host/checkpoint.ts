import { decodeCheckpoint, encodeCheckpoint } from '../../schemas/codec.ts';
import type { Subjects } from '../../schemas/subjects.ts';
import { BusFault, type LogEntry, type Ports } from '../lib/ports.ts';

/** How far a partition's log is applied: the sequence below which every entry is contained in its trace's saved state. */
export class Checkpointer {
  readonly #partition: number;
  readonly #epoch: number;
  readonly #ports: Ports;
  readonly #subjects: Subjects;
  readonly #inFlight = new Set<number>(); // In order of insertion, which is the order of the log.
  #lastSeq = 0;
  #saved = 0;

  constructor(partition: number, epoch: number, ports: Ports, subjects: Subjects) {
    this.#partition = partition;
    this.#epoch = epoch;
    this.#ports = ports;
    this.#subjects = subjects;
  }

  get lastSeq(): number { return this.#lastSeq; }
  get inFlight(): number { return this.#inFlight.size; }

  /** Returns the sequence to go on after. */
  load(entry: LogEntry): number {
    const checkpoint = decodeCheckpoint(entry.bytes);
    if (checkpoint.kind === 'fault') return 0; // Replaying from the start is slow, and right.
    this.#lastSeq = this.#saved = checkpoint.cursor;
    return checkpoint.cursor;
  }

  begin(seq: number): void { this.#inFlight.add(seq); this.#lastSeq = Math.max(this.#lastSeq, seq); }
  done(seq: number): void { this.#inFlight.delete(seq); }

  /** Any owner's checkpoint is true for every owner, also that of one who is an owner no longer: so no compare-and-set. */
  async save(): Promise<void> {
    const [first] = this.#inFlight;
    const cursor = first === undefined ? this.#lastSeq : first - 1;
    if (cursor <= this.#saved) return;
    try {
      await this.#ports.bus.publish(this.#subjects.checkpoint(this.#partition), encodeCheckpoint({ kind: 'checkpoint', epoch: this.#epoch, cursor }));
      this.#saved = cursor;
    } catch (fault) {
      if (!(fault instanceof BusFault)) throw fault; // The next one says it.
    }
  }
}
