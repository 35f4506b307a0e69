import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { sizeInBytes } from '../config.ts';
import type { Adapters } from './adapters.ts';
import { type Device, type Link, type ModelShape, blockBytes, hbmBlocks } from './simulation/engine-model.ts';
import type { Network } from './simulation/links.ts';
import { type Rate, RateTable, problemOf } from './simulation/rate.ts';
import { InputError } from './input-error.ts';

/** Workers that are all alike, what runs on them, and what an hour of them costs. */
export interface Fleet {
  readonly name: string;
  readonly device: Device;
  readonly model: ModelShape;
  /** Of all regions together. */
  readonly workers: number;
  /** Shares of the tasks that come to each; every region has as many workers. All are under one control where `network.far` leads from one to the other, else under one each. */
  readonly regions: readonly { readonly name: string; readonly share: number }[];
  /** The links of each worker. Null: nothing moves between workers. */
  readonly network: Network | null;
  /** Blocks of KV for each worker, by tier. */
  readonly capacity: { readonly hbm: number; readonly dram: number; readonly nvme: number };
  /** Null: tasks run the model as it is. */
  readonly adapters: Adapters | null;
  /** Of a step, outside of workers: from its submission to its order there, and from its end to its answer. Absent: as little as of a fleet with cores to spare. */
  readonly stepOverheadMs?: number;
  /** What harnesses ask for with each step, at most: nobody knows how long an answer will be, so control and workers reserve and order by this. Absent: just as much as the answer has, as when a recording is replayed live. */
  readonly maxTokens?: number;
  /** US dollars an hour, of all workers and their lower tiers together. */
  readonly usdPerHour: number;
}

const positive = z.number().positive();
/** What the replay walks through one by one has an end. */
const atMost = (most: number): Parameters<ReturnType<typeof z.int>['max']> => [most, { error: ({ input }) => `is ${String(input)}; at most ${most}` }];
/** 10 gbit are 1.25e9 bytes a second, each way. */
const cable = {
  gbit: z.number().positive({ error: ({ input }) => `${String(input)} gbit; a link has more than 0` }),
  rtt_ms: z.number().min(0, { error: ({ input }) => `${String(input)} ms; there and back takes at least 0` }),
};
const link = z.strictObject({ bytes_per_s: z.number().min(0), latency_ms: z.number().min(0) });
/** `1e+12`, or by rows `[[1, 1e+11], [64, 1e+12]]`. */
const rate = z.union([z.number(), z.array(z.tuple([z.number(), z.number()]))], { error: 'is neither a rate such as 1e+12 nor a table of [rows, rate] such as [[1, 1e+11], [64, 1e+12]]' }).transform((given, context): Rate => {
  const problem = problemOf(typeof given === 'number' ? [[1, given]] : given);
  if (problem === null) return typeof given === 'number' ? given : new RateTable(given);
  context.addIssue({ code: 'custom', message: typeof given === 'number' ? `${given}: a rate is more than 0` : problem });
  return z.NEVER;
});
const rates = z.strictObject({ bf16: rate, fp8: rate });
const deviceFile = z.strictObject({
  device: z.string(), linear_flops_per_s: rates, attention_flops_per_s: rates, read_bytes_per_s: positive, hbm: sizeInBytes, reserved: sizeInBytes,
  overhead_ms: z.number().min(0), overhead_per_sequence_ms: z.number().min(0), overhead_per_run_ms: z.number().min(0).optional(), iteration_tokens: z.int().min(1), iteration_ms_max: positive.optional(), runs_max: z.int().min(1), admission: z.enum(['whole', 'prompt']).default('prompt'), keeps_tails: z.boolean().optional(), dram: link, nvme: link,
});
const modelFile = z.strictObject({
  model: z.string(), layers: z.int().min(1), heads: z.int().min(1), kv_heads: z.int().min(1), head_dim: z.int().min(1), params: positive, active_params: positive, bytes_per_param: positive,
  arithmetic: z.enum(['bf16', 'fp8']), kv_bytes_per_value: positive, context_length: z.int().min(1),
});
const fleetFile = z.strictObject({
  fleet: z.string(), model: z.string(), regions: z.array(z.strictObject({ name: z.string(), share: positive })).min(1).optional(),
  workers: z.strictObject({ count: z.int().min(1).max(...atMost(100_000)), device: z.string(), hbm: sizeInBytes.optional(), dram: sizeInBytes.default(0), nvme: sizeInBytes.default(0) }),
  adapters: z.strictObject({ count: z.int().min(1, { error: ({ input }) => `is ${String(input)}; at least 1, or leave adapters out where tasks need none` }).max(...atMost(1_000_000)), bytes: sizeInBytes, zipf: z.number().min(0).default(1) }).optional(),
  step_overhead_ms: z.number().min(0).optional(), max_tokens: z.int().min(1, { error: ({ input }) => `is ${String(input)}; a harness asks for at least 1` }).optional(),
  network: z.strictObject({ ...cable, between: z.strictObject(cable).optional() }).optional(),
});
const pricesFile = z.strictObject({ prices: z.record(z.string(), z.number().min(0)) });

