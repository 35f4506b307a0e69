import { blockBytes, type Device, kvBytesPerToken, type ModelShape } from '../../../../infra/replay/simulation/engine-model.ts';
import { type Fleet, readDevice } from '../../../../infra/replay/fleet.ts';
import { timesRate } from '../../../../infra/replay/simulation/rate.ts';

/** A worker in units of one H200 as it is modelled here, by data sheets: multiplications, reading, the link to dram. What several cards of a worker lose by working together is not in it. */
export interface Hardware { readonly name: string; readonly flops: number; readonly reads: number; readonly dramLink: number; readonly hbmGb: number }

export const hardware = {
  'A100 80 GB': { name: 'A100 80 GB', flops: 0.315, reads: 0.425, dramLink: 0.5, hbmGb: 80 },
  '4 × A100 80 GB': { name: '4 × A100 80 GB', flops: 1.26, reads: 1.7, dramLink: 2, hbmGb: 320 },
  '2 × H100': { name: '2 × H100', flops: 2, reads: 1.4, dramLink: 2, hbmGb: 160 },
  '8 × H100': { name: '8 × H100', flops: 8, reads: 5.58, dramLink: 8, hbmGb: 640 },
  B200: { name: 'B200', flops: 2.27, reads: 1.67, dramLink: 1, hbmGb: 180 },
  'H200 with 80 GB': { name: 'H200 with 80 GB', flops: 1, reads: 1, dramLink: 1, hbmGb: 80 },
} as const satisfies Readonly<Record<string, Hardware>>;

const bf16 = { bytesPerParam: 2, kvBytesPerValue: 2 };

/** By their published configurations. */
export const models = {
  'GPT-J-6B': { name: 'GPT-J-6B', layers: 28, heads: 16, kvHeads: 16, headDim: 256, params: 6.05e9, activeParams: 6.05e9, contextLength: 2_048, ...bf16 },
  'Llama-3.1-8B': { name: 'Llama-3.1-8B', layers: 32, heads: 32, kvHeads: 8, headDim: 128, params: 8.03e9, activeParams: 8.03e9, contextLength: 131_072, ...bf16 },
  'Llama-3-70B': { name: 'Llama-3-70B', layers: 80, heads: 64, kvHeads: 8, headDim: 128, params: 70.6e9, activeParams: 70.6e9, contextLength: 32_768, ...bf16 },
  'Qwen2.5-7B': { name: 'Qwen2.5-7B', layers: 28, heads: 28, kvHeads: 4, headDim: 128, params: 7.62e9, activeParams: 7.62e9, contextLength: 131_072, ...bf16 },
  'Qwen3-32B': { name: 'Qwen3-32B', layers: 64, heads: 64, kvHeads: 8, headDim: 128, params: 32.8e9, activeParams: 32.8e9, contextLength: 131_072, ...bf16 },
  'GLM-4.6-FP8': { name: 'GLM-4.6-FP8', layers: 92, heads: 96, kvHeads: 8, headDim: 128, params: 355e9, activeParams: 32e9, contextLength: 200_000, bytesPerParam: 1, kvBytesPerValue: 2 },
} as const satisfies Readonly<Record<string, ModelShape>>;

export interface FleetSpec {
  readonly workers: number;
  readonly on: keyof typeof hardware;
  readonly model: keyof typeof models;
  /** Of hbm that the engine takes: what is left beside the weights holds KV. */
  readonly hbmShare: number;
  /** Tokens of KV a worker where the authors say it. */
  readonly kvTokens?: number;
  readonly dramGb: number;
  /** Of the link of each worker, where KV can move between them. */
  readonly gbit?: number;
  readonly runsMax: number;
  readonly iterationTokens: number;
}

export function fleetOf({ workers, on, model: modelName, hbmShare, kvTokens, dramGb, gbit, runsMax, iterationTokens }: FleetSpec): Fleet {
  const model: ModelShape = models[modelName], { flops, reads, dramLink, hbmGb } = hardware[on];
  const base = readDevice('h200', model.bytesPerParam === 1 ? 'fp8' : 'bf16');
  const device: Device = {
    ...base, name: on, linearFlopsPerS: timesRate(base.linearFlopsPerS, flops), attentionFlopsPerS: timesRate(base.attentionFlopsPerS, flops), readBytesPerS: base.readBytesPerS * reads,
    hbmBytes: hbmGb * 1e9, runsMax, iterationTokens, dram: { ...base.dram, bytesPerS: base.dram.bytesPerS * dramLink },
  };
  const blocks = (tokens: number): number => Math.floor((tokens * kvBytesPerToken(model)) / blockBytes(model));
  const hbm = blocks(kvTokens ?? (hbmGb * 1e9 * hbmShare - model.params * model.bytesPerParam) / kvBytesPerToken(model));
  return { name: `${workers} × ${on}`, device, model, workers, regions: [{ name: 'all', share: 1 }], network: gbit === undefined ? null : { near: { bytesPerS: gbit * 1.25e8, latencyMs: 0.01 }, far: null }, capacity: { hbm, dram: blocks((dramGb * 1e9) / kvBytesPerToken(model)), nvme: 0 }, adapters: null, usdPerHour: 0 };
}
