import { createHmac } from 'node:crypto';
import { blockTokens, namesOf } from '../../actors/lib/chain.ts';
import { isSideStep } from '../../actors/lib/ids.ts';
import type { BlockChain, InboxEvent, StepAccepted } from '../../schemas/messages.ts';
import type { BlockRun, GapKind, ReplayStep, ReplayTrace } from '../../schemas/replay-trace.ts';
import { pushRun, roundMs } from './reading.ts';

/** A trace's part of the inbox log, in order; `atMs` is when the log took each entry, by the one clock of the server. */
export interface LoggedTrace {
  readonly trace: string;
  readonly events: readonly { readonly event: InboxEvent; readonly atMs: number }[];
  /** Names of the full blocks of each accepted step's prompt; shorter where pages are gone. */
  readonly chains: ReadonlyMap<string, BlockChain>;
}

export interface Exported { readonly traces: readonly ReplayTrace[]; readonly skipped: ReadonlyMap<string, number>; readonly assumed: ReadonlyMap<string, number> }

/**
 * A trace and its children out of the log, for others to replay: when, how much, what is shared; no text, no token, no
 * name of a tenant, model or tool. Ids are keyed hashes. With a `salt` of the user's, blocks are too, so that exports with
 * one salt can be compared; without, blocks are numbered as they come, which tells nothing and is shorter.
 *
 * `logs`: the trace first, then all that grew from it.
 */
export function exportTraces(logs: readonly LoggedTrace[], key: string, areBlocksHashed: boolean): Exported {
  const counts = { skipped: new Map<string, number>(), assumed: new Map<string, number>() };
  const hidden = new Hidden(key, areBlocksHashed);
  const made = new Map(logs.map((log) => [log.trace, stepsOf(log, counts)]));
  const begunBy = new Map([...made].flatMap(([parent, steps]) => steps.flatMap((step) => step.children.map((child) => [child, { parent, endMs: step.endMs }] as const))));
  const traces = logs.map(({ trace }, at) => exported(trace, at === 0 ? null : begunBy.get(trace) ?? 'nobody', made, hidden, counts)).filter((trace) => trace !== null);
  return { traces, ...counts };
}

interface Counts { readonly skipped: Map<string, number>; readonly assumed: Map<string, number> }
const add = (counts: Map<string, number>, what: string, times = 1): void => { if (times > 0) counts.set(what, (counts.get(what) ?? 0) + times); };

interface Made { readonly accepted: StepAccepted; readonly chain: BlockChain; readonly startMs: number; readonly endMs: number; readonly generated: number; readonly callsTools: boolean; readonly children: string[] }

/** Steps of the main chain that were answered, and who began after which. */
function stepsOf({ trace, events, chains }: LoggedTrace, { skipped, assumed }: Counts): Made[] {
  const begun = new Set<string>();
  const open = new Map<string, { readonly accepted: StepAccepted; readonly atMs: number }>();
  const steps: Made[] = [];
  const early: string[] = [];
  for (const { event, atMs } of events) {
    if (event.kind === 'stepAccepted') {
      if (isSideStep(event.step)) add(skipped, 'a side call');
      else if (!open.has(event.step)) open.set(event.step, { accepted: event, atMs });
    } else if (event.kind === 'childStarted') {
      if (event.child === trace || begun.has(event.child)) continue;
      begun.add(event.child);
      (steps.at(-1)?.children ?? early).push(event.child);
    } else if (event.kind === 'stepEnded' && event.finish !== 'cancelled') {
      const step = open.get(event.step);
      if (step === undefined) continue;
      open.delete(event.step);
      const chain = chains.get(event.step) ?? new Uint8Array();
      if (namesOf(chain).length < Math.floor(step.accepted.prompt.tokens / blockTokens)) add(assumed, 'a prompt whose pages are gone: its later blocks share nothing');
      steps.push({ accepted: step.accepted, chain, startMs: step.atMs, endMs: atMs, generated: event.tokens.length, callsTools: event.finish === 'tool_calls', children: [] });
    }
  }
  if (steps[0] !== undefined) for (const child of early) steps[0].children.push(child);
  add(skipped, 'a step without an answer', open.size);
  return steps;
}

