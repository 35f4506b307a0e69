import { blockTokens } from '../../../actors/lib/chain.ts';
import { type Rate, rateAt } from './rate.ts';

/**
 * How long one iteration of an engine takes, as a roofline with measured efficiencies (Williams et al., 2009; for LLM serving e.g. Yuan et al., 2024, "LLM
 * Inference Unveiled"): linear layers are bound by multiplications or by reading the weights, attention of prompts by multiplications, that of decoding
 * by reading the context.
 */

/** A kind of accelerator, of the `devices/*.yaml`. Rates are what the engine reaches, not what the data sheet says. */
export interface Device {
  readonly name: string;
  /** Multiply-adds count as two. By the rows of an iteration: its prompt tokens and its decoding sequences. */
  readonly linearFlopsPerS: Rate;
  /** By the prompt tokens of an iteration; a decoding sequence is one row. */
  readonly attentionFlopsPerS: Rate;
  readonly readBytesPerS: number;
  /** For weights, KV and what the engine needs beside them. */
  readonly hbmBytes: number;
  readonly reservedBytes: number;
  /** Of an iteration whatever is in it: launches, sampling, scheduling. And of each sequence in it. */
  readonly overheadMs: number;
  readonly overheadPerSequenceMs: number;
  /** Of a run, once, with its first tokens: what else a step costs the cores that the engine computes on. */
  readonly overheadPerRunMs?: number;
  /** Prompt tokens that an iteration takes at most, beside one for each decoding sequence. */
  readonly iterationTokens: number;
  /** What an iteration in which sequences decode takes at most: prompts are cut to it, at the edge of a block, but the first one always gets that far. Absent: no matter how long. */
  readonly iterationMsMax?: number;
  readonly runsMax: number;
  /** What there must be room for when a run starts: all that it will be, or its prompt, and then whoever is last gives way when there is none for the next tokens. */
  readonly admission: 'whole' | 'prompt';
  /** A trace's last block is used again although it is not full; else only full ones are. */
  readonly keepsTails?: boolean;
  /** Between hbm and the tier below, and so on; 0 bytes a second: the device has no such tier. */
  readonly dram: Link;
  readonly nvme: Link;
}

export interface Link { readonly bytesPerS: number; readonly latencyMs: number }

/** A model by its numbers, of the `models/*.yaml`. */
export interface ModelShape {
  readonly name: string;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly params: number;
  /** Parameters that a token is multiplied with: fewer than all when there are experts. */
  readonly activeParams: number;
  readonly bytesPerParam: number;
  readonly kvBytesPerValue: number;
  readonly contextLength: number;
}

export const kvBytesPerToken = (model: ModelShape): number => 2 * model.layers * model.kvHeads * model.headDim * model.kvBytesPerValue;
export const blockBytes = (model: ModelShape): number => blockTokens * kvBytesPerToken(model);

export interface Iteration {
  /** New prompt tokens, and the sum over them of the tokens that each sees. */
  readonly prefillTokens: number;
  readonly prefillContext: number;
  readonly decodes: number;
  /** Tokens of context of all decoding sequences together. */
  readonly decodeContext: number;
}

/** Milliseconds. */
export function iterationMs(device: Device, model: ModelShape, { prefillTokens, prefillContext, decodes, decodeContext }: Iteration): number {
  const tokens = prefillTokens + decodes;
  if (tokens === 0) return 0;
  const linearS = Math.max((2 * model.activeParams * tokens) / rateAt(device.linearFlopsPerS, tokens), weightBytesRead(model, tokens) / device.readBytesPerS);
  const flopsPerPair = 4 * model.layers * model.heads * model.headDim;
  const attentionS = (flopsPerPair * prefillContext) / rateAt(device.attentionFlopsPerS, prefillTokens)
    + Math.max((flopsPerPair * decodeContext) / rateAt(device.attentionFlopsPerS, 1), (kvBytesPerToken(model) * decodeContext) / device.readBytesPerS);
  return (linearS + attentionS) * 1000 + device.overheadMs + device.overheadPerSequenceMs * decodes;
}

/** With experts few tokens wake few of them: of all parameters the share that at least one of `tokens` tokens is sent to, if they choose independently. */
function weightBytesRead(model: ModelShape, tokens: number): number {
  const share = model.activeParams / model.params;
  return model.bytesPerParam * model.params * (share >= 1 ? 1 : 1 - (1 - share) ** tokens);
}

/** Of a chunk of `tokens` that begins behind `before` tokens: every token sees those before it and itself. */
export const contextOfChunk = (before: number, tokens: number): number => tokens * before + (tokens * (tokens + 1)) / 2;

/** Tokens a second of one long prompt, at a depth. */
export function prefillRate(device: Device, model: ModelShape, depth: number): number {
  const tokens = device.iterationTokens;
  return (tokens / iterationMs(device, model, { prefillTokens: tokens, prefillContext: contextOfChunk(depth, tokens), decodes: 0, decodeContext: 0 })) * 1000;
}

/** Blocks of KV that fit beside the weights. */
export const hbmBlocks = (device: Device, model: ModelShape): number =>
  Math.max(0, Math.floor((device.hbmBytes - device.reservedBytes - model.params * model.bytesPerParam) / blockBytes(model)));
