import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { UsageError } from '../usage-error.ts';
import type { PolicyFigure } from './figures.ts';
import { readFlags } from './flags.ts';
import { handMadeTraces } from './hand-made.fixture.ts';
import { benchPolicy } from './policy.ts';

let traces = '', folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bench-policy-'));
  traces = join(folder, 'made.jsonl');
  writeFileSync(traces, handMadeTraces(24).map((trace) => `${JSON.stringify(trace)}\n`).join(''));
});

async function quickly(name: string, ...more: string[]): Promise<{ readonly bytes: string; readonly figures: readonly PolicyFigure[]; readonly printed: string }> {
  const json = join(folder, `${name}.ndjson`), out = vi.spyOn(console, 'log').mockImplementation(() => {}), err = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    await benchPolicy(['--traces', traces, '--fleet', 'laptop', '--memory', '0.5', '--quick', '--threads', '1', '--json', json, ...more]);
    const bytes = readFileSync(json, 'utf8');
    return { bytes, figures: bytes.trim().split('\n').map((line) => JSON.parse(line) as PolicyFigure), printed: out.mock.calls.flat().join('\n') };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

test('a quick run: each policy and regime has its figures, and no policy is below the bound', async () => {
  const { figures, printed } = await quickly('quick');
  const mean = (subject: string, metric: string, regime: string): number => figures.find((figure) => figure.subject === subject && figure.metric === metric && figure.case.startsWith(regime))!.mean;
  for (const regime of ['low', 'past-5x']) {
    for (const policy of ['round-robin-lru', 'exact-prefix', 'oracle', 'slackwater']) {
      expect(mean(policy, 'jct_mean_s', regime)).toBeGreaterThanOrEqual(mean(policy, 'bound_jct_mean_s', regime));
      expect(mean(policy, 'served_mean_s', regime)).toBeGreaterThanOrEqual(mean(policy, 'bound_served_mean_s', regime));
      expect(mean(policy, 'hit_rate', regime) + mean(policy, 'recalled_rate', regime) + mean(policy, 'migrated_rate', regime) + mean(policy, 'computed_rate', regime)).toBeCloseTo(1, 5);
    }
  }
  expect(mean('round-robin-lru', 'served_mean_s', 'past-5x')).toBeGreaterThan(mean('oracle', 'served_mean_s', 'past-5x'));
  expect(figures.every(({ seeds }) => seeds === 2)).toBe(true);
  expect(printed).toContain('lower bound');
}, 60_000);

test('the same seeds give the same bytes, on one thread and on two', async () => {
  const [once, twice] = [await quickly('once', '--regimes', 'past-2x,fan-out'), await quickly('twice', '--regimes', 'past-2x,fan-out', '--threads', '2')];
  expect(twice.bytes).toBe(once.bytes);
  expect(once.figures.some(({ case: id }) => id.startsWith('fan-out/closed-'))).toBe(true);
}, 60_000);

test('a study prints each variant beside its base', async () => {
  const out = vi.spyOn(console, 'log').mockImplementation(() => {}), err = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    await benchPolicy(['--traces', traces, '--fleet', 'laptop', '--memory', '0.5', '--quick', '--threads', '1', '--ablation', '--regimes', 'past-5x', '--seeds', '1']);
    expect(out.mock.calls.flat().join('\n')).toContain('slackwater, placed in turn');
    await benchPolicy(['--traces', traces, '--fleet', 'laptop', '--memory', '0.5', '--quick', '--threads', '1', '--sensitivity', '--regimes', 'past-5x', '--policies', 'fixed-ttl', '--seeds', '1']);
    const [, printed] = out.mock.calls.map(([text]) => String(text));
    expect(printed).toContain('fixed-ttl: ttlMs × 0.5');
    expect(printed).toContain('fixed-ttl: dram link × 2');
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}, 60_000);

test.each([
  [['--policies', 'lru'], /no policy is called lru; there are round-robin-lru/],
  [['--regimes', 'knee,nowhere'], /no regime is called nowhere; there are low, knee/],
  [['--seeds', '0'], /--seeds is 1 to 1000, not 0/],
  [['--seeds', '2.5'], /--seeds is a whole number, not 2.5/],
  [['--memory', 'much'], /--memory is 0.001 to 1, not much/],
  [['--traces', 'nowhere.jsonl'], /--traces nowhere.jsonl: no such file/],
  [['--ablation', '--sensitivity'], /two runs/],
  [['--quick', '--write'], /--write takes the main table/],
  [['--speed', '9'], /--speed/],
  [['extra'], /extra/],
])('bad flags are refused: %j', (args, why) => {
  expect(() => readFlags(['--traces', traces, ...args])).toThrow(UsageError);
  expect(() => readFlags(['--traces', traces, ...args])).toThrow(why);
});

test('recordings of which nothing fits the fleet are refused, and it is told why', async () => {
  await expect(quickly('none', '--memory', '0.1')).rejects.toThrow(/no task of these recordings fits a worker of laptop: \d+ × task with a step over 1088 tokens/);
});

test('a fleet that is not there and a file that is no recording are refused', async () => {
  await expect(quickly('fleet', '--fleet', 'moon')).rejects.toThrow(UsageError);
  const broken = join(folder, 'broken.jsonl');
  writeFileSync(broken, '{"v":1,"trace":"a","steps":[\n');
  await expect(quickly('broken', '--traces', broken)).rejects.toThrow(/broken.jsonl/);
});
