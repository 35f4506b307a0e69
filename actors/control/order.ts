import type { StepClass } from '../../schemas/messages.ts';

/** Seconds of waiting that make up for one second of remaining time: bounds how long a long trace can starve. */
const agingRate = 4;
const classOffsetS: Readonly<Record<StepClass, number>> = { interactive: -1_000, agent: 0, background: 1_000 };

/** One number that compares across the fleet, smaller first: expected remaining seconds of the trace, aged by its wait. */
export function priorityOf(stepClass: StepClass, remainingS: number, waitedMs: number): number {
  return classOffsetS[stepClass] + remainingS - (agingRate * waitedMs) / 1000;
}
