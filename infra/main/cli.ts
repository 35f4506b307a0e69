import { Command, CommanderError, Option } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { policies } from '../../actors/control/policies/all.ts';
import { policyNames } from '../../actors/control/policies/named.ts';
import { BusFault } from '../../actors/lib/ports.ts';
import { type Config, ConfigError, type ConfigInput, loadConfig, packageRoot } from '../config.ts';
import { findModel } from '../models/find-model.ts';
import { progressOn } from '../models/progress.ts';
import { fleetNames } from '../replay/fleet.ts';
import { type TraceFormat, traceFormatNames } from '../traces/formats.ts';
import type { TraceOptions } from '../traces/read.ts';
import { doctor } from './commands/doctor.ts';
import { replayColumns, replayFiles } from './commands/replay.ts';
import { type ReplayGiven, listed, liveOf, refuseLive, replayOf } from './commands/replay-flags.ts';
import { NotFoundError } from './commands/reader.ts';
import { runRole } from './commands/run-role.ts';
import { tap } from './commands/tap.ts';
import { traceConvert, traceStats } from './commands/trace-files.ts';
import { traceLs, traceShow, traceWatch } from './commands/trace.ts';
import { exitCodes } from './exit-codes.ts';
import { atLeastOne, fromHere, number, whole, writableFromHere } from './flag-values.ts';
import { StartError } from './role.ts';

interface Flags extends ReplayGiven {
  config?: string; nats?: string; region?: string; model?: string; log?: Config['log']; printConfig?: boolean;
  name?: string; host?: string; port?: string; hbm?: string; dram?: string; threads?: string; isa?: Config['worker']['isa']; weightMode?: Config['worker']['weightMode'];
  backend?: Config['worker']['backend']; metricsPort?: string; conductors?: string; workers?: string; store?: string;
  format?: TraceFormat; text?: boolean; blockTokens?: string; svg?: string; salt?: string;
  dir?: string; agents?: string; toolSeconds?: string; compare?: boolean;
  live?: boolean;
}

const program = new Command('slackwater')
  .description('An inference runtime for background AI agents: the trace is the unit, the cluster is one machine.')
  .version((JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }).version)
  .exitOverride()
  .showHelpAfterError('(slackwater --help shows every command)')
  .addHelpText('after', '\nExit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 NATS or fleet not reachable, 4 not found.\nEvery setting: defaults, then --config FILE (YAML), then SLACKWATER_<SECTION>_<FIELD>, then flags. --print-config shows the result.');

/** Flags that every command understands. */
const shared = (command: Command): Command => command
  .option('--config <file>', 'settings in YAML', process.env['SLACKWATER_CONFIG'])
  .option('--nats <url>', 'an existing NATS; without it `up` and `demo` start their own')
  .option('--region <name>', 'region, part of every subject')
  .option('--print-config', 'print the effective configuration and exit')
  .addOption(new Option('--log <level>', 'what is logged, to stderr').choices(['silent', 'error', 'warn', 'info', 'debug']));
const withModel = (command: Command): Command => command.option('--model <path>', 'a GGUF file, a folder with config.json and safetensors, or hf:owner/name[@revision][:file] of the Hugging Face hub');
const withWorker = (command: Command): Command => withModel(command)
  .option('--hbm <size>', "the engine's KV arena, such as 256MiB").option('--dram <size>', 'the tier below it').option('--threads <n>', 'threads of the engine, or auto: all cores it may use')
  .addOption(new Option('--weight-mode <mode>', 'how weights are kept and multiplied').choices(['auto', 'exact', 'compact', 'fast']))
  .addOption(new Option('--isa <level>', 'forces an instruction set').choices(['auto', 'scalar', 'avx2', 'avx512', 'amx']))
  .addOption(new Option('--backend <kind>', 'reference: plain loops, the definition').choices(['cpu', 'reference']));
const policyOption = new Option('--policy <name>', 'how steps are placed and what is kept').choices(policyNames);