const here = dirname(fileURLToPath(import.meta.url));
const gib = 2 ** 30;

/** Fleets that come along. */
export const fleetNames: readonly string[] = readdirSync(join(here, 'fleets')).filter((file) => file.endsWith('.yaml')).map((file) => file.slice(0, -'.yaml'.length)).sort();

/**
 * A fleet by the name of one that comes along or by its YAML file; devices and models by name, or files beside it.
 * Throws InputError: not there, not understood (with the path of the field), no price, too small for the model, or of more memory than the device has.
 */
export function readFleet(given: string): Fleet {
  const file = given.endsWith('.yaml') || given.endsWith('.yml') ? given : join(here, 'fleets', `${given}.yaml`);
  // A name that comes along may be that of a folder here too.
  if (isDirectory(existsSync(file) ? file : given)) throw new InputError(`fleet "${given}": is a directory; a YAML file is expected, or the name of a fleet that comes along`);
  if (file !== given && !existsSync(file)) throw new InputError(`fleet "${given}": there is none of that name; there are ${fleetNames.join(', ')}, or a file of your own: FILE.yaml`);
  const [described, priced = null] = documents(file, 2);
  const fleet = understood(fleetFile, described, file);
  if (priced === null) throw new InputError(`${file}: prices are missing: a second document, "prices: { ${fleet.workers.device}: 3.50, dram_gib: 0.004, nvme_gib: 0.0002 }", US dollars an hour`);
  const { prices } = understood(pricesFile, priced, file);
  const modelSays = understood(modelFile, ...one(file, 'models', fleet.model));
  const model: ModelShape = {
    name: modelSays.model, layers: modelSays.layers, heads: modelSays.heads, kvHeads: modelSays.kv_heads, headDim: modelSays.head_dim, params: modelSays.params, activeParams: modelSays.active_params,
    bytesPerParam: modelSays.bytes_per_param, kvBytesPerValue: modelSays.kv_bytes_per_value, contextLength: modelSays.context_length,
  };
  const device = deviceOf(...one(file, 'devices', fleet.workers.device), modelSays.arithmetic);
  const { count, hbm, dram, nvme } = fleet.workers;
  const bytes = blockBytes(model);
  const capacity = { hbm: hbm === undefined ? hbmBlocks(device, model) : Math.floor(hbm / bytes), dram: Math.floor(dram / bytes), nvme: Math.floor(nvme / bytes) };
  const weights = Math.round(model.params * model.bytesPerParam);
  if (capacity.hbm < 1) {
    const room = hbm === undefined ? `${device.hbmBytes} bytes of hbm, less ${device.reservedBytes} reserved and ${weights} of weights,` : `workers.hbm of ${hbm} bytes`;
    throw new InputError(`${file}: ${room} hold no block of ${model.name} on ${device.name}: one is ${Math.round(bytes)} bytes`);
  }
  if (hbm !== undefined && hbm + weights + device.reservedBytes > device.hbmBytes) {
    throw new InputError(`${file}: workers.hbm of ${hbm} bytes, with ${weights} of weights and ${device.reservedBytes} reserved, is ${hbm + weights + device.reservedBytes}; ${device.name} has ${device.hbmBytes} bytes of hbm`);
  }
  for (const tier of ['dram', 'nvme'] as const) {
    if (capacity[tier] > 0 && device[tier].bytesPerS === 0) throw new InputError(`${file}: workers.${tier} is ${fleet.workers[tier]} bytes, and ${device.name} has no line to it: ${tier}.bytes_per_s is 0`);
  }
  if (capacity.nvme > 0 && capacity.dram === 0) throw new InputError(`${file}: workers.nvme is ${nvme} bytes and workers.dram less than a block: what goes to nvme goes through dram`);
  const adapters = fleet.adapters ?? null;
  if (adapters !== null) refuseAdapters(file, adapters, device, capacity.hbm, bytes);
  const price = (what: string): number => {
    const usd = prices[what];
    if (usd === undefined) throw new InputError(`${file}: no price of ${what} (US dollars an hour); there are ${Object.keys(prices).join(', ') || 'none'}`);
    return usd;
  };
  const regions = fleet.regions ?? [{ name: 'home', share: 1 }], shares = regions.map(({ share }) => share), all = shares.reduce((sum, share) => sum + share, 0);
  if (Math.abs(all - 1) > 1e-9) throw new InputError(`${file}: regions.share: ${shares.join(' + ')} is ${all}; the shares of all regions together are 1`);
  const twice = regions.find(({ name }, at) => regions.findIndex((other) => other.name === name) < at);
  if (twice !== undefined) throw new InputError(`${file}: regions.name: ${regions.map(({ name }) => name).join(', ')}: ${twice.name} is there more than once`);
  if (fleet.network?.between !== undefined && regions.length === 1) throw new InputError(`${file}: network.between of ${fleet.network.between.gbit} gbit leads from region to region, and regions has ${regions.length}`);
  const usdPerHour = shares.length * count * (price(device.name) + (dram > 0 ? (dram / gib) * price('dram_gib') : 0) + (nvme > 0 ? (nvme / gib) * price('nvme_gib') : 0));
  return { name: fleet.fleet, device, model, workers: shares.length * count, capacity, adapters, usdPerHour, ...(fleet.step_overhead_ms === undefined ? {} : { stepOverheadMs: fleet.step_overhead_ms }), ...(fleet.max_tokens === undefined ? {} : { maxTokens: fleet.max_tokens }), regions, network: fleet.network === undefined ? null : { near: rateOf(fleet.network), far: fleet.network.between === undefined ? null : rateOf(fleet.network.between) } };
}

