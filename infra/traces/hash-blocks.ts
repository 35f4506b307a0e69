import { type BlockRun, replayBlockTokens } from '../../schemas/replay-trace.ts';
import { type Reading, pushRun } from './reading.ts';

export type Hash = number | string;

/**
 * Hashes of blocks of another size as ids of 64-token blocks. A hash stands for its block and all before it, so a larger
 * block becomes as many ids as it has 64 tokens, and of smaller ones the last in each 64 tokens stands for them all.
 * A last block that is not full has a hash of its own: what continues it later shares nothing of it.
 */
export class HashBlocks {
  readonly #reading: Reading;
  readonly #blockTokens: number;
  readonly #ids = new Map<Hash, number>();

  constructor(reading: Reading, blockTokens: number) {
    this.#reading = reading;
    this.#blockTokens = blockTokens;
  }

  /** Of the prompt's full 64-token blocks. Fails where the hashes are not as many as the prompt has blocks. */
  runs(hashes: readonly Hash[], promptTokens: number, line: number): BlockRun[] {
    const size = this.#blockTokens, expected = Math.ceil(promptTokens / size);
    if (hashes.length !== expected && hashes.length !== Math.floor(promptTokens / size)) {
      this.#reading.fail(line, `${hashes.length} hashes for a prompt of ${promptTokens} tokens; expected ${expected} of ${size} tokens each`);
    }
    const runs: BlockRun[] = [];
    const full = Math.floor(promptTokens / replayBlockTokens);
    if (size >= replayBlockTokens) {
      const each = size / replayBlockTokens;
      for (const [at, hash] of hashes.entries()) pushRun(runs, this.#id(hash, each), Math.min(each, full - at * each));
    } else {
      const each = replayBlockTokens / size;
      for (let block = 0; block < full; block++) pushRun(runs, this.#id(hashes[(block + 1) * each - 1]!, 1), 1);
    }
    return runs;
  }

  #id(hash: Hash, count: number): number {
    let id = this.#ids.get(hash);
    if (id === undefined) this.#ids.set(hash, id = this.#reading.ids.take(count));
    return id;
  }
}

/** Sizes of blocks that engines use: multiples or divisors of 64. */
export const blockSizes = [16, 32, 64, 128, 256, 512, 1024] as const;

export const isBlockSize = (tokens: number): boolean => Number.isSafeInteger(tokens) && tokens > 0 && (tokens % replayBlockTokens === 0 || replayBlockTokens % tokens === 0);
