import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The engine as TypeScript sees it. The addon implements `Native`; nothing else of `kernels/` is visible from outside.
 *
 * A **lane** is one growing token sequence in the engine: the main chain of a trace, or one of its side calls.
 * The engine remembers a lane's tokens and blocks between its runs, so that the next run of the lane finds its prefix
 * (full blocks by name, and the partial last block in place). Block names are 16 bytes:
 * BLAKE2s-256(salt[32] || parent name[16] || 64 token ids as u32 little-endian), first 16 bytes; the first block's parent is 16 zero bytes.
 */
export interface Native {
  /**
   * Reads a model (a .gguf file, a folder with config.json, tokenizer.json and safetensors, or a .safetensors file in one), checks and
   * packs all its weights and reserves the arenas before it returns: the calling thread waits. 135 million weights take 0.15 s of a
   * thread where the file's own groups are kept (`compact`), else 0.7 s, or 0.2 s out of `packedFolder`. Throws NativeError
   * `bad_argument` | `model_unreadable` | `model_invalid` | `model_unsupported` | `arena_too_small` | `out_of_memory` (weights, arenas
   * and activations are more than the machine and its control groups have left, told with the numbers before any is taken; or the
   * system refuses).
   */
  open(options: EngineOptions, onEvents: (events: EngineEvent[]) => void): NativeEngine;
  /** The dispatch level this machine offers: 'scalar' | 'avx2' | 'avx512' | 'amx' (avx512 with tiles; `numerics` says avx512 of both, their bits are the same). */
  isa(): string;
}

export interface EngineOptions {
  readonly modelPath: string;
  /** Bytes of the engine's own KV arena: tier `hbm` of a CPU worker. Refused (`arena_too_small`, with numbers) when below one sequence of two blocks. */
  readonly hbmBytes: number;
  /** Bytes of tier `dram`; 0 switches it off: what is evicted is then dropped. */
  readonly dramBytes: number;
  /**
   * The engine's own loop included; `auto`: all cores this process may use (affinity and cgroup quota), from five on one less.
   * 0 is refused, and so are more than there are cores, unless `allowOversubscription` (for tests) says otherwise; 256 at most.
   */
  readonly threads: number | 'auto';
  readonly allowOversubscription?: boolean;
  readonly backend: 'cpu' | 'reference';
  /** How the linear layers keep their weights and multiply; part of `numerics`. `auto`, the default: `compact` where the file is 4-bit and the machine has no tiles, else `exact`. */
  readonly weightMode?: 'auto' | 'exact' | 'compact' | 'fast';
  /** Folder in which packed weights are kept for the next start, where packing takes longer than reading them (8 GiB, the least used go first); absent: none. */
  readonly packedFolder?: string;
  /** Forces a dispatch level; `auto` takes the best the machine has. */
  readonly isa: 'auto' | 'scalar' | 'avx2' | 'avx512' | 'amx';
  /** Most sequences in one iteration, and most tokens in one iteration. */
  readonly runningMax: number;
  readonly iterationTokensMax: number;
  /** What an iteration in which sequences decode should take at most: chunks of prefill are cut to it, never below a block. Default 100. */
  readonly iterationMsMax?: number;
  /**
   * With it, an exception that `onEvents` throws while it is given an event of a run is that run's alone: the run is cancelled, none
   * of its events comes any more, this is told once, and the events of all others come as ever. Without it, and for events of no
   * run, an exception is a bug of the process and ends it.
   */
  readonly onRunFault?: (run: number, error: unknown) => void;
  /** `auto`, the default: tokens guessed from the sequence's own past ride along while that pays. The answer is the same either way. */
  readonly speculation?: 'auto' | 'off';
}

export interface EngineInfo {
  readonly architecture: string; readonly name: string;
  readonly layers: number; readonly hidden: number; readonly vocab: number; readonly contextLength: number;
  readonly blockBytes: number; readonly hbmBlocks: number; readonly dramBlocks: number;
  readonly numerics: string; readonly isa: string; readonly weightMode: 'exact' | 'compact' | 'fast'; readonly threads: number;
  /** Memory: the packed weights, and both arenas. */
  readonly weightBytes: number; readonly kvBytes: number;
  readonly bosToken: number; readonly eosTokens: readonly number[];
}

