/** One worker's memory against a model of it that has every block by itself and looks through all of them for each that has to go. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AdapterMemory } from './adapter-memory.ts';
import { KvMemory } from './kv-memory.ts';
import { type Path, PrefixTree, type Segment, emptyPath, pathUpTo } from './prefix-tree.ts';

/** Prompts that grow, branch and share: few ids, so that they meet. Every id has one place, so none contradicts another. */
const runsOf: readonly (readonly (readonly [number, number])[])[] = [
  [[0, 3]], [[0, 6]], [[0, 9]], [[0, 3], [100, 2]], [[0, 3], [100, 5]], [[0, 6], [200, 2]], [[0, 6], [200, 3], [300, 2]], [[0, 3], [100, 2], [400, 3]], [[500, 4]], [[500, 7]], [[500, 2], [600, 4]], [[700, 1]],
];

const pathIndex = fc.integer({ min: 0, max: runsOf.length - 1 }), slot = fc.integer({ min: 0, max: 3 });
const op = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('begin' as const), slot, path: pathIndex, more: fc.integer({ min: 0, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('name' as const), slot }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('end' as const), slot }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('grow' as const), slot, blocks: fc.integer({ min: 1, max: 4 }) }) }, fc.record({ kind: fc.constant('giveBack' as const), slot, blocks: fc.integer({ min: 1, max: 4 }) }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('giveWay' as const), slot, computed: fc.integer({ min: 0, max: 9 }), path: pathIndex, blocks: fc.integer({ min: 0, max: 6 }) }) },
  fc.record({ kind: fc.constant('pin' as const), slot, path: pathIndex }), fc.record({ kind: fc.constant('unpin' as const), slot }),
  fc.record({ kind: fc.constant('value' as const), path: pathIndex, value: fc.integer({ min: -1, max: 3 }), holdMs: fc.constantFrom(0, 0, 30, 300) }),
  fc.record({ kind: fc.constant('lane' as const), slot, path: pathIndex }), fc.record({ kind: fc.constant('unlane' as const), slot }),
  fc.record({ kind: fc.constant('demote' as const), path: pathIndex }), fc.record({ kind: fc.constant('recall' as const), path: pathIndex }),
  fc.record({ kind: fc.constant('forget' as const), path: pathIndex }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('adapter' as const), adapter: fc.integer({ min: 0, max: 2 }) }) },
);
const world = fc.record({ hbm: fc.integer({ min: 6, max: 16 }), dram: fc.constantFrom(0, 4, 12, 40), nvme: fc.constantFrom(0, 6, 40), spills: fc.boolean(), adapterBytes: fc.constantFrom(0, 200, 300), ops: fc.array(op, { maxLength: 60 }) });