withWorker(shared(program.command('up').description('starts nats-server, gateway, conductors and workers, and keeps them running')))
  .option('--conductors <n>', 'how many').option('--workers <n>', 'how many').option('--host <address>', 'where the gateway listens').option('--port <n>', 'where the gateway listens')
  .option('--store <folder>', "where nats-server keeps what it stores").addOption(policyOption)
  .action((flags: Flags) => run(flags, async (config) => (await import('./up.ts')).runUp(await withModelHere(config))));
withModel(shared(program.command('gateway').description('speaks HTTP and NATS with harnesses; the only place that knows text')))
  .option('--name <name>', 'of this process').option('--host <address>', 'to listen on').option('--port <n>', 'to listen on')
  .action((flags: Flags) => run(flags, (config) => runRole(config, async (url) => (await import('./gateway.ts')).startGateway(await withModelHere(config), url))));
shared(program.command('conductor').description('owns partitions of traces and runs the control loop'))
  .option('--name <name>', 'of this process').option('--metrics-port <n>', 'serves /metrics there').addOption(policyOption)
  .action((flags: Flags) => run(flags, (config) => runRole(config, async (url) => (await import('./conductor.ts')).startConductor(config, url))));
withWorker(shared(program.command('worker').description('runs the engine and its memory tiers')))
  .option('--name <name>', 'of this process').option('--metrics-port <n>', 'serves /metrics there').addOption(policyOption)
  .action((flags: Flags) => run(flags, (config) => runRole(config, async (url) => (await import('./worker.ts')).startWorker(await withModelHere(config), url))));

const trace = program.command('trace').description('what agents are doing, and why');
shared(trace.command('ls').description('every trace with its state')).option('--json', 'one JSON object a line')
  .action((flags: Flags) => run(flags, (config) => traceLs(config, flags.json === true)));
shared(trace.command('show').description('one trace: its steps, what was decided on which numbers, and what else could have been chosen').argument('<id>', 'tr_…')).option('--json', 'as JSON')
  .action((id: string, flags: Flags) => run(flags, (config) => traceShow(config, id, flags.json === true)));
shared(trace.command('watch').description('transitions and decisions as they happen').argument('[id]', 'only this trace')).option('--json', 'one JSON object a line')
  .action((id: string | undefined, flags: Flags) => run(flags, (config) => traceWatch(config, id ?? null, flags.json === true)));
shared(trace.command('export').description('one trace and its children for others to replay, on stdout: no text, no names, ids hashed').argument('<id>', 'tr_…')).option('--salt <text>', 'equal prefixes have equal ids under one salt: such exports can be read as one (trace stats --help); without it nothing can be compared')
  .action((id: string, flags: Flags) => run(flags, async (config) => (await import('./commands/trace-export.ts')).traceExport(config, id, flags.salt ?? null)));
const recordings = (command: Command): Command => command.argument('<file...>', 'recordings, plain or gzip; - is standard input')
  .addOption(new Option('--format <name>', 'what the recordings are, where their content does not tell').choices(traceFormatNames))
  .option('--block-tokens <n>', 'tokens that one hash of a recording stands for, where it does not tell: of mooncake and dynamo');
const severalFiles = 'Of several files each is a recording of its own: they share no block, and no trace id. Recordings that belong together,\nsuch as exports under one --salt, are read as one: cat A.jsonl B.jsonl | slackwater trace stats - (docs/traces.md)';
const ofRecordings = (command: Command): Command => recordings(command).option('--model <path>', 'whose tokenizer counts recordings of text: a GGUF file or a folder');
ofRecordings(trace.command('stats').description('what recorded agents did: steps, gaps, reuse, where the idle time is')).option('--json', 'as JSON').option('--svg <file>', 'writes a picture')
  .addHelpText('after', `\n${severalFiles}`)
  .action(async (files: string[], flags: Flags) => { process.exitCode = await traceStats(files.map(fromHere), recordingOf(flags), { isJson: flags.json === true, svg: flags.svg === undefined ? null : writableFromHere(flags.svg, 'svg') }); });
