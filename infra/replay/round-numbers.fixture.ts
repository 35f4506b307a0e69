import type { Device, ModelShape } from './simulation/engine-model.ts';
import type { Fleet } from './fleet.ts';

/**
 * A device on which every time is a round number, with `roundModel`: a token is 2 × 500 flops at 1e6 a second, so 1 ms; the weights, 500 bytes, are read in
 * 0.5 ms, less than any token takes; a context of 1,000 tokens, 4,000 bytes of KV, is read in 4 ms; attention multiplies in no time. An iteration costs 4 ms beside
 * that, and takes up to 128 prompt tokens. A block is 256 bytes: 2 ms on the line to dram, 8 ms on that to nvme, and 10 and 20 ms of latency.
 */
export const roundDevice: Device = {
  name: 'round', linearFlopsPerS: 1e6, attentionFlopsPerS: 1e40, readBytesPerS: 1e6, hbmBytes: 1e9, reservedBytes: 0, overheadMs: 4, overheadPerSequenceMs: 0, iterationTokens: 128, runsMax: 16, admission: 'whole',
  dram: { bytesPerS: 128_000, latencyMs: 10 }, nvme: { bytesPerS: 32_000, latencyMs: 20 },
};

/** A block of it is 64 tokens of 4 bytes. */
export const roundModel: ModelShape = { name: 'round', layers: 1, heads: 1, kvHeads: 1, headDim: 2, params: 500, activeParams: 500, bytesPerParam: 1, kvBytesPerValue: 1, contextLength: 1e9 };

/** As `roundDevice`, with memory so fast that neither weights nor context cost anything: an iteration takes 4 ms, and 1 ms for each token in it. */
export const freeContext: Device = { ...roundDevice, readBytesPerS: 1e40 };

export const roundFleet = (given: Partial<Fleet> = {}): Fleet => ({ name: 'round', device: freeContext, model: roundModel, workers: 1, regions: [{ name: 'home', share: 1 }], network: null, capacity: { hbm: 100, dram: 0, nvme: 0 }, adapters: null, usdPerHour: 1, ...given });
