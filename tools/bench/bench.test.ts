import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../infra/config.ts';
import { measuresOf } from './measures.ts';
import type { StepTimes } from './protocol.ts';
import { columnOf, type Figure, generatedBegin, generatedEnd, markdown, plain, ratioOf, rowsOf, short, tableOf, withGenerated } from './report.ts';
import { boundSeconds, type Ceilings, type ModelShape, shareOf } from './roofline.ts';
import { promptTokens, type Scenario, scenarios, workOf } from './scenarios.ts';
import { spread } from './stats.ts';
import { Subject, type SubjectPlan } from './subject.ts';

const scenario = (id: string): Scenario => scenarios.find((one) => one.id === id)!;
const step = (times: readonly number[], more: Partial<StepTimes> = {}): StepTimes => ({ submitS: 0, times, tokens: times.map(() => 5), cpuSubmitS: 0, cpuFirstS: 0, cpuEndS: 0, ...more });
const figure = (more: Partial<Figure>): Figure => ({
  bench: 'engine', case: 'prefill-512', subject: 'slackwater', mode: 'exact', metric: 'tokens_per_s', median: 100, min: 90, max: 110, unit: 'tok/s', goal: null, roofline: null, commit: 'c', machine: 'm', date: 'd', ...more,
});

describe('stats', () => {
  it('an odd count has its middle as median, an even one the mean of two', () => {
    expect(spread([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
    expect(spread([4, 1, 2, 30])).toEqual({ median: 3, min: 1, max: 30 });
    expect(spread([7])).toEqual({ median: 7, min: 7, max: 7 });
  });
  it('nothing measured is refused, not zero', () => {
    expect(() => spread([])).toThrow(RangeError);
  });
});

describe('scenarios', () => {
  it('the tokens of a repeat are the same each time, in range, and shared by no other repeat or scenario', () => {
    const work = workOf(scenario('fanout-16@2k'), 1, 49_152);
    expect(work).toEqual(workOf(scenario('fanout-16@2k'), 1, 49_152));
    expect(work.prefix).toHaveLength(2048);
    expect(work.traces.map(({ steps }) => steps[0]!.append.length)).toEqual(Array(16).fill(64));
    expect(Math.min(...work.prefix)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...work.prefix)).toBeLessThan(49_152);
    const starts = scenarios.flatMap((one) => [0, 1].map((repeat) => workOf(one, repeat, 49_152)))
      .map(({ prefix, traces }) => [...prefix, ...traces[0]!.steps[0]!.append].slice(0, 8).join());
    expect(new Set(starts).size).toBe(starts.length);
  });
  it('every scenario fits the context of the model', () => {
    for (const { prefixTokens, steps, appendTokens, generate } of scenarios) expect(prefixTokens + steps * (appendTokens + generate)).toBeLessThan(8192);
  });
});

describe('measures', () => {
  it('prefill counts the prompt until the first token, without a warm prefix', () => {
    expect(measuresOf(scenario('append-256@2k'), [[step([0.5])]])[0]).toEqual({ metric: 'tokens_per_s', value: 512, unit: 'tok/s' });
    expect(promptTokens(scenario('agents-4'))).toBe(1500 + 4 * 10 * 300);
  });
  it('decode counts what comes after the last of the first tokens', () => {
    const two = { ...scenario('decode-16'), traces: 2, generate: 3 };
    const told = measuresOf(two, [[step([1, 2, 3], { cpuFirstS: 1, cpuEndS: 5 })], [step([2, 3, 4], { cpuFirstS: 2, cpuEndS: 6 })]]);
    expect(told).toEqual([
      { metric: 'tokens_per_s', value: 3 / 2, unit: 'tok/s' }, { metric: 'tokens_per_cpu_s', value: 3 / 4, unit: 'tok/cpu-s' }, { metric: 'first_token_s', value: 2, unit: 's' },
    ]);
  });
  it('a subject that gave fewer tokens is refused, with both numbers', () => {
    expect(() => measuresOf(scenario('decode-1'), [[step([1, 2])]])).toThrow('2 tokens generated, 128 asked for');
    expect(() => measuresOf(scenario('decode-16'), [[step([1])]])).toThrow('1 traces of 1 steps answered, 16 of 1 asked for');
  });
});

describe('roofline', () => {
  const shape: ModelShape = { layers: 1, width: 10, bodyParams: 1000, headParams: 500, kvBytesPerToken: 4, fileBytes: 900 };
  const ceilings: Ceilings = { threads: 1, readBytesPerS: { 2000: 1000, 4000: 500 }, fmaPerS: 1e6, dot8PerS: 4e6, dot16PerS: 2e6, tile8PerS: 0, tile16PerS: 0 };
  const words = { weightBytes: () => 3000, linear: 'int16', attention: 'float' } as const;
  it('a decode step reads the weights and the context once, from the memory level that holds both', () => {
    const one = { ...scenario('decode-1'), generate: 3, appendTokens: 98.5 };
    expect(boundSeconds(one, shape, ceilings, words)).toBeCloseTo((2 * (3000 + 4 * 100)) / 500);
    expect(shareOf(one, 0.1, 10)).toBeCloseTo(0.5);
  });
  it('a shared prefix counts once in bytes', () => {
    const fan = { ...scenario('fanout-16@2k'), generate: 2, appendTokens: 0, prefixTokens: 100 };
    expect(boundSeconds(fan, shape, ceilings, words)).toBeCloseTo((3000 + 4 * (100 + 16)) / 500);
  });
  it('prefill is bound by multiplications, each kind of numbers at its own rate', () => {
    const prompt = { ...scenario('prefill-512'), appendTokens: 1_000_000 };
    const [linear, attention] = [(2 * (1000 * 1e6 + 500)) / 2e6, (4 * 10 * 1e6 * 5e5) / 1e6];
    expect(boundSeconds(prompt, shape, ceilings, words)).toBeCloseTo(linear + attention, 0);
    expect(boundSeconds(prompt, shape, ceilings, { ...words, linear: 'int8', attention: 'int16' })).toBeCloseTo((linear + attention) / 2, 0);
  });
  it('on tiles, which multiply bytes, numbers of 16 bits take four products', () => {
    const prompt = { ...scenario('prefill-512'), appendTokens: 1_000_000 };
    const plain = { ...words, attention: 'int16' } as const;
    expect(boundSeconds(prompt, shape, { ...ceilings, tile8PerS: 16e6 }, plain)).toBeCloseTo(boundSeconds(prompt, shape, ceilings, plain) / 2, 0);
  });
});

describe('report', () => {
  const figures = [
    figure({}), figure({ mode: 'fast', median: 300 }),
    figure({ subject: 'torch', mode: 'bfloat16', median: 50 }), figure({ subject: 'torch', mode: 'float32', median: 80 }), figure({ subject: 'vllm', mode: '', median: 40 }),
    figure({ subject: 'torch', mode: 'float32', metric: 'tokens_per_cpu_s', median: 999 }),
  ];
  const rows = rowsOf(figures, () => 'tokens_per_s');
  it('of a peer the better variant counts, of ours every mode, and the best peer is the ratio\'s base', () => {
    expect([...rows[0]!.cells].map(([column, cell]) => [column, cell.median])).toEqual([['exact', 100], ['fast', 300], ['torch', 80], ['vllm', 40]]);
    expect(rows[0]!.best).toMatchObject({ subject: 'torch', mode: 'float32' });
    const table = tableOf(rows, (_, mode) => mode === 'exact' ? 1.6 : null);
    expect(table[0]).toEqual(['case', 'unit', 'exact', 'exact / best peer', 'fast', 'fast / best peer', 'torch', 'vllm', 'best peer']);
    expect(table[1]).toEqual(['prefill-512', 'tok/s', '100 (90.0–110)', '1.25× (goal 1.6×)', '300 (90.0–110)', '3.75×', '80.0 (90.0–110) float32', '40.0 (90.0–110)', 'torch']);
    expect(markdown(table).split('\n')).toHaveLength(3);
    expect(plain(table).split('\n')[1]).toContain('1.25×');
  });
  it('of seconds the smaller is better', () => {
    const times = [figure({ case: 'ready', metric: 'ready_s', unit: 's', median: 2 }), figure({ case: 'ready', subject: 'a', metric: 'ready_s', unit: 's', median: 1 }), figure({ case: 'ready', subject: 'b', metric: 'ready_s', unit: 's', median: 4 })];
    expect(rowsOf(times, () => 'ready_s')[0]!.best?.subject).toBe('a');
    expect(ratioOf(times[0]!, times[2]!)).toBe(2);
  });
  it('without a peer the ratio is a dash', () => {
    expect(tableOf(rowsOf([figure({ mode: '' })], () => 'tokens_per_s'), () => null)[1]).toEqual(['prefill-512', 'tok/s', '100 (90.0–110)', '–', '–']);
    expect(columnOf({ subject: 'slackwater', mode: '' })).toBe('slackwater');
  });
  it('numbers have three digits that count', () => {
    expect([0.456, 12.34, 999.6, 1324, 98_765].map(short)).toEqual(['0.46', '12.3', '1,000', '1,324', '98,765']);
  });
  it('what people wrote around the marks stays', () => {
    const once = withGenerated('# T\n\nours\n', 'one', 'engine');
    expect(once).toBe(`# T\n\nours\n\n${generatedBegin('engine')}\none\n${generatedEnd}\n`);
    expect(withGenerated(`${once}\nafter\n`, 'two', 'engine')).toBe(`# T\n\nours\n\n${generatedBegin('engine')}\ntwo\n${generatedEnd}\n\nafter\n`);
  });
});

describe('subject', () => {
  const opened: Subject[] = [];
  const child = (script: string, openDeadlineMs = 5_000): Subject => {
    const plan: SubjectPlan = { name: 'fake', variant: '', command: [process.execPath, '-e', script], model: '', openDeadlineMs };
    const subject = new Subject(plan);
    opened.push(subject);
    return subject;
  };
  afterAll(() => Promise.all(opened.filter((subject) => subject.isAlive).map((subject) => subject.close())));

  it('one that says nothing is ended at its deadline', async () => {
    const silent = child('setInterval(() => {}, 1000)', 200);
    await expect(silent.open(1)).rejects.toThrow('gave no answer to "open" in 0.2 s');
    expect(silent.isAlive).toBe(false);
  });
  it('one that ends tells its last words', async () => {
    await expect(child('console.error("no such model"); process.exit(3)').open(1)).rejects.toThrow('ended (3): no such model');
  });
  it('one that prints something else than a reply is ended', async () => {
    const chatty = child('console.log("Loading..."); setInterval(() => {}, 1000)');
    await expect(chatty.open(1)).rejects.toThrow('printed "Loading..." instead of a reply');
    expect(chatty.isAlive).toBe(false);
  });
  it('one that refuses a scenario lives on', async () => {
    const refusing = child('process.stdin.on("data", () => console.log(JSON.stringify({ ok: false, error: "too long", rssBytes: 7 })))');
    await expect(refusing.open(1)).rejects.toThrow('too long');
    expect(refusing.isAlive).toBe(true);
    expect(refusing.rssBytesMax).toBe(7);
  });
});

describe('npm run bench -- engine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const main = (...args: string[]): string => execFileSync(process.execPath, ['tools/bench/main.ts', ...args], { cwd: packageRoot(), encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });

  it('without a peer: measures ours, prints the table, writes a line a figure', { timeout: 60_000 }, () => {
    const file = join(folder, 'engine.ndjson');
    expect(main('engine', '--scenarios', 'prefill-512', '--repeat', '1', '--modes', 'compact', '--no-roofline', '--json', file)).toContain('prefill-512');
    const figures = readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Figure);
    expect(figures.map(({ case: id, metric }) => `${id} ${metric}`)).toEqual(['prefill-512 tokens_per_s', 'prefill-512 tokens_per_cpu_s', 'memory rss_bytes']);
    expect(figures[0]).toMatchObject({ bench: 'engine', subject: 'slackwater', mode: 'compact', unit: 'tok/s' });
    expect(figures[0]!.median).toBeGreaterThan(0);
  });
  it('an unknown scenario, peer or number is refused with what there is', () => {
    expect(() => main('engine', '--scenarios', 'prefill-1')).toThrow(/unknown scenario "prefill-1"; there are prefill-512/);
    expect(() => main('engine', '--peers', 'ollama')).toThrow(/unknown peer "ollama"; there are llamacpp/);
    expect(() => main('engine', '--repeat', '0')).toThrow(/--repeat is 1 to 100, not 0/);
    expect(() => main('motor')).toThrow(/unknown bench "motor"; there are engine/);
  });
  it('help is no error: of one bench its flags, of all of them their names', { timeout: 60_000 }, () => {
    expect(main('--help')).toMatch(/^benches: engine, policy, calibrate;/);
    expect(main('policy', '--help')).toMatch(/^npm run bench -- policy /);
    expect(() => main('motor', '--help')).toThrow(/unknown bench "motor"; there are engine, policy, calibrate/);
    expect(() => main()).toThrow(/no bench is named; there are engine, policy, calibrate/);
  });
});
