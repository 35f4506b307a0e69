import { expect, test } from 'vitest';
import { stepSubject, subjects } from '../../schemas/subjects.ts';
import { isOlder } from './connect.ts';
import { matches, streamOf, streamTable } from './streams.ts';

test('matches: a star is one token, a final > is one or more, the rest is literal', () => {
  for (const [filter, subject, expected] of [
    ['a.b', 'a.b', true], ['a.b', 'a.c', false], ['a.*', 'a.b', true], ['a.*', 'a.b.c', false], ['a.*', 'a', false], ['a.*.c', 'a.b.c', true],
    ['a.>', 'a.b', true], ['a.>', 'a.b.c', true], ['a.>', 'a', false], ['>', 'a', true], ['a.b', 'axb', false], ['$KV.x.>', '$KV.x.p-1', true], ['a.*', 'a.tr_1/2', true],
  ] as const) expect([filter, subject, matches(filter, subject)]).toEqual([filter, subject, expected]);
});

test('streamOf: every subject that is stored has exactly one stream, what is core has none', () => {
  const s = subjects('eu'), table = streamTable('eu');
  const stored: Record<string, string> = {
    [stepSubject('acme')]: 'SW_STEP', [s.in(3, 'tr_03a')]: 'SW_IN_eu', [s.state(3, 'tr_03a')]: 'SW_STATE_eu', [s.checkpoint(3)]: 'SW_STATE_eu',
    [s.page('acme', '00ff')]: 'SW_CTX_eu', [s.splice('acme', '00ff')]: 'SW_CTX_eu', [s.out('tr_03a/1')]: 'SW_OUT_eu', [s.bill(3)]: 'SW_BILL_eu', [s.evt(3, 'tr_03a')]: 'SW_EVT_eu',
  };
  for (const [subject, stream] of Object.entries(stored)) {
    expect([subject, streamOf(table, subject)?.stream]).toEqual([subject, stream]);
    expect(Object.values(table).filter((spec) => spec.subjects.some((filter) => matches(filter, subject))).length).toBe(1);
  }
  for (const subject of [s.who(1), s.order('w1'), s.beat('w1'), s.kv('w1'), s.snapshot('w1'), s.now(1, 'tr_01a')]) expect(streamOf(table, subject)).toBeNull();
  expect(streamOf(streamTable('us'), s.in(3, 'tr_03a'))).toBeNull();
});

test('streamTable: a region that is no single token is refused', () => {
  expect(() => streamTable('eu.west')).toThrow('region "eu.west" is not of');
});

test('isOlder: by number, not by text; what is no version is older', () => {
  expect(['2.12.0', '2.15.1', '3.0.0', 'v2.12.3-beta.1'].map((version) => isOlder(version, '2.12.0'))).toEqual([false, false, false, false]);
  expect(['2.9.10', '2.11.99', '1.99.0', 'unknown', ''].map((version) => isOlder(version, '2.12.0'))).toEqual([true, true, true, true, true]);
});
