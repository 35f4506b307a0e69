import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Config, ConfigError, packageRoot } from '../config.ts';
import { readModel } from '../text/read-model.ts';
import { Tokenizer } from '../text/tokenizer.ts';
import { Guest } from './guest.ts';
import { findBlockBytes, planRun } from './plan.ts';
import { mib, totalsTable, tracesTable, verdict } from './print.ts';
import { failures } from './report.ts';
import { type Ran, type Work, runOnce } from './run.ts';
import { reviewText } from './reviewer.ts';
import { type Sample, fixedSample, sampleOf } from './sample.ts';
import { Tools, toolMsMax } from './tools.ts';

export interface DemoOptions {
  /** Null: the fixed sample. */
  readonly dir: string | null;
  /** Reviews at once; null: 2, one over HTTP and one over NATS. */
  readonly agents: number | null;
  /** File for the report; null: none. */
  readonly json: string | null;
  readonly toolSeconds: number | null;
  readonly isCompared: boolean;
}

const defaults = { agents: 2, toolSeconds: 1, workers: 2, conductors: 2 } as const;
const readTokensMax = 1_500, grepLinesMax = 12;
/** Of the working set, over all workers: so little that conversations have to give way to each other. */
const hbmShare = 0.4;
/** A trace without ids is over when nobody went on with it for this long: several times the longest tool. */
const idleMs = (toolSeconds: number): number => 5_000 + 5 * toolMsMax(toolSeconds);
const reviewCharactersShown = 1_600;

/** The main job on this machine: agents that review a repository, on a fleet of their own. Returns the program's exit code. */
export async function runDemo(config: Config, options: DemoOptions): Promise<number> {
  const say = (line: string): void => { process.stdout.write(`${line}\n`); };
  if (config.nats.url !== null) await Guest.arrive(config.nats.url, config.region);
  const sample = options.dir === null ? fixedSample(packageRoot()) : sampleIn(options.dir);
  const facts = readModel(config.model.path);
  const tokenizer = new Tokenizer(facts);
  const count = (text: string): number => tokenizer.encode(text).length;
  const tools = new Tools({ readTokensMax, grepLinesMax }, count);
  const blockBytes = findBlockBytes(facts);
  if (blockBytes === null) throw new Error(`${config.model.path} does not say its number of layers and heads`);
  const reviews = Math.max(1, options.agents ?? defaults.agents), toolSeconds = options.toolSeconds ?? defaults.toolSeconds;
  // One worker per core, but two at least: a fleet of one shows no placement.
  const workers = Math.max(defaults.workers, config.fleet.workers), conductors = Math.max(defaults.conductors, config.fleet.conductors);
  const plan = await planRun(sample, tools, count, { reviews, workers, blockBytes, contextTokens: facts.contextLength, hbmShare });

  say(`${reviews} review${reviews === 1 ? '' : 's'} of ${sample.name}: ${sample.folders.map((folder) => `${folder.path} (${folder.files.length})`).join(', ')}`);
  for (const line of sample.leftOut) say(`left out: ${line}`);
  say(`working set: ${mib(plan.workingSetBytes)} (${plan.conversations.length} conversations, ${plan.conversations.reduce((sum, one) => sum + one.tokens, 0)} tokens of ${blockBytes / 64} bytes); each of ${workers} workers: hbm ${mib(plan.hbmBytesPerWorker)}${plan.isFloor ? ' (the longest conversation needs that)' : ''}, dram ${mib(plan.dramBytesPerWorker)}`);

  const settings: Config = {
    ...config, region: config.nats.url === null ? config.region : `demo-${process.pid}`,
    gateway: { ...config.gateway, port: 0 }, fleet: { conductors, workers },
    worker: { ...config.worker, hbm: plan.hbmBytesPerWorker, dram: plan.dramBytesPerWorker, metricsPort: null },
    trace: { ...config.trace, idleMs: idleMs(toolSeconds) },
  };
  const work: Work = { reviews, toolSeconds, sample, tools, count, contextTokens: facts.contextLength, workingSetBytes: plan.workingSetBytes, blockBytes };
  const policies = options.isCompared ? ['slackwater', 'round-robin-lru'] as const : [config.conductor.policy];
  const ran: Ran[] = [];
  const folder = join(config.cache, 'demo', options.dir === null ? 'sample' : sample.name);
  await mkdir(folder, { recursive: true });
  for (const policy of policies) {
    say(`\n${policy}: starting ${conductors} conductors, ${workers} workers and a gateway`);
    const one = await runOnce({ ...settings, conductor: { ...settings.conductor, policy } }, work, folder, say);
    for (const line of resultLines(one, folder)) say(line);
    ran.push(one);
  }
  const reports = ran.map(({ report }) => report);
  const [first, second] = reports;
  if (first === undefined) return 1;
  if (second !== undefined) for (const line of ['', ...totalsTable(reports), '', verdict(first, second), sameness(ran)]) say(line);
  if (options.json !== null) {
    await writeFile(options.json, `${JSON.stringify(options.isCompared ? { runs: reports } : first, null, 2)}\n`);
    say(`report: ${options.json}`);
  }
  const failed = ran.flatMap(({ report, faults }) => [...faults, ...failures(report, report.policy === 'slackwater')].map((line) => `${report.policy}: ${line}`));
  for (const line of failed) process.stderr.write(`slackwater: ${line}\n`);
  return failed.length === 0 ? 0 : 1;
}

function sampleIn(directory: string): Sample {
  try {
    return sampleOf(directory);
  } catch (error) {
    throw new ConfigError(`--dir ${directory}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function resultLines({ report, conversations, reviews, disagreements }: Ran, folder: string): string[] {
  const labels = new Map(conversations.map(({ trace, label, kind }) => [trace, `${label} (${kind})`]));
  const shown = reviews[0];
  return [
    '', ...tracesTable(report, (trace) => labels.get(trace) ?? ''), '', ...totalsTable([report]),
    ...disagreements.map((line) => `DISAGREEMENT  ${line}`),
    ...(shown === undefined ? [] : ['', `${shown.label}, as the model wrote it:`, ...reviewText(shown.review).slice(0, reviewCharactersShown).split('\n').map((line) => `  ${line}`), '  …']),
    `everything else: ${join(folder, `${report.policy}-*`)}`,
  ];
}

/** Seeds and batch-invariant numerics: the same questions get the same answers, wherever and beside whatever they ran. */
function sameness([first, second]: readonly Ran[]): string {
  const answersOf = (ran: Ran | undefined): Map<string, string> => new Map(ran?.conversations.flatMap(({ label, answers }) => answers.map(({ text }, i) => [`${label} ${i}`, text] as const)));
  const ours = answersOf(first), theirs = answersOf(second);
  return `${[...ours].filter(([step, text]) => theirs.get(step) === text).length} of ${ours.size} answers are word for word the same in both runs`;
}
