/**
 * `npm run bench -- engine`: every scenario on ours and on every installed peer, interleaved (each repeat runs all subjects one after the
 * other), on the same weights and tokens.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../infra/config.ts';
import { readGguf } from '../../infra/text/gguf.ts';
import { installPeer } from '../peers/install.ts';
import { commit } from './commit.ts';
import { isRate, mainMetric, type Measure, measuresOf } from './measures.ts';
import { defaultModel, peerNames, peerPlans, peersFolder } from './peers.ts';
import { type Figure, markdown, plain, ratioOf, rowsOf, short, tableOf, withGenerated } from './report.ts';
import { arithmetics, boundSeconds, type Ceilings, measureCeilings, type ModelShape, shapeOf, shareOf } from './roofline.ts';
import { type Mode, modes, type Scenario, scenarios, workOf } from './scenarios.ts';
import { spread } from './stats.ts';
import { Subject, SubjectError, type SubjectPlan } from './subject.ts';
import { UsageError } from './usage-error.ts';

export const usage = `npm run bench -- engine [--peers ${peerNames.join(',')}] [--scenarios ID,…] [--modes ${modes.join(',')}] [--repeat 3] [--threads 2]
                          [--model FILE.gguf] [--json FILE] [--write] [--no-install] [--no-roofline] [--speculation]
  --peers       are installed into .cache/peers on first use (gigabytes, minutes) unless --no-install; a peer that is not there is left out
  --speculation lets ours draft tokens from the prompt
  --no-roofline does not measure the machine's ceilings
  --write       brings docs/benchmarks/engine.md and engine.ndjson up to date
scenarios: ${scenarios.map((scenario) => scenario.id).join(' ')}`;

interface Options { readonly peers: readonly (typeof peerNames)[number][]; readonly chosen: readonly Scenario[]; readonly modes: readonly Mode[]; readonly isSpeculating: boolean; readonly repeat: number; readonly threads: number; readonly model: string; readonly json: string | null; readonly isWriting: boolean; readonly isInstalling: boolean; readonly isMeasuringCeilings: boolean }
interface Contestant { readonly plan: SubjectPlan; subject: Subject; readonly openedS: number }
type Taken = Map<string, { readonly scenario: Scenario; readonly plan: SubjectPlan; readonly measure: Measure; readonly values: number[] }>;

/** A start that takes longer than this is measured once. */
const slowStartS = 20;

export async function benchEngine(args: readonly string[]): Promise<void> {
  const options = read(args);
  const shape = shapeOf(readGguf(options.model));
  const vocab = shape.headParams / shape.width;
  for (const peer of options.isInstalling ? options.peers : []) installPeer(peer, options.model, say);
  const plans = plansOf(options);
  const ceilings = !options.isMeasuringCeilings ? null : measureCeilings(options.threads, join(peersFolder(), '..', 'bench'), say);
  const contestants: Contestant[] = [];
  for (const plan of plans) {
    const opened = await tryOpen(plan, options.threads);
    if (opened !== null) contestants.push(opened);
  }
  const taken: Taken = new Map();
  try {
    for (const contestant of contestants) await warmUp(contestant, vocab);
    for (const scenario of options.chosen) {
      for (let repeat = 0; repeat < options.repeat; ++repeat) await playRound(scenario, repeat, contestants, taken, options.threads, vocab);
      say(`${scenario.id}: ${[...taken.values()].filter((row) => row.scenario === scenario && row.measure.metric === mainMetric(scenario)).map((row) => `${label(row.plan)} ${short(spread(row.values).median)}`).join(', ')} ${unitOf(scenario)}`);
      // After every scenario: a run of an hour that is broken off has told what it knew.
      const soFar = figuresOf(taken, contestants, shape, ceilings, options.threads);
      if (options.json !== null) writeFileSync(options.json, lines(soFar));
      if (options.isWriting) writeDocuments(soFar, contestants, ceilings, options);
    }
  } finally {
    await Promise.all(contestants.filter(({ subject }) => subject.isAlive).map(({ subject }) => subject.close()));
  }
  const figures = figuresOf(taken, contestants, shape, ceilings, options.threads);
  console.log(`\n${plain(tableFor(figures))}\n\nmedian (min–max, share of the roofline); machine: ${machine(options.threads)}; commit ${commit()}\n${ceilingsLine(ceilings)}\n${foreignLines(figures).join('\n')}`);
  if (figures.length === 0) process.exitCode = 1;
}

