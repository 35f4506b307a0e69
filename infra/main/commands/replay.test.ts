import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { traceOf } from '../../replay/hand-made.fixture.ts';
import { replayLine, type ReplayTrace } from '../../../schemas/replay-trace.ts';
import { type ReplayFlags, replayColumns, replayFiles } from './replay.ts';

const folder = mkdtempSync(join(tmpdir(), 'replay-command-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** On the laptop's fleet, whose model takes 8192 tokens. */
async function replayed(name: string, traces: readonly ReplayTrace[] | string, given: Partial<ReplayFlags> = {}) {
  const file = join(folder, `${name}.jsonl`), json = join(folder, `${name}.json`), said = { out: '', err: '' };
  writeFileSync(file, typeof traces === 'string' ? traces : traces.map(replayLine).join(''));
  const spies = [vi.spyOn(process.stdout, 'write').mockImplementation((text) => { said.out += String(text); return true; }), vi.spyOn(process.stderr, 'write').mockImplementation((text) => { said.err += String(text); return true; })];
  try {
    const code = await replayFiles([file], {}, { fleet: 'laptop', policies: ['round-robin-lru', 'slackwater'], arrivals: { kind: 'closed', concurrency: 3 }, seed: 7, json, ...given });
    return { code, ...said, reports: readFileSync(json, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as unknown) };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

const short = (name: string, startMs = 0): ReplayTrace => traceOf(name, [{ prompt: 300 }, { prompt: 500, gapMs: 40 }], { startMs });

test('replay: the JSON says of each policy what was replayed and counts what was left out; under the title it stands in a line', async () => {
  const { code, out, err, reports } = await replayed('long', [short('a'), short('b'), traceOf('endless', [{ prompt: 9_000 }])]);
  const leftOut = 'task with a step longer than the 8192 tokens of smollm2-135m';
  expect(code).toBe(0);
  expect(reports).toHaveLength(2);
  for (const [i, policy] of ['round-robin-lru', 'slackwater'].entries()) {
    expect(reports[i]).toMatchObject({ policy, files: ['long.jsonl'], seed: 7, arrivals: { kind: 'closed', concurrency: 3 }, startAtZero: null, tasks: 2, finished: 2, skipped: { [leftOut]: 1 }, assumed: {} });
  }
  expect(err).toBe(`slackwater: left out: 1 × ${leftOut}\n`);
  expect(out).toContain('\nlong.jsonl; 3 tasks at once, seed 7; left out 1, assumed 0\n');
});

test('replay: what its reader had to assume is counted in the JSON', async () => {
  const request = { type: 'n', model: 'm', out: 20, input_types: ['text'], output_types: ['text'], stop: 'end_turn' };
  const conversation = { id: 'trace_1', models: ['m'], block_size: 64, hash_id_scope: 'local', tool_tokens: 64, system_tokens: 64, requests: [{ ...request, t: 0, in: 200, hash_runs: [1, 3] }, { ...request, t: 9, in: 280, hash_runs: [1, 4] }] };
  const { reports, out } = await replayed('assumed', `${JSON.stringify(conversation)}\n`, { policies: ['slackwater'] });
  expect(reports).toMatchObject([{ tasks: 1, skipped: {}, assumed: { 'a generation of unknown length: it is part of the gap after it': 2 } }]);
  expect(out).toContain('left out 0, assumed 2');
});

test('replay: tasks as recorded that all start at 0 are counted and said, and those with times are not', async () => {
  const recorded = { policies: ['slackwater'], arrivals: { kind: 'recorded', scale: 1 } } as const;
  const timeless = await replayed('timeless', [short('a'), short('b'), short('c', 5_000)], recorded), timed = await replayed('timed', [short('a'), short('b', 60_000)], recorded);
  expect(timeless.reports).toMatchObject([{ arrivals: { kind: 'recorded' }, startAtZero: 2 }]);
  expect(timeless.err).toBe('slackwater: --as-recorded: 2 of 3 tasks have no arrival time, or that of the first: they start at 0\n');
  expect(timeless.out).toContain('tasks as recorded, 2 of 3 at 0, seed 7');
  expect([timed.reports, timed.err]).toMatchObject([[{ startAtZero: 1 }], '']);
});

test('replay: its help explains every column of the table', async () => {
  const { out } = await replayed('columns', [short('a')], { policies: ['slackwater'] });
  const header = out.split('\n').find((line) => line.startsWith('policy '))!.split(/ {2,}/).map((column) => column.replace(/ (mean s|ms)$/, ''));
  expect(header).toContain('JCT');
  for (const column of header) if (column !== 'policy' && column !== 'p95') expect(replayColumns).toContain(`\n  ${column} `);
});
