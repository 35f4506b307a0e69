import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { fleetNames } from '../../../infra/replay/fleet.ts';
import { findWriteProblem } from '../../../infra/replay/output-file.ts';
import { UsageError } from '../usage-error.ts';
import { filesThere } from './pool.ts';
import { type Regime, regimes } from './regimes.ts';
import { entryOf, policyNames } from './variants.ts';

export type Study = 'main' | 'ablation' | 'sensitivity';

export interface Flags {
  readonly study: Study;
  readonly files: readonly string[];
  readonly fleet: string;
  readonly memory: number;
  readonly stepsMax: number;
  readonly policies: readonly string[];
  readonly regimes: readonly Regime[];
  readonly seeds: number;
  readonly threads: number;
  /** Of the tasks beyond those that are there at once. */
  readonly shrink: number;
  readonly isTuning: boolean;
  readonly isWriting: boolean;
  readonly json: string | null;
}

export const policyUsage = `npm run bench -- policy [--traces FILE,…] [--fleet NAME|FILE.yaml] [--memory 0.4] [--policies NAME,…] [--regimes ID,…] [--seeds 5]
                          [--threads 2] [--tune] [--quick] [--json FILE] [--write] [--ablation | --sensitivity | --published] [--max-steps 1000]
  --traces      recordings in any format that is read; without it those of ../shared/traces
  --fleet       h200x8 where none is named
  --memory      share of each worker's room for KV that is used: a smaller one makes the same pressure with fewer tasks, and a faster bench
  --max-steps   longer tasks are left out, and counted, unless they have subagents or their gaps are short
  --tune        looks for every policy's tunables anew, on the half of the recordings that no figure comes from, and keeps them in docs/benchmarks/policy-tuned.json
  --quick       two regimes, four policies, two seeds, few tasks: whether it runs at all
  --write       brings docs/benchmarks/policy.md, policy.ndjson and policy/*.svg up to date
  --ablation    slackwater with one mechanism after the other taken away; --sensitivity: one tunable or rate after the other halved and doubled
  --published   one published figure of each baseline, in its authors' set-up: takes --policies, --seeds (3), --threads, --json, --write (docs/benchmarks/policy-published.md), --shrink (of the programs)
fleets: ${fleetNames.join(' ')}
policies: ${policyNames.join(' ')}
regimes: ${regimes.map(({ id }) => id).join(' ')}`;

const quick = { regimes: ['low', 'past-5x'], policies: ['round-robin-lru', 'exact-prefix', 'oracle', 'slackwater'], seeds: 2, shrink: 0, memory: 0.25, stepsMax: 60 };
/** Of the room of each worker as much as a context of the model's full length takes, and a little more; and every task. */
const usual = { seeds: 5, shrink: 1, memory: 0.4, stepsMax: 1_000 };
/** What the studies look at unless told otherwise. */
const studied = { regimes: ['knee', 'past-5x'], policies: ['exact-prefix', 'oracle', 'slackwater'] };

/** Throws UsageError. */
export function readFlags(args: readonly string[]): Flags {
  const values = parsed(args);
  if (values.ablation && values.sensitivity) throw new UsageError('--ablation and --sensitivity are two runs');
  const study: Study = values.ablation ? 'ablation' : values.sensitivity ? 'sensitivity' : 'main';
  if (values.write && (study !== 'main' || values.quick)) throw new UsageError('--write takes the main table: not with --quick, --ablation or --sensitivity');
  if (study === 'ablation' && values.policies !== undefined) throw new UsageError('--ablation is of slackwater: it takes no --policies');
  const files = values.traces === undefined ? filesThere() : listed(values.traces, 'traces');
  const unwritable = values.json === undefined ? null : findWriteProblem(values.json);
  if (unwritable !== null) throw new UsageError(`--json ${values.json}: ${unwritable}`);
  for (const file of files) if (!existsSync(file)) throw new UsageError(`--traces ${file}: no such file`);
  if (files.length === 0) throw new UsageError('no recordings in ../shared/traces: --traces names some');
  const ids = values.regimes === undefined ? (values.quick ? quick.regimes : study === 'main' ? regimes.map(({ id }) => id) : studied.regimes) : listed(values.regimes, 'regimes');
  const policies = values.policies === undefined ? (values.quick ? quick.policies : study === 'main' ? policyNames : studied.policies) : listed(values.policies, 'policies');
  for (const name of policies) try { entryOf(name); } catch (error) { throw new UsageError((error as Error).message); }
  const scale = values.quick ? quick : usual;
  return {
    study, files, fleet: values.fleet ?? 'h200x8', memory: numberOf(values.memory, 'memory', scale.memory, 0.001, 1), stepsMax: wholeOf(values['max-steps'], 'max-steps', scale.stepsMax, 1, 1_000_000), policies,
    regimes: ids.map((id) => regimes.find((regime) => regime.id === id) ?? refuse(`no regime is called ${id}; there are ${regimes.map((regime) => regime.id).join(', ')}`)),
    seeds: wholeOf(values.seeds, 'seeds', scale.seeds, 1, 1_000), threads: wholeOf(values.threads, 'threads', Math.min(2, availableParallelism()), 1, 256), shrink: scale.shrink,
    isTuning: values.tune === true, isWriting: values.write === true, json: values.json ?? null,
  };
}

function parsed(args: readonly string[]) {
  const text = { type: 'string' } as const, yes = { type: 'boolean' } as const;
  try {
    return parseArgs({ args: [...args], allowPositionals: false, options: {
      traces: text, fleet: text, memory: text, 'max-steps': text, policies: text, regimes: text, seeds: text, threads: text, json: text, tune: yes, quick: yes, write: yes, ablation: yes, sensitivity: yes,
    } }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

export const named = (list: string): string[] => list.split(',').filter((name) => name !== '');
/** What is named twice would count twice. */
function listed(list: string, flag: string): string[] {
  const names = named(list), twice = names.find((name, at) => names.indexOf(name) < at);
  return twice === undefined ? names : refuse(`--${flag} ${list}: ${twice} is there ${names.filter((name) => name === twice).length} times`);
}
function refuse(message: string): never { throw new UsageError(message); }

function numberOf(given: string | undefined, name: string, usual: number, least: number, most: number): number {
  const value = given === undefined ? usual : Number(given);
  return value >= least && value <= most ? value : refuse(`--${name} is ${least} to ${most}, not ${given}`);
}

export function wholeOf(given: string | undefined, name: string, usual: number, least: number, most: number): number {
  const value = numberOf(given, name, usual, least, most);
  return Number.isInteger(value) ? value : refuse(`--${name} is a whole number, not ${given}`);
}