const tableFor = (figures: readonly Figure[]): ReturnType<typeof tableOf> => {
  const scenarioOf = (id: string): Scenario | undefined => scenarios.find((scenario) => scenario.id === id);
  return tableOf(rowsOf(figures, (id) => id === 'memory' ? 'rss_bytes' : mainMetric(scenarioOf(id)!)), (id, mode) => scenarioOf(id)?.goals[mode as Mode] ?? null);
};

function writeDocuments(figures: readonly Figure[], contestants: readonly Contestant[], ceilings: Ceilings | null, options: Options): void {
  const folder = join(packageRoot(), 'docs', 'benchmarks');
  writeFileSync(join(folder, 'engine.ndjson'), lines(figures));
  writeFileSync(join(folder, 'engine.md'), withGenerated(readFileSync(join(folder, 'engine.md'), 'utf8'), section(figures, contestants, tableFor(figures), ceilings, options), 'engine'));
}

function read(args: readonly string[]): Options {
  const { values, positionals } = parse(args);
  if (positionals.length > 0) throw new UsageError(`"${positionals[0]}" is not expected`);
  const list = <T extends string>(given: string | undefined, known: readonly T[], what: string): readonly T[] => (given ?? '').split(',').filter((name) => name !== '').map((name) => {
    if (!known.includes(name as T)) throw new UsageError(`unknown ${what} "${name}"; there are ${known.join(', ')}`);
    return name as T;
  });
  const count = (name: 'repeat' | 'threads', usual: number, most: number): number => {
    const value = Number(values[name] ?? usual);
    if (!Number.isInteger(value) || value < 1 || value > most) throw new UsageError(`--${name} is 1 to ${most}, not ${values[name]}`);
    return value;
  };
  const ids = list(values.scenarios, scenarios.map((scenario) => scenario.id), 'scenario');
  const model = values.model ?? defaultModel();
  if (!existsSync(model)) throw new UsageError(`no model at ${model}: "npm run setup" brings it`);
  const given = list(values.modes, modes, 'mode');
  return {
    peers: list(values.peers, peerNames, 'peer'), chosen: scenarios.filter((scenario) => ids.length === 0 || ids.includes(scenario.id)), modes: given.length > 0 ? given : modes,
    repeat: count('repeat', 3, 100), threads: count('threads', Math.min(2, availableParallelism()), availableParallelism()), model,
    json: values.json ?? null, isWriting: values.write === true, isInstalling: values['no-install'] !== true, isMeasuringCeilings: values['no-roofline'] !== true, isSpeculating: values.speculation === true,
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: { peers: text, scenarios: text, modes: text, repeat: text, threads: text, model: text, json: text, write: { type: 'boolean' }, 'no-install': { type: 'boolean' }, 'no-roofline': { type: 'boolean' }, speculation: { type: 'boolean' } } });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function plansOf({ peers, modes: chosen, model, threads, isSpeculating }: Options): readonly SubjectPlan[] {
  const ours = chosen.map((mode): SubjectPlan => ({ name: 'slackwater', variant: mode, command: [process.execPath, join(packageRoot(), 'tools', 'bench', 'ours.ts'), isSpeculating ? 'auto' : 'off'], model, openDeadlineMs: 60_000 }));
  return [...ours, ...peers.flatMap((peer) => {
    const plans = peerPlans(peer, model, threads);
    if (plans.length === 0) say(`${peer} is not installed: left out`);
    return plans;
  })];
}

