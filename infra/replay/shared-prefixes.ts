import { PrefixTree, type Segment } from './simulation/prefix-tree.ts';
import type { Task } from './tasks.ts';

/**
 * Of the segments that more than one task names: how many do, by their first ids. A replay forgets the others with their tasks. All prompts are looked at,
 * in a tree that is thrown away, so that ids that contradict each other are refused, however far apart they come. Throws InputError.
 */
export function sharedPrefixes(tasks: readonly Task[]): ReadonlyMap<number, number> {
  const tree = new PrefixTree(), shared = new Map<number, number>(), lastTask = new Map<Segment, number>();
  for (const [at, { members }] of tasks.entries()) {
    for (const { trace, steps } of members.values()) {
      for (const { blocks, seq } of steps) {
        for (const segment of tree.path(blocks, `trace ${trace}, step ${seq}`).segments) {
          const before = lastTask.get(segment);
          if (before === at) continue;
          lastTask.set(segment, at);
          if (before !== undefined) shared.set(segment.first, (shared.get(segment.first) ?? 1) + 1);
        }
      }
    }
  }
  return shared;
}