ofRecordings(trace.command('convert').description('recordings as the normal form, one trace a line, on stdout')).option('--text', 'steps carry their text, where the recording has it')
  .addHelpText('after', `\n${severalFiles}`)
  .action(async (files: string[], flags: Flags) => { process.exitCode = await traceConvert(files.map(fromHere), recordingOf(flags)); });
withWorker(shared(recordings(program.command('replay').description('recorded agents on a fleet that is modelled, in virtual time, under any policy; or with --live on one that runs'))))
  .option('--fleet <name>', `the modelled fleet: ${fleetNames.join(', ')}, or a YAML file; h200x8 where none is named`)
  .option('--policy <names>', `comma-separated, of ${Object.keys(policies).join(', ')} (round-robin-lru,slackwater where none is named); with --live of ${policyNames.join(', ')} (slackwater)`, listed)
  .option('--concurrency <n>', 'so many tasks at once: 16 where nothing is said, live 4').option('--tasks-per-hour <n>', 'so many come, one by one').option('--as-recorded', 'tasks come when they came in the recording')
  .option('--seed <n>', 'of the order of tasks and of their arrivals', '1').option('--json <file>', 'writes one line a policy; with --live the report')
  .option('--live', 'the real model, in real time: on a fleet of its own, or on the one of --nats').option('--tasks <n>', 'live: only the first so many').option('--time-scale <f>', 'live: gaps times this', '1')
  .option('--scale-tokens <f>', 'live: prompts and answers times this; the largest factor with which every task fits the model, where nothing is said')
  .option('--record <file>', 'live: writes what was really run, to be replayed again; of several policies one file each').option('--workers <n>', 'live: of its own fleet, 2 where nothing is said').option('--conductors <n>', 'live: of its own fleet')
  .addHelpText('after', `\n${replayColumns}`)
  .action(async (files: string[], flags: Flags, command: Command) => {
    if (flags.live !== true) {
      const given = command.options.map((option) => option.attributeName()).filter((name) => !['default', undefined].includes(command.getOptionValueSource(name)));
      refuseLive(given);
      process.exitCode = await replayFiles(files.map(fromHere), recordingOf(flags), replayOf(flags));
      return;
    }
    const live = liveOf(flags), workers = flags.workers === undefined ? null : atLeastOne(whole(flags.workers, 'workers'), 'workers');
    // Several policies are no setting of one fleet; recordings are counted by the model that runs.
    const { policy, ...settings } = flags, { model: _, ...recording } = flags;
    await run(settings, async (config) => {
      if (config.nats.url !== null && policy !== undefined) throw new ConfigError(`--policy ${policy}: the fleet at ${config.nats.url} has its own`);
      const fleet = { ...config.fleet, workers: workers ?? Math.max(2, config.fleet.workers) };
      return (await import('./commands/replay-live.ts')).replayOnFleet(files.map(fromHere), recordingOf(recording), live, await withModelHere({ ...config, fleet }));
    });
  });
shared(program.command('tap').description('prints any subject readably, such as "sw.v1.local.beat.*" or "sw.v1.local.>"').argument('<subject>')).option('--json', 'one JSON object a line')
  .action((subject: string, flags: Flags) => run(flags, (config) => tap(config, subject, flags.json === true)));
withModel(shared(program.command('doctor').description('checks what the program needs on this machine, and a fleet if --nats names one'))).option('--json', 'as JSON')
  .action((flags: Flags) => run(flags, (config) => doctor(config, flags.json === true)));
shared(program.command('config').description('prints the effective configuration')).action((flags: Flags) => run({ ...flags, printConfig: true }, async () => 0));

withModel(shared(program.command('demo').description('real agents review a repository on a real model, with memory pressure, on this machine')))
  .option('--dir <path>', 'what is reviewed instead of the fixed sample').option('--agents <n>', 'reviews at once: half over HTTP, half over NATS')
  .addHelpText('after', '\nWith --nats the demo is a guest there: it works in a region of its own, refuses to start (exit code 2) when a fleet shares that NATS\'s queue of steps, and removes at its end what it created.')
  .option('--tool-seconds <s>', 'how long a tool takes').option('--json <file>', 'writes the report').option('--compare', 'the same work again under round-robin + LRU')
  .action((flags: Flags) => run(flags, async (config) => (await import('../demo/demo.ts')).runDemo(await withModelHere(config), {
    dir: flags.dir === undefined ? null : fromHere(flags.dir), agents: flags.agents === undefined ? null : whole(flags.agents, 'agents'), json: typeof flags.json === 'string' ? fromHere(flags.json) : null,
    toolSeconds: flags.toolSeconds === undefined ? null : number(flags.toolSeconds, 'tool-seconds'), isCompared: flags.compare === true,
  })));

