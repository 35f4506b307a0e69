import { execFileSync, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { modelPath } from '../infra/text/golden/model-under-test.ts';
import { readGguf } from '../infra/text/gguf.ts';
import { readModel } from '../infra/text/read-model.ts';
import { Tokenizer } from '../infra/text/tokenizer.ts';
import type { EngineEvent, EngineOptions, NativeEngine, RunRequest, TokenLogprob } from './native.ts';
import { loadNative, NativeError } from './native.ts';

const native = loadNative();
const tokenizer = new Tokenizer(readGguf(modelPath));
const BLOCK_BYTES = 1_520_640;

type Ended = Extract<EngineEvent, { kind: 'ended' }>;
interface Outcome { tokens: number[]; logprobs: TokenLogprob[]; ended: Ended }

/** An engine with everything it said; waits end with the test's time-out. */
class Rig {
  readonly engine: NativeEngine;
  readonly events: EngineEvent[] = [];
  readonly directory = new Set<string>();
  #run = 0;
  #look: (() => void)[] = [];

  constructor(options: Partial<EngineOptions> = {}) {
    this.engine = native.open(
      { modelPath, hbmBytes: 40 * BLOCK_BYTES, dramBytes: 40 * BLOCK_BYTES, threads: 'auto', backend: 'cpu', isa: 'auto', runningMax: 8, iterationTokensMax: 256, ...options },
      (events) => {
        this.events.push(...events);
        for (const event of events) if (event.kind === 'blocks') this.#follow(event.events);
        for (const look of this.#look.splice(0)) look();
      },
    );
  }

  #follow(events: Extract<EngineEvent, { kind: 'blocks' }>['events']): void {
    for (const { op, tier, name } of events) {
      const key = `${tier}/${Buffer.from(name).toString('hex')}`;
      if (op === 'stored') this.directory.add(key);
      else this.directory.delete(key);
    }
  }

  submit(lane: string, tokens: readonly number[], more: Partial<RunRequest> = {}): number {
    const run = ++this.#run;
    this.engine.submit({
      run, lane, salt: new Uint8Array(32), tokens: Int32Array.from(tokens), maxTokens: 8, temperature: 0, topK: 0, topP: 1, seed: 7n, stop: [], logprobs: 2, priority: 0, ...more,
    });
    return run;
  }

  async find<T extends EngineEvent>(wanted: (event: EngineEvent) => event is T): Promise<T> {
    for (;;) {
      const found = this.events.find(wanted);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#look.push(resolve));
    }
  }

  async outcome(run: number): Promise<Outcome> {
    const ended = await this.find((event): event is Ended => event.kind === 'ended' && event.run === run);
    const deltas = this.events.filter((event) => event.kind === 'delta').filter((event) => event.run === run);
    return { ended, tokens: deltas.flatMap((delta) => delta.tokens), logprobs: deltas.flatMap((delta) => delta.logprobs ?? []) };
  }

  generate(lane: string, tokens: readonly number[], more: Partial<RunRequest> = {}): Promise<Outcome> {
    return this.outcome(this.submit(lane, tokens, more));
  }

  async moved(order: 'demote' | 'recall', lane: string): Promise<Extract<EngineEvent, { kind: 'moved' }>> {
    const before = this.events.length;
    this.engine[order](lane);
    return this.find((event): event is Extract<EngineEvent, { kind: 'moved' }> => event.kind === 'moved' && event.lane === lane && this.events.indexOf(event) >= before);
  }
}

/** Text of about `words` words, another one for each `seed`. */
function prompt(words: number, seed = 0): number[] {
  const some = ['river', 'engine', 'seven', 'of', 'a', 'quiet', 'because', 'stone', 'runs', 'under'];
  return [...tokenizer.encode(Array.from({ length: words }, (_, i) => some[(i * 7 + seed * 3 + ((i * i) >> 2)) % some.length]).join(' '))];
}

const rig = new Rig();
afterAll(() => rig.engine.close());

describe('native engine on the real model', { timeout: 60_000 }, () => {
  it('describes the model', () => {
    expect(rig.engine.info).toMatchObject({ architecture: 'llama', layers: 30, hidden: 576, vocab: 49_152, contextLength: 8192, blockBytes: BLOCK_BYTES, hbmBlocks: 40, dramBlocks: 40 });
    expect(rig.engine.info.eosTokens.length).toBeGreaterThan(0);
    expect(['exact', 'compact', 'fast']).toContain(rig.engine.info.weightMode);
    expect(rig.engine.info.threads).toBeGreaterThanOrEqual(1);
    expect(rig.engine.info.weightBytes).toBeGreaterThan(60e6);
    expect(rig.engine.info.kvBytes).toBe(80 * BLOCK_BYTES);
    expect(['scalar', 'avx2', 'avx512', 'amx']).toContain(native.isa());
  });

  it('answers a question sensibly, greedy, and ends by itself', async () => {
    const chat = tokenizer.encodeLiteral('<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n');
    const { tokens, ended } = await rig.generate('chat', [...chat], { maxTokens: 40 });
    const text = Buffer.concat(tokens.map((token) => tokenizer.vocabulary.bytesOf(token))).toString();
    expect(text).toContain('Paris');
    expect(ended.finish).toBe('stop');
    expect(rig.engine.info.eosTokens).toContain(tokens.at(-1));
    expect(ended.generated).toBe(tokens.length);
  });

  it('gives cached = cold and batched = alone, bitwise in the logprobs', async () => {
    const shared = prompt(150);
    const asks = [1, 2, 3].map((seed) => [...shared, ...prompt(20, seed)]);
    const cold = [];
    for (const [i, tokens] of asks.entries()) cold.push(await rig.generate(`cold-${i}`, tokens, { salt: new Uint8Array(32).fill(i + 1) }));
    const runs = asks.map((tokens, i) => rig.submit(`batched-${i}`, tokens));
    for (const [i, run] of runs.entries()) {
      const batched = await rig.outcome(run);
      expect({ tokens: batched.tokens, logprobs: batched.logprobs }).toEqual({ tokens: cold[i]?.tokens, logprobs: cold[i]?.logprobs });
    }
    const cached = await rig.generate('again', asks[0] ?? []);
    expect(cached.ended.computed).toBe(1);
    expect(cached.logprobs).toEqual(cold[0]?.logprobs);
  });

  it('continues a lane by computing the new tokens alone, and brings it back from dram with the same tokens', async () => {
    const first = await rig.generate('lane', prompt(100, 5));
    const tokens = [...prompt(100, 5), ...first.tokens, ...prompt(10, 6)];
    const cold = await rig.generate('fresh', tokens, { salt: new Uint8Array(32).fill(99) });

    const demoted = await rig.moved('demote', 'lane');
    expect(demoted).toMatchObject({ cancelled: false, bytes: demoted.blocks * BLOCK_BYTES });
    expect(demoted.blocks).toBeGreaterThanOrEqual(2);
    const next = await rig.generate('lane', tokens);
    expect(next.ended.hit).toBe(0);
    expect(next.ended.recalled).toBe(prompt(100, 5).length + first.tokens.length - 1);
    expect(next.ended.hit + next.ended.recalled + next.ended.computed).toBe(tokens.length);
    expect(next.logprobs).toEqual(cold.logprobs);
    const named = Math.floor((tokens.length + next.tokens.length - 1) / 64); // the last token's KV is not there yet
    expect(next.ended.chain.length).toBe(16 * named);
    for (let i = 0; i < named; i++) expect(rig.directory).toContain(`hbm/${Buffer.from(next.ended.chain.subarray(16 * i, 16 * i + 16)).toString('hex')}`);

    const longer = [...tokens, ...next.tokens, ...prompt(4, 8)];
    await rig.moved('demote', 'lane');
    expect((await rig.moved('recall', 'lane')).blocks).toBeGreaterThanOrEqual(2);
    const last = await rig.generate('lane', longer);
    expect(last.ended).toMatchObject({ recalled: 0, hit: tokens.length + next.tokens.length - 1 });
    expect(rig.engine.stats().recalledBlocks).toBeGreaterThanOrEqual(4);
    expect(rig.engine.stats().recallBytesPerS).toBeGreaterThan(0);
  });

  it('samples the same tokens for the same seed, and ends at a stop string', async () => {
    const how = { temperature: 0.9, topK: 50, topP: 0.95, maxTokens: 12, logprobs: -1 } as const;
    const [a, b, other] = [rig.submit('s1', prompt(30), how), rig.submit('s2', prompt(30), how), rig.submit('s3', prompt(30), { ...how, seed: 8n })];
    const tokens = (await rig.outcome(a)).tokens;
    expect((await rig.outcome(b)).tokens).toEqual(tokens);
    expect((await rig.outcome(other)).tokens).not.toEqual(tokens);
    expect((await rig.outcome(a)).logprobs).toEqual([]);

    const text = Buffer.concat(tokens.slice(0, 5).map((token) => tokenizer.vocabulary.bytesOf(token))).toString();
    const stopped = await rig.generate('s4', prompt(30), { ...how, stop: [text.slice(-6)] });
    expect(stopped.ended.finish).toBe('stop');
    expect(stopped.tokens.length).toBeLessThanOrEqual(5);
  });

  it('gives the same tokens and logprobs with guesses as without, greedy and sampled', async () => {
    const plain = new Rig({ speculation: 'off' });
    try {
      const record = '{"name": "river", "stones": [1, 2, 3], "because": "the engine runs under a quiet stone"}\n';
      const tokens = [...tokenizer.encode(record.repeat(4))];
      for (const [i, how] of [{}, { temperature: 0.7, topP: 0.9 }, { temperature: 1, seed: 3n, stop: ['[1, 2, 3]'] }].entries()) {
        const [a, b] = await Promise.all([rig.generate(`guess-${i}`, tokens, { maxTokens: 40, ...how }), plain.generate(`guess-${i}`, tokens, { maxTokens: 40, ...how })]);
        expect({ ...a, ended: a.ended.finish }).toEqual({ ...b, ended: b.ended.finish });
        expect(a.ended.chain).toEqual(b.ended.chain);
      }
      expect(rig.engine.stats().acceptedTokens).toBeGreaterThan(5);
      expect(rig.engine.stats().draftedTokens).toBeGreaterThanOrEqual(rig.engine.stats().acceptedTokens);
      expect(plain.engine.stats().draftedTokens).toBe(0);
    } finally {
      await plain.engine.close();
    }
  });

  it('puts a run back for a better one and continues it exactly', async () => {
    const one = new Rig({ runningMax: 1 });
    try {
      const worse = one.submit('worse', prompt(60, 3), { maxTokens: 60, priority: 5 });
      await one.find((event): event is EngineEvent => event.kind === 'delta' && event.run === worse);
      const better = one.submit('better', prompt(20, 4), { maxTokens: 4, priority: 1 });
      expect((await one.outcome(better)).ended.finish).toBe('length');
      expect(one.events.some((event) => event.kind === 'ended' && event.run === worse)).toBe(false);
      const { tokens, logprobs } = await one.outcome(worse);
      const alone = await one.generate('alone', prompt(60, 3), { maxTokens: 60, salt: new Uint8Array(32).fill(1) });
      expect({ tokens, logprobs }).toEqual({ tokens: alone.tokens, logprobs: alone.logprobs });
      expect(one.engine.stats().preemptions).toBe(1);
    } finally {
      await one.engine.close();
    }
  });

  it('cancels a run within an iteration and keeps what it computed', async () => {
    const run = rig.submit('cancelled', prompt(40, 9), { maxTokens: 2000 });
    await rig.find((event): event is EngineEvent => event.kind === 'delta' && event.run === run);
    rig.engine.cancel(run);
    const { ended, tokens } = await rig.outcome(run);
    expect(ended.finish).toBe('cancelled');
    expect(tokens.length).toBe(ended.generated);
    expect((await rig.generate('cancelled', [...prompt(40, 9), ...tokens], { maxTokens: 1 })).ended.computed).toBe(1);
  });

  it('tells every block it holds: events and snapshot agree', async () => {
    await rig.generate('settled', [1], { maxTokens: 1 });
    const held = rig.engine.snapshot().map(({ tier, name }) => `${tier}/${Buffer.from(name).toString('hex')}`);
    expect(new Set(held)).toEqual(rig.directory);
    expect(held.length).toBeGreaterThan(3);
  });

  it.each([['on', 40], ['off', 0]])('keeps its tokens right under arena pressure with dram %s', async (_, dramBlocks) => {
    const small = new Rig({ hbmBytes: 8 * BLOCK_BYTES, dramBytes: dramBlocks * BLOCK_BYTES });
    try {
      const lanes = [0, 1, 2].map((seed) => prompt(130, seed + 10));
      let recalled = 0;
      const texts: number[][] = [];
      for (let round = 0; round < 2; round++) {
        for (const [i, lane] of lanes.entries()) {
          const { tokens, ended } = await small.generate(`l${i}`, lane, { maxTokens: 4 });
          expect(ended.finish).toBe('length');
          if (round === 0) texts.push(tokens);
          else expect(tokens).toEqual(texts[i]);
          recalled += ended.recalled;
        }
      }
      expect(recalled > 0).toBe(dramBlocks > 0);
      expect(small.engine.stats().evictedBlocks).toBeGreaterThan(0);
      const tooLong = await small.generate('long', prompt(300), { maxTokens: 400 });
      expect(tooLong.ended).toMatchObject({ finish: 'failed', message: expect.stringMatching(/needs \d+ blocks; the arena has 8/) });
    } finally {
      await small.engine.close();
    }
  });

  it('refuses bad input with a code and the numbers', () => {
    const code = (act: () => void): string => {
      try {
        act();
      } catch (error) {
        if (error instanceof NativeError && error.message.length > 10) return error.code;
        throw error;
      }
      return 'none';
    };
    expect(code(() => rig.submit('x', []))).toBe('bad_argument');
    expect(code(() => rig.submit('x', [1], { maxTokens: 0 }))).toBe('bad_argument');
    expect(code(() => rig.submit('x', [1], { topP: Number.NaN }))).toBe('bad_argument');
    expect(code(() => rig.submit('x', [1], { salt: new Uint8Array(31) }))).toBe('bad_argument');
    expect(code(() => rig.submit('x', [49_152]))).toBe('token_range');
    expect(code(() => rig.submit('x', new Array<number>(8192).fill(5)))).toBe('context_length');
    expect(code(() => rig.engine.pin('x', 'nvme' as never))).toBe('bad_argument');
    expect(code(() => new Rig({ hbmBytes: BLOCK_BYTES }))).toBe('arena_too_small');
    expect(code(() => new Rig({ runningMax: 0 }))).toBe('bad_argument');
    expect(code(() => new Rig({ threads: 257 }))).toBe('bad_argument');
    expect(code(() => new Rig({ threads: 0 }))).toBe('bad_argument');
    expect(() => new Rig({ threads: availableParallelism() + 1 })).toThrow(/threads is \d+; this process may use \d+ cores/);
    expect(code(() => new Rig({ weightMode: 'tiny' as never }))).toBe('bad_argument');
    expect(code(() => new Rig({ speculation: 'on' as never }))).toBe('bad_argument');
    expect(code(() => new Rig({ hbmBytes: 2 ** 52 }))).toBe('out_of_memory');
    expect(() => new Rig({ hbmBytes: 2 ** 52 })).toThrow(/are needed \(weights [\d.]+ MB, hbm 4503599\.63 GB, dram [\d.]+ [MG]B, activations [\d.]+ MB\); [\d.]+ [MG]B are available$/);
    expect(code(() => new Rig({ packedFolder: 7 as never }))).toBe('bad_argument');
    expect(code(() => new Rig({ modelPath: '/nowhere.gguf' }))).toBe('model_unreadable');
    expect(code(() => new Rig({ modelPath: import.meta.filename }))).toBe('model_invalid');
  });

  it('refuses the 1,025th waiting run, and closing ends every one', async () => {
    const busy = new Rig({ runningMax: 1 });
    busy.submit('first', prompt(20), { maxTokens: 500 });
    await busy.find((event): event is EngineEvent => event.kind === 'started');
    for (let i = 0; i < 1024; i++) busy.submit(`w${i % 7}`, [1, 2, 3]);
    expect(() => busy.submit('more', [1])).toThrow('1024 of 1024 waiting runs');
    await busy.engine.close();
    expect(busy.events.filter((event) => event.kind === 'ended' && event.finish === 'cancelled').length).toBe(1025);
    expect(() => busy.submit('late', [1])).toThrow('closed');
    await busy.engine.close();
  });

  it.each(['demotions wait to begin', 'demotions are under way'])('closes while %s', async (when) => {
    for (let round = 0; round < 2; round++) {
      const closing = new Rig({ hbmBytes: 16 * BLOCK_BYTES, dramBytes: 16 * BLOCK_BYTES });
      await closing.generate('lane', prompt(500, round), { maxTokens: 1 });
      closing.engine.demote('lane');
      if (when === 'demotions are under way') await new Promise((resolve) => setImmediate(resolve));
      await closing.engine.close();
      expect(closing.events.filter((event) => event.kind === 'moved')).toHaveLength(1);
    }
  });

  it('survives a worker thread that is terminated while it opens', () => {
    const options = { modelPath, hbmBytes: 8 * BLOCK_BYTES, dramBytes: 0, threads: 1, backend: 'cpu', isa: 'auto', runningMax: 2, iterationTokensMax: 64 };
    const worker = `
      import { parentPort } from 'node:worker_threads';
      import { loadNative } from ${JSON.stringify(new URL('./native.ts', import.meta.url).href)};
      const native = loadNative();
      parentPort.postMessage('opening');
      native.open(${JSON.stringify(options)}, () => {});`;
    const script = `
      import { once } from 'node:events';
      import { Worker } from 'node:worker_threads';
      for (const pauseMs of [50, 100, 200]) {  // opening takes about a second
        const worker = new Worker(${JSON.stringify(worker)}, { eval: true });
        await once(worker, 'message');
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        await worker.terminate();
        console.log('survived');
      }`;
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', timeout: 50_000 });
    expect(said).toBe('survived\n'.repeat(3));
  });

  it('lets a consumer that throws at one run take no other run with it', async () => {
    const faults: { run: number; error: unknown }[] = [];
    const seen: EngineEvent[] = [];
    let done = () => {};
    const allDone = new Promise<void>((resolve) => { done = resolve; });
    const engine = native.open({ modelPath, hbmBytes: 40 * BLOCK_BYTES, dramBytes: 0, threads: 'auto', backend: 'cpu', isa: 'auto', runningMax: 8, iterationTokensMax: 256, onRunFault: (run, error) => faults.push({ run, error }) }, (events) => {
      for (const event of events) {
        if (event.kind === 'delta' && event.run === 2) throw new Error('this consumer is broken');
        seen.push(event);
      }
      if ([1, 3].every((run) => seen.some((event) => event.kind === 'ended' && event.run === run))) done();
    });
    try {
      for (const run of [1, 2, 3]) {
        engine.submit({ run, lane: `l${run}`, salt: new Uint8Array(32), tokens: Int32Array.from(prompt(20, run)), maxTokens: run === 2 ? 1500 : 12, temperature: 0, topK: 0, topP: 1, seed: 7n, stop: [], logprobs: -1, priority: 0 });
      }
      await allDone;
      expect(seen.filter((event) => event.kind === 'ended').map((event) => event.finish)).toEqual(['length', 'length']);
      expect(faults).toEqual([{ run: 2, error: new Error('this consumer is broken') }]);
    } finally {
      await engine.close();
    }
    expect(seen.some((event) => event.kind === 'delta' && event.run === 2)).toBe(false);
    expect(faults.length).toBe(1);
  });

  it('profiles its ops when SLACKWATER_PROFILE is 1, in its statistics and as a table at its end', () => {
    const script = `
      import { loadNative } from ${JSON.stringify(new URL('./native.ts', import.meta.url).href)};
      const engine = loadNative().open(${JSON.stringify({ modelPath, hbmBytes: 8 * BLOCK_BYTES, dramBytes: 0, threads: 1, backend: 'cpu', isa: 'auto', runningMax: 2, iterationTokensMax: 64 })}, (events) => {
        if (!events.some((event) => event.kind === 'ended')) return;
        console.log((engine.stats().profile ?? []).map((row) => row.op + (row.ms > 0 && row.shareOfCeiling >= 0 ? '' : ' without a time')).join());
        void engine.close();
      });
      engine.submit({ run: 1, lane: 'a', salt: new Uint8Array(32), tokens: Int32Array.of(1, 2, 3), maxTokens: 3, temperature: 0, topK: 0, topP: 1, seed: 1n, stop: [], logprobs: -1, priority: 0 });`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script], { encoding: 'utf8', timeout: 20_000, env: { ...process.env, SLACKWATER_PROFILE: '1' } });
    expect(stdout.trim()).toBe('embedding,gemm qkv,attention,gemm output,gemm gate up,gemm down,norm, quantise,gemm logits,backend, all,sampling,loop');
    expect(stderr).toMatch(/^gemm logits +\d+ +\d+\.\d+ /m);
    expect(rig.engine.stats().profile).toBeUndefined();
  });

  it('lets the process end without close(), idle or in the middle of a run', () => {
    const script = (ending: string) => `
      import { loadNative } from ${JSON.stringify(new URL('./native.ts', import.meta.url).href)};
      const engine = loadNative().open(${JSON.stringify({ modelPath, hbmBytes: 8 * BLOCK_BYTES, dramBytes: 0, threads: 1, backend: 'cpu', isa: 'auto', runningMax: 2, iterationTokensMax: 64 })}, (events) => {
        for (const event of events) { console.log(event.kind); ${ending} }
      });
      engine.submit({ run: 1, lane: 'a', salt: new Uint8Array(32), tokens: Int32Array.of(1, 2, 3), maxTokens: 3, temperature: 0, topK: 0, topP: 1, seed: 1n, stop: [], logprobs: -1, priority: 0 });`;
    const run = (ending: string): string => execFileSync(process.execPath, ['--input-type=module-typescript', '-e', script(ending)], { encoding: 'utf8', timeout: 20_000 });
    expect(run('')).toContain('ended'); // an open run keeps the process alive until its end, an idle engine does not
    expect(run(`if (event.kind === 'delta') process.exit(0);`)).not.toContain('ended');
  });
});

