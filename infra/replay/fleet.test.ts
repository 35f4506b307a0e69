import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fleetNames, readFleet } from './fleet.ts';
import { InputError } from './input-error.ts';
import { rateAt } from './simulation/rate.ts';

const folder = mkdtempSync(join(tmpdir(), 'fleet-'));
afterAll(() => rmSync(folder, { recursive: true }));

const device = `device: tiny\nlinear_flops_per_s: { bf16: 1e+12, fp8: 2e+12 }\nattention_flops_per_s: { bf16: 1e+12, fp8: 2e+12 }\nread_bytes_per_s: 1e+11\nhbm: 1GiB\nreserved: 0\noverhead_ms: 1\noverhead_per_sequence_ms: 0\niteration_tokens: 256\nruns_max: 8\ndram: { bytes_per_s: 1e+10, latency_ms: 0.1 }\nnvme: { bytes_per_s: 0, latency_ms: 0 }\n`;
const model = 'model: small\nlayers: 2\nheads: 2\nkv_heads: 1\nhead_dim: 64\nparams: 1e+8\nactive_params: 1e+8\nbytes_per_param: 2\narithmetic: bf16\nkv_bytes_per_value: 2\ncontext_length: 4096\n';
writeFileSync(join(folder, 'tiny.yaml'), device);
writeFileSync(join(folder, 'small.yaml'), model);
writeFileSync(join(folder, 'eager.yaml'), device.replace('tiny', 'eager').replace('runs_max: 8', 'runs_max: 8\nadmission: none'));
writeFileSync(join(folder, 'apart.yaml'), device.replace('tiny', 'apart').replace('1e+10, latency', '0, latency').replace('runs_max: 8', 'runs_max: 8\nadmission: whole'));

const workers = '{ count: 3, device: tiny, dram: 2GiB }', prices = 'prices: { tiny: 1.5, dram_gib: 0.25 }';
let files = 0;
function fleetOf(text: string): ReturnType<typeof readFleet> {
  const file = join(folder, `fleet-${++files}.yaml`);
  writeFileSync(file, text);
  return readFleet(file);
}
const described = (given: { workers?: string; model?: string; more?: string; prices?: string } = {}): string =>
  `fleet: mine\nmodel: ${given.model ?? 'small'}\nworkers: ${given.workers ?? workers}\n${given.more ?? ''}${given.prices ?? `---\n${prices}\n`}`;

test('fleet: files beside it are read, tiers are counted in blocks, and an hour is the price of all workers with their tiers', () => {
  const fleet = fleetOf(described());
  // A block: 64 tokens × 2 × 2 layers × 1 head × 64 values × 2 bytes = 32 KiB. 1 GiB less 200 MB of weights; 2 GiB of dram.
  expect(fleet.capacity).toEqual({ hbm: Math.floor((2 ** 30 - 2e8) / 32_768), dram: 65_536, nvme: 0 });
  expect([fleet.name, fleet.workers, fleet.usdPerHour]).toEqual(['mine', 3, 3 * (1.5 + 2 * 0.25)]);
  expect(fleet.device).toMatchObject({ name: 'tiny', linearFlopsPerS: 1e12, iterationTokens: 256, runsMax: 8, dram: { bytesPerS: 1e10, latencyMs: 0.1 } });
});

const deviceWith = (was: string, is: string): string => {
  const name = `device-${++files}`;
  writeFileSync(join(folder, `${name}.yaml`), device.replace('device: tiny', `device: ${name}`).replace(was, is));
  return described({ workers: `{ count: 1, device: ${name} }`, prices: `---\nprices: { ${name}: 1 }\n` });
};

test('fleet: a rate of a device may be a table by rows, and an iteration may have a time that it takes at most', () => {
  const { device: made } = fleetOf(deviceWith('linear_flops_per_s: { bf16: 1e+12,', 'iteration_ms_max: 100\nlinear_flops_per_s: { bf16: [[1, 1e+11], [10, 1e+12]],'));
  expect([1, 10, 1_000].map((rows) => rateAt(made.linearFlopsPerS, rows))).toEqual([1e11, 1e12, 1e12].map((rate) => expect.closeTo(rate, 0)));
  expect([made.attentionFlopsPerS, made.iterationMsMax]).toEqual([1e12, 100]);
});

