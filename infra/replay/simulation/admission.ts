import { blockTokens, blocksOf } from '../../../actors/lib/chain.ts';
import { InputError } from '../input-error.ts';
import { AdapterMemory } from './adapter-memory.ts';
import { blocksToGrow, tokensWithin } from './batch.ts';
import { type Device, type ModelShape, blockBytes, prefillRate } from './engine-model.ts';
import type { Found } from './holdings.ts';
import { KvMemory, type TierBlocks } from './kv-memory.ts';
import { type Path, emptyPath, pathUpTo } from './prefix-tree.ts';
import type { Run } from './run.ts';
import { TierLines } from './transfer-line.ts';

/** Blocks for so many tokens are given to a run at once when it grows: what a phase does not use of them is taken back at its end. */
const growthTokens = 512;
/** Of all blocks, what a run that is let in on its prompt leaves to those that grow (vLLM's block manager: `watermark`, 0.01). */
const watermark = 0.01;

/** What a run that was let in waits for: so long for its recall and its adapter, which have begun to come, 0 where it need not; and for what its source has behind the first `fetchFrom` blocks, null: for nothing. */
interface LetIn { readonly waitMs: number; readonly fetchFrom: number | null }

/** Which blocks of a worker its runs have, from being let in until they end or give way. */
export class Admission {
  readonly memory: KvMemory;
  readonly adapters: AdapterMemory | null;
  readonly lines: TierLines;
  readonly blockBytes: number;
  /** Runs are let in on their prompts, and grow. */
  readonly grows: boolean;
  readonly prefillTokensPerS: number;
  #charged = { spilled: 0, copied: 0 };

  constructor(device: Device, model: ModelShape, capacity: TierBlocks, adapterBytes: number | null, spills: boolean) {
    this.blockBytes = blockBytes(model);
    this.adapters = adapterBytes === null ? null : new AdapterMemory(adapterBytes, this.blockBytes);
    if (this.adapters !== null && this.adapters.blocks >= capacity.hbm) throw new InputError(`an adapter of ${adapterBytes} bytes takes ${this.adapters.blocks} of ${capacity.hbm} blocks of hbm, and leaves none to KV`);
    this.memory = new KvMemory(capacity, spills, this.adapters);
    this.lines = new TierLines(device.dram, device.nvme);
    this.grows = device.admission === 'prompt';
    this.prefillTokensPerS = prefillRate(device, model, 4_096);
  }

