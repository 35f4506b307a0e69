import { blockTokens, blocksOf } from '../../../actors/lib/chain.ts';
import type { Due } from './event-queue.ts';
import { type Path, emptyPath, pathUpTo } from './prefix-tree.ts';

/** A step as a worker gets it. */
export interface RunRequest {
  readonly trace: string;
  readonly step: string;
  readonly attempt: number;
  readonly prompt: Path;
  readonly promptTokens: number;
  /** At least 1. */
  readonly outTokens: number;
  /** What was asked for at most, as far as anybody knows beforehand. Absent: so many as come. */
  readonly maxTokens?: number;
  /** Full blocks of prompt and generation, as far as a later prompt names them. */
  readonly after: Path;
  /** Smaller runs first. */
  readonly priority: number;
  /** What the device has to have beside the model, by its number; the paths are of KV that was computed with it. */
  readonly adapter: number | null;
  /** Where the device keeps such: tokens that the worker had computed of the trace when its last step there ended, those behind the last full block among them. */
  readonly laneTokens?: number;
  /** Another worker that KV of the prompt may come from. */
  readonly source?: Source;
}

/** What another worker has of a path. */
export interface Source {
  /** Its blocks behind the first `from` of the path, and how long they would be on their way, asked for now. */
  offer(path: Path, from: number): { readonly blocks: number; readonly waitMs: number };
  /** Brings them. `onEnd` is told how many arrived. Answers how to break it off, and then nobody is told. */
  fetch(path: Path, from: number, onEnd: (blocks: number) => void): () => void;
}

/**
 * Tokens. `migrated` ones came from another worker; `avoidable` ones of `computed` had been computed before, by any worker; `again` ones of these by the run itself, before it gave way, generated ones
 * among them: hit, recalled, migrated and computed less again are the prompt.
 */
export interface RunUsage { readonly hit: number; readonly recalled: number; readonly migrated: number; readonly computed: number; readonly avoidable: number; readonly again: number }

/** What became of a run; times are spans in milliseconds, `firstTokenMs` from its arrival. `preemptions`: how often it gave way. */
export interface RunEnd { readonly request: RunRequest; readonly usage: RunUsage; readonly queuedMs: number; readonly recallMs: number; readonly prefillMs: number; readonly decodeMs: number; readonly firstTokenMs: number; readonly acceleratorMs: number; readonly preemptions: number }

export type Stage = 'queued' | 'recall' | 'prefill' | 'decode';

/** What a run found when it was let in. Tokens; `ever`: as far as some worker computed its prompt at some time. */
interface Found { readonly hit: number; readonly recalled: number; readonly migrated: number; readonly ever: number }

/** One request on one worker, from its arrival to its last token. */
export class Run {
  readonly request: RunRequest;
  readonly order: number;
  readonly #arrivedMs: number;
  #stage: Stage = 'queued';
  #sinceMs: number;
  readonly #spentMs: Record<Stage, number> = { queued: 0, recall: 0, prefill: 0, decode: 0 };
  #firstTokenMs = 0;
  #preemptions = 0;
  #found: Found = { hit: 0, recalled: 0, migrated: 0, ever: 0 };
  /** Tokens whose KV it has had, at some time. */
  #reached = 0;
  readonly #usage = { hit: 0, recalled: 0, migrated: 0, computed: 0, avoidable: 0, again: 0 };
  acceleratorMs = 0;
  outLeft: number;
  /** Tokens that are left to compute until the next one is drawn, and how many come before them. */
  left = 0;
  context = 0;
  /** Full blocks of what it computes before it draws; of them it keeps `kept` while it runs, and `resident` were there when it was let in. */
  path: Path;
  kept: Path = emptyPath;
  resident = 0;
  /** Of its own, without a name; and those together with all that it uses by name. */
  blocks = 0;
  room = 0;
  /** No iteration that it was in has ended. */
  isFresh = true;
  /** The end of its recall, and how to break off what comes from another worker. Null: there is none, or it is over. */
  arrival: Due | null = null;
  stopFetch: (() => void) | null = null;

  constructor(request: RunRequest, order: number, nowMs: number) {
    this.request = request;
    this.order = order;
    this.#arrivedMs = nowMs;
    this.#sinceMs = nowMs;
    this.outLeft = request.outTokens;
    this.path = request.prompt;
  }

