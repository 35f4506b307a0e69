import { InputError } from '../input-error.ts';

/**
 * Blocks of recorded prompts as a tree of segments: a run of consecutive ids of which each is the only successor seen so far of the one before, or
 * a branch that begins with a new id. A recorded trace of 200 steps that only ever grows is one segment, whatever its length.
 */
export class Segment {
  readonly first: number;
  readonly parent: Segment | null;
  /** Blocks of the parent that precede this one. */
  readonly offset: number;
  readonly depth: number;
  length = 0;
  /** How many of its first blocks some worker computed at some time: computing one of them again could have been avoided. */
  everComputed = 0;
  /** Tasks that name it, came or not, and are not over. */
  users: number;
  /** Memories with some of it. */
  holders = 0;

  constructor(first: number, parent: Segment | null, offset: number, users: number) {
    this.first = first;
    this.users = users;
    this.parent = parent;
    this.offset = offset;
    this.depth = parent === null ? 0 : parent.depth + 1;
  }
}

/** A prompt: the first `uses[i]` blocks of `segments[i]`, from the root on. */
export interface Path { readonly segments: readonly Segment[]; readonly uses: readonly number[]; readonly blocks: number }

export const emptyPath: Path = { segments: [], uses: [], blocks: 0 };

/** Segments that are looked through at once. */
const sweepLeast = 64;

export class PrefixTree {
  readonly #starts = new Map<number, Segment>();
  /** The same, by their first ids. */
  readonly #sorted: Segment[] = [];
  readonly #usersOf: ReadonlyMap<number, number>;
  /** Nobody will name them again, and some memory may have blocks of them still. */
  #retired: Segment[] = [];
  #sweepAt = sweepLeast;

  /** `usersOf`: how many tasks name a segment, by its first id, where it is more than one. */
  constructor(usersOf: ReadonlyMap<number, number> = new Map()) { this.#usersOf = usersOf; }

  get size(): number { return this.#starts.size; }

  /** Of run-length coded block ids `[first, count]`. Throws InputError when an id follows another one than it did before: equal ids have equal prefixes. */
  path(runs: readonly (readonly [number, number])[], where: string): Path {
    const segments: Segment[] = [], uses: number[] = [];
    let blocks = 0;
    for (const [first, count] of joined(runs)) {
      const parent = segments.at(-1) ?? null, offset = uses.at(-1) ?? 0;
      let segment = this.#starts.get(first);
      if (segment === undefined) segment = this.#begin(first, parent, offset, where);
      else if (segment.parent !== parent || segment.offset !== offset) refuse(where, first, named(parent, offset), named(segment.parent, segment.offset));
      if (count > segment.length) this.#extend(segment, count, where);
      segments.push(segment);
      uses.push(count);
      blocks += count;
    }
    return { segments, uses, blocks };
  }

  /** A task that named these is over. What nobody names any more is forgotten as soon as no memory has any of it: what the tree holds follows the tasks that are there, not those that were. */
  leave(segments: Iterable<Segment>): void {
    for (const segment of segments) if (--segment.users === 0) this.#retired.push(segment);
    if (this.#retired.length < this.#sweepAt) return;
    this.#retired = this.#retired.filter((segment) => segment.holders > 0 || !this.#forget(segment));
    this.#sweepAt = Math.max(sweepLeast, 2 * this.#retired.length);
  }

  #forget(segment: Segment): true {
    this.#starts.delete(segment.first);
    this.#sorted.splice(this.#rankAfter(segment.first) - 1, 1);
    return true;
  }

  #begin(first: number, parent: Segment | null, offset: number, where: string): Segment {
    const at = this.#rankAfter(first), before = this.#sorted[at - 1];
    if (before !== undefined && first < before.first + before.length) refuse(where, first, named(parent, offset), `block ${first - 1}`);
    const segment = new Segment(first, parent, offset, this.#usersOf.get(first) ?? 1);
    this.#starts.set(first, segment);
    this.#sorted.splice(at, 0, segment);
    return segment;
  }

  #extend(segment: Segment, count: number, where: string): void {
    const next = this.#sorted[this.#rankAfter(segment.first)];
    if (next !== undefined && next.first < segment.first + count) refuse(where, next.first, `block ${next.first - 1}`, named(next.parent, next.offset));
    segment.length = count;
  }

  /** Of the first segment that begins behind `id`. */
  #rankAfter(id: number): number {
    let low = 0, high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sorted[middle]!.first <= id) low = middle + 1; else high = middle;
    }
    return low;
  }
}

function refuse(where: string, id: number, here: string, earlier: string): never {
  throw new InputError(`${where}: block ${id} follows ${here} here and ${earlier} in an earlier prompt`);
}

/** The first `blocks` of a path. */
export function pathUpTo(path: Path, blocks: number): Path {
  if (blocks >= path.blocks) return path;
  const segments: Segment[] = [], uses: number[] = [];
  let left = blocks;
  for (let i = 0; i < path.segments.length && left > 0; i++) {
    const use = Math.min(left, path.uses[i]!);
    segments.push(path.segments[i]!);
    uses.push(use);
    left -= use;
  }
  return { segments, uses, blocks };
}

/** Whether `path` begins with all of `start`. */
export function extendsPath(path: Path, start: Path): boolean {
  const last = start.segments.length - 1;
  if (last < 0) return true;
  // A segment has one predecessor: when the last one is shared, so is everything before it.
  return path.segments[last] === start.segments[last] && path.uses[last]! >= start.uses[last]!;
}

/** Runs that continue each other count as one: how a file cuts them says nothing. */
function joined(runs: readonly (readonly [number, number])[]): [number, number][] {
  const out: [number, number][] = [];
  for (const [first, count] of runs) {
    const last = out.at(-1);
    if (last !== undefined && last[0] + last[1] === first) last[1] += count;
    else out.push([first, count]);
  }
  return out;
}

const named = (parent: Segment | null, offset: number): string => (parent === null ? 'no other' : `block ${parent.first + offset - 1}`);