export interface RunRequest {
  /** Chosen by the caller, unique while the engine lives. */
  readonly run: number;
  readonly lane: string;
  /** 32 bytes: tenant, weights digest, adapter, KV dtype. */
  readonly salt: Uint8Array;
  /** The whole prompt. Refused (`context_length`) when prompt + 1 exceeds the context, (`token_range`) when an id is outside the vocabulary. */
  readonly tokens: Int32Array;
  /** Clipped to what is left of the context. */
  readonly maxTokens: number;
  readonly temperature: number; // 0 = greedy
  readonly topK: number; // 0 = off
  readonly topP: number; // 1 = off
  /** Sampling noise of position p is a function of (seed, p) alone. */
  readonly seed: bigint;
  readonly stop: readonly string[];
  /** How many alternatives to report for each token, 0 to 20; -1 = no logprobs at all. */
  readonly logprobs: number;
  /** Smaller runs first; a running one goes back into the queue for a smaller one that finds no place, and continues exactly where it was. May be changed at any time by `setPriority`. */
  readonly priority: number;
}

export interface NativeEngine {
  readonly info: EngineInfo;
  /** Queues a run. A run ended by `length` at the end of the context says so in its message. Throws NativeError; a run that was queued always ends with exactly one `ended` event. */
  submit(request: RunRequest): void;
  /** The run ends with finish `cancelled` within one iteration. Unknown runs are ignored. */
  cancel(run: number): void;
  setPriority(run: number, priority: number): void;
  /** Copies the lane's blocks to dram, then frees them, except those that another lane wants resident, or that are pinned in hbm. Cancelled by a run of the lane. */
  demote(lane: string): void;
  /** Copies the lane's blocks back to hbm ahead of its next run; stops, without harm, when no block can be freed. */
  recall(lane: string): void;
  /** Blocks of a pinned lane are never dropped; pinned in `hbm` they are not demoted either. A second pin replaces the first.
   * A pin yields only to a run that was admitted and can get its blocks no other way. */
  pin(lane: string, tier: 'hbm' | 'dram'): void;
  unpin(lane: string): void;
  /** Value of keeping the lane (larger = kept longer); eviction takes the block with the least value among its lanes, then the least recently used, leaves first. */
  retain(lane: string, value: number): void;
  /** Forgets the lane. Its blocks stay cached with value 0 until they are evicted. */
  drop(lane: string): void;
  /** Every named block held, as `stored` events would have told it. For directories that missed some. May wait for the part of an
   * iteration that moves blocks, not for the computing. */
  snapshot(): BlockEvent[];
  /** As of the end of the last iteration. Waits for nothing. */
  stats(): EngineStats;
  /** Ends every run and every move as cancelled, joins the threads, frees the memory. */
  close(): Promise<void>;
}

export type EngineEvent =
  /** The prefix is resident, prefill begins. The three counts add up to the prompt. */
  | { readonly kind: 'started'; readonly run: number; readonly hit: number; readonly recalled: number; readonly computed: number; readonly queuedMs: number; readonly recallMs: number }
  /** Generated tokens since the last delta, coalesced. `offset`: how many came before. The token that ended the run (end of text, or the one that completed a stop string) is among them. */
  | { readonly kind: 'delta'; readonly run: number; readonly offset: number; readonly tokens: readonly number[]; readonly logprobs?: readonly TokenLogprob[] }
  | { readonly kind: 'ended'; readonly run: number; readonly finish: 'stop' | 'length' | 'cancelled' | 'failed'; readonly message?: string;
      readonly generated: number; readonly hit: number; readonly recalled: number; readonly computed: number;
      readonly queuedMs: number; readonly recallMs: number; readonly firstTokenMs: number; readonly totalMs: number;
      /** This run's share of the engine's busy time. */
      readonly engineMs: number;
      /** Packed 16-byte names, in order of position, of the lane's full blocks whose KV exists now (the last generated token has none yet). */
      readonly chain: Uint8Array }
  | ({ readonly kind: 'blocks' } & { readonly events: readonly BlockEvent[] })
  /** A demotion or recall of a lane is over. `blocks`: how many were moved. */
  | { readonly kind: 'moved'; readonly lane: string; readonly what: 'demote' | 'recall'; readonly blocks: number; readonly bytes: number; readonly ms: number; readonly cancelled: boolean };

/** `evicted`: the removal was forced by pressure (a block dropped from the node, or pushed to dram by it), as opposed to ordered. */
export interface BlockEvent { readonly op: 'stored' | 'removed'; readonly tier: 'hbm' | 'dram'; readonly name: Uint8Array; readonly parent: Uint8Array; readonly evicted: boolean }