  get stage(): Stage { return this.#stage; }
  get usage(): RunUsage { return this.#usage; }
  get hasBegun(): boolean { return this.outLeft < this.request.outTokens; }
  /** Its prompt and what it has generated. */
  get tokens(): number { return this.request.promptTokens + this.request.outTokens - this.outLeft; }
  /** The last token is computed in any case: its logits are what the next one is drawn from. */
  get reusable(): Path { return pathUpTo(this.path, Math.floor((this.tokens - 1) / blockTokens)); }
  /** Blocks of all that it may be. */
  get blocksMax(): number { return blocksOf(this.request.promptTokens + (this.request.maxTokens ?? this.request.outTokens)); }

  enter(stage: Stage, nowMs: number): void {
    this.#spentMs[this.#stage] += nowMs - this.#sinceMs;
    this.#stage = stage;
    this.#sinceMs = nowMs;
  }

  letIn(found: Found): void {
    this.#found = found;
    this.context = found.hit + found.recalled + found.migrated;
    this.left = this.tokens - this.context;
  }

  /** So many tokens came from another worker, and no more. */
  brought(migrated: number): void { this.letIn({ ...this.#found, migrated }); }

  stopArrivals(): void {
    if (this.arrival !== null) this.arrival.isOff = true;
    this.stopFetch?.();
    this.arrival = null;
    this.stopFetch = null;
  }

  /** All that it knows is computed, and one more token is drawn. True: its first. */
  draw(nowMs: number): boolean {
    this.#settle(this.context);
    const isFirst = !this.hasBegun;
    if (isFirst) this.#firstTokenMs = nowMs - this.#arrivedMs;
    this.outLeft -= 1;
    return isFirst;
  }

  /** Tokens whose KV it has: what is on its way up has not come. */
  get #computed(): number { return this.#stage === 'recall' ? this.#found.hit : this.#stage === 'decode' ? this.tokens - 1 : this.context; }
  /** The path of the full blocks that it would leave behind if it gave way. */
  get leaves(): Path { return pathUpTo(this.request.after, Math.floor(this.#computed / blockTokens)); }

  /** It queues again. Answers the path that it leaves behind. */
  giveWay(nowMs: number): Path {
    const computed = this.#computed, { leaves } = this;
    if (this.#stage === 'decode') this.#reached = Math.max(this.#reached, computed);
    else this.#settle(computed);
    this.enter('queued', nowMs);
    this.#preemptions++;
    this.left = 0;
    if (this.hasBegun) this.path = pathUpTo(this.request.after, Math.floor(this.tokens / blockTokens));
    return leaves;
  }

  end(nowMs: number): RunEnd {
    this.enter('queued', nowMs);
    const { queued, recall, prefill, decode } = this.#spentMs;
    return { request: this.request, usage: this.#usage, queuedMs: queued, recallMs: recall, prefillMs: prefill, decodeMs: decode, firstTokenMs: this.#firstTokenMs, acceleratorMs: this.acceleratorMs, preemptions: this.#preemptions };
  }

  /** It has KV of `computed` tokens since it was let in: each of the prompt's is counted once, as what it was when the run first had it; what it had before it gave way, as computed again. */
  #settle(computed: number): void {
    const { hit, recalled, migrated, ever } = this.#found, { promptTokens } = this.request, usage = this.#usage, reached = this.#reached;
    const here = Math.min(computed, hit + recalled), found = Math.min(computed, hit + recalled + migrated), fromPrompt = Math.max(reached, found);
    const again = Math.max(0, Math.min(computed, reached) - found), anew = Math.max(0, Math.min(computed, promptTokens) - fromPrompt);
    usage.hit += Math.max(0, Math.min(hit, promptTokens) - reached);
    usage.recalled += Math.max(0, Math.min(here, promptTokens) - Math.max(hit, reached));
    usage.migrated += Math.max(0, Math.min(found, promptTokens) - Math.max(here, reached));
    usage.computed += again + anew;
    usage.again += again;
    usage.avoidable += again + Math.max(0, Math.min(computed, promptTokens, ever) - fromPrompt);
    this.#reached = Math.max(reached, computed);
  }
}

/** By priority, then by arrival. */
export const isBefore = (run: Run, other: Run): boolean => (run.request.priority === other.request.priority ? run.order < other.order : run.request.priority < other.request.priority);

/** Undefined: there is none. */
export function firstOf(runs: Iterable<Run>): Run | undefined {
  let first: Run | undefined;
  for (const run of runs) if (first === undefined || isBefore(run, first)) first = run;
  return first;
}