test('kv memory: whatever is begun, named, ended, pinned, demoted, recalled and forgotten, sums hold, hbm is a set of prefixes, and bytes in are bytes out and held', () => {
  fc.assert(fc.property(world, ({ hbm, dram, nvme, spills, adapterBytes, ops }) => {
    const tree = new PrefixTree(), paths = runsOf.map((runs) => tree.path(runs, 'here'));
    const adapters = adapterBytes === 0 ? null : new AdapterMemory(adapterBytes, 100), inUse = new Set<number>();
    const memory = new KvMemory({ hbm, dram, nvme }, spills, adapters);
    const runs = new Map<number, { path: Path; own: number; resident: number; isNamed: boolean }>(), pins = new Map<number, Path>(), lanes = new Map<number, Path>();
    let nowMs = 0;
    for (const step of ops) {
      nowMs += 10;
      const before = paths.map((path) => memory.find(path)), { version: versionBefore } = memory, residentBefore = [0, 1, 2].map((adapter) => adapters?.isResident(adapter));
      switch (step.kind) {
        case 'begin': {
          if (runs.has(step.slot)) break;
          const path = paths[step.path]!, resident = memory.find(path).hbm, own = path.blocks - resident + step.more;
          const { grantable, version } = memory, state = JSON.stringify([memory.used, memory.counters]);
          if (memory.begin(path, own, nowMs)) { runs.set(step.slot, { path, own, resident, isNamed: false }); expect(memory.find(path).hbm).toBe(resident); }
          else { expect([memory.grantable, memory.version, JSON.stringify([memory.used, memory.counters])]).toEqual([grantable, version, state]); expect(own + resident).toBeGreaterThan(grantable); }
          break;
        }
        case 'name': {
          const run = runs.get(step.slot);
          if (run === undefined || run.isNamed) break;
          memory.name(run.path, run.path.blocks - run.resident);
          Object.assign(run, { own: run.own - (run.path.blocks - run.resident), isNamed: true });
          expect(memory.find(run.path).hbm).toBe(run.path.blocks);
          break;
        }
        case 'end': {
          const run = runs.get(step.slot);
          if (run?.isNamed !== true) break;
          memory.end(run.path, run.own, nowMs, run.path);
          runs.delete(step.slot);
          break;
        }
        case 'grow': {
          const run = runs.get(step.slot);
          if (run === undefined || step.blocks > memory.grantable) break;
          memory.extend(step.blocks, nowMs);
          run.own += step.blocks;
          break;
        }
        case 'giveBack': {
          const run = runs.get(step.slot);
          if (run === undefined || step.blocks > run.own - (run.isNamed ? 0 : run.path.blocks - run.resident)) break;
          memory.giveBack(step.blocks);
          run.own -= step.blocks;
          break;
        }
        case 'giveWay': {
          const run = runs.get(step.slot);
          if (run === undefined) break;
          const leaves = pathUpTo(run.path, run.isNamed ? run.path.blocks : Math.min(run.path.blocks, run.resident + step.computed));
          const state = JSON.stringify([memory.used, memory.grantable, memory.version, memory.counters]), without = { kept: run.path, blocks: run.own, leaves: run.resident === leaves.blocks ? emptyPath : leaves };
          const other = paths[step.path]!, ownOf = (): number => other.blocks + step.blocks - memory.find(other).hbm;
          const isRoom = memory.wouldBegin(other, ownOf(), [without]);
          expect(JSON.stringify([memory.used, memory.grantable, memory.version, memory.counters])).toBe(state);
          memory.end(run.path, run.own, nowMs, without.leaves);
          runs.delete(step.slot);
          expect(memory.find(leaves).hbm).toBe(leaves.blocks);
          const own = ownOf(), begins = memory.begin(other, own, nowMs);
          expect(begins).toBe(isRoom);
          if (begins) memory.end(other, own, nowMs, emptyPath);
          break;
        }
        case 'pin': if (!pins.has(step.slot)) { pins.set(step.slot, paths[step.path]!); memory.pin(paths[step.path]!, nowMs); } break;
        case 'unpin': { const path = pins.get(step.slot); if (path !== undefined) memory.unpin(path, nowMs); pins.delete(step.slot); break; }
        case 'value': memory.setValue(paths[step.path]!, step.value, step.holdMs === 0 ? 0 : nowMs + step.holdMs); break;
        case 'lane': if (!lanes.has(step.slot)) { lanes.set(step.slot, paths[step.path]!); memory.addLane(paths[step.path]!); } break;
        case 'unlane': { const path = lanes.get(step.slot); if (path !== undefined) memory.removeLane(path); lanes.delete(step.slot); break; }
        case 'demote': {
          if (dram === 0) break;
          memory.demote(paths[step.path]!, 'dram', nowMs);
          // It may push others out of dram, itself it loses nothing: the copy is made before hbm gives anything up.
          const { hbm: had } = before[step.path]!, { hbm: has, dram: below, nvme: deeper } = memory.find(paths[step.path]!);
          expect(has + below + deeper).toBeGreaterThanOrEqual(had);
          break;
        }
        case 'recall': {
          const { hbm: had, dram: below, nvme: deeper } = before[step.path]!, recalled = memory.recall(paths[step.path]!, nowMs);
          expect([0, below + deeper]).toContain(recalled);
          expect(memory.find(paths[step.path]!).hbm).toBeGreaterThanOrEqual(recalled === 0 ? 0 : had + recalled);
          break;
        }
        case 'forget': memory.forget(paths[step.path]!); break;
        case 'adapter': {
          if (adapters === null) break;
          const { adapter } = step, isResident = adapters.isResident(adapter);
          if (inUse.delete(adapter)) { adapters.leave(adapter); break; }
          if (isResident) adapters.use(adapter);
          else if (adapters.blocks > memory.grantable) break;
          else {
            memory.makeRoomForAdapter(nowMs);
            adapters.load(adapter, nowMs);
          }
          inUse.add(adapter);
          break;
        }
      }
      memory.check();
      // Whoever keeps what was found is told when to look again.
      paths.forEach((path, i) => { if (JSON.stringify(memory.find(path)) !== JSON.stringify(before[i])) expect(memory.mayDiffer(path, false, versionBefore)).toBe(true); });
      if (JSON.stringify([0, 1, 2].map((adapter) => adapters?.isResident(adapter))) !== JSON.stringify(residentBefore)) expect(memory.mayDiffer(emptyPath, true, versionBefore)).toBe(true);
      for (const adapter of inUse) expect(adapters!.isResident(adapter)).toBe(true);
      if (adapters !== null) expect(adapters.usedBlocks - adapters.idleBlocks).toBe(inUse.size * adapters.blocks);
      for (const { path, resident, isNamed } of runs.values()) expect(memory.find(path).hbm).toBeGreaterThanOrEqual(isNamed ? path.blocks : resident);
      for (const path of paths) {
        const { hbm: resident, dram: inDram, nvme: inNvme } = memory.find(path);
        expect(resident + inDram + inNvme).toBeLessThanOrEqual(path.blocks);
        for (let blocks = 1; blocks <= resident; blocks++) expect(memory.find(pathUpTo(path, blocks))).toEqual({ hbm: blocks, dram: 0, nvme: 0 });
      }
      const { named, evicted, vacated, forgotten } = memory.counters, own = [...runs.values()].reduce((sum, run) => sum + run.own, 0);
      expect(named - evicted - vacated - forgotten).toBe(memory.used.hbm - own - (adapters?.usedBlocks ?? 0));
    }
    for (const { path, own, resident, isNamed } of runs.values()) {
      if (!isNamed) memory.name(path, path.blocks - resident);
      memory.end(path, isNamed ? own : own - (path.blocks - resident), nowMs, path);
    }
    for (const path of pins.values()) memory.unpin(path, nowMs);
    for (const path of lanes.values()) memory.removeLane(path);
    for (const adapter of inUse) adapters!.leave(adapter);
    memory.check();
    expect(memory.grantable).toBe(hbm);
    expect(memory.begin(emptyPath, hbm, nowMs + 1e6)).toBe(true);
    memory.check();
    expect(memory.used.hbm).toBe(hbm);
  }));
});

