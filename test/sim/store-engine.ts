import { nameBytes } from '../../actors/lib/chain.ts';
import type { Engine, EngineBlockEvent, EngineEvent, EngineInfo, EngineStats } from '../../actors/lib/ports.ts';

/** An engine that runs nothing and holds as many blocks as it is told: for what is about their number. */
export class StoreEngine implements Engine {
  readonly info: EngineInfo;
  readonly #onEvents: (events: readonly EngineEvent[]) => void;
  readonly #first: number;

  /** Block 0 … `first` - 1 are in dram from before it was opened. */
  constructor(blocksMax: number, first: number, onEvents: (events: readonly EngineEvent[]) => void) {
    this.info = { contextLength: 1_000_000_000, vocab: 2, blockBytes: 1, hbmBlocks: blocksMax, dramBlocks: blocksMax, numerics: 'none' };
    this.#first = first;
    this.#onEvents = onEvents;
  }

  change(op: EngineBlockEvent['op'], tier: EngineBlockEvent['tier'], from: number, to: number): void {
    this.#onEvents([{ kind: 'blocks', events: eventsOf(op, tier, from, to) }]);
  }

  snapshot(): readonly EngineBlockEvent[] { return eventsOf('stored', 'dram', 0, this.#first); }

  stats(): EngineStats {
    const { hbmBlocks, dramBlocks } = this.info;
    return {
      hbmBlocks, hbmFree: 0, hbmAvailable: 0, dramBlocks, dramFree: 0, waiting: 0, running: 0, demotedBlocks: 0, recalledBlocks: 0, evictedBlocks: 0,
      promptTokens: 0, generatedTokens: 0, iterations: 0, busyMs: 0, prefillTokensPerS: 1, decodeTokensPerS: 1, recallBytesPerS: 1,
    };
  }

  submit(): void {}
  cancel(): void {}
  setPriority(): void {}
  demote(): void {}
  recall(): void {}
  pin(): void {}
  unpin(): void {}
  retain(): void {}
  drop(): void {}
  close(): Promise<void> { return Promise.resolve(); }
}

/** Packed names of blocks `from` … `to` - 1 of its one chain. */
export function storeChain(from: number, to: number): Uint8Array {
  const words = new Uint32Array((to - from) * (nameBytes / 4));
  for (let n = from; n < to; n++) for (let i = 0; i < 4; i++) words[(n - from) * 4 + i] = Math.imul(n + 1, 0x9e3779b1) + Math.imul(i, 0x85ebca6b);
  return new Uint8Array(words.buffer);
}

function eventsOf(op: EngineBlockEvent['op'], tier: EngineBlockEvent['tier'], from: number, to: number): EngineBlockEvent[] {
  const chain = storeChain(from, to);
  return Array.from({ length: to - from }, (_, i) => ({ op, tier, name: chain.subarray(i * nameBytes, (i + 1) * nameBytes), evicted: false }));
}
