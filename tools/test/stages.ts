/** The gate's stages as a table: what each runs, how long it may take, and how its tests are counted. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { addCounts, type Counts, countJunit, countLastLine, countVitest, noCounts } from './counts.ts';
import { runFuzzReaders } from './fuzz.ts';
import { repository, resultsFolder } from './paths.ts';
import { lastLines, runToEnd } from './process.ts';
import { staticChecks } from './static.ts';

export interface Stage { readonly name: string; readonly what: string; readonly deadlineMs: number; run(stage: Stage): Promise<Counts> }

const minuteMs = 60_000;
const seedsInGate = 200;
const seedsInFull = 3000;

export const stages: readonly Stage[] = [
  { name: 'static', what: 'types, lint, import picture, dead exports, generated code, bans', deadlineMs: 2 * minuteMs, run: runStatic },
  { name: 'unit', what: 'tests beside the code', deadlineMs: 4 * minuteMs, run: vitest(['unit', 'property']) },
  { name: 'sim', what: `${seedsInGate} seeds of the simulated fleet`, deadlineMs: 2 * minuteMs, run: simulator(['--seeds', String(seedsInGate)]) },
  { name: 'native', what: 'the engine alone, through ctest', deadlineMs: 5 * minuteMs, run: (stage) => native(stage, 'build', []) },
  { name: 'conformance', what: 'one suite on the real and the simulated ports', deadlineMs: 2 * minuteMs, run: vitest(['conformance']) },
  { name: 'integration', what: 'on the real nats-server', deadlineMs: 4 * minuteMs, run: vitest(['integration']) },
  { name: 'e2e', what: 'on the real model', deadlineMs: 4 * minuteMs, run: vitest(['e2e']) },
];

/** `npm run test:full` adds these. */
export const fullStages: readonly Stage[] = [
  { name: 'sim-long', what: `${seedsInFull} seeds of the simulated fleet`, deadlineMs: 30 * minuteMs, run: simulator(['--seeds', String(seedsInFull)]) },
  { name: 'mutants', what: 'planted bugs that the simulation must find', deadlineMs: 30 * minuteMs, run: simulator(['--mutants']) },
  { name: 'fuzz', what: 'property tests, many more runs, fresh seeds', deadlineMs: 15 * minuteMs, run: vitest(['property'], { SLACKWATER_FULL: '1' }) },
  { name: 'fuzz-readers', what: 'readers of model files on mutated bytes, ten minutes (SLACKWATER_FUZZ_SECONDS)', deadlineMs: 30 * minuteMs, run: () => runFuzzReaders(cmakePrograms().cmake, 600) },
  { name: 'kill-matrix', what: 'every process killed and paused at every point', deadlineMs: 30 * minuteMs, run: vitest(['integration', 'e2e'], { SLACKWATER_FULL: '1' }) },
  { name: 'soak', what: 'random submit, fork, cancel, priority, demote, recall, pin and drop through the engine for ten minutes', deadlineMs: 15 * minuteMs, run: soak },
  { name: 'agreement', what: 'what the engine would say next against transformers: 200 prompts x 32 positions, every weight mode', deadlineMs: 20 * minuteMs, run: agreement },
  { name: 'address', what: 'ctest under AddressSanitizer and UndefinedBehaviorSanitizer', deadlineMs: 30 * minuteMs, run: (stage) => native(stage, 'build/sanitize-address', ['-DSLACKWATER_SANITIZE=address,undefined', '-DCMAKE_BUILD_TYPE=RelWithDebInfo']) },
  { name: 'thread', what: 'ctest under ThreadSanitizer', deadlineMs: 30 * minuteMs, run: (stage) => native(stage, 'build/sanitize-thread', ['-DSLACKWATER_SANITIZE=thread', '-DCMAKE_BUILD_TYPE=RelWithDebInfo']) },
];

/** One program, for ten minutes: each of its lines on stdout is one kind of backend that came through. */
async function soak(stage: Stage): Promise<Counts> {
  const ended = await runToEnd(stage.name, ['build/soak_test', String(1 + Date.now() % 1_000_000)], stage.deadlineMs, { SLACKWATER_SOAK_SECONDS: '600' });
  if (!ended.ok) console.log(lastLines(ended.output, 40));
  return settle(stage, { ...noCounts, passed: [...ended.output.matchAll(/^soak, .*: \d+ rounds/gm)].length }, ended.why);
}

