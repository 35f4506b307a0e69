import { limits } from '../../actors/lib/limits.ts';
import type { Prices } from '../../actors/lib/cost.ts';
import type { TraceLimits } from '../../actors/trace/types.ts';
import type { Random } from './random.ts';

export const simRegion = 'r';
export const simPrices: Prices = { acceleratorUsdPerHour: 1, dramGibUsdPerHour: 0.01 };

/** Shorter than in production, so that deadlines are met in a world of a minute; but an attempt may also last longer than its step, so that only a lost worker ends it. */
export const drawTraceLimits = (random: Random): TraceLimits =>
  ({ attemptMs: random.pick([8_000, 100_000]), attemptsMax: 6, idleMs: random.pick([3_000, 15_000]), sideCallsMax: 4, childrenMax: 16 });

/** In one world of five next to no step may wait with a conductor: the others ask again. Steps have a minute there, so they claim room sooner. */
export function useWaiting(seed: number): void { Object.assign(limits, { waitingMax: seed % 5 === 4 ? 1 : 4_096, claimAfterMs: 10_000 }); }

/** Four partitions instead of 64: the same code with less of the same noise. Called before anything of the fleet starts. */
export function usePartitions(count: number): void { (limits as { partitions: number }).partitions = count; }
