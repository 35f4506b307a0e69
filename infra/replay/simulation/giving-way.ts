import { type Run, isBefore } from './run.ts';

/** The last in order: it gives way when those before it have no block left to grow into. */
export function lastOf(runs: Iterable<Run>): Run {
  let last: Run | undefined;
  for (const run of runs) if (last === undefined || isBefore(last, run)) last = run;
  if (last === undefined) throw new Error('of no runs none is the last');
  return last;
}

/**
 * Of those that run, who leaves so that a better one can enter: only runs of a larger priority number, the worst ones that will do, and no more of them. Empty: nobody
 * would leave, or it would be in vain. `fits`: whether the better one has room without these.
 */
export function leaversFor(better: Run, running: Iterable<Run>, hasPlace: boolean, fits: (leavers: readonly Run[]) => boolean): readonly Run[] {
  const worse = [...running].filter(({ request }) => request.priority > better.request.priority).sort((a, b) => (isBefore(a, b) ? 1 : -1));
  if (worse.length === 0 || !fits(worse)) return [];
  // One after the other may stay, the best of them first; where a place is missing, somebody leaves in any case.
  let leavers: readonly Run[] = worse;
  for (const run of worse.toReversed()) {
    const others = leavers.filter((leaver) => leaver !== run);
    if ((others.length > 0 || hasPlace) && fits(others)) leavers = others;
  }
  return leavers;
}