/** Each line is one mode on one instruction set. */
async function agreement(stage: Stage): Promise<Counts> {
  const ended = await runToEnd(stage.name, ['build/agreement_test'], stage.deadlineMs, { SLACKWATER_FULL: '1' });
  console.log(lastLines(ended.output, 10));
  return settle(stage, { ...noCounts, passed: [...ended.output.matchAll(/positions agree; of/g)].length }, ended.why);
}

/** Each check is one test; two at a time, since most of them are one process on one core. */
async function runStatic(stage: Stage): Promise<Counts> {
  const queue = [...staticChecks];
  let counts = noCounts;
  const runner = async () => {
    for (let check = queue.shift(); check !== undefined; check = queue.shift()) {
      const ended = await runToEnd(`${stage.name}-${check.name}`, check.command, stage.deadlineMs);
      if (!ended.ok) console.log(lastLines(ended.output, 60));
      counts = addCounts(counts, ended.ok ? { ...noCounts, passed: 1 } : { ...noCounts, failed: 1, failures: [`${check.name}: ${ended.why}`] });
    }
  };
  await Promise.all([runner(), runner()]);
  return counts;
}

function vitest(projects: readonly string[], env: Record<string, string> = {}): Stage['run'] {
  return async (stage) => {
    const report = freshReport(`${stage.name}.json`);
    const ended = await runToEnd(stage.name, [
      'node_modules/.bin/vitest', 'run', ...projects.flatMap((project) => ['--project', project]),
      '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, '--passWithNoTests',
    ], stage.deadlineMs, env);
    if (!ended.ok) console.log(lastLines(ended.output, 120));
    return settle(stage, existsSync(report) ? countVitest(readFileSync(report, 'utf8')) : noCounts, ended.why);
  };
}

function simulator(args: readonly string[]): Stage['run'] {
  return async (stage) => {
    const ended = await runToEnd(stage.name, ['node', 'tools/sim.ts', ...args], stage.deadlineMs);
    if (!ended.ok) console.log(lastLines(ended.output, 60));
    return settle(stage, countLastLine(ended.output) ?? noCounts, ended.why);
  };
}

async function native(stage: Stage, folder: string, configure: readonly string[]): Promise<Counts> {
  const threads = String(availableParallelism());
  const report = freshReport(`${stage.name}.xml`);
  const { cmake, ctest } = cmakePrograms();
  const steps = [
    ...(configure.length > 0 ? [[cmake, '-S', 'kernels', '-B', folder, ...configure]] : []),
    [cmake, '--build', folder, '--parallel', threads],
    [ctest, '--test-dir', folder, '--parallel', threads, '--timeout', '300', '--no-tests=error', '--output-on-failure', '--output-junit', report],
  ];
  for (const [i, step] of steps.entries()) {
    const ended = await runToEnd(`${stage.name}-${i}`, step, stage.deadlineMs, { UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1', TSAN_OPTIONS: 'halt_on_error=1' });
    if (ended.ok) continue;
    console.log(lastLines(ended.output, 80));
    return settle(stage, existsSync(report) ? countJunit(readFileSync(report, 'utf8')) : noCounts, ended.why);
  }
  return countJunit(readFileSync(report, 'utf8'));
}

/** Yesterday's report must not be taken for today's. */
function freshReport(name: string): string {
  const path = `${resultsFolder}/${name}`;
  rmSync(path, { force: true });
  return path;
}

/** Those that set-up found and configured the build with; they need not be on PATH. */
function cmakePrograms(): { cmake: string; ctest: string } {
  const cache = existsSync(`${repository}build/CMakeCache.txt`) ? readFileSync(`${repository}build/CMakeCache.txt`, 'utf8') : '';
  const program = (key: string) => new RegExp(`^${key}:INTERNAL=(.+)$`, 'm').exec(cache)?.[1];
  return { cmake: program('CMAKE_COMMAND') ?? 'cmake', ctest: program('CMAKE_CTEST_COMMAND') ?? 'ctest' };
}

/** A program that ended badly without naming a failed test (a crash, a deadline) is itself one. */
function settle(stage: Stage, counts: Counts, why: string): Counts {
  if (why === '' || counts.failed > 0) return counts;
  return { ...counts, failed: 1, failures: [`${stage.name}: ${why} (log: ${resultsFolder.slice(repository.length)}/${stage.name}*.log)`] };
}
