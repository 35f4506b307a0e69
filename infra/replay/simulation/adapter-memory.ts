interface Resident { users: number; /** When it has come from the host. */ readyMs: number }

/**
 * The adapters (LoRA) of one worker: each takes as many whole blocks of hbm as its bytes need, is brought from the host when the first run needs it, is shared by all that do,
 * and stays when none does, until its room is needed: then the one that was idle longest goes first.
 */
export class AdapterMemory {
  /** Of each. */
  readonly blocks: number;
  readonly bytes: number;
  /** The idle ones in the order in which they became so. */
  readonly #resident = new Map<number, Resident>();
  #inUse = 0;
  readonly counters = { loaded: 0, evicted: 0 };

  constructor(bytes: number, blockBytes: number) {
    this.bytes = bytes;
    this.blocks = Math.ceil(bytes / blockBytes);
  }

  get usedBlocks(): number { return this.#resident.size * this.blocks; }
  get idleBlocks(): number { return (this.#resident.size - this.#inUse) * this.blocks; }

  isResident(adapter: number): boolean { return this.#resident.has(adapter); }
  /** Runs that use it. */
  users(adapter: number): number { return this.#resident.get(adapter)?.users ?? 0; }
  /** When it has come; it is resident. */
  readyMs(adapter: number): number { return this.#resident.get(adapter)!.readyMs; }

  /** There is room for it; it comes until then, and one run uses it. */
  load(adapter: number, readyMs: number): void {
    this.#resident.set(adapter, { users: 1, readyMs });
    this.#inUse++;
    this.counters.loaded++;
  }

  use(adapter: number): void { if (this.#resident.get(adapter)!.users++ === 0) this.#inUse++; }

  leave(adapter: number): void {
    const resident = this.#resident.get(adapter)!;
    if (--resident.users > 0) return;
    this.#inUse--;
    this.#resident.delete(adapter);
    this.#resident.set(adapter, resident);
  }

  /** The one that was idle longest goes; there is one. Answers its blocks. */
  evict(): number {
    for (const [adapter, { users }] of this.#resident) {
      if (users > 0) continue;
      this.#resident.delete(adapter);
      this.counters.evicted++;
      return this.blocks;
    }
    throw new Error('no adapter is idle');
  }

  /** Blocks of those in use that would be idle without so many users of each. */
  idleWithout(leaving: readonly number[]): number {
    const left = new Map<number, number>();
    for (const adapter of leaving) left.set(adapter, (left.get(adapter) ?? this.#resident.get(adapter)!.users) - 1);
    let blocks = 0;
    for (const users of left.values()) if (users === 0) blocks += this.blocks;
    return blocks;
  }

  clear(): void {
    this.#resident.clear();
    this.#inUse = 0;
  }
}
