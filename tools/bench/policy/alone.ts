import { blockTokens } from '../../../actors/lib/chain.ts';
import { contextOfChunk, iterationMs } from '../../../infra/replay/simulation/engine-model.ts';
import type { Fleet } from '../../../infra/replay/fleet.ts';
import { type Path, PrefixTree } from '../../../infra/replay/simulation/prefix-tree.ts';
import type { Task } from '../../../infra/replay/tasks.ts';
import type { ReplayStep, ReplayTrace } from '../../../schemas/replay-trace.ts';

/** One task on a fleet that does nothing else. */
export interface Alone { readonly jctS: number; /** Without the gaps on its longest way. */ readonly servedS: number; /** Mean over its time of the contexts of its traces that are not over. */ readonly liveTokens: number }

/**
 * What no policy can beat: every step runs at once and alone, on a worker that remembers all that the task computed before, and what tasks before it in
 * the list did; only new tokens are computed, in the device model's own times. Gaps and joins as in the replay.
 */
export function aloneTimes(tasks: readonly Task[], fleet: Fleet, humanGapScale: number): readonly Alone[] {
  const tree = new PrefixTree();
  return tasks.map((task) => aloneTime(task, fleet, tree, humanGapScale));
}

function aloneTime(task: Task, fleet: Fleet, tree: PrefixTree, humanGapScale: number): Alone {
  let tokenMs = 0;
  /** Answers when the trace and all below it are over, and the gaps on the longest way there. Not deeper than traces are nested. */
  const walk = (trace: ReplayTrace, start: Reached): Reached => {
    let here = start, lastChild = start, context = 0;
    trace.steps.forEach((step, i) => {
      const from = step.gap === 'join' ? later(here, lastChild) : here, gapMs = i === 0 ? 0 : step.gap_ms * (step.gap === 'human' ? humanGapScale : 1);
      const next = { atMs: from.atMs + gapMs + stepMs(trace, i, fleet, tree), gapsMs: from.gapsMs + gapMs };
      tokenMs += context * (next.atMs - here.atMs);
      here = next;
      context = step.prompt_tokens + step.out_tokens;
      for (const child of step.children) {
        const member = task.members.get(child);
        if (member !== undefined) lastChild = later(lastChild, walk(member, { atMs: here.atMs + member.start_ms, gapsMs: here.gapsMs + member.start_ms }));
      }
    });
    const over = later(here, lastChild);
    tokenMs += context * (over.atMs - here.atMs);
    return over;
  };
  const { atMs, gapsMs } = walk(task.root, { atMs: 0, gapsMs: 0 });
  return { jctS: atMs / 1000, servedS: (atMs - gapsMs) / 1000, liveTokens: atMs > 0 ? tokenMs / atMs : 0 };
}

/** Milliseconds since the task came, and of them the recorded gaps on the longest way. */
interface Reached { readonly atMs: number; readonly gapsMs: number }
const later = (a: Reached, b: Reached): Reached => (b.atMs > a.atMs ? b : a);

function stepMs(trace: ReplayTrace, at: number, { device, model }: Fleet, tree: PrefixTree): number {
  const step = trace.steps[at]!, path = tree.path(step.blocks, `trace ${trace.trace}, step ${step.seq}`);
  const promptTokens = Math.max(1, step.prompt_tokens), outTokens = Math.max(1, step.out_tokens);
  const full = Math.min(known(path), Math.floor((promptTokens - 1) / blockTokens)) * blockTokens;
  // A bound: as much of a last block as there can be.
  const hit = device.keepsTails === true && full > 0 ? Math.min(promptTokens - 1, full + blockTokens - 1) : full;
  remember(path, path.blocks);
  const next = trace.steps[at + 1];
  if (next !== undefined) rememberAnswer(tree.path(next.blocks, `trace ${trace.trace}, step ${next.seq}`), path, step);
  let ms = 0;
  for (let done = hit; done < promptTokens; done += device.iterationTokens) {
    const tokens = Math.min(device.iterationTokens, promptTokens - done);
    ms += iterationMs(device, model, { prefillTokens: tokens, prefillContext: contextOfChunk(done, tokens), decodes: 0, decodeContext: 0 });
  }
  // The first token comes with the prompt; contexts grow evenly, so that of the middle iteration stands for all.
  const decodes = outTokens - 1;
  return ms + decodes * iterationMs(device, model, { prefillTokens: 0, prefillContext: 0, decodes: 1, decodeContext: promptTokens + decodes / 2 });
}

/** Leading blocks of the path that were computed before. */
function known(path: Path): number {
  let blocks = 0;
  for (const [i, segment] of path.segments.entries()) {
    const use = path.uses[i]!, ever = Math.min(use, segment.everComputed);
    blocks += ever;
    if (ever < use) break;
  }
  return blocks;
}

function remember(path: Path, upTo: number): void {
  let left = upTo;
  for (const [i, segment] of path.segments.entries()) {
    const use = Math.min(left, path.uses[i]!);
    segment.everComputed = Math.max(segment.everComputed, use);
    left -= use;
    if (left <= 0) return;
  }
}

/** Blocks of the answer that the next prompt goes on with. */
function rememberAnswer(next: Path, prompt: Path, step: ReplayStep): void {
  const last = prompt.segments.length - 1;
  if (last >= 0 && (next.segments[last] !== prompt.segments[last] || next.uses[last]! < prompt.uses[last]!)) return;
  remember(next, Math.min(next.blocks, Math.floor((step.prompt_tokens + step.out_tokens - 1) / blockTokens)));
}
