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

/** Throws ConfigError. */
export function replayOf(flags: ReplayGiven): ReplayFlags {
  const names = (flags.policy ?? 'round-robin-lru,slackwater').split(',');
  for (const name of names) if (!(name in policies)) throw new ConfigError(`--policy ${name}: there are ${Object.keys(policies).join(', ')}`);
  return { fleet: flags.fleet === undefined ? 'h200x8' : /\.ya?ml$/.test(flags.fleet) ? fromHere(flags.fleet) : flags.fleet, policies: names, arrivals: arrivalsOf(flags, 16, 1), seed: whole(flags.seed ?? '1', 'seed'), json: typeof flags.json === 'string' ? writableFromHere(flags.json, 'json') : null };
}

/** Throws ConfigError. */
export function liveOf(flags: ReplayGiven): LiveFlags {
  if (flags.fleet !== undefined) throw new ConfigError(`--fleet ${flags.fleet} is modelled; --live runs on a fleet of its own, or on the one of --nats`);
  const chosen = (flags.policy ?? 'slackwater').split(',').map((name) => {
    const known = policyNames.find((one) => one === name);
    if (known === undefined) throw new ConfigError(`--policy ${name}: a live fleet has ${policyNames.join(', ')}${name in policies ? '; without --live a modelled one has it' : ''}`);
    return known;
  });
  const scaleTokens = flags.scaleTokens === undefined ? null : number(flags.scaleTokens, 'scale-tokens');
  if (scaleTokens !== null && (scaleTokens <= 0 || scaleTokens > 1)) throw new ConfigError(`--scale-tokens ${scaleTokens}: more than 0 and at most 1 is expected`);
  const timeScale = number(flags.timeScale ?? '1', 'time-scale');
  return {
    policies: [...new Set(chosen)], arrivals: arrivalsOf(flags, 4, timeScale), seed: whole(flags.seed ?? '1', 'seed'), tasks: flags.tasks === undefined ? null : atLeastOne(whole(flags.tasks, 'tasks'), 'tasks'), scaleTokens, timeScale,
    json: typeof flags.json === 'string' ? writableFromHere(flags.json, 'json') : null, record: flags.record === undefined ? null : writableFromHere(flags.record, 'record'),
  };
}

function arrivalsOf({ concurrency, tasksPerHour, asRecorded }: ReplayGiven, atOnce: number, timeScale: number): Arrivals {
  if ([concurrency, tasksPerHour, asRecorded].filter((given) => given !== undefined).length > 1) throw new ConfigError('--concurrency, --tasks-per-hour or --as-recorded: one of them');
  if (asRecorded === true) return { kind: 'recorded', scale: timeScale };
  if (tasksPerHour !== undefined) return { kind: 'open', tasksPerHour: atLeastOne(number(tasksPerHour, 'tasks-per-hour'), 'tasks-per-hour') };
  return { kind: 'closed', concurrency: concurrency === undefined ? atOnce : atLeastOne(whole(concurrency, 'concurrency'), 'concurrency') };
}
