import { generator } from '../../infra/replay/random.ts';
import { type EngineEvent, loadNative, type NativeEngine } from '../../kernels/native.ts';

/** Iterations that are all alike: a prompt's `prefill` tokens behind `behind` cached ones, and beside them `decodes` sequences of `depth` tokens that generate. */
export interface Cell { readonly prefill: number; readonly behind: number; readonly decodes: number; readonly depth: number }

/** Tokens that are cached before anything is measured, a sequence each: so an iteration deep in a context costs no more to measure than itself. */
const lengths: readonly number[] = [7_168, 4_096, 2_048, 2_048, ...Array<number>(4).fill(1_024), ...Array<number>(8).fill(512), ...Array<number>(16).fill(256)];
const hbmBytes = 1024 ** 3, iterationTokensMax = 512, generate = 24, freshTokens = 4;

/** Context of a decoding sequence in the middle of what is measured. */
export const middleDepth = (depth: number): number => depth + freshTokens + generate / 2;

interface Spent { readonly busyMs: number; readonly ownMs: number; readonly iterations: number }

/** The product's engine, by what it says its iterations took: the backend and the loop around it, not the way of a token to its reader. */
export class EngineMeter {
  readonly #engine: NativeEngine;
  readonly #listeners = new Map<number, (event: EngineEvent) => void>();
  readonly #draw = generator(11);
  readonly #cached: readonly (readonly number[])[];
  #runs = 0;

  constructor(modelPath: string, threads: number) {
    this.#engine = loadNative().open({ modelPath, hbmBytes, dramBytes: 0, threads, backend: 'cpu', isa: 'auto', runningMax: 64, iterationTokensMax, iterationMsMax: 60_000, speculation: 'off' },
      (events) => { for (const event of events) if ('run' in event) this.#listeners.get(event.run)?.(event); });
    this.#cached = lengths.map((length) => this.#tokens(length));
  }

  get numerics(): string { return this.#engine.info.numerics; }
  close(): Promise<void> { return this.#engine.close(); }

  async fill(): Promise<void> {
    for (const [i, tokens] of this.#cached.entries()) {
      await this.#run(`cached/${i}`, [...tokens, ...this.#tokens(freshTokens)], 1).ended;
      this.#engine.pin(`cached/${i}`, 'hbm');
    }
  }

  /** Milliseconds of an iteration. A sequence that ends by itself spoils its turn: it is drawn anew. */
  async measure(cell: Cell): Promise<number> {
    for (let turn = 0; turn < 20; turn++) {
      const ms = cell.decodes > 0 ? await this.#decode(cell) : await this.#prefill(cell);
      if (ms !== null) return ms;
    }
    throw new Error(`prefill ${cell.prefill} and decode ${cell.decodes} at ${cell.depth}: sequences ended by themselves in 20 of 20 turns`);
  }

  async #prefill(cell: Cell): Promise<number> {
    const from = this.#spent(), { lane, ended } = this.#chunk(cell);
    await ended;
    const { ms, iterations } = since(from, this.#spent());
    this.#engine.drop(lane);
    return ms / iterations;
  }

  async #decode(cell: Cell): Promise<number | null> {
    const { prefill, decodes, depth } = cell, first = this.#runs;
    let begun = 0, isOver = false;
    let from: Spent | null = null, result: number | null = null;
    await new Promise<void>((resolve, reject) => {
      // A prompt beside them has the longest sequence for itself.
      const runs = Array.from({ length: decodes }, (_, i) => this.#run(`d${first}/${i}`, [...this.#of(prefill > 0 ? i + 1 : i, depth), ...this.#tokens(freshTokens)], 8 * generate + 4 * decodes, onEvent));
      let open = runs.length;
      for (const { ended } of runs) void ended.then(() => { isOver = true; if (--open === 0) resolve(); }, reject);
      const over = (ms: number | null): void => { isOver = true; result = ms; for (const { run } of runs) this.#engine.cancel(run); };
      const mixed = (own: Spent): void => {
        const before = this.#spent(), { lane, ended } = this.#chunk(cell);
        void ended.then((end) => {
          this.#engine.drop(lane);
          if (isOver) return;
          // The engine tells a run its share of the rows of an iteration; of the loop's own time there is a mean.
          over((end.engineMs * (prefill + decodes)) / prefill + since(own, before).ownMs / since(own, before).iterations);
        }, reject);
      };
      const onDelta = (event: EngineEvent): void => {
        if (event.kind !== 'delta' || isOver) return;
        // Between the last one's first token and the first one's end all of them decode.
        if (event.offset === 0 && ++begun === decodes) { from = this.#spent(); return; }
        const now = this.#spent();
        if (from === null || now.iterations - from.iterations < (prefill > 0 ? generate / 2 : generate)) return;
        const start = from;
        from = null;
        if (prefill > 0) mixed(start);
        else over(since(start, now).ms / since(start, now).iterations);
      };
      function onEvent(event: EngineEvent): void { onDelta(event); }
    });
    for (let i = 0; i < decodes; i++) this.#engine.drop(`d${first}/${i}`);
    return result;
  }

  #chunk({ prefill, behind }: Cell): { readonly lane: string; readonly ended: Promise<EngineEvent & { readonly kind: 'ended' }> } {
    const lane = `p${this.#runs}`;
    return { lane, ended: this.#run(lane, [...this.#of(0, behind), ...this.#tokens(prefill)], 1).ended };
  }

  #run(lane: string, tokens: readonly number[], maxTokens: number, onEvent: (event: EngineEvent) => void = () => {}): { readonly run: number; readonly ended: Promise<EngineEvent & { readonly kind: 'ended' }> } {
    const run = ++this.#runs;
    const ended = new Promise<EngineEvent & { readonly kind: 'ended' }>((resolve, reject) => {
      this.#listeners.set(run, (event) => {
        onEvent(event);
        if (event.kind !== 'ended') return;
        this.#listeners.delete(run);
        if (event.finish === 'failed') reject(new Error(event.message ?? 'a run failed'));
        else resolve(event);
      });
      this.#engine.submit({ run, lane, salt: new Uint8Array(32), tokens: Int32Array.from(tokens), maxTokens, temperature: 0, topK: 0, topP: 1, seed: 0n, stop: [], logprobs: -1, priority: 0 });
    });
    return { run, ended };
  }

  #of(sequence: number, tokens: number): readonly number[] {
    const cached = this.#cached[sequence];
    if (cached === undefined || cached.length < tokens) throw new Error(`sequence ${sequence} of ${tokens} tokens: ${cached?.length ?? 0} are cached`);
    return cached.slice(0, tokens);
  }

  #tokens(count: number): number[] { return Array.from({ length: count }, () => 100 + Math.floor(this.#draw() * (this.#engine.info.vocab - 100))); }
  #spent(): Spent { const { busyMs, ownMs, iterations } = this.#engine.stats(); return { busyMs, ownMs, iterations }; }
}

function since(from: Spent, to: Spent): Spent & { readonly ms: number } {
  const busyMs = to.busyMs - from.busyMs, ownMs = to.ownMs - from.ownMs;
  return { busyMs, ownMs, iterations: to.iterations - from.iterations, ms: busyMs + ownMs };
}
