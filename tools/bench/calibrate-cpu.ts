import { readDevice } from '../../infra/replay/fleet.ts';
import { contextOfChunk, type Device, type Iteration, iterationMs, type ModelShape } from '../../infra/replay/simulation/engine-model.ts';
import { generator } from '../../infra/replay/random.ts';
import { type EngineEvent, loadNative, type NativeEngine } from '../../kernels/native.ts';
import { fitted } from './fit.ts';

/** Iterations that are all alike: a prompt of `prefill` tokens behind `depth` cached ones, or `decodes` sequences of `depth` tokens that generate. */
export interface Cell { readonly prefill: number; readonly decodes: number; readonly depth: number; readonly use: 'fitted' | 'held out' }
export interface Measured { readonly cell: Cell; readonly measuredMs: number; readonly modelMs: number; readonly error: number }

const of = (use: Cell['use'], prefill: readonly (readonly [number, number])[], decode: readonly (readonly [number, number])[]): Cell[] =>
  [...prefill.map(([tokens, depth]) => ({ prefill: tokens, decodes: 0, depth, use })), ...decode.map(([decodes, depth]) => ({ prefill: 0, decodes, depth, use }))];

/** What agents do: appends from a line to a file, on prefixes up to the context's end; one to 32 sequences that decode. */
export const cells: readonly Cell[] = [
  ...of('fitted', [[256, 0], [64, 0], [256, 2048], [64, 2048], [256, 6144], [16, 4096]], [[1, 128], [4, 128], [16, 128], [32, 128], [1, 4096], [4, 2048], [16, 512]]),
  ...of('held out', [[128, 1024], [192, 4096], [32, 6144], [256, 1024]], [[2, 512], [8, 128], [8, 1024], [24, 256], [1, 7168], [2, 4096]]),
];

const generate = 32, hbmBytes = 1024 ** 3, iterationTokensMax = 256;

export interface CpuCalibration { readonly rates: Readonly<Record<string, number>>; readonly rows: readonly Measured[]; readonly numerics: string }

/** Measures this machine's engine and fits the rates of devices/cpu-2core.yaml to the cells that may be fitted. `repeat`: of each cell, the median counts. */
export async function calibrateCpu(modelPath: string, shape: ModelShape, repeat: number, say: (line: string) => void): Promise<CpuCalibration> {
  const meter = new Meter(modelPath);
  try {
    const measured: { cell: Cell; ms: number }[] = [];
    await meter.measure({ prefill: 256, decodes: 0, depth: 0, use: 'fitted' }); // Pages and clocks warm up.
    for (const cell of cells) {
      const all: number[] = [];
      for (let i = 0; i < repeat; i++) all.push(await meter.measure(cell));
      all.sort((a, b) => a - b);
      measured.push({ cell, ms: all[all.length >> 1]! });
      say(`  ${nameOf(cell)}: ${all.map((ms) => ms.toFixed(2)).join(' ')} ms an iteration`);
    }
    const device = readDevice('cpu-2core', 'bf16');
    const modelMs = (rates: Partial<Device>, cell: Cell): number => iterationMs({ ...device, ...rates }, shape, iterationOf(cell));
    const { linearFlopsPerS, attentionFlopsPerS, readBytesPerS, overheadMs, overheadPerSequenceMs } = device;
    const seen = measured.filter(({ cell }) => cell.use === 'fitted');
    const { params } = fitted({ linearFlopsPerS, attentionFlopsPerS, readBytesPerS, overheadMs, overheadPerSequenceMs }, {}, (rates) => seen.map(({ cell, ms }) => Math.log(modelMs(rates, cell) / ms)), 20_000);
    return { rates: params, numerics: meter.numerics, rows: measured.map(({ cell, ms }) => ({ cell, measuredMs: ms, modelMs: modelMs(params, cell), error: modelMs(params, cell) / ms - 1 })) };
  } finally {
    await meter.close();
  }
}

export const nameOf = ({ prefill, decodes, depth }: Cell): string => (prefill > 0 ? `prefill ${prefill} at ${depth}` : `decode ${decodes} at ${depth}`);

