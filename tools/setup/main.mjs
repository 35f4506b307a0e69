// Brings a clone (or an installed package) to where it can run: `node tools/setup/main.mjs [--quiet] [--need a,b] [--model PATH] [--for FILE ARG…]`.
// It runs on Node 20, before node_modules exists, and imports nothing but node:*. When nothing is to be done it takes milliseconds.
import { availableParallelism } from 'node:os';
import { addonStep } from './addon.mjs';
import { gemmaStep, modelStep, natsStep } from './assets.mjs';
import { withLock } from './lock.mjs';
import { packagesStep } from './packages.mjs';
import { missingPrerequisites } from './prerequisites.mjs';
import { cacheFolder, packageRoot, SetupError } from './world.mjs';

const NODE_MAJOR_MIN = 20;
const STEP_NAMES = ['packages', 'addon', 'nats', 'model'];
const ASKED_NAMES = ['gemma']; // done only for who names them

try {
  setUp(parse(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`${error.message.split('\n').map((line) => `set-up: ${line}`).join('\n')}\n`);
  process.exitCode = 1;
}

function setUp(options) {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < NODE_MAJOR_MIN) throw new SetupError(`Node ${process.versions.node} is too old: install Node ${NODE_MAJOR_MIN} or newer`);
  const say = (line) => { if (!options.quiet) process.stderr.write(`set-up: ${line}\n`); };
  const context = { root: packageRoot, cache: cacheFolder, model: options.model, nats: options.nats, threads: availableParallelism(), say };

  const wanted = [packagesStep, addonStep, natsStep, modelStep, gemmaStep].filter((step) => options.need.has(step.name));
  const toDo = wanted.filter((step) => !step.isDone(context));
  if (toDo.length === 0) return;
  // Every missing tool is named before minutes are spent on what could be done without it.
  const missing = missingPrerequisites(new Set(toDo.flatMap((step) => step.prerequisites)));
  if (missing.length > 0) throw new SetupError(missing.join('\n'));

  for (const step of toDo) {
    withLock(step.lockFolder(context), say, () => {
      if (step.isDone(context)) return; // somebody else did it while we waited for the lock
      say(step.doing);
      const startMs = Date.now();
      step.perform(context);
      if (!step.isDone(context)) throw new SetupError(`${step.name}: done without an error, and yet ${step.missingAfter(context)}`);
      say(`${step.name} ready after ${((Date.now() - startMs) / 1000).toFixed(1)} s`);
    });
  }
}

/** `--for FILE ARG…` ends our own options: the rest is the command that will run next, of which only `--model` and `--nats` concern us: who brings one needs no download. */
function parse(args) {
  const options = { quiet: false, need: new Set(STEP_NAMES), model: process.env.SLACKWATER_MODEL || null, nats: process.env.SLACKWATER_NATS || null };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg === '--quiet') options.quiet = true;
    else if (arg === '--need') options.need = needed(args[++i] ?? '');
    else if (arg === '--model') options.model = args[++i] ?? null;
    else if (arg === '--for') {
      options.model = argumentOf('--model', args.slice(i + 1)) ?? options.model;
      options.nats = argumentOf('--nats', args.slice(i + 1)) ?? options.nats;
      break;
    }
    else throw new SetupError(`unknown option ${arg}; there are --quiet, --need ${[...STEP_NAMES, ...ASKED_NAMES].join(',')}, --model PATH, --for FILE ARG…`);
  }
  return options;
}

function needed(list) {
  const names = list.split(',').filter((name) => name !== '');
  const known = [...STEP_NAMES, ...ASKED_NAMES];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new SetupError(`--need does not know ${unknown.join(', ')}; it knows ${known.join(', ')}`);
  return new Set(names);
}

function argumentOf(flag, args) {
  const at = args.indexOf(flag);
  if (at >= 0) return args[at + 1] ?? null;
  return args.find((arg) => arg.startsWith(`${flag}=`))?.slice(flag.length + 1) ?? null;
}
