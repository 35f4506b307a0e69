import { priorityOf } from '../order.ts';
import { choose, withRoom } from '../placement.ts';
import type { Policy } from '../policy.ts';
import { pinTier, retain } from '../retention.ts';
import type { Params, Tunables } from '../tunable.ts';

export const tunables = { demoteAfterMs: { from: 0, to: 10_000, scale: 'linear', start: 0 } } as const satisfies Tunables;

/**
 * Ours, as it is today: approximate shortest remaining time with aging, the least expected time to the first token among workers that have
 * room, and a demotion with its recall where the arena is tight and the gap outlasts the copies. It moves no KV between workers, since live ones can not. `demoteAfterMs`: no gap is worth one before.
 */
export const slackwater = ({ demoteAfterMs }: Params<typeof tunables>): Policy => ({
  name: 'slackwater',
  spills: false,
  order: (ask, remainingS, waitedMs) => priorityOf(ask.class, remainingS, waitedMs),
  worthALook: withRoom,
  place: (_ask, candidates, waitedMs, nowMs) => choose(candidates, waitedMs, nowMs),
  retain: (ask, view) => retain(ask, view, demoteAfterMs),
  pin: pinTier,
});
