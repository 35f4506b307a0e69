import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../infra/config.ts';
import type { ReplayStep, ReplayTrace } from '../../schemas/replay-trace.ts';
import type { Report } from '../../schemas/report.ts';
import { type Fleet, startFleet } from './fleet.ts';

let folder = '';
let fleet: Fleet;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slackwater-replay-test-'));
  fleet = await startFleet();
});
afterAll(async () => {
  await fleet?.close();
  await rm(folder, { recursive: true, force: true });
});

describe('replay --live', () => {
  test('on a fleet that is there: lengths, sharing, parents and joins as recorded, and the record of it is the same work', async () => {
    const file = await written('traces', [
      line('a', null, [[300, [[0, 4]], {}], [500, [[0, 7]], { gap: 'tool', gap_ms: 120, tool: 'Bash', children: ['a/1', 'a/2'] }], [700, [[0, 10]], { gap: 'join', gap_ms: 60 }], [330, [[0, 3], [60, 2]], { gap: 'tool', gap_ms: 80 }]]),
      line('a/1', 'a', [[260, [[100, 4]], {}]]),
      line('a/2', 'a', [[270, [[100, 2], [110, 2]], {}], [400, [[100, 2], [110, 4]], { gap: 'tool', gap_ms: 90 }]]),
    ]);
    const [json, record] = [join(folder, 'report.json'), join(folder, 'record.jsonl')];
    const { code, text } = await slackwater(['replay', file, '--live', '--nats', fleet.natsUrl, '--json', json, '--record', record]);
    expect(code, text).toBe(0);
    const report = JSON.parse(await readFile(json, 'utf8')) as Report;
    expect(report).toMatchObject({ what: 'replay', policy: 'slackwater', workers: 1, replay: { tasks: 1, tasks_finished: 1, steps_recorded: 7, scale_tokens: 1, prompts: { begins: 4, extends: 3 }, ended_early: {}, skipped: {} } });
    expect(report.traces.map(({ trace, parent, outcome, steps }) => [trace, parent, outcome, steps]).sort()).toEqual([['a', null, 'finished', 4], ['a/1', 'a', 'finished', 1], ['a/2', 'a', 'finished', 2]]);
    // Every full block that an earlier prompt had is found: those of the history before, of the sibling, and of the compacted one.
    expect(report.totals.prompt_tokens.hit).toBeGreaterThanOrEqual((4 + 7 + 3 + 4) * 64);
    const made = new Map((await lines(record)).map((trace) => [trace.trace, trace]));
    expect(made.get('a')!.steps.map(({ prompt_tokens, gap, children, tool }) => ({ prompt_tokens, gap, children: [...children].sort(), tool }))).toEqual([
      { prompt_tokens: 300, gap: 'start', children: [], tool: null }, { prompt_tokens: 500, gap: 'tool', children: ['a/1', 'a/2'], tool: 'Bash' }, { prompt_tokens: 700, gap: 'join', children: [], tool: null }, { prompt_tokens: 330, gap: 'tool', children: [], tool: null },
    ]);
    expect(common(made.get('a')!.steps[1]!, made.get('a')!.steps[2]!)).toBe(7);
    expect(common(made.get('a')!.steps[2]!, made.get('a')!.steps[3]!)).toBe(3);
    expect(common(made.get('a/1')!.steps[0]!, made.get('a/2')!.steps[0]!)).toBe(2);
    // Timers may be a millisecond early.
    expect(made.get('a')!.steps[2]!.gap_ms).toBeGreaterThanOrEqual(58);
    for (const { steps } of made.values()) for (const step of steps) expect(step.took_ms).toBeGreaterThan(0);
    const simulated = await slackwater(['replay', record, '--fleet', 'laptop', '--as-recorded', '--policy', 'slackwater']);
    expect(simulated, simulated.text).toMatchObject({ code: 0, text: expect.stringContaining('1 tasks, 7 steps on laptop') });
  });

  test('a step that the fleet refuses ends its trace, which is counted and a failure; recorded text is said as it was', async () => {
    const harbour = { role: 'user', content: 'Name a boat.' }, story = { role: 'user', content: 'the tide came in '.repeat(3_000) };
    const file = await written('text', [
      line('short', null, [[20, [], { text: [harbour] }], [60, [], { gap: 'tool', text: [{ role: 'assistant', content: 'Skiff.' }, harbour] }]]),
      line('long', null, [[20, [], { text: [harbour] }], [60, [], { gap: 'tool', text: [story] }], [90, [], { gap: 'tool', text: [harbour] }]]),
    ]);
    const json = join(folder, 'refused.json');
    const { code, text } = await slackwater(['replay', file, '--live', '--nats', fleet.natsUrl, '--json', json]);
    expect(code, text).toBe(1);
    expect(text).toMatch(/trace long, step 2: context_length: prompt of 1\d{4} tokens; smollm2-135m takes 8192/);
    const report = JSON.parse(await readFile(json, 'utf8')) as Report;
    expect(report.replay).toMatchObject({ tasks: 2, tasks_finished: 1, prompts: { text: 3 }, ended_early: { context_length: 1 }, skipped: { 'a step that was never asked for': 1 } });
    expect(report.traces.map(({ trace, outcome }) => [trace, outcome]).sort()).toEqual([['long', 'failed'], ['short', 'finished']]);
  });

  test('on a fleet of its own, under the policy that is asked for', async () => {
    const file = await written('one', [line('a', null, [[90, [[0, 1]], {}], [160, [[0, 2]], { gap: 'tool', gap_ms: 50 }]]), line('endless', null, [[9_000, [], {}]])]);
    const json = join(folder, 'own.json');
    const { code, text } = await slackwater(['replay', file, '--live', '--policy', 'round-robin-lru', '--workers', '1', '--hbm', '64MiB', '--scale-tokens', '1', '--json', json]);
    expect(code, text).toBe(0);
    expect(JSON.parse(await readFile(json, 'utf8'))).toMatchObject({ what: 'replay', policy: 'round-robin-lru', workers: 1, totals: { traces: 1, finished: 1, steps: 2, blocks: { demoted: 0 } }, files: ['one.jsonl'], arrivals: { kind: 'closed', concurrency: 4 }, left_out: { "task with a step longer than the 2688 tokens of a worker's hbm of 64 MiB at --scale-tokens 1": 1 }, assumed: {} });
  });

  test('what cannot be done is refused with its numbers before anything starts', async () => {
    const file = await written('big', [line('a', null, [[9_000, [[0, 140]], {}]])]);
    const refusals: readonly (readonly [args: readonly string[], code: number, says: string])[] = [
      [[file, '--live', '--scale-tokens', '1'], 1, 'none of 1 tasks fits into the 8192 tokens of smollm2-135m at --scale-tokens 1; the shortest needs 9008 unscaled'],
      [[file, '--live', '--scale-tokens', '0.5', '--hbm', '8MiB'], 1, "none of 1 tasks fits into the 192 tokens of a worker's hbm of 8 MiB at --scale-tokens 0.5"],
      [[file, '--live', '--scale-tokens', '1.5'], 2, '--scale-tokens 1.5: more than 0 and at most 1'],
      [[file, '--live', '--policy', 'oracle'], 2, '--policy oracle: a live fleet has slackwater, round-robin-lru'],
      [[file, '--live', '--policy', 'slackwater', '--nats', 'nats://127.0.0.1:1'], 2, 'has its own'],
      [[file, '--record', 'x.jsonl'], 2, '--record needs --live'],
    ];
    await Promise.all(refusals.map(async ([args, code, says]) => expect(await slackwater(['replay', ...args]), args.join(' ')).toMatchObject({ code, text: expect.stringContaining(says) })));
  });
});