const badRates: readonly (readonly [string, string, string])[] = [
  ['rows that do not rise', '[[1, 1e+11], [64, 1e+12], [16, 1e+12]]', 'linear_flops_per_s.bf16: 16 rows come after 64: rows rise'],
  ['the same rows twice', '[[64, 1e+12], [64, 1e+12]]', '64 rows come after 64: rows rise'],
  ['a rate of nothing', '[[1, 0]]', 'a rate of 0 at 1 rows: more than 0 is expected'],
  ['a negative rate', '[[1, 1e+11], [8, -5]]', 'a rate of -5 at 8 rows: more than 0 is expected'],
  ['half a row', '[[0.5, 1e+11]]', '0.5 rows: a whole number from 1 to 65536 is expected'],
  ['rows without end', '[[1e+9, 1e+11]]', '1000000000 rows: a whole number from 1 to 65536 is expected'],
  ['more rows in less time', '[[4, 1e+11], [8, 3e+11]]', '100000000000 at 4 rows and 300000000000 at 8: a rate that grows faster than rows'],
  ['a table without points', '[]', 'at least one [rows, rate]'],
  ['a point without its rate', '[[4]]', 'neither a rate such as 1e+12 nor a table of [rows, rate]'],
  ['a word', 'fast', 'neither a rate such as 1e+12 nor a table of [rows, rate]'],
  ['a number of nothing', '0', '0: a rate is more than 0'],
];
for (const [what, rate, message] of badRates) {
  test(`fleet: a device with ${what} is refused with file, field and numbers`, () => {
    const text = deviceWith('linear_flops_per_s: { bf16: 1e+12,', `linear_flops_per_s: { bf16: ${rate},`);
    expect(() => fleetOf(text)).toThrow(InputError);
    expect(() => fleetOf(text)).toThrow(message);
    expect(() => fleetOf(text)).toThrow(/device-\d+\.yaml: linear_flops_per_s\.bf16/);
  });
}

test('fleet: a device lets runs in on their prompts unless it says otherwise, and tasks use no adapter unless the fleet does', () => {
  expect([fleetOf(described()).device.admission, fleetOf(described()).adapters]).toEqual(['prompt', null]);
  const apart = described({ workers: '{ count: 1, device: apart }', prices: '---\nprices: { apart: 1 }\n' });
  expect(fleetOf(apart).device.admission).toBe('whole');
  expect(fleetOf(described({ more: 'adapters: { count: 16, bytes: 3MiB }\n' })).adapters).toEqual({ count: 16, bytes: 3 * 2 ** 20, zipf: 1 });
  expect(() => fleetOf(described({ workers: '{ count: 1, device: apart }', more: 'adapters: { count: 2, bytes: 1MiB }\n' }))).toThrow('adapters come from the host, and apart has no line to it: dram.bytes_per_s is 0');
});

test('fleet: those that come along can all be read', () => {
  expect(Object.fromEntries(fleetNames.map((name) => [name, readFleet(name).workers]))).toEqual({ laptop: 2, workstation: expect.any(Number), h200x8: 8, h200x64: 64, 'two-regions': 8 });
});

test('fleet: a link is bytes a second each way, and the time of one way; without a network nothing moves', () => {
  expect(fleetOf(described()).network).toBeNull();
  expect(fleetOf(described({ more: 'network: { gbit: 10, rtt_ms: 0.2 }\n' })).network).toEqual({ near: { bytesPerS: 1.25e9, latencyMs: 0.1 }, far: null });
  const { network, regions, workers } = fleetOf(described({ more: 'regions: [{ name: a, share: 0.25 }, { name: b, share: 0.75 }]\nnetwork: { gbit: 10, rtt_ms: 0.2, between: { gbit: 1, rtt_ms: 80 } }\n' }));
  expect([network?.far, regions.map(({ name }) => name), workers]).toEqual([{ bytesPerS: 1.25e8, latencyMs: 40 }, ['a', 'b'], 6]);
});

