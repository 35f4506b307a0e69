import type { ReplayStep, ReplayTrace } from '../../schemas/replay-trace.ts';

export interface TimedStep {
  readonly trace: ReplayTrace;
  readonly step: ReplayStep;
  readonly startMs: number;
  /** The same as `startMs` where nothing is known of how long the generation took. */
  readonly endMs: number;
}

/** A trace and all that grew from it, the root first. */
export type Family = readonly ReplayTrace[];

/** Puts children behind the root that they come from. Holds the families that still expect a child. */
export async function* familiesOf(traces: AsyncIterable<ReplayTrace>): AsyncGenerator<Family> {
  const expected = new Map<string, { readonly members: ReplayTrace[]; missing: number }>();
  for await (const trace of traces) {
    const family = expected.get(trace.trace) ?? { members: [], missing: 0 };
    if (expected.delete(trace.trace)) family.missing--;
    family.members.push(trace);
    for (const step of trace.steps) {
      for (const child of step.children) { expected.set(child, family); family.missing++; }
    }
    if (family.missing === 0) yield family.members;
  }
}

/**
 * Every generation of a family as it was recorded, by when it started: a child starts after the generation that lists it,
 * a join when the last child is done. Times count from where those of the recording do.
 */
export function timelineOf(family: Family): TimedStep[] {
  const byName = new Map(family.map((trace) => [trace.trace, trace]));
  const timeline: TimedStep[] = [];
  walk(family[0]!, family[0]!.start_ms);
  return timeline.sort((a, b) => a.startMs - b.startMs);

  /** Returns when its last generation ends. Not deeper than traces are nested. */
  function walk(trace: ReplayTrace, startMs: number): number {
    let endMs = startMs, childrenEndMs = -Infinity;
    for (const step of trace.steps) {
      const from = (step.gap === 'join' ? Math.max(endMs, childrenEndMs) : endMs) + step.gap_ms;
      if (step.gap === 'join') childrenEndMs = -Infinity;
      endMs = from + (step.took_ms ?? 0);
      timeline.push({ trace, step, startMs: from, endMs });
      for (const name of step.children) {
        const child = byName.get(name);
        if (child !== undefined) childrenEndMs = Math.max(childrenEndMs, walk(child, endMs + child.start_ms));
      }
    }
    return endMs;
  }
}