/** The middle one of those that are measured. */
const iterationOf = ({ prefill, decodes, depth }: Cell): Iteration =>
  ({ prefillTokens: prefill, prefillContext: contextOfChunk(depth, prefill), decodes, decodeContext: decodes * (depth + generate / 2) });

/** The product's engine, by what it says its iterations took: the backend and the loop around it, not the way of a token to its reader. */
class Meter {
  readonly #engine: NativeEngine;
  readonly #listeners = new Map<number, (event: EngineEvent) => void>();
  readonly #draw = generator(11);
  #runs = 0;

  constructor(modelPath: string) {
    this.#engine = loadNative().open({ modelPath, hbmBytes, dramBytes: 0, threads: 2, backend: 'cpu', isa: 'auto', runningMax: 32, iterationTokensMax, iterationMsMax: 60_000, speculation: 'off' },
      (events) => { for (const event of events) if ('run' in event) this.#listeners.get(event.run)?.(event); });
  }

  get numerics(): string { return this.#engine.info.numerics; }
  close(): Promise<void> { return this.#engine.close(); }

  /** Milliseconds of an iteration. A sequence that ends by itself spoils its turn: it is drawn anew. */
  async measure(cell: Cell): Promise<number> {
    for (let turn = 0; turn < 20; turn++) {
      const ms = cell.prefill > 0 ? await this.#prefill(cell) : await this.#decode(cell);
      if (ms !== null) return ms;
    }
    throw new Error(`${nameOf(cell)}: sequences ended by themselves in 20 of 20 turns`);
  }

  async #prefill({ prefill, depth }: Cell): Promise<number> {
    const lane = `p${this.#runs}`, before = this.#tokens(depth);
    if (depth > 0) await this.#run(lane, before, 1, () => {});
    const from = this.#spent();
    await this.#run(lane, [...before, ...this.#tokens(prefill)], 1, () => {});
    const to = this.#spent();
    this.#engine.drop(lane);
    return (to.ms - from.ms) / (to.iterations - from.iterations);
  }

  async #decode({ decodes, depth }: Cell): Promise<number | null> {
    const first = this.#runs;
    let begun = 0, ended = 0, from: { ms: number; iterations: number } | null = null, to: { ms: number; iterations: number } | null = null;
    await Promise.all(Array.from({ length: decodes }, (_, i) => this.#run(`d${first}/${i}`, this.#tokens(depth), 2 * generate + 4 * decodes, (event) => {
      // Between the last one's first token and the first one's end all of them decode.
      if (event.kind === 'delta' && event.offset === 0 && ++begun === decodes && ended === 0) from = this.#spent();
      if (event.kind === 'delta' && begun === decodes && to === null && from !== null && this.#spent().iterations - from.iterations >= generate) to = this.#spent();
      if (event.kind === 'ended') ended++;
    })));
    for (let i = 0; i < decodes; i++) this.#engine.drop(`d${first}/${i}`);
    if (from === null || to === null) return null;
    const { ms, iterations } = from as { ms: number; iterations: number }, end = to as { ms: number; iterations: number };
    return (end.ms - ms) / (end.iterations - iterations);
  }

  #run(lane: string, tokens: readonly number[], maxTokens: number, onEvent: (event: EngineEvent) => void): Promise<void> {
    const run = ++this.#runs;
    return new Promise((resolve, reject) => {
      this.#listeners.set(run, (event) => {
        onEvent(event);
        if (event.kind !== 'ended') return;
        this.#listeners.delete(run);
        if (event.finish === 'failed') reject(new Error(event.message ?? 'a run failed'));
        else resolve();
      });
      this.#engine.submit({ run, lane, salt: new Uint8Array(32), tokens: Int32Array.from(tokens), maxTokens, temperature: 0, topK: 0, topP: 1, seed: 0n, stop: [], logprobs: -1, priority: 0 });
    });
  }

  #tokens(count: number): number[] { return Array.from({ length: count }, () => 100 + Math.floor(this.#draw() * (this.#engine.info.vocab - 100))); }
  #spent(): { ms: number; iterations: number } { const { busyMs, ownMs, iterations } = this.#engine.stats(); return { ms: busyMs + ownMs, iterations }; }
}
