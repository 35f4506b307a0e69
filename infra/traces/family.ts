import type { ReplayTrace } from '../../schemas/replay-trace.ts';

/** Children of children of … */
const depthMax = 256;

/**
 * Whether the traces of a file belong together: ids are unique, a child comes after the parent that lists it, and every
 * child that is listed comes. Holds the ids of all traces, and of children still expected which line wants them.
 */
export class Family {
  readonly #seen = new Set<string>();
  readonly #expected = new Map<string, { readonly parent: string; readonly line: number; readonly seq: number; readonly depth: number }>();

  /** Null: it fits. `orphan`: nothing before it is its parent. */
  add(trace: ReplayTrace, line: number): { readonly kind: 'wrong' | 'orphan'; readonly message: string } | null {
    const wrong = (message: string) => ({ kind: 'wrong', message } as const);
    const { trace: id, parent, steps } = trace;
    if (this.#seen.has(id)) return wrong(`"trace" is "${id}" for the second time; expected ids that are unique in the file`);
    const wanted = this.#expected.get(id);
    if (wanted !== undefined && wanted.parent !== parent) return wrong(`"parent" is ${JSON.stringify(parent)}; expected "${wanted.parent}", whose step ${wanted.seq} (line ${wanted.line}) lists "${id}"`);
    if (parent !== null && wanted === undefined) {
      return this.#seen.has(parent) ? wrong(`"parent" is "${parent}", and none of its steps lists "${id}" among its children`) : { kind: 'orphan', message: `"parent" is "${parent}"` };
    }
    const depth = (wanted?.depth ?? 0) + 1;
    if (depth > depthMax) return wrong(`"${id}" is nested ${depth} deep; expected at most ${depthMax}`);
    this.#seen.add(id);
    this.#expected.delete(id);
    for (const step of steps) {
      for (const child of step.children) {
        if (this.#seen.has(child)) return wrong(`step ${step.seq} of "${id}" lists "${child}", whose line came before; expected children after their parent`);
        const other = this.#expected.get(child);
        if (other !== undefined) return wrong(`step ${step.seq} of "${id}" lists "${child}", and so does step ${other.seq} of "${other.parent}" (line ${other.line})`);
        this.#expected.set(child, { parent: id, line, seq: step.seq, depth });
      }
    }
    return null;
  }

  /** The first child that never came. */
  missing(): { readonly line: number; readonly message: string } | null {
    for (const [child, { parent, line, seq }] of this.#expected) return { line, message: `step ${seq} of "${parent}" lists "${child}", and no line of the file is it` };
    return null;
  }
}
