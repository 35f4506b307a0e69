import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from './config.ts';

const folder = mkdtempSync(join(tmpdir(), 'slackwater-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(text: string): string {
  const path = join(folder, `${Math.abs(text.length * 31 + text.charCodeAt(0))}.yaml`);
  writeFileSync(path, text);
  return path;
}

describe('configuration', () => {
  it('is laid in layers: defaults, file, environment, flags', () => {
    const path = file('worker: { threads: 2, hbm: 64MiB, runsMax: 3 }\n');
    const { worker } = loadConfig(path, { SLACKWATER_WORKER_THREADS: '4', SLACKWATER_WORKER_RUNS_MAX: '5' }, { worker: { threads: 8 } });
    expect(worker).toMatchObject({ threads: 8, runsMax: 5, hbm: 64 * 2 ** 20, dram: 2 ** 30, backend: 'cpu' });
  });

  it('reads sizes with units, and plain bytes', () => {
    const hbm = (given: string | number) => loadConfig(null, {}, { worker: { hbm: given } }).worker.hbm;
    expect([hbm('1GiB'), hbm('1.5KiB'), hbm('7'), hbm(9), hbm('3B')]).toEqual([2 ** 30, 1536, 7, 9, 3]);
  });

  it('puts what is not said into the cache folder, which can be moved', () => {
    const config = loadConfig(null, { SLACKWATER_CACHE: '/elsewhere', SLACKWATER_NATS: 'nats://h:1' });
    expect(config.model.path.startsWith('/elsewhere/models/')).toBe(true);
    expect(config.nats).toMatchObject({ url: 'nats://h:1', store: '/elsewhere/nats/local' });
    expect(loadConfig(null, { SLACKWATER_CACHE: '/elsewhere', SLACKWATER_MODEL: '/my.gguf' }).model.path).toBe('/my.gguf');
  });

  it.each([
    ['an unknown setting of a file', () => loadConfig(file('worker: { thread: 2 }'), {}), /unknown setting "worker.thread"/],
    ['an unknown setting of the environment', () => loadConfig(null, { SLACKWATER_WORKER_MOOD: 'good' }), /unknown setting "worker.mood"/],
    ['a size that is none', () => loadConfig(null, {}, { worker: { hbm: '3 parsec' } }), /"worker.hbm": "3 parsec" is not a size such as 256MiB/],
    ['a number out of range', () => loadConfig(null, { SLACKWATER_FLEET_WORKERS: '99' }), /"fleet.workers".*64/],
    ['a region that is no part of a subject', () => loadConfig(null, {}, { region: 'a.b' }), /"region": is 1 to 64 of A-Z/],
    ['a file that is not there', () => loadConfig(join(folder, 'none.yaml'), {}), /none.yaml cannot be read: ENOENT/],
    ['a file that is no YAML', () => loadConfig(file('a: [b'), {}), /is not YAML/],
    ['a file that is a list', () => loadConfig(file('- a'), {}), /is not a mapping/],
  ])('refuses %s by its path', (_name, load, message) => {
    expect(load).toThrow(ConfigError);
    expect(load).toThrow(message);
  });
});