async function tryOpen(plan: SubjectPlan, threads: number): Promise<Contestant | null> {
  const startMs = performance.now();
  const subject = new Subject(plan);
  try {
    await subject.open(threads);
    const openedS = (performance.now() - startMs) / 1000;
    say(`${label(plan)}: ${subject.about} (open after ${openedS.toFixed(1)} s)`);
    return { plan, subject, openedS };
  } catch (error) {
    if (!(error instanceof SubjectError)) throw error;
    say(`${label(plan)} does not open, left out: ${error.message}`);
    await subject.close();
    return null;
  }
}

/** What a fresh process does once, such as compiling its kernels, is in no figure. */
async function warmUp({ plan, subject }: Contestant, vocab: number): Promise<void> {
  try {
    await subject.run(workOf(scenarios.find(({ id }) => id === 'prefill-512')!, 1_000_000, vocab));
  } catch (error) {
    say(`${label(plan)} failed on its first prompt: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** One repeat of one scenario, every subject once, each time another one first: what a predecessor leaves in caches must not meet always the same. A subject that fails is told of and is measured no more in this round. */
async function playRound(scenario: Scenario, repeat: number, contestants: readonly Contestant[], taken: Taken, threads: number, vocab: number): Promise<void> {
  const work = workOf(scenario, repeat, vocab);
  for (let i = 0; i < contestants.length; ++i) {
    const contestant = contestants[(i + repeat) % contestants.length]!;
    if (scenario.phase === 'ready' && repeat > 0 && contestant.openedS > slowStartS) continue;
    const foreign = scenario.foreign === undefined ? null : spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
    try {
      const measures = scenario.phase === 'ready' ? await measureReady(contestant.plan, scenario, threads, vocab, repeat)
        : contestant.subject.isAlive ? measuresOf(scenario, await contestant.subject.run(work)) : [];
      for (const measure of measures) {
        const key = `${scenario.id}|${label(contestant.plan)}|${measure.metric}`;
        if (!taken.has(key)) taken.set(key, { scenario, plan: contestant.plan, measure, values: [] });
        taken.get(key)!.values.push(measure.value);
      }
      const [main] = measures;
      if (main !== undefined) say(`  ${scenario.id} ${repeat + 1}: ${label(contestant.plan)} ${short(main.value)} ${main.unit}`);
    } catch (error) {
      say(`${scenario.id}: ${label(contestant.plan)} failed: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      foreign?.kill('SIGKILL');
    }
  }
}

/** From the start of a process of its own to its first token. */
async function measureReady(plan: SubjectPlan, scenario: Scenario, threads: number, vocab: number, repeat: number): Promise<readonly Measure[]> {
  const startMs = performance.now();
  const subject = new Subject(plan);
  try {
    await subject.open(threads);
    await subject.run(workOf(scenario, repeat, vocab));
    return [{ metric: 'ready_s', value: (performance.now() - startMs) / 1000, unit: 's' }];
  } finally {
    if (subject.isAlive) await subject.close();
  }
}

function figuresOf(taken: Taken, contestants: readonly Contestant[], shape: ModelShape, ceilings: Ceilings | null, threads: number): readonly Figure[] {
  const common = { bench: 'engine', commit: commit(), machine: machine(threads), date: new Date().toISOString().slice(0, 10) };
  const figures = [...taken.values()].map(({ scenario, plan, measure, values }): Figure => {
    const held = spread(values);
    const arithmetic = arithmetics[label(plan)];
    const isMain = measure.metric === mainMetric(scenario) && scenario.phase !== 'ready' && scenario.foreign === undefined;
    const roofline = isMain && ceilings !== null && arithmetic !== undefined ? shareOf(scenario, held.median, boundSeconds(scenario, shape, ceilings, arithmetic)) : null;
    return { bench: common.bench, case: scenario.id, subject: plan.name, mode: plan.variant, metric: measure.metric, ...held, unit: measure.unit, goal: null, roofline, commit: common.commit, machine: common.machine, date: common.date };
  });
  const best = new Map(rowsOf(figures, (id) => mainMetric(scenarios.find((scenario) => scenario.id === id)!)).map((row) => [row.case, row.best]));
  const withGoals = figures.map((figure): Figure => {
    const scenario = scenarios.find((one) => one.id === figure.case)!;
    const goal = figure.subject === 'slackwater' && figure.metric === mainMetric(scenario) ? scenario.goals[figure.mode as Mode] : undefined;
    const peer = best.get(figure.case);
    return goal === undefined || peer == null ? figure : { ...figure, goal: isRate(figure.metric) ? peer.median * goal : peer.median / goal };
  });
  return [...withGoals, ...contestants.map(({ plan, subject }): Figure => ({
    bench: common.bench, case: 'memory', subject: plan.name, mode: plan.variant, metric: 'rss_bytes', ...spread([subject.rssBytesMax]), unit: 'B', goal: null, roofline: null,
    commit: common.commit, machine: common.machine, date: common.date,
  }))];
}