export interface TokenLogprob { readonly token: number; readonly logprob: number; readonly top: readonly { readonly token: number; readonly logprob: number }[] }

export interface EngineStats {
  readonly hbmBlocks: number; readonly hbmFree: number; /** free, or cached and not pinned: what a run could take now */ readonly hbmAvailable: number;
  readonly dramBlocks: number; readonly dramFree: number;
  readonly waiting: number; readonly running: number; readonly lanes: number;
  readonly demotedBlocks: number; readonly recalledBlocks: number; readonly evictedBlocks: number;
  readonly promptTokens: number; readonly generatedTokens: number; readonly iterations: number;
  /** Guessed by prompt lookup, and of those the ones that were right. */
  readonly draftedTokens: number; readonly acceptedTokens: number;
  /** Times a running run went back into the queue for a better one. */
  readonly preemptions: number;
  /** In the backend, and in the loop around it (sampling is the loop's). */
  readonly busyMs: number; readonly ownMs: number;
  /** Measured, exponentially averaged; 0 before the first measurement. */
  readonly prefillTokensPerS: number; readonly decodeTokensPerS: number; readonly recallBytesPerS: number;
  /** With SLACKWATER_PROFILE=1 alone: what the time went into so far. A table of it goes to stderr when the engine closes. */
  readonly profile?: readonly ProfileRow[];
}

/** `flops`: a multiplication and an addition are two. `shareOfCeiling`: the least time that this machine's measured arithmetic and memory allow, over the time it took. */
export interface ProfileRow { readonly op: string; readonly calls: number; readonly ms: number; readonly bytes: number; readonly flops: number; readonly shareOfCeiling: number }

export class NativeError extends Error {
  override readonly name = 'NativeError';
  readonly code: string;
  constructor(code: string, message: string) { super(message); this.code = code; }
}

/**
 * Loads the addon: from `path`, else from `build/` or `prebuilds/<platform>-<arch>/` of the package that this file is in.
 * Throws NativeError `addon_missing` or `addon_unloadable`, in one line.
 */
export function loadNative(path: string | null = findAddon()): Native {
  if (path === null || !existsSync(path)) {
    throw new NativeError('addon_missing', `the native engine is not built${path === null ? '' : ` (${path})`}: "npm run setup" builds it`);
  }
  try {
    const addon = createRequire(import.meta.url)(path) as Native & { useErrorClass(type: typeof NativeError): void };
    addon.useErrorClass(NativeError);
    return {
      isa: () => addon.isa(),
      open: (options, onEvents) => {
        const { onRunFault } = options;
        const engine = addon.open(options, onRunFault === undefined ? orEnd(onEvents) : orEnd(eachRunAlone(onEvents, (run, error) => { engine.cancel(run); onRunFault(run, error); })));
        return engine;
      },
    };
  } catch (error) {
    throw new NativeError('addon_unloadable', `${path} does not load: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`);
  }
}

/** An exception in a callback of the addon would only be a warning: it is a bug, and must end the process. */
function orEnd(onEvents: (events: EngineEvent[]) => void): (events: EngineEvent[]) => void {
  return (events) => {
    try {
      onEvents(events);
    } catch (error) {
      process.nextTick(() => { throw error; });
    }
  };
}

/** One event at a time, so that a run whose event is not borne takes no other's with it. */
function eachRunAlone(onEvents: (events: EngineEvent[]) => void, onFault: (run: number, error: unknown) => void): (events: EngineEvent[]) => void {
  const silenced = new Set<number>();
  return (events) => {
    for (const event of events) {
      if (!('run' in event)) { onEvents([event]); continue; }
      const { run } = event;
      if (event.kind === 'ended' && silenced.delete(run)) continue;
      if (silenced.has(run)) continue;
      try {
        onEvents([event]);
      } catch (error) {
        if (event.kind !== 'ended') silenced.add(run);
        onFault(run, error);
      }
    }
  };
}

/** The sources lie one folder below the package root, the compiled package's files deeper: climb until there is one. */
function findAddon(): string | null {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    for (const place of ['build', join('prebuilds', `${process.platform}-${process.arch}`)]) {
      const path = join(folder, place, 'slackwater.node');
      if (existsSync(path)) return path;
    }
    if (existsSync(join(folder, 'package.json')) || dirname(folder) === folder) return null;
  }
}
