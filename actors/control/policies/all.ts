import type { Policy } from '../policy.ts';
import { type Params, paramsOf, type Tunables } from '../tunable.ts';
import * as continuum from './continuum.ts';
import * as exactPrefix from './exact-prefix.ts';
import * as fixedTtl from './fixed-ttl.ts';
import * as infercept from './infercept.ts';
import * as leastLoadedLru from './least-loaded-lru.ts';
import * as mori from './mori.ts';
import * as oracle from './oracle.ts';
import * as plas from './plas.ts';
import { roundRobinLru } from './round-robin-lru.ts';
import * as saga from './saga.ts';
import * as slackwater from './slackwater.ts';
import * as swapTtl from './swap-ttl.ts';
import * as thunderAgent from './thunder-agent.ts';

export interface PolicyEntry {
  readonly tunables: Tunables;
  /** One instance, for one conductor or one replay. `given`: what differs from the starts. Throws RangeError for a tunable that is unknown or out of range. */
  make(given: Readonly<Record<string, number>>, future: oracle.Future): Policy;
}

const entry = <T extends Tunables>(tunables: T, make: (params: Params<T>, future: oracle.Future) => Policy): PolicyEntry =>
  ({ tunables, make: (given, future) => make(paramsOf(tunables, given), future) });

/** Every policy that a replay can run, by name; the future is for the oracle alone. `named.ts` has those that a live fleet can run. */
export const policies = {
  'round-robin-lru': entry({}, roundRobinLru),
  'least-loaded-lru': entry(leastLoadedLru.tunables, leastLoadedLru.leastLoadedLru),
  'exact-prefix': entry(exactPrefix.tunables, exactPrefix.exactPrefix),
  'fixed-ttl': entry(fixedTtl.tunables, fixedTtl.fixedTtl),
  'swap-ttl': entry(swapTtl.tunables, swapTtl.swapTtl),
  infercept: entry(infercept.tunables, infercept.infercept),
  continuum: entry(continuum.tunables, continuum.continuum),
  plas: entry(plas.tunables, plas.plas),
  'thunder-agent': entry(thunderAgent.tunables, thunderAgent.thunderAgent),
  saga: entry(saga.tunables, saga.saga),
  mori: entry(mori.tunables, mori.mori),
  oracle: entry(oracle.tunables, oracle.oracle),
  slackwater: entry(slackwater.tunables, slackwater.slackwater),
} as const satisfies Readonly<Record<string, PolicyEntry>>;
