import { blockTokens } from '../../../actors/lib/chain.ts';
import { type Device, type ModelShape, blockBytes, contextOfChunk, hbmBlocks, iterationMs, prefillRate } from './engine-model.ts';
import type { Due, EventQueue } from './event-queue.ts';
import { KvMemory } from './kv-memory.ts';
import { type Path, emptyPath, pathUpTo } from './prefix-tree.ts';
import { TransferLine } from './transfer-line.ts';

/** A step as a worker gets it. */
export interface RunRequest {
  readonly trace: string;
  readonly step: string;
  readonly attempt: number;
  readonly prompt: Path;
  readonly promptTokens: number;
  /** At least 1. */
  readonly outTokens: number;
  /** Full blocks of prompt and generation, as far as a later prompt names them. */
  readonly after: Path;
  /** Smaller runs first. */
  readonly priority: number;
}

export interface RunUsage { readonly hit: number; readonly recalled: number; readonly computed: number; readonly avoidable: number }

/** What became of a run; times are spans in milliseconds. */
export interface RunEnd { readonly request: RunRequest; readonly usage: RunUsage; readonly queuedMs: number; readonly recallMs: number; readonly prefillMs: number; readonly decodeMs: number; readonly acceleratorMs: number }

export interface WorkerEvents {
  onFirstToken(request: RunRequest, usage: RunUsage): void;
  onEnded(end: RunEnd): void;
  /** A run has ended: somebody may wait for its room. */
  onChange(): void;
  /** Nothing runs, and yet there is no room for the next run: what is pinned has to give way, as it does in production. */
  onNoRoom(): void;
}

interface Run {
  readonly request: RunRequest;
  readonly arrivedMs: number;
  startedMs: number;
  recalledMs: number;
  firstTokenMs: number;
  /** Of its own, without a name; and those that were there when it began. */
  blocks: number;
  resident: number;
  usage: RunUsage;
  /** Prompt tokens that are left to compute, and how many come before them. */
  left: number;
  context: number;
  outLeft: number;
  acceleratorMs: number;
}

/** Iterations of the same runs, in a row: between them nothing begins or ends. Contexts grow by the same each time, and with them an iteration by `growMs`. */
interface Phase { readonly startMs: number; readonly firstMs: number; readonly growMs: number; count: number; readonly chunks: readonly { readonly run: Run; readonly tokens: number }[]; due: Due }

/**
 * One engine on one device: continuous batching with chunked prefill (Agrawal et al., 2024, "Sarathi-Serve", section 4.2), decode rows first; a run starts
 * when blocks for its prompt and all of its output are there, so none is preempted. Between events whole iterations are taken at once.
 */
export class WorkerModel {
  readonly name: string;
  readonly device: Device;
  readonly model: ModelShape;
  readonly memory: KvMemory;
  readonly blockBytes: number;
  readonly lines: { readonly dram: TransferLine; readonly nvme: TransferLine };
  readonly #events: EventQueue;
  readonly #listener: WorkerEvents;
  readonly #waiting: Run[] = [];
  readonly #recalling = new Set<Run>();
  readonly #prefilling: Run[] = [];
  #decoding: Run[] = [];
  #decodeContext = 0;
  #phase: Phase | null = null;
  #busyMs = 0;
  #iterations = 0;
  #isAlive = true;
  #charged = { spilled: 0, copied: 0 };

  constructor(name: string, device: Device, model: ModelShape, capacity: { readonly hbm?: number; readonly dram: number; readonly nvme: number }, spills: boolean, events: EventQueue, listener: WorkerEvents) {
    this.name = name;
    this.device = device;
    this.model = model;
    this.#events = events;
    this.#listener = listener;
    this.blockBytes = blockBytes(model);
    this.memory = new KvMemory({ hbm: capacity.hbm ?? hbmBlocks(device, model), dram: capacity.dram, nvme: capacity.nvme }, spills);
    this.lines = { dram: new TransferLine(device.dram), nvme: new TransferLine(device.nvme) };
    this.prefillTokensPerS = prefillRate(device, model, 4_096);
    this.decodeTokensPerS = 1000 / iterationMs(device, model, { prefillTokens: 0, prefillContext: 0, decodes: 1, decodeContext: 8_192 });
  }

