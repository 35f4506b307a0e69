import { policies } from '../../../actors/control/policies/all.ts';
import { policyNames } from '../../../actors/control/policies/named.ts';
import { ConfigError } from '../../config.ts';
import type { Arrivals } from '../../replay/replay.ts';
import { atLeastOne, fromHere, number, whole, writableFromHere } from '../flag-values.ts';
import type { ReplayFlags } from './replay.ts';
import type { LiveFlags } from './replay-live.ts';

/** What the command line says of a replay. Absent: not said. */
export interface ReplayGiven {
  fleet?: string; policy?: string; concurrency?: string; tasksPerHour?: string; asRecorded?: boolean; seed?: string; json?: boolean | string;
  tasks?: string; scaleTokens?: string; timeScale?: string; record?: string;
}

/** Of a replay on a modelled fleet; every other flag is of a fleet that runs. */
const modelled = ['format', 'blockTokens', 'model', 'fleet', 'policy', 'concurrency', 'tasksPerHour', 'asRecorded', 'seed', 'json', 'live'];

/** Throws ConfigError for a flag, by the name that it has in code, that a modelled fleet would pass over. */
export function refuseLive(given: readonly string[]): void {
  const name = given.find((one) => !modelled.includes(one));
  if (name !== undefined) throw new ConfigError(`--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} needs --live: a modelled fleet is described by --fleet`);
}

/** A flag that is there twice says both. */
export const listed = (value: string, before: string | undefined): string => (before === undefined ? value : `${before},${value}`);

/** Throws ConfigError. */
export function replayOf(flags: ReplayGiven): ReplayFlags {
  const names = namesOf(flags.policy ?? 'round-robin-lru,slackwater');
  for (const name of names) if (!Object.hasOwn(policies, name)) throw new ConfigError(`--policy ${name}: there are ${Object.keys(policies).join(', ')}`);
  return { fleet: flags.fleet === undefined ? 'h200x8' : /\.ya?ml$/.test(flags.fleet) ? fromHere(flags.fleet) : flags.fleet, policies: names, arrivals: arrivalsOf(flags, 16, 1), seed: seedOf(flags), json: typeof flags.json === 'string' ? writableFromHere(flags.json, 'json') : null };
}

/** Throws ConfigError. */
export function liveOf(flags: ReplayGiven): LiveFlags {
  if (flags.fleet !== undefined) throw new ConfigError(`--fleet ${flags.fleet} is modelled; --live runs on a fleet of its own, or on the one of --nats`);
  const chosen = namesOf(flags.policy ?? 'slackwater').map((name) => {
    const known = policyNames.find((one) => one === name);
    if (known === undefined) throw new ConfigError(`--policy ${name}: a live fleet has ${policyNames.join(', ')}${Object.hasOwn(policies, name) ? '; without --live a modelled one has it' : ''}`);
    return known;
  });
  const scaleTokens = flags.scaleTokens === undefined ? null : number(flags.scaleTokens, 'scale-tokens');
  if (scaleTokens !== null && (scaleTokens <= 0 || scaleTokens > 1)) throw new ConfigError(`--scale-tokens ${scaleTokens}: more than 0 and at most 1 is expected`);
  const timeScale = number(flags.timeScale ?? '1', 'time-scale');
  return {
    policies: chosen, arrivals: arrivalsOf(flags, 4, timeScale), seed: seedOf(flags), tasks: flags.tasks === undefined ? null : atLeastOne(whole(flags.tasks, 'tasks'), 'tasks'), scaleTokens, timeScale,
    json: typeof flags.json === 'string' ? writableFromHere(flags.json, 'json') : null, record: flags.record === undefined ? null : writableFromHere(flags.record, 'record'),
  };
}

function namesOf(policy: string): string[] {
  const names = policy.split(','), twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined) throw new ConfigError(`--policy ${policy}: ${twice} is there ${names.filter((name) => name === twice).length} times`);
  return names;
}

/** Chance is drawn from one word of 32 bits: a larger number would give the draws of a smaller one. */
function seedOf({ seed = '1' }: ReplayGiven): number {
  const value = /^\d+$/.test(seed) ? Number(seed) : Number.NaN;
  if (!(value < 2 ** 32)) throw new ConfigError(`--seed ${seed}: a whole number from 0 to ${2 ** 32 - 1} is expected`);
  return value;
}

function arrivalsOf({ concurrency, tasksPerHour, asRecorded }: ReplayGiven, atOnce: number, timeScale: number): Arrivals {
  if ([concurrency, tasksPerHour, asRecorded].filter((given) => given !== undefined).length > 1) throw new ConfigError('--concurrency, --tasks-per-hour or --as-recorded: one of them');
  if (asRecorded === true) return { kind: 'recorded', scale: timeScale };
  if (tasksPerHour !== undefined) return { kind: 'open', tasksPerHour: atLeastOne(number(tasksPerHour, 'tasks-per-hour'), 'tasks-per-hour') };
  return { kind: 'closed', concurrency: concurrency === undefined ? atOnce : atLeastOne(whole(concurrency, 'concurrency'), 'concurrency') };
}
