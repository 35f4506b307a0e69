import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ConfigError } from '../../config.ts';
import { type ReplayGiven, listed, liveOf, refuseLive, replayOf } from './replay-flags.ts';

const folder = mkdtempSync(join(tmpdir(), 'replay-flags-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'a-file'), '');

const refused: readonly (readonly [string, ReplayGiven, string])[] = [
  ['a report in a folder that is not there', { json: join(folder, 'nowhere/x.json') }, `--json ${join(folder, 'nowhere/x.json')}: there is no folder ${join(folder, 'nowhere')}`],
  ['a report in what is no folder', { json: join(folder, 'a-file/x.json') }, `${join(folder, 'a-file')} is no folder`],
  ['a report that is a directory', { json: folder }, `--json ${folder}: is a directory`],
  ['a policy twice', { policy: 'slackwater,round-robin-lru,slackwater' }, '--policy slackwater,round-robin-lru,slackwater: slackwater is there 2 times'],
  ['a policy by the name of what every object has', { policy: 'toString' }, '--policy toString: '],
  ['a seed that would be taken for a smaller one', { seed: '4294967296' }, '--seed 4294967296: a whole number from 0 to 4294967295 is expected'],
  ['a seed beyond all numbers', { seed: '99999999999999999999' }, '--seed 99999999999999999999: a whole number'],
  ['a seed below 0', { seed: '-1' }, '--seed -1: a whole number'],
  ['half a seed', { seed: '1.5' }, '--seed 1.5: a whole number'],
];
test.each(refused)('replay: %s is refused before the work, modelled and live', (_what, flags, message) => {
  for (const read of [replayOf, liveOf]) {
    expect(() => read(flags)).toThrow(ConfigError);
    expect(() => read(flags)).toThrow(message);
  }
});

test('replay: a record that can not be written is refused before the work', () => {
  expect(() => liveOf({ record: folder })).toThrow(`--record ${folder}: is a directory`);
});

test('replay: a report that is there may be written again, and a new one in its folder', () => {
  expect(['a-file', 'new.json'].map((name) => replayOf({ json: join(folder, name) }).json)).toEqual([join(folder, 'a-file'), join(folder, 'new.json')]);
});

test('replay: seeds from 0 to the last of 32 bits are taken as they are', () => {
  expect(['0', '1', '4294967295'].map((seed) => replayOf({ seed }).seed)).toEqual([0, 1, 4_294_967_295]);
});

test('replay: a --policy that comes twice names both', () => {
  expect(replayOf({ policy: listed('oracle', listed('slackwater', undefined)) }).policies).toEqual(['slackwater', 'oracle']);
});

test.each([
  ['printConfig', '--print-config'], ['config', '--config'], ['isa', '--isa'], ['weightMode', '--weight-mode'], ['region', '--region'], ['backend', '--backend'], ['log', '--log'],
  ['hbm', '--hbm'], ['workers', '--workers'], ['timeScale', '--time-scale'],
])('replay: %s is refused where nothing runs, as it would say nothing', (name, flag) => {
  expect(() => refuseLive(['seed', name])).toThrow(`${flag} needs --live: a modelled fleet is described by --fleet`);
});

test('replay: what a modelled fleet looks at is not refused', () => {
  expect(() => refuseLive(['format', 'blockTokens', 'model', 'fleet', 'policy', 'concurrency', 'tasksPerHour', 'asRecorded', 'seed', 'json'])).not.toThrow();
});