const refusals: readonly (readonly [string, string, string])[] = [
  ['a worker too small for one block', described({ workers: '{ count: 1, device: tiny, hbm: 32767 }' }), 'workers.hbm of 32767 bytes hold no block of small on tiny: one is 32768 bytes'],
  ['more hbm than the device has beside the weights', described({ workers: '{ count: 1, device: tiny, hbm: 873741825 }' }), 'workers.hbm of 873741825 bytes, with 200000000 of weights and 0 reserved, is 1073741825; tiny has 1073741824 bytes of hbm'],
  ['weights larger than hbm', described({ model: 'llama-3.1-8b' }), '1073741824 bytes of hbm, less 0 reserved and 16060000000 of weights, hold no block of llama-3.1-8b on tiny: one is 8388608 bytes'],
  ['a tier that the device has no line to', described({ workers: '{ count: 1, device: tiny, dram: 1GiB, nvme: 1GiB }' }), 'workers.nvme is 1073741824 bytes, and tiny has no line to it: nvme.bytes_per_s is 0'],
  ['no price of the device', described({ prices: '---\nprices: { h200: 3.5, dram_gib: 0 }\n' }), 'no price of tiny (US dollars an hour); there are h200, dram_gib'],
  ['no price of a tier', described({ prices: '---\nprices: { tiny: 3.5 }\n' }), 'no price of dram_gib (US dollars an hour); there are tiny'],
  ['no prices at all', described({ prices: '' }), 'prices are missing: a second document, "prices: { tiny: 3.50'],
  ['an unknown device', described({ workers: '{ count: 1, device: b900 }' }), 'no b900.yaml beside it or in'],
  ['an unknown model', described({ model: 'gpt-9' }), 'no gpt-9.yaml beside it or in'],
  ['an unknown field', described({ more: 'workres: 3\n' }), 'workres'],
  ['no worker', described({ workers: '{ count: 0, device: tiny }' }), 'workers.count: Too small: expected number to be >=1; it is 0'],
  ['more workers than are walked through', described({ workers: '{ count: 100001, device: tiny }' }), 'workers.count: is 100001; at most 100000'],
  ['a negative price', described({ prices: '---\nprices: { tiny: -1 }\n' }), 'prices.tiny: Too small: expected number to be >=0; it is -1'],
  ['a link of no bandwidth', described({ more: 'network: { gbit: 0, rtt_ms: 1 }\n' }), 'network.gbit: 0 gbit; a link has more than 0'],
  ['a link of less', described({ more: 'network: { gbit: 10, rtt_ms: 1, between: { gbit: -4, rtt_ms: 1 } }\n' }), 'network.between.gbit: -4 gbit; a link has more than 0'],
  ['a way that takes less than no time', described({ more: 'network: { gbit: 10, rtt_ms: -0.5 }\n' }), 'network.rtt_ms: -0.5 ms; there and back takes at least 0'],
  ['a line between regions where there is one', described({ more: 'network: { gbit: 10, rtt_ms: 1, between: { gbit: 4, rtt_ms: 60 } }\n' }), 'network.between of 4 gbit leads from region to region, and regions has 1'],
  ['a line to a region by name', described({ more: 'regions: [{ name: a, share: 0.5 }, { name: b, share: 0.5 }]\nnetwork: { gbit: 10, rtt_ms: 1, south: { gbit: 4, rtt_ms: 60 } }\n' }), 'south'],
  ['a region twice', described({ more: 'regions: [{ name: a, share: 0.5 }, { name: a, share: 0.5 }]\n' }), 'regions.name: a, a: a is there more than once'],
  ['an adapter larger than the room beside the weights', described({ more: 'adapters: { count: 2, bytes: 900MiB }\n' }), 'adapters.bytes of 943718400 take 28800 blocks of 32768; beside the weights there is room for 26664, and KV needs one'],
  ['no adapter', described({ more: 'adapters: { count: 0, bytes: 1MiB }\n' }), 'adapters.count: is 0; at least 1, or leave adapters out'],
  ['more adapters than are walked through', described({ more: 'adapters: { count: 1000001, bytes: 1MiB }\n' }), 'adapters.count: is 1000001; at most 1000000'],
  ['an adapter of negative bytes', described({ more: 'adapters: { count: 2, bytes: -5 }\n' }), 'adapters.bytes: Too small: expected number to be >=0'],
  ['an adapter of no bytes', described({ more: 'adapters: { count: 2, bytes: 0 }\n' }), 'adapters.bytes is 0: leave adapters out where tasks need none'],
  ['a negative skew', described({ more: 'adapters: { count: 2, bytes: 1MiB, zipf: -1 }\n' }), 'adapters.zipf'],
  ['another admission', described({ workers: '{ count: 1, device: eager }' }), 'admission: Invalid option: expected one of "whole"|"prompt"'],
  ['an empty file', '', 'nothing stands in it: a device, a model or a fleet is expected there'],
  ['a file of a comment', '# later\n', 'nothing stands in it'],
  ['prices alone', `---\n---\n${prices}\n`, 'nothing stands in its first document'],
  ['prices that are begun', described({ prices: '---\n' }), 'prices are missing: a second document, "prices: { tiny: 3.50'],
  ['a third document', `${described()}---\nprices: { tiny: 9 }\n`, 'has 3 documents (each "---" begins one); 2 are expected'],
  ['a count below 0', described({ workers: '{ count: -8, device: tiny }' }), 'workers.count: Too small: expected number to be >=1; it is -8'],
  ['half a worker', described({ workers: '{ count: 1.5, device: tiny }' }), 'expected int, received number; it is 1.5'],
  ['a count in words', described({ workers: '{ count: eight, device: tiny }' }), 'workers.count: Invalid input: expected number, received string; it is "eight"'],
  ['a size that is none', described({ workers: '{ count: 1, device: tiny, dram: true }' }), 'workers.dram: is not a size such as 256MiB; it is true'],
  ['a share of 0', described({ more: 'regions: [{ name: a, share: 0 }, { name: b, share: 1 }]\n' }), 'regions.0.share: Too small: expected number to be >0; it is 0'],
  ['no count', described({ workers: '{ device: tiny }' }), 'workers.count: is missing'],
  ['broken YAML', 'fleet: [mine\n', 'at line '],
];
for (const [what, text, message] of refusals) {
  test(`fleet: ${what} is refused with file, field and numbers`, () => {
    expect(() => fleetOf(text)).toThrow(InputError);
    expect(() => fleetOf(text)).toThrow(message);
    expect(() => fleetOf(text)).toThrow(folder);
  });
}