interface Mark { value: number; heldUntilMs: number; lastUseMs: number }

/** Blocks of hbm one by one, as the ids that they have. For each that has to go, all are looked through. */
class NaiveHbm {
  readonly blocks = new Set<number>();
  readonly uses: Path[] = [];
  readonly #segments: readonly Segment[];
  readonly #marks = new Map<Segment, Mark>();
  readonly #capacity: number;
  own = 0;

  constructor(paths: readonly Path[], capacity: number) {
    this.#segments = [...new Set(paths.flatMap(({ segments }) => segments))];
    for (const segment of this.#segments) this.#marks.set(segment, { value: 0, heldUntilMs: 0, lastUseMs: 0 });
    this.#capacity = capacity;
  }

  resident(path: Path): number {
    const at = idsOf(path).findIndex((id) => !this.blocks.has(id));
    return at < 0 ? path.blocks : at;
  }

  touch(path: Path, nowMs: number): void { for (const segment of path.segments) this.#mark(segment).lastUseMs = nowMs; }

  setValue(path: Path, paths: readonly Path[], value: number, heldUntilMs: number): void {
    path.segments.forEach((segment, i) => {
      const mark = this.#mark(segment), isOwn = i === path.segments.length - 1 || paths.filter(({ segments }) => segments.includes(segment)).length <= 1;
      Object.assign(mark, { value: isOwn ? value : Math.max(mark.value, value), heldUntilMs: isOwn ? heldUntilMs : Math.max(mark.heldUntilMs, heldUntilMs) });
    });
  }

  makeRoom(blocks: number, nowMs: number): void {
    const kept = new Set(this.uses.flatMap(idsOf));
    while (this.#capacity - this.blocks.size - this.own < blocks) {
      const followed = new Set([...this.blocks].map((id) => this.#before(id)));
      const open = [...this.blocks].filter((id) => !kept.has(id) && !followed.has(id)).map((id) => ({ id, segment: this.#segmentOf(id) }));
      const rank = ({ segment }: { segment: Segment }): number[] => { const { value, heldUntilMs, lastUseMs } = this.#mark(segment); return [heldUntilMs > nowMs ? 1 : 0, value, lastUseMs, -segment.depth, segment.first]; };
      this.blocks.delete(open.sort((a, b) => compared(rank(a), rank(b)))[0]!.id);
    }
  }

  #mark(segment: Segment): Mark { return this.#marks.get(segment)!; }
  #segmentOf(id: number): Segment { return this.#segments.find(({ first, length }) => id >= first && id < first + length)!; }
  #before(id: number): number | null {
    const { first, parent, offset } = this.#segmentOf(id);
    return id > first ? id - 1 : parent === null ? null : parent.first + offset - 1;
  }
}

const compared = (a: readonly number[], b: readonly number[]): number => { for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!; return 0; };
const idsOf = (path: Path): number[] => path.segments.flatMap(({ first }, i) => Array.from({ length: path.uses[i]! }, (_, at) => first + at));

const hbmOp = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('run' as const), path: pathIndex, more: fc.integer({ min: 0, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pin' as const), slot, path: pathIndex }) }, fc.record({ kind: fc.constant('unpin' as const), slot }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('value' as const), path: pathIndex, value: fc.integer({ min: -1, max: 3 }), holdMs: fc.constantFrom(0, 0, 30, 300) }) },
);

test('kv memory: what goes is, block by block, the smallest value, then the least recently used, then the deepest; held blocks go last', () => {
  fc.assert(fc.property(fc.integer({ min: 8, max: 16 }), fc.array(hbmOp, { minLength: 20, maxLength: 80 }), (capacity, ops) => {
    const tree = new PrefixTree(), paths = runsOf.map((runs) => tree.path(runs, 'here'));
    const memory = new KvMemory({ hbm: capacity, dram: 0, nvme: 0 }, false), naive = new NaiveHbm(paths, capacity), pins = new Map<number, Path>();
    for (const path of paths) memory.addLane(path);
    let nowMs = 0;
    for (const step of ops) {
      nowMs += 10;
      if (step.kind === 'value') {
        const path = paths[step.path]!, untilMs = step.holdMs === 0 ? 0 : nowMs + step.holdMs;
        memory.setValue(path, step.value, untilMs);
        naive.setValue(path, paths, step.value, untilMs);
      } else if (step.kind === 'unpin') {
        const path = pins.get(step.slot);
        if (path === undefined) continue;
        pins.delete(step.slot);
        memory.unpin(path, nowMs);
        naive.uses.splice(naive.uses.indexOf(path), 1);
        naive.touch(path, nowMs);
      } else if (step.kind === 'pin') {
        if (pins.has(step.slot)) continue;
        const path = paths[step.path]!;
        pins.set(step.slot, path);
        memory.pin(path, nowMs);
        naive.uses.push(path);
        naive.touch(path, nowMs);
      } else {
        const path = paths[step.path]!, resident = memory.find(path).hbm, own = path.blocks - resident + step.more;
        expect(resident).toBe(naive.resident(path));
        if (!memory.begin(path, own, nowMs)) continue;
        naive.uses.push(path);
        naive.touch(path, nowMs);
        naive.makeRoom(own, nowMs);
        memory.name(path, path.blocks - resident);
        memory.end(path, step.more, nowMs, path);
        for (const id of idsOf(path)) naive.blocks.add(id);
        naive.uses.splice(naive.uses.lastIndexOf(path), 1);
      }
      memory.check();
      expect(paths.map((path) => memory.find(path).hbm)).toEqual(paths.map((path) => naive.resident(path)));
      expect(memory.used.hbm).toBe(naive.blocks.size);
      expect(memory.places).toBeLessThan(200);
    }
  }));
});

const drawnRun = fc.record({ path: pathIndex, more: fc.nat(3), computed: fc.nat(9), isNamed: fc.boolean(), isLeaving: fc.boolean(), leavesNothing: fc.boolean() });

test('kv memory: whether there would be room without several runs, of shared prefixes and pins, is whether there is when they have left', () => {
  fc.assert(fc.property(fc.integer({ min: 10, max: 40 }), fc.array(pathIndex, { maxLength: 4 }), fc.array(drawnRun, { minLength: 2, maxLength: 6 }), fc.array(pathIndex, { maxLength: 2 }), pathIndex, fc.nat(8), (hbm, earlier, drawn, pinned, better, more) => {
    const tree = new PrefixTree(), paths = runsOf.map((runs) => tree.path(runs, 'here')), memory = new KvMemory({ hbm, dram: 6, nvme: 0 }, true);
    let nowMs = 0;
    const begin = (path: Path, extra: number): { readonly path: Path; readonly resident: number; own: number } | null => {
      const resident = memory.find(path).hbm, own = path.blocks - resident + extra;
      return memory.begin(path, own, ++nowMs) ? { path, resident, own } : null;
    };
    for (const index of earlier) { const run = begin(paths[index]!, 0); if (run !== null) { memory.name(run.path, run.own); memory.end(run.path, 0, ++nowMs, run.path); } }
    const leavers = drawn.flatMap(({ path: index, more: extra, computed, isNamed, isLeaving, leavesNothing }) => {
      const run = begin(paths[index]!, extra);
      if (run === null) return [];
      return [{ ...run, isLeaving, isNamed, leaves: leavesNothing ? emptyPath : pathUpTo(run.path, isNamed ? run.path.blocks : Math.min(run.path.blocks, run.resident + computed)) }];
    }).map((run) => {
      if (!run.isNamed) return run;
      memory.name(run.path, run.path.blocks - run.resident);
      return { ...run, own: run.own - (run.path.blocks - run.resident) };
    }).filter(({ isLeaving }) => isLeaving).map(({ path, own, leaves }) => ({ kept: path, blocks: own, leaves }));
    for (const index of pinned) memory.pin(paths[index]!, ++nowMs);
    const other = paths[better]!, ownOf = (): number => other.blocks + more - memory.find(other).hbm;
    const isRoom = memory.wouldBegin(other, ownOf(), leavers);
    for (const { kept, blocks, leaves } of leavers) memory.end(kept, blocks, ++nowMs, leaves);
    memory.check();
    expect(memory.begin(other, ownOf(), ++nowMs)).toBe(isRoom);
  }), { numRuns: 300 });
});
