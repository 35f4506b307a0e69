import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ConfigError } from '../../config.ts';
import { type ReplayGiven, liveOf, replayOf } from './replay-flags.ts';

const folder = mkdtempSync(join(tmpdir(), 'replay-flags-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'a-file'), '');

const refused: readonly (readonly [string, ReplayGiven, string])[] = [
  ['a report in a folder that is not there', { json: join(folder, 'nowhere/x.json') }, `--json ${join(folder, 'nowhere/x.json')}: there is no folder ${join(folder, 'nowhere')}`],
  ['a report in what is no folder', { json: join(folder, 'a-file/x.json') }, `${join(folder, 'a-file')} is no folder`],
  ['a report that is a directory', { json: folder }, `--json ${folder}: is a directory`],
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
