import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readFleet } from './fleet.ts';
import { InputError } from './input-error.ts';

const folder = mkdtempSync(join(tmpdir(), 'fleet-'));
afterAll(() => rmSync(folder, { recursive: true }));

const device = `device: tiny\nlinear_flops_per_s: { bf16: 1e+12, fp8: 2e+12 }\nattention_flops_per_s: { bf16: 1e+12, fp8: 2e+12 }\nread_bytes_per_s: 1e+11\nhbm: 1GiB\nreserved: 0\noverhead_ms: 1\noverhead_per_sequence_ms: 0\niteration_tokens: 256\nruns_max: 8\ndram: { bytes_per_s: 1e+10, latency_ms: 0.1 }\nnvme: { bytes_per_s: 0, latency_ms: 0 }\n`;
const model = 'model: small\nlayers: 2\nheads: 2\nkv_heads: 1\nhead_dim: 64\nparams: 1e+8\nactive_params: 1e+8\nbytes_per_param: 2\narithmetic: bf16\nkv_bytes_per_value: 2\ncontext_length: 4096\n';
writeFileSync(join(folder, 'tiny.yaml'), device);
writeFileSync(join(folder, 'small.yaml'), model);

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

test('fleet: those that come along can all be read', () => {
  expect(['laptop', 'workstation', 'h200x8', 'h200x64', 'two-regions'].map((name) => readFleet(name).workers)).toEqual([2, expect.any(Number), 8, 64, 8]);
});

const refusals: readonly (readonly [string, string, string])[] = [
  ['a worker too small for one block', described({ workers: '{ count: 1, device: tiny, hbm: 32767 }' }), 'workers.hbm of 32767 bytes hold no block of small on tiny: one is 32768 bytes'],
  ['weights larger than hbm', described({ model: 'llama-3.1-8b' }), '1073741824 bytes of hbm, less 0 reserved and 16060000000 of weights, hold no block of llama-3.1-8b on tiny: one is 8388608 bytes'],
  ['a tier that the device has no line to', described({ workers: '{ count: 1, device: tiny, dram: 1GiB, nvme: 1GiB }' }), 'workers.nvme is 1073741824 bytes, and tiny has no line to it: nvme.bytes_per_s is 0'],
  ['no price of the device', described({ prices: '---\nprices: { h200: 3.5, dram_gib: 0 }\n' }), 'no price of tiny (US dollars an hour); there are h200, dram_gib'],
  ['no price of a tier', described({ prices: '---\nprices: { tiny: 3.5 }\n' }), 'no price of dram_gib (US dollars an hour); there are tiny'],
  ['no prices at all', described({ prices: '' }), 'prices are missing: a second document, "prices: { tiny: 3.50'],
  ['an unknown device', described({ workers: '{ count: 1, device: b900 }' }), 'no b900.yaml beside it or in'],
  ['an unknown model', described({ model: 'gpt-9' }), 'no gpt-9.yaml beside it or in'],
  ['an unknown field', described({ more: 'workres: 3\n' }), 'workres'],
  ['no worker', described({ workers: '{ count: 0, device: tiny }' }), 'workers.count'],
  ['a negative price', described({ prices: '---\nprices: { tiny: -1 }\n' }), 'prices.tiny'],
  ['an empty file', '', 'the file: '],
  ['broken YAML', 'fleet: [mine\n', 'at line '],
];
for (const [what, text, message] of refusals) {
  test(`fleet: ${what} is refused with file, field and numbers`, () => {
    expect(() => fleetOf(text)).toThrow(InputError);
    expect(() => fleetOf(text)).toThrow(message);
    expect(() => fleetOf(text)).toThrow(folder);
  });
}

test('fleet: a name that does not come along is refused', () => {
  expect(() => readFleet('h900x8')).toThrow(/h900x8\.yaml": no such file/);
});
