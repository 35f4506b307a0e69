import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fleetNames } from '../../../infra/replay/fleet.ts';
import { UsageError } from '../usage-error.ts';
import { policyUsage, readFlags } from './flags.ts';

const folder = mkdtempSync(join(tmpdir(), 'bench-flags-')), traces = join(folder, 'made.jsonl');
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(traces, '');

test.each([
  ['a folder that is not there', join(folder, 'nowhere/x.ndjson'), 'there is no folder'],
  ['a directory', folder, 'is a directory'],
  ['nothing', '', 'is a directory'],
])('bench policy: --json to %s is refused before the work', (_what, json, message) => {
  expect(() => readFlags(['--traces', traces, '--json', json])).toThrow(UsageError);
  expect(() => readFlags(['--traces', traces, '--json', json])).toThrow(`--json ${json}: ${message}`);
});

test('bench policy: --json to a new file of a folder that is there is taken', () => {
  const json = join(folder, 'new.ndjson');
  expect(readFlags(['--traces', traces, '--json', json]).json).toBe(json);
});

test.each([['policies', 'oracle,slackwater,oracle', 'oracle'], ['regimes', 'knee,knee', 'knee'], ['traces', `${traces},${traces}`, traces]])('bench policy: --%s that names one twice is refused', (flag, list, twice) => {
  expect(() => readFlags(['--traces', traces, `--${flag}`, list])).toThrow(UsageError);
  expect(() => readFlags(['--traces', traces, `--${flag}`, list])).toThrow(`--${flag} ${list}: ${twice} is there 2 times`);
});

test('bench policy: its help names every fleet that comes along', () => {
  expect(fleetNames).toContain('two-regions');
  expect(policyUsage).toContain(`fleets: ${fleetNames.join(' ')}\n`);
});