  readonly prefillTokensPerS: number;
  /** Of one sequence. */
  readonly decodeTokensPerS: number;
  get running(): number { return this.#decoding.length + this.#prefilling.length + this.#recalling.size; }
  get waiting(): number { return this.#waiting.length; }
  get busyMs(): number { return this.#busyMs; }
  get iterations(): number { return this.#iterations; }
  get isAlive(): boolean { return this.#isAlive; }
  get backlogTokens(): number {
    let tokens = 0;
    for (const run of this.#waiting) tokens += run.request.promptTokens - this.#found(run.request).all * blockTokens;
    for (const run of this.#recalling) tokens += run.left;
    for (const run of this.#prefilling) tokens += run.left;
    return tokens;
  }

  /** Room for one more of `blocks` new blocks, if nobody waits before it. */
  get grantableBlocks(): number { return Math.max(0, this.memory.grantable); }

  submit(request: RunRequest): void {
    this.#waiting.push({ request, arrivedMs: this.#events.nowMs, startedMs: 0, recalledMs: 0, firstTokenMs: 0, blocks: 0, resident: 0, usage: noUsage, left: 0, context: 0, outLeft: request.outTokens, acceleratorMs: 0 });
    this.#startWaiting();
  }

  /** Everything that it ran and held is gone. Answers what it had been asked. */
  lose(): readonly RunRequest[] {
    this.#isAlive = false;
    if (this.#phase !== null) this.#phase.due.isOff = true;
    this.#phase = null;
    const lost = [...this.#waiting, ...this.#recalling, ...this.#prefilling, ...this.#decoding].map(({ request }) => request);
    this.#waiting.length = 0;
    this.#recalling.clear();
    this.#prefilling.length = 0;
    this.#decoding = [];
    this.#decodeContext = 0;
    this.memory.clear();
    return lost;
  }

  #found(request: RunRequest): { hbm: number; lower: number; all: number; dram: number; nvme: number } {
    const { hbm, dram, nvme } = this.memory.find(reusable(request));
    return { hbm, dram, nvme, lower: dram + nvme, all: hbm + dram + nvme };
  }

  #startWaiting(): void {
    while (this.#waiting.length > 0 && this.running < this.device.runsMax) {
      let best = 0;
      for (let i = 1; i < this.#waiting.length; i++) if (this.#waiting[i]!.request.priority < this.#waiting[best]!.request.priority) best = i;
      const run = this.#waiting[best]!;
      if (!this.#start(run)) {
        if (this.running > 0) return;
        this.#listener.onNoRoom();
        if (!this.#start(run)) throw new Error(`worker ${this.name} is empty and has no room for step ${run.request.step}`);
      }
      this.#waiting.splice(this.#waiting.indexOf(run), 1);
    }
  }

  #start(run: Run): boolean {
    const { request } = run, nowMs = this.#events.nowMs, { capacity } = this.memory;
    const found = this.#found(request), isOversized = this.#isOversized(request);
    if (isOversized && this.running > 0) return false;
    // Longer than the whole memory: it runs alone, and what does not fit is computed from what is there as if it were.
    const path = isOversized ? pathUpTo(request.prompt, found.hbm) : request.prompt;
    run.resident = isOversized ? found.hbm : this.memory.find(path).hbm;
    const blocks = (isOversized ? capacity.hbm : blocksOfRun(request)) - run.resident;
    if (!this.memory.begin(path, blocks, nowMs)) return false;
    this.#chargeSpills();
    run.blocks = blocks;
    run.startedMs = nowMs;
    const bytes = { dram: found.dram * this.blockBytes, nvme: found.nvme * this.blockBytes };
    const recallMs = Math.max(bytes.dram > 0 ? this.lines.dram.waitMs(bytes.dram, nowMs) : 0, bytes.nvme > 0 ? this.lines.nvme.waitMs(bytes.nvme, nowMs) : 0);
    const isRecalled = found.lower > 0 && recallMs < (found.lower * blockTokens / this.prefillTokensPerS) * 1000;
    const hit = found.hbm * blockTokens, recalled = isRecalled ? found.lower * blockTokens : 0;
    const computed = request.promptTokens - hit - recalled;
    run.usage = { hit, recalled, computed, avoidable: Math.max(0, everComputed(reusable(request)) * blockTokens - hit - recalled) };
    run.left = computed;
    run.context = hit + recalled;
    run.recalledMs = nowMs;
    if (isRecalled) {
      this.#recalling.add(run);
      if (bytes.nvme > 0) this.lines.nvme.start(bytes.nvme, nowMs);
      if (bytes.dram > 0) this.lines.dram.start(bytes.dram, nowMs);
      this.memory.counters.recalled += found.lower;
      this.#events.at(nowMs + recallMs, () => {
        if (!this.#recalling.delete(run)) return;
        run.recalledMs = this.#events.nowMs;
        this.#prefilling.push(run);
        this.#interrupt();
      });
    } else {
      this.#prefilling.push(run);
      this.#interrupt();
    }
    return true;
  }

  /** The iteration that is under way ends as it was planned; the next one takes everybody. */
  #interrupt(): void {
    const phase = this.#phase;
    if (phase === null) { this.#plan(); return; }
    // It began at this very instant: who comes now is a part of it.
    if (phase.startMs === this.#events.nowMs) {
      phase.due.isOff = true;
      this.#phase = null;
      return this.#plan();
    }
    const begun = iterationsBegun(phase, this.#events.nowMs);
    if (begun >= phase.count) return;
    phase.due.isOff = true;
    phase.count = begun;
    phase.due = this.#events.at(phase.startMs + spanMs(phase, begun), () => this.#endPhase());
  }

  #plan(): void {
    const decodes = this.#decoding.length;
    if (decodes === 0 && this.#prefilling.length === 0) return;
    let budget = this.device.iterationTokens, count = Number.POSITIVE_INFINITY, prefillTokens = 0;
    const chunks: { run: Run; tokens: number }[] = [];
    for (const run of this.#prefilling) {
      if (budget === 0) break;
      const tokens = Math.min(run.left, budget);
      chunks.push({ run, tokens });
      budget -= tokens;
      prefillTokens += tokens;
      count = Math.min(count, Math.max(1, Math.floor(run.left / tokens)));
    }
    for (const run of this.#decoding) count = Math.min(count, run.outLeft);
    const timeOf = (iteration: number): number => {
      let prefillContext = 0;
      for (const { run, tokens } of chunks) prefillContext += contextOfChunk(run.context + tokens * iteration, tokens);
      return iterationMs(this.device, this.model, { prefillTokens, prefillContext, decodes, decodeContext: this.#decodeContext + decodes * iteration });
    };
    const firstMs = timeOf(0), growMs = count > 1 ? (timeOf(count - 1) - firstMs) / (count - 1) : 0, startMs = this.#events.nowMs;
    this.#phase = { startMs, firstMs, growMs, count, chunks, due: this.#events.at(startMs + spanMs({ firstMs, growMs }, count), () => this.#endPhase()) };
  }

  #endPhase(): void {
    const { count, chunks } = this.#phase!, spentMs = spanMs(this.#phase!, count);
    this.#phase = null;
    this.#busyMs += spentMs;
    this.#iterations += count;
    const shareMs = spentMs / (chunks.length + this.#decoding.length);
    const ended: Run[] = [], begun: Run[] = [];
    for (const run of this.#decoding) {
      run.outLeft -= count;
      run.acceleratorMs += shareMs;
      this.#decodeContext += count;
      if (run.outLeft === 0) ended.push(run);
    }
    for (const { run, tokens } of chunks) {
      run.left -= tokens * count;
      run.context += tokens * count;
      run.acceleratorMs += shareMs;
      if (run.left === 0) begun.push(run);
    }
    for (const run of begun) this.#firstToken(run, ended);
    if (ended.length > 0) this.#decoding = this.#decoding.filter((run) => run.outLeft > 0);
    for (const run of ended) this.#end(run);
    if (ended.length > 0) this.#startWaiting();
    if (this.#phase === null) this.#plan();
    if (ended.length > 0) this.#listener.onChange();
  }

  #firstToken(run: Run, ended: Run[]): void {
    const { request } = run;
    this.#prefilling.splice(this.#prefilling.indexOf(run), 1);
    run.firstTokenMs = this.#events.nowMs;
    run.outLeft -= 1;
    if (!this.#isOversized(request)) {
      const own = request.prompt.blocks - run.resident;
      this.memory.name(request.prompt, own);
      run.blocks -= own;
    }
    if (run.outLeft === 0) ended.push(run);
    else {
      this.#decoding.push(run);
      this.#decodeContext += run.context;
    }
    this.#listener.onFirstToken(request, run.usage);
  }

  #end(run: Run): void {
    const { request } = run, nowMs = this.#events.nowMs;
    if (request.outTokens > 1) this.#decodeContext -= request.promptTokens + request.outTokens - 1;
    if (this.#isOversized(request)) this.memory.end(pathUpTo(request.prompt, run.resident), run.blocks, nowMs, emptyPath);
    else this.memory.end(request.prompt, run.blocks, nowMs, request.after);
    this.#listener.onEnded({
      request, usage: run.usage, queuedMs: run.startedMs - run.arrivedMs, recallMs: run.recalledMs - run.startedMs, prefillMs: run.firstTokenMs - run.recalledMs, decodeMs: nowMs - run.firstTokenMs, acceleratorMs: run.acceleratorMs,
    });
  }

  /** What was pushed out of a tier goes over the line of the one below, as a demotion does, and keeps it from recalls meanwhile. Nobody waits for it to arrive. */
  #chargeSpills(): void {
    const { spilled, copied } = this.memory.counters, nowMs = this.#events.nowMs;
    if (spilled > this.#charged.spilled) this.lines.dram.start((spilled - this.#charged.spilled) * this.blockBytes, nowMs);
    if (copied > this.#charged.copied) this.lines.nvme.start((copied - this.#charged.copied) * this.blockBytes, nowMs);
    this.#charged = { spilled, copied };
  }

  #isOversized(request: RunRequest): boolean { return blocksOfRun(request) > this.memory.capacity.hbm; }
}

const blocksOfRun = ({ promptTokens, outTokens }: RunRequest): number => Math.ceil((promptTokens + outTokens) / blockTokens);

/** Of the first `count` iterations together. */
const spanMs = ({ firstMs, growMs }: Pick<Phase, 'firstMs' | 'growMs'>, count: number): number => count * firstMs + (growMs * count * (count - 1)) / 2;

/** Iterations of the phase that have begun by `nowMs`, behind its start: one that ends at that instant is the last. */
function iterationsBegun(phase: Phase, nowMs: number): number {
  let low = 1, high = phase.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (phase.startMs + spanMs(phase, middle) < nowMs - 1e-9) low = middle + 1; else high = middle;
  }
  return low;
}

/** The last token of a prompt is computed in any case: its logits are what the first new token is drawn from. */
const reusable = ({ prompt, promptTokens }: RunRequest): Path => pathUpTo(prompt, Math.floor((promptTokens - 1) / blockTokens));

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

const noUsage: RunUsage = { hit: 0, recalled: 0, computed: 0, avoidable: 0 };
