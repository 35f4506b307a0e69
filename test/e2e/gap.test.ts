import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ownTrace } from '../../infra/gateway/gateway.ts';
import { packageRoot } from '../../infra/config.ts';
import { readTraces } from '../../infra/traces/read.ts';
import type { ReplayTrace } from '../../schemas/replay-trace.ts';
import { Chat, brief, system, user } from './chat.ts';
import { type Fleet, startFleet, until } from './fleet.ts';

let fleet: Fleet;
let chat: Chat;
// 34 blocks of hbm: two prompts of some 900 tokens fill most of it.
beforeAll(async () => { fleet = await startFleet({ worker: { hbm: '48MiB', dram: '256MiB' } }); chat = new Chat(fleet.gateway.url); });
afterAll(() => fleet?.close());

const long = (name: string) => system(`You are ${name}. ${'You review small programs with care, and you name what you see. '.repeat(58)}`);
const engine = () => fleet.worker.host.stats().engine;
const pinned = (): number => { const { hbmPinned, dramPinned } = fleet.worker.host.stats().tier; return hbmPinned + dramPinned; };
const slackwater = (...args: string[]) => promisify(execFile)(process.execPath, [join(packageRoot(), 'infra/main/cli.ts'), ...args, '--nats', fleet.natsUrl], { timeout: 30_000 });

describe('on the real model, in a tight arena', () => {
  test('a tool gap demotes the prefix to dram, and the next step finds all of it again', async () => {
    const [a, b] = [[long('Anna'), user('Say one word.')], [long('Berta'), user('Say one word.')]];
    await chat.ask(a, { max_tokens: 4 }, { 'x-slackwater-trace': 'gap-a' });
    const first = await chat.ask(b, { max_tokens: 4 }, { 'x-slackwater-trace': 'gap-b' });
    await until('blocks are demoted', () => engine().demotedBlocks > 0);
    const next = await chat.ask([...b, first.choices[0].message, user('Another.')], { max_tokens: 4 }, { 'x-slackwater-trace': 'gap-b' });
    expect(next.slackwater.hit + next.slackwater.recalled).toBeGreaterThanOrEqual(first.usage.total_tokens - 1);
    expect(engine().recalledBlocks).toBeGreaterThan(0);
    expect(next.slackwater.hit + next.slackwater.recalled + next.slackwater.computed).toBe(next.usage.prompt_tokens);
  });

  test('a fan-out pins its parent until the last child is over', async () => {
    const parent = [brief('the one who splits work'), user('Split it in two.')];
    await chat.ask(parent, { max_tokens: 4 }, { 'x-slackwater-trace': 'parent' });
    for (const child of ['left', 'right']) await chat.ask([system('You do a part.'), user(child)], { max_tokens: 4 }, { 'x-slackwater-trace': child, 'x-slackwater-parent': 'parent' });
    await until('the parent is pinned', () => pinned() > 0);
    const { stdout } = await slackwater('trace', 'show', ownTrace('default', 'parent'), '--json');
    expect(JSON.parse(stdout)).toMatchObject({ state: 'fanOut', children: [ownTrace('default', 'left'), ownTrace('default', 'right')], pinned_on: 'worker-1' });
    for (const child of ['left', 'right']) await chat.ask([system('You do a part.'), user(child), { role: 'assistant', content: 'Done.' }, user('End.')], { max_tokens: 4, slackwater: { end: true } }, { 'x-slackwater-trace': child, 'x-slackwater-parent': 'parent' });
    await until('nothing is pinned', () => pinned() === 0);
  });

  test('a trace is exported with its children, without a word of it, and read back', async () => {
    const [hidden, again, plain] = await Promise.all([['--salt', 'one'], ['--salt', 'one'], []].map(async (salt) => (await slackwater('trace', 'export', ownTrace('default', 'parent'), ...salt)).stdout));
    expect(again).toBe(hidden);
    expect(`${hidden}${plain}`).not.toMatch(/tr_|default|Split|left|SmolLM/i);
    const folder = await mkdtemp(join(tmpdir(), 'slackwater-export-'));
    for (const text of [hidden!, plain!]) {
      await writeFile(join(folder, 'one.jsonl'), text);
      const traces: ReplayTrace[] = [];
      for await (const trace of readTraces(join(folder, 'one.jsonl'))) traces.push(trace);
      expect(traces.map(({ parent, steps }) => [parent === null, steps.length])).toEqual([[true, 1], [false, 2], [false, 2]]);
      expect(traces[0]!.steps[0]!.children).toEqual(traces.slice(1).map(({ trace }) => trace));
      for (const { steps } of traces) for (const step of steps) expect([step.out_tokens > 0, step.took_ms! > 0]).toEqual([true, true]);
    }
    await rm(folder, { recursive: true, force: true });
    const { stdout } = await slackwater('trace', 'export', ownTrace('default', 'gap-b'));
    const { steps } = JSON.parse(stdout) as ReplayTrace;
    expect(steps.map(({ seq, gap }) => [seq, gap])).toEqual([[1, 'start'], [2, 'tool']]);
    expect(steps[1]!.blocks[0]![1]).toBeGreaterThanOrEqual(steps[0]!.blocks[0]![1]); // the second prompt begins with the first
    expect(steps[0]!.blocks[0]![1]).toBe(Math.floor(steps[0]!.prompt_tokens / 64));
    await expect(slackwater('trace', 'export', 'tr_00nobody')).rejects.toMatchObject({ code: 4 });
  });

  test('every trace is listed, and a decision says on which numbers it was made and what came of it', async () => {
    const { stdout: listed } = await slackwater('trace', 'ls', '--json');
    const traces = listed.trim().split('\n').map((line) => JSON.parse(line) as { readonly trace: string; readonly steps_done: number });
    expect(traces.find(({ trace }) => trace === ownTrace('default', 'gap-b'))).toMatchObject({ steps_done: 2 });
    const { stdout: shown } = await slackwater('trace', 'show', ownTrace('default', 'gap-b'), '--json');
    const { decisions } = JSON.parse(shown) as { readonly decisions: readonly { readonly what: string; readonly outcome: { readonly first_token_ms: number } | null }[] };
    expect(decisions.map(({ what }) => what)).toEqual(expect.arrayContaining(['place', 'demote']));
    expect(decisions.find(({ what }) => what === 'place')?.outcome?.first_token_ms).toBeGreaterThan(0);
  });
});