test('fleet: a name that does not come along is refused with those that do, and a file that is not there with its path', () => {
  expect(() => readFleet('h900x8')).toThrow(InputError);
  expect(() => readFleet('h900x8')).toThrow('fleet "h900x8": there is none of that name; there are h200x64, h200x8, laptop, two-regions, workstation, or a file of your own: FILE.yaml');
  expect(() => readFleet(join(folder, 'gone.yaml'))).toThrow(`fleet "${join(folder, 'gone.yaml')}": no such file`);
});

test('fleet: a device or a model of two documents is refused: only one of them would be read', () => {
  writeFileSync(join(folder, 'twofold.yaml'), `${device.replace('tiny', 'twofold')}---\n${device}`);
  expect(() => fleetOf(described({ workers: '{ count: 1, device: twofold }' }))).toThrow('twofold.yaml: has 2 documents (each "---" begins one); 1 is expected');
});

test('fleet: as much as is allowed is read: hbm to the last byte beside weights and what is reserved, 100,000 workers, 1,000,000 adapters', () => {
  writeFileSync(join(folder, 'held.yaml'), device.replace('tiny', 'held').replace('reserved: 0', 'reserved: 1MiB'));
  const held = (hbm: number): string => described({ workers: `{ count: 100000, device: held, hbm: ${hbm} }`, more: 'adapters: { count: 1000000, bytes: 1MiB }\n', prices: '---\nprices: { held: 1 }\n' });
  const room = 2 ** 30 - 2 ** 20 - 2e8, { workers, capacity, adapters } = fleetOf(held(room));
  expect([workers, capacity.hbm, adapters?.count]).toEqual([100_000, Math.floor(room / 32_768), 1_000_000]);
  expect(() => fleetOf(held(room + 1))).toThrow('200000000 of weights and 1048576 reserved, is 1073741825; held has 1073741824');
});

test('fleet: a directory is said to be one, whatever it is called', () => {
  for (const name of ['things', 'things.yaml']) {
    mkdirSync(join(folder, name));
    expect(() => readFleet(join(folder, name))).toThrow(InputError);
    expect(() => readFleet(join(folder, name))).toThrow(`fleet "${join(folder, name)}": is a directory`);
  }
});