process.exitCode = await main(process.argv);

async function main(argv: readonly string[]): Promise<number> {
  let code: number = exitCodes.ok;
  for (const command of [...program.commands, ...trace.commands]) command.exitOverride();
  try {
    await program.parseAsync([...argv]);
    code = Number(process.exitCode ?? exitCodes.ok);
  } catch (error) {
    if (error instanceof CommanderError) code = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    else code = tell(error);
  }
  return code;
}

/** Loads the configuration, runs a command, and turns what it says into the exit code. */
async function run(flags: Flags, command: (config: Config) => Promise<number>): Promise<void> {
  const config = loadConfig(flags.config === undefined ? null : fromHere(flags.config), process.env, settingsOf(flags));
  if (flags.printConfig === true) { process.stdout.write(stringify(config)); return; }
  process.exitCode = await command(config);
}

/** A model of the hub becomes a file of this machine before anything starts; whoever is started then gets the file. */
async function withModelHere(config: Config): Promise<Config> {
  const path = await findModel(config.model.path, { cache: config.cache, env: process.env, progress: progressOn(process.stderr) });
  return { ...config, model: { ...config.model, path } };
}

function recordingOf({ format, model, text, blockTokens }: Flags): TraceOptions {
  return { format, model: model === undefined ? undefined : fromHere(model), withText: text === true, blockTokens: blockTokens === undefined ? undefined : atLeastOne(whole(blockTokens, 'block-tokens'), 'block-tokens') };
}

function settingsOf(flags: Flags): ConfigInput {
  const defined = <T extends object>(layer: T): T => Object.fromEntries(Object.entries(layer).filter(([, value]) => value !== undefined)) as T;
  const name = flags.name;
  return defined({
    region: flags.region, log: flags.log,
    nats: defined({ url: flags.nats, store: flags.store }),
    model: defined({ path: flags.model }),
    gateway: defined({ name, host: flags.host, port: flags.port === undefined ? undefined : whole(flags.port, 'port') }),
    conductor: defined({ name, policy: flags.policy as Config['conductor']['policy'], metricsPort: flags.metricsPort === undefined ? undefined : whole(flags.metricsPort, 'metrics-port') }),
    worker: defined({ name, hbm: flags.hbm, dram: flags.dram, threads: flags.threads === undefined || flags.threads === 'auto' ? flags.threads : whole(flags.threads, 'threads'), weightMode: flags.weightMode, isa: flags.isa, backend: flags.backend, metricsPort: flags.metricsPort === undefined ? undefined : whole(flags.metricsPort, 'metrics-port') }),
    fleet: defined({ conductors: flags.conductors === undefined ? undefined : whole(flags.conductors, 'conductors'), workers: flags.workers === undefined ? undefined : whole(flags.workers, 'workers') }),
  }) as ConfigInput;
}

/** One line for what the surroundings did wrong; the stack for what we did. */
function tell(error: unknown): number {
  const isExpected = error instanceof Error && ['ConfigError', 'StartError', 'NotFoundError', 'BusFault', 'NativeError', 'TextError', 'ModelError', 'TraceError', 'InputError'].includes(error.name);
  process.stderr.write(`slackwater: ${isExpected ? error.message : error instanceof Error ? error.stack ?? error.message : String(error)}\n`);
  if (error instanceof ConfigError) return exitCodes.usage;
  if (error instanceof NotFoundError) return exitCodes.notFound;
  return error instanceof BusFault || (error instanceof StartError && error.isUnavailable) ? exitCodes.unavailable : exitCodes.failed;
}