interface Begun { readonly parent: string; readonly endMs: number }

function exported(trace: string, begunBy: Begun | 'nobody' | null, made: ReadonlyMap<string, readonly Made[]>, hidden: Hidden, { skipped, assumed }: Counts): ReplayTrace | null {
  const steps = made.get(trace)!;
  if (steps.length === 0 || begunBy === 'nobody') { add(skipped, 'a trace without an answered step'); return null; }
  const isShown = (child: string): boolean => (made.get(child)?.length ?? 0) > 0;
  const startMs = begunBy === null ? 0 : steps[0]!.startMs - begunBy.endMs;
  if (startMs < 0) add(assumed, 'a child begins when the generation that started it has ended, not earlier');
  return {
    v: 1, trace: hidden.id(trace), parent: begunBy === null ? null : hidden.id(begunBy.parent), start_ms: Math.max(0, roundMs(startMs)), model: '',
    steps: steps.map((step, at): ReplayStep => ({
      seq: at + 1, ...(at === 0 ? { gap: 'start', gap_ms: 0 } as const : gapOf(steps, at, made, assumed)),
      prompt_tokens: step.accepted.prompt.tokens, blocks: hidden.runs(step.chain), out_tokens: step.generated, tool: null,
      children: step.children.filter(isShown).map((child) => hidden.id(child)), took_ms: roundMs(step.endMs - step.startMs),
    })),
  };
}

/** The log does not say what the agent waited for: an interactive step's is a person, any other's a tool. */
function gapOf(steps: readonly Made[], at: number, made: ReadonlyMap<string, readonly Made[]>, assumed: Counts['assumed']): { readonly gap: GapKind; readonly gap_ms: number } {
  const step = steps[at]!, before = steps[at - 1]!;
  const childrenEndMs = before.children.reduce((last, child) => Math.max(last, made.get(child)?.at(-1)?.endMs ?? -Infinity), -Infinity);
  const isJoin = childrenEndMs > -Infinity && childrenEndMs <= step.startMs;
  const gapMs = step.startMs - (isJoin ? Math.max(childrenEndMs, before.endMs) : before.endMs);
  if (gapMs < 0) add(assumed, 'a step that was accepted before the one ahead of it had ended: gap 0');
  return { gap: isJoin ? 'join' : before.callsTools || step.accepted.class !== 'interactive' ? 'tool' : 'human', gap_ms: Math.max(0, roundMs(gapMs)) };
}

/** Names as nobody can read them back without the key. */
class Hidden {
  readonly #key: string;
  readonly #areBlocksHashed: boolean;
  readonly #numbers = new Map<string, number>();

  constructor(key: string, areBlocksHashed: boolean) {
    this.#key = key;
    this.#areBlocksHashed = areBlocksHashed;
  }

  id(trace: string): string { return `x${this.#digest(`trace ${trace}`).subarray(0, 10).toString('hex')}`; }

  runs(chain: BlockChain): BlockRun[] {
    const runs: BlockRun[] = [];
    for (const name of namesOf(chain)) pushRun(runs, this.#block(name), 1);
    return runs;
  }

  /** 52 bits of a hash, or the next number. */
  #block(name: string): number {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      const digest = this.#areBlocksHashed ? this.#digest(`block ${name}`) : null;
      number = digest === null ? this.#numbers.size : digest.readUInt32BE(0) * 2 ** 20 + (digest.readUInt32BE(4) >>> 12);
      this.#numbers.set(name, number);
    }
    return number;
  }

  #digest(text: string): Buffer { return createHmac('sha256', this.#key).update(text).digest(); }
}
