import type { StepClass } from '../../schemas/messages.ts';

/** A second of waiting makes up for so many seconds of remaining time. It orders; that everybody gets a turn is `claims.ts`. */
const agingRate = 4;
const classOffsetS: Readonly<Record<StepClass, number>> = { interactive: -1_000, agent: 0, background: 1_000 };

/** One number that compares across the fleet, smaller first: expected remaining seconds of the trace, aged by its wait. */
export function priorityOf(stepClass: StepClass, remainingS: number, waitedMs: number): number {
  return classOffsetS[stepClass] + remainingS - (agingRate * waitedMs) / 1000;
}
