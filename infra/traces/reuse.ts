import { type BlockRun, replayBlockTokens } from '../../schemas/replay-trace.ts';
import type { TimedStep } from './timeline.ts';

/** What caches would have found of the prompts, in tokens. */
export interface Reuse {
  readonly promptTokens: number;
  /** Remembers everything, for everyone. */
  readonly infinite: number;
  /** `replicas` caches that remember everything; each step goes to one at random. Expected values, without drawing. */
  readonly random: ReadonlyMap<number, number>;
  /** Forgets what was not used for so many seconds. */
  readonly forgetting: ReadonlyMap<number, number>;
  /** Different blocks in all prompts, in tokens. */
  readonly distinct: number;
}

const chunkBlocks = 1_024;
/** Ids from here on are hashes, as salted exports have them: they lie far apart, and each would have a chunk to itself. */
const hashedFrom = 2 ** 40;
/** Per block: how many steps had it, when the last of them ended, and of which family that was. */
interface Chunk { readonly uses: Uint32Array; readonly lastEndMs: Float64Array; readonly family: Uint32Array }

/**
 * Follows the blocks of all steps: 16 bytes for each different one, and its place in a map where ids are hashes. A block is named by its whole prefix, so the blocks
 * that a cache holds of a prompt are its first ones.
 *
 * Steps of a family come in the order of their time. Where families share blocks, an earlier one has gone before; of a
 * cache that forgets, families only find each other's blocks when the recording says when each began.
 */
export class ReuseMeter {
  readonly #chunks = new Map<number, Chunk>();
  readonly #places = new Map<number, number>();
  readonly #replicas: readonly { readonly count: number; readonly chance: Float64Array }[];
  readonly #forgetMs: readonly number[];
  readonly #random: Float64Array;
  /** By time to live: hits inside of the family, and with those of others. */
  readonly #own: Float64Array;
  readonly #all: Float64Array;
  #promptTokens = 0;
  #hits = 0;
  #distinct = 0;
  #families = 0;
  #areStartsKnown = false;

  constructor(replicas: readonly number[], forgetSeconds: readonly number[]) {
    this.#replicas = replicas.map((count) => ({ count, chance: chances(count) }));
    this.#forgetMs = forgetSeconds.map((seconds) => 1_000 * seconds);
    this.#random = new Float64Array(replicas.length);
    this.#own = new Float64Array(forgetSeconds.length);
    this.#all = new Float64Array(forgetSeconds.length);
  }

  family(timeline: readonly TimedStep[]): void {
    this.#families++;
    if ((timeline[0]?.startMs ?? 0) > 0) this.#areStartsKnown = true;
    for (const timed of timeline) {
      this.#promptTokens += timed.step.prompt_tokens;
      this.#step(timed.step.blocks, timed.startMs, timed.endMs);
    }
  }

  result(): Reuse {
    const tokens = (blocks: number): number => blocks * replayBlockTokens;
    const alive = this.#areStartsKnown ? this.#all : this.#own;
    return {
      promptTokens: this.#promptTokens, infinite: tokens(this.#hits), distinct: tokens(this.#distinct),
      random: new Map(this.#replicas.map(({ count }, i) => [count, tokens(this.#random[i]!)])),
      forgetting: new Map(this.#forgetMs.map((ms, i) => [ms / 1_000, tokens(alive[i]!)])),
    };
  }

  #step(runs: readonly BlockRun[], startMs: number, endMs: number): void {
    for (const [first, count] of runs) {
      if (first < hashedFrom) this.#run(first, count, startMs, endMs);
      else for (let id = first; id < first + count; id++) this.#run(this.#place(id), 1, startMs, endMs);
    }
  }

  #run(first: number, count: number, startMs: number, endMs: number): void {
    const random = this.#random, own = this.#own, all = this.#all, forgetMs = this.#forgetMs;
    for (let id = first; id < first + count;) {
      const chunk = this.#chunk(Math.floor(id / chunkBlocks));
      const from = id % chunkBlocks, to = Math.min(chunkBlocks, from + first + count - id);
      for (let at = from; at < to; at++) {
        const uses = chunk.uses[at]!;
        if (uses === 0) this.#distinct++;
        else {
          this.#hits++;
          for (let i = 0; i < random.length; i++) random[i]! += this.#replicas[i]!.chance[Math.min(uses, chanceMax)]!;
          const idleMs = startMs - chunk.lastEndMs[at]!;
          for (let i = 0; i < forgetMs.length; i++) {
            if (idleMs > forgetMs[i]!) continue;
            all[i]!++;
            if (chunk.family[at] === this.#families) own[i]!++;
          }
        }
        chunk.uses[at] = uses + 1;
        chunk.lastEndMs[at] = chunk.family[at] === this.#families ? Math.max(endMs, chunk.lastEndMs[at]!) : endMs;
        chunk.family[at] = this.#families;
      }
      id += to - from;
    }
  }

  /** Hashes in the order in which they come, one behind the other. */
  #place(id: number): number {
    let place = this.#places.get(id);
    if (place === undefined) this.#places.set(id, place = hashedFrom + this.#places.size);
    return place;
  }

  #chunk(index: number): Chunk {
    let chunk = this.#chunks.get(index);
    if (chunk === undefined) {
      chunk = { uses: new Uint32Array(chunkBlocks), lastEndMs: new Float64Array(chunkBlocks), family: new Uint32Array(chunkBlocks) };
      this.#chunks.set(index, chunk);
    }
    return chunk;
  }
}

const chanceMax = 4_095;

/** That one of `uses` earlier steps went to the replica that this one goes to: 1 - (1 - 1/n)^uses. */
function chances(replicas: number): Float64Array {
  return Float64Array.from({ length: chanceMax + 1 }, (_, uses) => 1 - (1 - 1 / replicas) ** uses);
}
