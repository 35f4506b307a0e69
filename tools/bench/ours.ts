/**
 * Our engine as a bench subject: `node tools/bench/ours.ts [auto]`, the line-JSON protocol on stdin and stdout. It goes the product's way, through
 * `submit` and events, with a lane for every trace; the prefix is found by the names of its blocks.
 */
import { createInterface } from 'node:readline';
import { type EngineEvent, type EngineOptions, loadNative, type NativeEngine } from '../../kernels/native.ts';
import type { Reply, Request, StepTimes } from './protocol.ts';
import type { Mode, Work } from './scenarios.ts';

/** 1.5 MB a block of 64 tokens: every scenario at once would fit. */
const hbmBytes = 1024 ** 3;
const iterationTokensMax = 512;
/** Off unless asked for: after drawn tokens greedy answers fall into loops, which drafts guess far better than they guess real text. */
const speculation = process.argv[2] === 'auto' ? 'auto' : 'off';

interface Told { submitS: number; times: number[]; tokens: number[]; cpuSubmitS: number; cpuFirstS: number; cpuEndS: number }

let engine: NativeEngine | null = null;
let waiters = new Map<number, (event: EngineEvent) => void>();
let runsBefore = 0;
let worksBefore = 0;

const cpuSeconds = (): number => { const { user, system } = process.cpuUsage(); return (user + system) / 1e6; };

function open(request: Extract<Request, { op: 'open' }>): string {
  const options: EngineOptions = {
    modelPath: request.model, hbmBytes, dramBytes: 0, threads: request.threads, backend: 'cpu', isa: 'auto', runningMax: request.sequencesMax, iterationTokensMax,
    weightMode: request.variant as Mode, speculation,
  };
  engine = loadNative().open(options, (events) => { for (const event of events) if ('run' in event) waiters.get(event.run)?.(event); });
  return `slackwater, ${engine.info.weightMode}, numerics ${engine.info.numerics}, ${engine.info.isa}, speculation ${speculation}`;
}

async function run({ prefix, warm, traces }: Work): Promise<StepTimes[][]> {
  const work = ++worksBefore;
  let begin = { wall: performance.now() / 1000, cpu: cpuSeconds() };
  const wall = (): number => performance.now() / 1000 - begin.wall;
  const cpu = (): number => cpuSeconds() - begin.cpu;

  const step = async (lane: string, tokens: readonly number[], generate: number): Promise<Told> => {
    const told: Told = { submitS: wall(), times: [], tokens: [], cpuSubmitS: cpu(), cpuFirstS: 0, cpuEndS: 0 };
    // A greedy end of text ends a run of ours, and no other subject's: what is missing is a further run, on the lane's own blocks.
    while (told.tokens.length < generate) await oneRun(lane, [...tokens, ...told.tokens], generate - told.tokens.length, told);
    told.cpuEndS = cpu();
    return told;
  };
  const oneRun = (lane: string, tokens: readonly number[], maxTokens: number, told: Told): Promise<void> => new Promise((resolve, reject) => {
    const id = ++runsBefore;
    waiters.set(id, (event) => {
      if (event.kind === 'delta') {
        if (told.tokens.length === 0) told.cpuFirstS = cpu();
        told.tokens.push(...event.tokens);
        for (const _ of event.tokens) told.times.push(wall());
      } else if (event.kind === 'ended') {
        waiters.delete(id);
        if (event.finish === 'failed' || event.generated === 0) reject(new Error(event.message ?? `a run ended (${event.finish}) without a token`));
        else resolve();
      }
    });
    engine!.submit({
      run: id, lane, salt: new Uint8Array(32), tokens: Int32Array.from(tokens), maxTokens, temperature: 0, topK: 0, topP: 1, seed: 0n, stop: [], logprobs: -1, priority: 0,
    });
  });

  if (warm) await step(`${work}/prefix`, prefix, 1);
  begin = { wall: performance.now() / 1000, cpu: cpuSeconds() };
  const told = await Promise.all(traces.map(async ({ steps }, i) => {
    const history = [...prefix];
    const rows: StepTimes[] = [];
    for (const { append, generate } of steps) {
      history.push(...append);
      const row = await step(`${work}/${i}`, history, generate);
      history.push(...row.tokens);
      rows.push(row);
    }
    return rows;
  }));
  for (let i = 0; i < traces.length; ++i) engine!.drop(`${work}/${i}`);
  if (warm) engine!.drop(`${work}/prefix`);
  waiters = new Map();
  return told;
}

async function answer(request: Exclude<Request, { op: 'quit' }>): Promise<Reply> {
  try {
    const told = request.op === 'open' ? { about: open(request) } : { steps: await run(request) };
    return { ok: true, ...told, rssBytes: process.memoryUsage.rss() };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error), rssBytes: process.memoryUsage.rss() };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as Request;
  if (request.op === 'quit') break;
  process.stdout.write(`${JSON.stringify(await answer(request))}\n`);
}
await (engine as NativeEngine | null)?.close();
process.exit(0);