function refuseAdapters(file: string, { bytes }: Adapters, device: Device, hbmBlocks: number, blockBytes: number): void {
  const blocks = Math.ceil(bytes / blockBytes);
  if (blocks === 0) throw new InputError(`${file}: adapters.bytes is 0: leave adapters out where tasks need none`);
  if (blocks >= hbmBlocks) throw new InputError(`${file}: adapters.bytes of ${bytes} take ${blocks} blocks of ${Math.round(blockBytes)}; beside the weights there is room for ${hbmBlocks}, and KV needs one`);
  if (device.dram.bytesPerS === 0) throw new InputError(`${file}: adapters come from the host, and ${device.name} has no line to it: dram.bytes_per_s is 0`);
}

const rateOf = ({ gbit, rtt_ms }: { readonly gbit: number; readonly rtt_ms: number }): Link => ({ bytesPerS: (gbit * 1e9) / 8, latencyMs: rtt_ms / 2 });

function deviceOf(value: unknown, file: string, arithmetic: 'bf16' | 'fp8'): Device {
  const says = understood(deviceFile, value, file);
  return {
    name: says.device, linearFlopsPerS: says.linear_flops_per_s[arithmetic], attentionFlopsPerS: says.attention_flops_per_s[arithmetic], readBytesPerS: says.read_bytes_per_s, hbmBytes: says.hbm,
    reservedBytes: says.reserved, overheadMs: says.overhead_ms, overheadPerSequenceMs: says.overhead_per_sequence_ms, iterationTokens: says.iteration_tokens, ...(says.overhead_per_run_ms === undefined ? {} : { overheadPerRunMs: says.overhead_per_run_ms }), ...(says.iteration_ms_max === undefined ? {} : { iterationMsMax: says.iteration_ms_max }), runsMax: says.runs_max, admission: says.admission, ...(says.keeps_tails === undefined ? {} : { keepsTails: says.keeps_tails }),
    dram: { bytesPerS: says.dram.bytes_per_s, latencyMs: says.dram.latency_ms }, nvme: { bytesPerS: says.nvme.bytes_per_s, latencyMs: says.nvme.latency_ms },
  };
}

/** A device that comes along, for models of that arithmetic. Throws InputError. */
export function readDevice(name: string, arithmetic: 'bf16' | 'fp8'): Device {
  return deviceOf(...one(join(here, 'devices', `${name}.yaml`), 'devices', name), arithmetic);
}

/** A file of that name beside the fleet's, else one that comes along. */
function one(fleetPath: string, folder: string, name: string): [unknown, string] {
  const file = [join(dirname(fleetPath), `${name}.yaml`), join(here, folder, `${name}.yaml`)].find((path) => existsSync(path));
  if (file === undefined) throw new InputError(`${fleetPath}: no ${name}.yaml beside it or in ${join(here, folder)}`);
  return [documents(file, 1)[0], file];
}

const isDirectory = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

/** The first says what it is. */
function documents(file: string, most: number): unknown[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new InputError(`fleet "${file}": no such file`);
  }
  const read = parseAllDocuments(text).map((document) => {
    if (document.errors[0] !== undefined) throw new InputError(`${file}: ${document.errors[0].message}`);
    return document.toJS() as unknown;
  });
  if ((read[0] ?? null) === null) throw new InputError(`${file}: nothing stands in ${read.length > 1 ? 'its first document' : 'it'}: a device, a model or a fleet is expected there`);
  if (read.length > most) throw new InputError(`${file}: has ${read.length} documents (each "---" begins one); ${most} ${most === 1 ? 'is' : 'are'} expected`);
  return read;
}

function understood<T>(schema: z.ZodType<T>, value: unknown, file: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new InputError(`${file}: ${result.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${withValue(message, valueAt(value, path))}`).join('; ')}`);
}

/** Our own messages have the value in them, where there is one; the schema's do not. */
function withValue(message: string, value: unknown): string {
  if (value === undefined && message.startsWith('Invalid')) return 'is missing';
  return value !== undefined && /^(Too |Invalid |is (not|neither) )/.test(message) ? `${message}; it is ${JSON.stringify(value).slice(0, 80)}` : message;
}

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown => path.reduce<unknown>((inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : undefined), value);