/** What a foreign busy thread costs every subject: time with it over time without. */
function foreignLines(figures: readonly Figure[]): readonly string[] {
  return scenarios.filter((scenario) => scenario.foreign !== undefined).flatMap((scenario) => {
    const costs = figures.filter((figure) => figure.case === scenario.id && figure.metric === mainMetric(scenario)).flatMap((beside) => {
      const alone = figures.find((figure) => figure.case === scenario.foreign!.of && figure.subject === beside.subject && figure.mode === beside.mode && figure.metric === beside.metric);
      return alone === undefined ? [] : [`${label({ name: beside.subject, variant: beside.mode })} ${(1 / ratioOf(beside, alone)).toFixed(2)}×`];
    });
    return costs.length === 0 ? [] : [`a foreign busy thread makes ${scenario.foreign!.of} slower by: ${costs.join(', ')} (goal for ours: at most 1.5×)`];
  });
}

function section(figures: readonly Figure[], contestants: readonly Contestant[], table: readonly (readonly string[])[], ceilings: Ceilings | null, options: Options): string {
  return [
    `Measured ${new Date().toISOString().slice(0, 10)}, commit ${commit()}, ${machine(options.threads)}. Median of ${options.repeat} (minimum–maximum, share of the roofline); subjects interleaved, the same token ids for all, greedy. Ratios are of medians, above 1 ours is better.`,
    markdown(table),
    ...foreignLines(figures),
    ceilingsLine(ceilings),
    '**Cases.**', ...scenarios.filter((scenario) => options.chosen.includes(scenario)).map((scenario) => `- \`${scenario.id}\`: ${scenario.what}`),
    '**Subjects.**', ...contestants.map(({ plan, subject }) => `- \`${label(plan)}\`: ${subject.about}`),
  ].join('\n\n').replace(/\n\n- /g, '\n- ').replace(/\*\*\n- /g, '**\n\n- ');
}

function ceilingsLine(ceilings: Ceilings | null): string {
  if (ceilings === null) return 'Ceilings were not measured.';
  const giga = (value: number): string => (value / 1e9).toFixed(0);
  const reads = Object.entries(ceilings.readBytesPerS).map(([bytes, rate]) => `${giga(rate)} GB/s of ${Number(bytes) / 2 ** 20} MiB`).join(', ');
  return `Ceilings of this machine, ${ceilings.threads} threads together: reads ${reads}; fp32 multiply-add ${giga(ceilings.fmaPerS)} GFLOP/s; int8 dot products ${giga(ceilings.dot8PerS)} GOP/s, int16 ${giga(ceilings.dot16PerS)} GOP/s; tiles int8 ${giga(ceilings.tile8PerS)} GOP/s, bf16 ${giga(ceilings.tile16PerS)} GFLOP/s (0: not there).`;
}

const lines = (figures: readonly Figure[]): string => figures.map((figure) => `${JSON.stringify(figure)}\n`).join('');
const label = ({ name, variant }: Pick<SubjectPlan, 'name' | 'variant'>): string => variant === '' ? name : `${name}/${variant}`;
const unitOf = (scenario: Scenario): string => mainMetric(scenario) === 'tokens_per_s' ? 'tok/s' : 's';
const machine = (threads: number): string => `${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${threads} threads of ${cpus().length}`;

function say(line: string): void { process.stderr.write(`${line}\n`); }
