import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jetstreamManager } from '@nats-io/jetstream';
import { packageRoot } from '../../infra/config.ts';
import { connect } from '../../infra/nats/connect.ts';
import { startServer } from '../../infra/nats/server.ts';
import type { Report } from '../../schemas/report.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slackwater-demo-test-'));
  for (const [name, line] of [['north', 'const river = (depth: number): number => depth * 2;'], ['south', 'export function tide(hour: number): string { return hour > 6 ? "ebb" : "flood"; }']] as const) {
    await mkdir(join(folder, 'src', name), { recursive: true });
    await writeFile(join(folder, 'src', name, 'code.ts'), `${line}\n`.repeat(8));
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('demo', () => {
  test('two reviews of a tiny repository, one over HTTP and one over NATS: every trace is finished, tokens add up, memory moved', { timeout: 120_000 }, async () => {
    const file = join(folder, 'report.json');
    const { code, text } = await run(['demo', '--dir', join(folder, 'src'), '--agents', '2', '--tool-seconds', '0.2', '--json', file]);
    expect(code, text).toBe(0);
    const report = JSON.parse(await readFile(file, 'utf8')) as Report;
    expect(report).toMatchObject({ v: 1, what: 'demo', policy: 'slackwater', workers: 2 });
    // Two parents of three steps; two subagents each, which list, read one file and grep.
    expect(report.traces).toHaveLength(6);
    expect(report.traces.map(({ outcome, steps }) => [outcome, steps])).toEqual(Array.from({ length: 6 }, () => ['finished', 3]));
    const parents = report.traces.filter(({ parent }) => parent === null).map(({ trace }) => trace);
    expect(parents).toHaveLength(2);
    expect(report.traces.filter(({ parent }) => parents.includes(parent ?? ''))).toHaveLength(4);
    for (const trace of report.traces) {
      expect(trace.prompt_tokens.computed, trace.trace).toBeGreaterThan(0);
      expect(trace.cost_usd).toBeGreaterThan(0);
    }
    expect(report.totals.blocks.demoted).toBeGreaterThan(0);
    expect(report.totals.blocks.recalled).toBeGreaterThan(0);
    // What the harness measured and what the fleet billed and saved are compared by the demo itself: hit + recalled + computed = prompt among it.
    expect(text).not.toContain('DISAGREEMENT');
  });

  // A minute: what a guest takes and leaves is looked at step by step in test/integration/guest.test.ts.
  test.runIf(process.env['SLACKWATER_FULL'] === '1')('as a guest of a NATS: works there, and leaves it as it was', { timeout: 120_000 }, async () => {
    const started = await startServer({ folder: join(folder, 'nats') });
    if (!started.ok) throw new Error(started.message);
    try {
      const { code, text } = await run(['demo', '--dir', join(folder, 'src'), '--agents', '2', '--tool-seconds', '0.2', '--nats', started.server.url]);
      expect(code, text).toBe(0);
      const connected = await connect({ servers: started.server.url, name: 'test', deadlineMs: 5_000 });
      if (!connected.ok) throw new Error(connected.message);
      expect(await (await jetstreamManager(connected.connection.nc)).streams.names().next()).toEqual([]);
      await connected.connection.close();
    } finally {
      await started.server.stop();
    }
  });
});

function run(args: readonly string[]): Promise<{ readonly code: number | null; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(packageRoot(), 'infra/main/cli.ts'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (piece: string) => { text += piece; });
    child.once('error', reject).once('exit', (code) => resolve({ code, text }));
  });
}
