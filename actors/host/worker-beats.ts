import { encodeBeat } from '../../schemas/codec.ts';
import type { WorkerLoad } from '../../schemas/messages.ts';
import type { Subjects } from '../../schemas/subjects.ts';
import { limits } from '../lib/limits.ts';
import type { Ports } from '../lib/ports.ts';

/** Two beats are at least this far apart, however often capacity comes free. */
const beatLeastMs = 20;

/** Tells the fleet every 250 ms, and soon after capacity came free, that the node lives and what it can take. */
export class WorkerBeats {
  readonly #ports: Ports;
  readonly #subjects: Subjects;
  readonly #node: string;
  readonly #epoch: number;
  readonly #load: () => WorkerLoad;
  #seq = 0;
  #sentAtMs = -Infinity;
  #dueAtMs = Infinity;
  #cancel: () => void = () => {};
  #isStopped = false;

  constructor(ports: Ports, subjects: Subjects, node: string, epoch: number, load: () => WorkerLoad) {
    this.#ports = ports;
    this.#subjects = subjects;
    this.#node = node;
    this.#epoch = epoch;
    this.#load = load;
  }

  get sent(): number { return this.#seq; }

  send(): void {
    if (this.#isStopped) return;
    const now = this.#ports.clock.now();
    this.#sentAtMs = now;
    const beat = { kind: 'beat', node: this.#node, role: 'worker', epoch: this.#epoch, seq: ++this.#seq, atMs: now, worker: this.#load(), claim: null } as const;
    this.#ports.bus.emit(this.#subjects.beat(this.#node), encodeBeat(beat));
    this.#arm(now + limits.beatMs);
  }

  soon(): void {
    const atMs = this.#sentAtMs + beatLeastMs;
    if (atMs < this.#dueAtMs && !this.#isStopped) this.#arm(atMs);
  }

  stop(): void {
    this.#cancel();
    this.#isStopped = true;
  }

  #arm(atMs: number): void {
    this.#cancel();
    this.#dueAtMs = atMs;
    this.#cancel = this.#ports.clock.alarm(atMs, () => this.send());
  }
}