describe('models of every family', () => {
  const tiny = fileURLToPath(new URL('./model/golden/tiny/', import.meta.url));
  const prompt = Array.from({ length: 70 }, (_, at) => (at * 37) % 300);

  it.each(['gemma3', 'llama', 'qwen2', 'qwen3'])('%s answers the same from its folder and from its GGUF', async (family) => {
    const told: number[][] = [];
    for (const file of ['', 'model.gguf']) {
      const rig = new Rig({ modelPath: join(tiny, family, file) });
      expect(rig.engine.info).toMatchObject({ architecture: family, name: file === '' ? family : `tiny ${family}`, contextLength: 256, bosToken: family === 'gemma3' ? 2 : -1 });
      told.push((await rig.generate('a', prompt, { maxTokens: 24 })).tokens);
      await rig.engine.close();
    }
    expect(told[0]!.length).toBeGreaterThan(0);
    expect(told[1]).toEqual(told[0]);
  });

  it('a stop string is found in pieces of a folder', async () => {
    const path = join(tiny, 'gemma3');
    const rig = new Rig({ modelPath: path });
    const vocabulary = new Tokenizer(readModel(path)).vocabulary;
    const textOf = (token: number): string => Buffer.from(vocabulary.bytesOf(token)).toString('utf8');
    const isWord = (token: number): boolean => !vocabulary.isControl(token) && /^ ?\p{L}+$/u.test(textOf(token));
    let seed = 0n, plain = await rig.generate('a', prompt, { maxTokens: 40, temperature: 3, seed }); // what a random model says is drawn until there is a word in it
    while (!plain.tokens.some(isWord) && seed < 20n) plain = await rig.generate('a', prompt, { maxTokens: 40, temperature: 3, seed: ++seed });
    const stop = textOf(plain.tokens.find(isWord)!);
    const first = plain.tokens.findIndex((token) => textOf(token).includes(stop));
    const { ended, tokens } = await rig.generate('b', prompt, { maxTokens: 40, temperature: 3, seed, stop: [stop] });
    expect(ended.finish).toBe('stop');
    expect(tokens).toEqual(plain.tokens.slice(0, first + 1));
    await rig.engine.close();
  });

  it('a folder without a model is refused in one line', () => {
    expect(() => new Rig({ modelPath: tiny })).toThrow(/config.json: No such file/);
  });
});