  /** Longer than the whole memory: it runs alone, and what does not fit is computed from what is there as if it were. */
  isOversized(run: Run): boolean { return run.blocksMax > this.#blocksBeside(run); }
  /** All that a run could have with its adapter there. */
  #blocksBeside({ request }: Run): number { return this.memory.capacity.hbm - (request.adapter === null ? 0 : this.adapters!.blocks); }

  /** Tokens of its prompt that are in no tier. */
  missingTokens(run: Run): number {
    const { hbm, dram, nvme } = this.memory.find(run.reusable);
    return run.tokens - (hbm + dram + nvme) * blockTokens;
  }

  spareBlocks(isAlone: boolean): number { return this.grows && !isAlone ? Math.floor(watermark * this.memory.capacity.hbm) : 0; }

  /** Gives the run its blocks and its adapter. Null, and nothing is changed: there is no room. */
  tryLetIn(run: Run, isAlone: boolean, nowMs: number): LetIn | null {
    const { memory } = this, found = memory.find(run.reusable), isOversized = this.isOversized(run);
    if (isOversized && !isAlone) return null;
    const kept = isOversized ? pathUpTo(run.path, found.hbm) : run.path;
    const resident = isOversized ? found.hbm : memory.find(kept).hbm;
    const room = this.#roomOf(run), blocks = (isOversized ? this.#blocksBeside(run) : room) - resident;
    if (!this.#takeRoom(kept, blocks, this.spareBlocks(isAlone), run.request.adapter, nowMs)) return null;
    run.kept = kept;
    run.resident = resident;
    run.blocks = blocks;
    run.room = room;
    return this.#bringIn(run, found, nowMs);
  }

  /** For the blocks, and for the adapter where it is not there yet: both or, false, none of them. */
  #takeRoom(kept: Path, blocks: number, spare: number, adapter: number | null, nowMs: number): boolean {
    const { memory, adapters } = this;
    if (adapter !== null && !memory.wouldBegin(kept, blocks + spare + this.#adapterBlocks(adapter, []), [])) return false;
    const isToCome = adapter !== null && !adapters!.isResident(adapter);
    // Before room is made, which takes that of idle ones.
    if (adapter !== null && !isToCome) adapters!.use(adapter);
    if (!memory.begin(kept, blocks, nowMs, spare)) return false;
    if (isToCome) memory.makeRoomForAdapter(nowMs);
    this.#chargeSpills(nowMs);
    if (isToCome) adapters!.load(adapter, this.lines.dram.start(adapters!.bytes, nowMs));
    return true;
  }

  /** What it finds below or elsewhere comes, where that is sooner than computing it. */
  #bringIn(run: Run, found: Found, nowMs: number): LetIn {
    const { memory, lines } = this, { adapter } = run.request;
    // For its adapter it has to wait in any case.
    const adapterMs = adapter === null ? 0 : Math.max(0, this.adapters!.readyMs(adapter) - nowMs);
    const bytes = { dram: found.dram * this.blockBytes, nvme: found.nvme * this.blockBytes }, lower = found.dram + found.nvme;
    const recallMs = lines.recallMs(bytes, nowMs);
    const isRecalled = lower > 0 && recallMs - adapterMs < (lower * blockTokens / this.prefillTokensPerS) * 1000;
    const have = found.hbm + (isRecalled ? lower : 0), migrated = this.isOversized(run) ? 0 : this.#comesFrom(run, have);
    const tail = migrated > 0 ? 0 : tailOf(run, have);
    run.letIn({ hit: found.hbm * blockTokens + (have === found.hbm ? tail : 0), recalled: (have - found.hbm) * blockTokens + (have === found.hbm ? 0 : tail), migrated: migrated * blockTokens, ever: everComputed(run.reusable) * blockTokens });
    const fetchFrom = migrated > 0 ? have : null;
    if (!isRecalled) return { waitMs: adapterMs, fetchFrom };
    lines.recall(bytes, nowMs);
    memory.counters.recalled += lower;
    return { waitMs: Math.max(recallMs, adapterMs), fetchFrom };
  }

  /** Blocks behind the first `have` that another worker would send sooner than they are computed here. */
  #comesFrom({ request: { source }, reusable }: Run, have: number): number {
    if (source === undefined) return 0;
    const { blocks, waitMs } = source.offer(reusable, have);
    return waitMs < (blocks * blockTokens / this.prefillTokensPerS) * 1000 ? blocks : 0;
  }

  /** Whether the run would be let in if those had left. */
  wouldLetIn(run: Run, without: readonly Run[]): boolean {
    const leaving = without.flatMap(({ request }) => request.adapter ?? []);
    const leavers = without.map((leaver) => ({ kept: leaver.kept, blocks: leaver.blocks, leaves: this.#leftBy(leaver, leaver.leaves) }));
    return this.memory.wouldBegin(run.path, this.#roomOf(run) - this.memory.find(run.path).hbm + this.#adapterBlocks(run.request.adapter, leaving), leavers, this.adapters?.idleWithout(leaving) ?? 0);
  }

  /** Gives those that decode room for as many of `count` tokens more as there are blocks. Answers how many. */
  grow(decoding: readonly Run[], count: number, nowMs: number): number {
    if (!this.grows || decoding.length === 0) return count;
    const { memory } = this;
    let tokens = Math.min(count, growthTokens), blocks = blocksToGrow(decoding, tokens);
    if (blocks === 0) return tokens;
    if (blocks > memory.grantable) {
      tokens = tokensWithin(decoding, memory.grantable, tokens);
      blocks = blocksToGrow(decoding, tokens);
    }
    memory.extend(blocks, nowMs);
    this.#chargeSpills(nowMs);
    for (const run of decoding) {
      const more = Math.max(0, blocksOf(run.tokens + tokens) - run.room);
      run.room += more;
      run.blocks += more;
    }
    return tokens;
  }

  /** Blocks that were given for tokens which none of these runs has after `begun` more. */
  unusedGrowth(decoding: readonly Run[], begun: number): number {
    let blocks = 0;
    if (this.grows) for (const run of decoding) blocks += unusedOf(run, begun);
    return blocks;
  }

  takeBackGrowth(decoding: readonly Run[]): void {
    if (!this.grows) return;
    for (const run of decoding) {
      const unused = unusedOf(run, 0);
      run.room -= unused;
      run.blocks -= unused;
      this.memory.giveBack(unused);
    }
  }

  /** What it knew when it was let in is computed: others may use the full blocks of it. */
  nameComputed(run: Run): void {
    if (this.isOversized(run)) return;
    const own = run.kept.blocks - run.resident;
    this.memory.name(run.kept, own);
    run.blocks -= own;
  }

  /** `leaves`: the path that has names from then on. */
  letGo(run: Run, leaves: Path, nowMs: number): void {
    this.memory.end(run.kept, run.blocks, nowMs, this.#leftBy(run, leaves));
    if (run.request.adapter !== null) this.adapters!.leave(run.request.adapter);
  }

  /** An oversized run leaves nothing behind. */
  #leftBy(run: Run, leaves: Path): Path { return this.isOversized(run) ? emptyPath : leaves; }

  /** What of the grantable blocks the adapter takes: none where others use it than one run for each time that it is `leaving`. */
  #adapterBlocks(adapter: number | null, leaving: readonly number[]): number {
    if (adapter === null) return 0;
    const adapters = this.adapters!;
    return adapters.users(adapter) > leaving.filter((one) => one === adapter).length ? 0 : adapters.blocks;
  }

  /** Blocks that a run needs to start. An oversized one is given all, and never lacks any. */
  #roomOf(run: Run): number { return this.isOversized(run) ? Number.POSITIVE_INFINITY : this.grows ? blocksOf(run.tokens + 1) : run.blocksMax; }

  /** What was pushed out of a tier goes over the line of the one below, as a demotion does, and keeps it from recalls meanwhile. Nobody waits for it to arrive. */
  #chargeSpills(nowMs: number): void {
    const { spilled, copied } = this.memory.counters;
    if (spilled > this.#charged.spilled) this.lines.dram.start((spilled - this.#charged.spilled) * this.blockBytes, nowMs);
    if (copied > this.#charged.copied) this.lines.nvme.start((copied - this.#charged.copied) * this.blockBytes, nowMs);
    this.#charged = { spilled, copied };
  }
}

const unusedOf = (run: Run, begun: number): number => (run.room === Number.POSITIVE_INFINITY ? 0 : run.room - blocksOf(run.tokens + begun));

/** Blocks of the path that some worker computed before. */
function everComputed(path: Path): number {
  let blocks = 0;
  for (let i = 0; i < path.segments.length; i++) {
    const use = path.uses[i]!, ever = Math.min(use, path.segments[i]!.everComputed);
    blocks += ever;
    if (ever < use) break;
  }
  return blocks;
}

/** Tokens of the trace's last block there, which is not full, when all before it are. Leaves go first: where an earlier one is gone it is too. */
function tailOf({ request: { laneTokens = 0 }, tokens, hasBegun }: Run, blocks: number): number {
  const usable = hasBegun ? 0 : Math.min(laneTokens, tokens - 1);
  return Math.floor(usable / blockTokens) === blocks ? usable % blockTokens : 0;
}
