import { type Device, hbmBlocks, type ModelShape } from '../../infra/replay/simulation/engine-model.ts';
import { EventQueue } from '../../infra/replay/simulation/event-queue.ts';
import { readDevice } from '../../infra/replay/fleet.ts';
import { emptyPath } from '../../infra/replay/simulation/prefix-tree.ts';
import { rateAt } from '../../infra/replay/simulation/rate.ts';
import { WorkerModel } from '../../infra/replay/simulation/worker-model.ts';
import { fitted } from './fit.ts';

/**
 * Output tokens a second on one H200 with fp8 weights and KV, all requests queued at once, by input and output length: NVIDIA, TensorRT-LLM 1.0,
 * "Performance overview", tables "Llama 3.1 8B" and "Llama 3.3 70B", column H200 TP1; requests as its table of datasets says.
 */
const published: readonly { readonly model: '8B' | '70B'; readonly input: number; readonly output: number; readonly requests: number; readonly tokensPerS: number }[] = [
  ['8B', 128, 128, 30_000, 27_911], ['8B', 128, 2048, 3_000, 26_221], ['8B', 128, 4096, 1_500, 18_027], ['8B', 500, 2000, 3_000, 20_770], ['8B', 1000, 1000, 3_000, 17_744], ['8B', 1000, 2000, 1_500, 16_828],
  ['8B', 2048, 128, 3_000, 3_538], ['8B', 2048, 2048, 1_500, 12_194], ['8B', 5000, 500, 1_500, 3_902], ['8B', 20_000, 2000, 1_000, 1_804],
  ['70B', 128, 128, 30_000, 3_803], ['70B', 128, 2048, 3_000, 4_336], ['70B', 128, 4096, 1_500, 2_872], ['70B', 500, 2000, 3_000, 3_666], ['70B', 1000, 1000, 3_000, 2_909], ['70B', 1000, 2000, 1_500, 2_994],
  ['70B', 2048, 128, 3_000, 442], ['70B', 2048, 2048, 1_500, 2_003], ['70B', 5000, 500, 1_500, 566], ['70B', 20_000, 2000, 1_000, 283],
].map(([model, input, output, requests, tokensPerS]) => ({ model, input, output, requests, tokensPerS }) as never);

const llama = (name: string, layers: number, heads: number, params: number): ModelShape =>
  ({ name, layers, heads, kvHeads: 8, headDim: 128, params, activeParams: params, bytesPerParam: 1, kvBytesPerValue: 1, contextLength: 131_072 });
const shapes = { '8B': llama('llama-3.1-8b', 32, 32, 8.03e9), '70B': llama('llama-3.3-70b', 80, 64, 70.6e9) };

/** The longest contexts, nearest to what agents do, are what the fit never sees; three of them are the points that it is judged by. */
const isHeldOut = ({ input }: { readonly input: number }): boolean => input >= 5_000;
const judged = new Set(['70B 5000/500', '70B 20000/2000', '8B 20000/2000']);

export interface Point { readonly name: string; readonly published: number; readonly model: number; readonly error: number; readonly sequences: number; readonly use: 'fitted' | 'held out' | 'judged' }

/** Every published point beside the model's, with the rates of devices/h200.yaml. */
export function h200Points(): Point[] {
  const device = readDevice('h200', 'fp8');
  return published.map((row) => {
    const name = `${row.model} ${row.input}/${row.output}`, shape = shapes[row.model];
    const tokensPerS = throughput(device, shape, row.input, row.output, Math.min(6_000, row.requests));
    return {
      name, published: row.tokensPerS, model: tokensPerS, error: tokensPerS / row.tokensPerS - 1, sequences: Math.floor(hbmBlocks(device, shape) / Math.ceil((row.input + row.output) / 64)),
      use: judged.has(name) ? 'judged' : isHeldOut(row) ? 'held out' : 'fitted',
    };
  });
}

/** The rates that agree best with the points that may be fitted, for devices/h200.yaml. Some minutes. */
export function fitH200(): Readonly<Record<string, number>> {
  const device = readDevice('h200', 'fp8');
  const linearFlopsPerS = rateAt(device.linearFlopsPerS, 1), attentionFlopsPerS = rateAt(device.attentionFlopsPerS, 1), { readBytesPerS, overheadMs, overheadPerSequenceMs } = device;
  const rows = published.filter((row) => !isHeldOut(row));
  // No rate above what the data sheet says.
  return fitted({ linearFlopsPerS, attentionFlopsPerS, readBytesPerS, overheadMs, overheadPerSequenceMs }, { linearFlopsPerS: 1.979e15, attentionFlopsPerS: 0.8e15, readBytesPerS: 4.8e12 },
    (rates) => rows.map((row) => Math.log(throughput({ ...device, ...rates }, shapes[row.model], row.input, row.output, Math.min(800, row.requests)) / row.tokensPerS)), 400).params;
}

/** Output tokens a second from the first request to the end of the last. */
function throughput(device: Device, shape: ModelShape, input: number, output: number, requests: number): number {
  const events = new EventQueue();
  let ended = 0;
  const worker = new WorkerModel('w1', device, shape, { dram: 0, nvme: 0 }, false, events, { onFirstToken: () => {}, onEnded: () => { ended++; }, onChange: () => {}, onNoRoom: () => {} });
  for (let i = 0; i < requests; i++) worker.submit({ trace: `t${i}`, step: `t${i}/1`, attempt: 1, prompt: emptyPath, promptTokens: input, outTokens: output, after: emptyPath, priority: i, adapter: null });
  while (events.next()) { /* Everything happens in events. */ }
  if (ended !== requests) throw new Error(`${ended} of ${requests} requests ended`);
  return (requests * output) / (events.nowMs / 1000);
}
