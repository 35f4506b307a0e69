import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ChatMessage } from './message.ts';
import type { EncodedPrompt, PromptRequest } from './prompt.ts';
import type { Generated, SpliceMemory } from './splice-memory.ts';
import { TextError, type TextErrorCode } from './text-error.ts';

export interface TextPoolOptions {
  readonly modelPath: string;
  /** Threads, each with its own tokenizer (~100 MB) and memory of runs. Default 1. */
  readonly threads?: number;
  /** Prompts that may wait. Default 256; above it `queue_full`. */
  readonly queueMax?: number;
  /** Per thread, of remembered runs. Default 64 MiB. */
  readonly memoryBytesMax?: number;
  /** A thread that is this late with an answer is taken for stuck, and replaced. Default 30 s. */
  readonly stuckMs?: number;
}

export interface PoolRequest {
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly unknown[] | null | undefined;
  /** `messageChain` of the messages. */
  readonly chain: readonly string[];
}

/** Tokens since the start. `lost`: of assistant messages whose ids were not in the splice memory, each counted once. */
export interface TextTotals { readonly prompts: number; readonly spliced: number; readonly memoised: number; readonly tokenised: number; readonly lost: number }

/** What a prompt cost. `lost`: tokens of assistant messages that were looked up in vain for the first time. */
export interface PoolPrompt extends EncodedPrompt { readonly lost: number }

export interface PoolStart { readonly modelPath: string; readonly memoryBytesMax: number }
export interface PoolCall { readonly call: number; readonly request: PromptRequest }
export type PoolAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'encoded'; readonly call: number; readonly prompt: EncodedPrompt }
  | { readonly kind: 'refused'; readonly call: number; readonly code: TextErrorCode; readonly message: string };

interface Job {
  readonly call: number;
  readonly request: PromptRequest;
  readonly timer: NodeJS.Timeout;
  readonly deadlineMs: number;
  settle(result: EncodedPrompt | TextError): void;
}

/**
 * The prompt encoder off the main thread. Prompts wait in a bounded queue in order of arrival; a prompt is answered, refused with a TextError,
 * or out of time at its deadline. A thread that dies (or is stuck) is replaced: the prompt it had is refused as `tokenizer_died`, the others go on.
 */
export class TextPool {
  readonly #options: Required<TextPoolOptions>;
  readonly #splices: SpliceMemory;
  readonly #threads: Thread[];
  readonly #waiting: Job[] = [];
  #totals = { prompts: 0, spliced: 0, memoised: 0, tokenised: 0, lost: 0 };
  #calls = 0;
  #isClosed = false;

  constructor(options: TextPoolOptions, splices: SpliceMemory) {
    this.#options = { threads: 1, queueMax: 256, memoryBytesMax: 64 << 20, stuckMs: 30_000, ...options };
    this.#splices = splices;
    this.#threads = Array.from({ length: this.#options.threads }, () => new Thread(this.#options, () => this.#dispatch()));
  }