/** Blocks at the beginning that two steps have in common. */
function common(a: ReplayStep, b: ReplayStep): number {
  const [left, right] = [a, b].map(({ blocks }) => blocks.flatMap(([first, count]) => Array.from({ length: count }, (_, i) => first + i)));
  const differing = left!.findIndex((id, at) => id !== right![at]);
  return differing === -1 ? left!.length : differing;
}

function line(trace: string, parent: string | null, steps: readonly (readonly [tokens: number, blocks: ReplayStep['blocks'], more: object])[]): ReplayTrace {
  return { v: 1, trace, parent, start_ms: 0, model: 'm', steps: steps.map(([prompt_tokens, blocks, more], i) => ({ seq: i + 1, gap_ms: 0, gap: 'start', prompt_tokens, blocks, out_tokens: 8, tool: null, children: [], ...more })) };
}

async function written(name: string, traces: readonly ReplayTrace[]): Promise<string> {
  const file = join(folder, `${name}.jsonl`);
  await writeFile(file, traces.map((trace) => `${JSON.stringify(trace)}\n`).join(''));
  return file;
}

const lines = async (file: string): Promise<ReplayTrace[]> => (await readFile(file, 'utf8')).trim().split('\n').map((text) => JSON.parse(text) as ReplayTrace);

function slackwater(args: readonly string[]): Promise<{ readonly code: number | null; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(packageRoot(), 'infra/main/cli.ts'), ...args], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 100_000 });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (piece: string) => { text += piece; });
    child.once('error', reject).once('close', (code) => resolve({ code, text }));
  });
}