  /** Resolves when every thread has read the model; rejects when one cannot (`gguf_invalid`, `template_missing`, …). */
  async ready(): Promise<void> { await Promise.all(this.#threads.map((thread) => thread.ready)); }

  get totals(): TextTotals { return { ...this.#totals }; }
  get waiting(): number { return this.#waiting.length; }

  /** Throws TextError: `message_invalid`, `template_failed`, `queue_full`, `deadline`, `tokenizer_died`, `closed`. */
  async encode(request: PoolRequest, deadlineMs: number): Promise<PoolPrompt> {
    if (request.chain.length !== request.messages.length) throw new TextError('message_invalid', `a chain of ${request.chain.length} names for ${request.messages.length} messages`);
    const generated = this.#findGenerated(request);
    const prompt = await this.#enqueue({ messages: request.messages, tools: request.tools, generated }, deadlineMs);
    return this.#account(prompt, request.chain);
  }

  /** Refuses what waits and ends the threads. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const job of this.#waiting.splice(0)) job.settle(new TextError('closed', 'the gateway is stopping'));
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  #findGenerated(request: PoolRequest): Map<number, Generated> {
    const generated = new Map<number, Generated>();
    for (const [index, message] of request.messages.entries()) {
      const known = message.role === 'assistant' ? this.#splices.find(request.chain[index]!) : null;
      if (known !== null) generated.set(index, known);
    }
    return generated;
  }

  #enqueue(request: PromptRequest, deadlineMs: number): Promise<EncodedPrompt> {
    const { queueMax } = this.#options;
    if (this.#isClosed) throw new TextError('closed', 'the gateway is stopping');
    if (this.#waiting.length >= queueMax) throw new TextError('queue_full', `${this.#waiting.length} of ${queueMax} prompts wait for the tokenizer`);
    return new Promise((resolve, reject) => {
      const job: Job = {
        call: this.#calls++, request, deadlineMs,
        timer: setTimeout(() => job.settle(new TextError('deadline', `not tokenised within ${deadlineMs} ms, ${this.#waiting.length} prompts wait`)), deadlineMs),
        settle: (result) => {
          clearTimeout(job.timer);
          const at = this.#waiting.indexOf(job);
          if (at >= 0) this.#waiting.splice(at, 1);
          if (result instanceof Error) reject(result);
          else resolve(result);
        },
      };
      this.#waiting.push(job);
      this.#dispatch();
    });
  }

  #dispatch(): void {
    for (const thread of this.#threads) {
      while (thread.isIdle && this.#waiting.length > 0) thread.run(this.#waiting.shift()!);
    }
  }

  #account(prompt: EncodedPrompt, chain: readonly string[]): PoolPrompt {
    const lost = prompt.rerendered.filter(({ message }) => this.#splices.noteLost(chain[message]!)).reduce((sum, { tokens }) => sum + tokens, 0);
    const { prompts, spliced, memoised, tokenised } = this.#totals;
    this.#totals = {
      prompts: prompts + 1, spliced: spliced + prompt.spliced, memoised: memoised + prompt.memoised,
      tokenised: tokenised + prompt.tokenised, lost: this.#totals.lost + lost,
    };
    return { ...prompt, lost };
  }
}

// Beside this file, with its extension: the source as it is, or what was emitted from it.
const threadFile = new URL(`./pool-thread${extname(import.meta.url)}`, import.meta.url);
const restartMs = 200;

/** One worker thread and its replacements; at most one job at a time. */
class Thread {
  readonly ready: Promise<void>;
  readonly #options: Required<TextPoolOptions>;
  readonly #onIdle: () => void;
  #worker: Worker;
  #job: Job | null = null;
  #stuckTimer: NodeJS.Timeout | undefined;
  #isReady = false;
  #isClosed = false;
  #settleReady: (error?: Error) => void = () => {};

  constructor(options: Required<TextPoolOptions>, onIdle: () => void) {
    this.#options = options;
    this.#onIdle = onIdle;
    this.ready = new Promise((resolve, reject) => { this.#settleReady = (error) => (error === undefined ? resolve() : reject(error)); });
    this.ready.catch(() => {}); // whoever wants to know awaits it
    this.#worker = this.#start();
  }

  get isIdle(): boolean { return this.#isReady && this.#job === null; }

  run(job: Job): void {
    this.#job = job;
    this.#stuckTimer = setTimeout(() => void this.#worker.terminate(), this.#options.stuckMs);
    try {
      this.#worker.postMessage({ call: job.call, request: job.request } satisfies PoolCall);
    } catch (error) { // what JSON cannot hold, or is nested without end
      this.#finish(new TextError('message_invalid', `messages or tools cannot be handed over: ${(error as Error).message}`));
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#worker.terminate();
  }

  #start(): Worker {
    const { modelPath, memoryBytesMax } = this.#options;
    const worker = new Worker(threadFile, { workerData: { modelPath, memoryBytesMax } satisfies PoolStart });
    let reason = 'it was ended';
    worker.on('message', (answer: PoolAnswer) => this.#take(answer));
    worker.on('error', (error) => {
      reason = error.message;
      if (error.name === 'TextError') this.#settleReady(new TextError((error as TextError).code, error.message));
    });
    worker.once('exit', () => this.#replace(reason));
    return worker;
  }

  #take(answer: PoolAnswer): void {
    if (answer.kind === 'ready') {
      this.#isReady = true;
      this.#worker.unref(); // an idle tokenizer keeps no process alive
      this.#settleReady();
    } else if (answer.call === this.#job?.call) {
      this.#finish(answer.kind === 'encoded' ? answer.prompt : new TextError(answer.code, answer.message));
    }
    this.#onIdle();
  }

  #finish(result: EncodedPrompt | TextError): void {
    clearTimeout(this.#stuckTimer);
    this.#job?.settle(result);
    this.#job = null;
  }

  #replace(reason: string): void {
    const couldStart = this.#isReady;
    this.#isReady = false;
    this.#finish(this.#isClosed ? new TextError('closed', 'the gateway is stopping') : new TextError('tokenizer_died', `the tokenizer thread ended: ${reason}; it is being restarted`));
    this.#settleReady(new TextError('tokenizer_died', `the tokenizer thread ended before it was ready: ${reason}`));
    if (this.#isClosed) return;
    const again = (): void => { if (!this.#isClosed) this.#worker = this.#start(); };
    if (couldStart) again();
    else setTimeout(again, restartMs).unref(); // a model that cannot be read now may be readable later, but not in a tight loop
  }
}
