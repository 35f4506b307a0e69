import { z } from 'zod';
import { type BlockRun, type GapKind, type ReplayStep, type ReplayTrace, replayBlockTokens } from '../../schemas/replay-trace.ts';
import type { Line } from './lines.ts';
import { type Reading, msOf, pushRun, roundMs } from './reading.ts';

/**
 * Sessions of coding agents as the kv-cache-tester of WEKA records them: one session a line, subagents nested.
 *
 * Each subagent becomes a child of the step before its marker. A marker's `t` is when it ended: `t - duration_ms` falls
 * on the end of the generation before, so the child starts there. Block ids are local to a session and made unique;
 * what `tool_tokens + system_tokens` cover is one prefix for all that have the same two numbers.
 */
export async function* readWeka(lines: AsyncIterable<Line>, reading: Reading): AsyncIterable<ReplayTrace> {
  const prefixes: SharedPrefixes = new Map();
  const seen = new Set<string>();
  for await (const line of lines) {
    const session = reading.record(sessionShape, line, 'a session with "id", "block_size" and "requests"');
    if (session.block_size !== replayBlockTokens) reading.fail(line.number, `"block_size" is ${session.block_size}; expected ${replayBlockTokens}`);
    const name = reading.name(session.id);
    if (seen.has(name)) reading.fail(line.number, `"id" is "${name}" for the second time; expected one line a session`);
    const blocks = new SessionBlocks(reading, prefixes, session);
    for (const trace of new Session(reading, line.number, blocks).traces(name, null, 0, session)) {
      if (seen.has(trace.trace)) reading.fail(line.number, `a subagent of "${name}" would be "${trace.trace}", which another line has as its "id"; expected ids that are unique`);
      seen.add(trace.trace);
      yield trace;
    }
    seen.add(name); // of a session without requests too
  }
}

const seconds = z.number().min(0);
const callShape = z.object({
  type: z.literal(['n', 's']), t: seconds, model: z.string().nullish(), in: z.int().min(0), out: z.int().min(0),
  input_types: z.array(z.string()).nullish(), api_time: seconds.nullish(),
  hash_runs: z.array(z.int().min(0)).nullish(), hash_ids: z.array(z.int().min(0)).nullish(),
});
const prefixFields = { models: z.array(z.string()).nullish(), tool_tokens: z.int().min(0).nullish(), system_tokens: z.int().min(0).nullish() };
const agentShape = z.object({
  type: z.literal('subagent'), t: seconds, agent_id: z.string(), duration_ms: z.number().min(0).nullish(), ...prefixFields,
  get requests() { return z.array(entryShape); },
});
const entryShape: z.ZodType<Call | Agent> = z.lazy(() => z.discriminatedUnion('type', [callShape, agentShape]));
const sessionShape = z.object({ id: z.string().min(1), block_size: z.int(), ...prefixFields, requests: z.array(entryShape) });

type Call = z.output<typeof callShape>;
interface Prefix { readonly models?: readonly string[] | null | undefined; readonly tool_tokens?: number | null | undefined; readonly system_tokens?: number | null | undefined }
interface Conversation extends Prefix { readonly requests: readonly (Call | Agent)[] }
interface Agent extends Conversation { readonly type: 'subagent'; readonly t: number; readonly agent_id: string; readonly duration_ms?: number | null | undefined }

/** A recording rounds to a second: what overlaps by less did not overlap. */
const roundingMs = 1_000;

class Session {
  readonly #reading: Reading;
  readonly #line: number;
  readonly #blocks: SessionBlocks;
  /** How many subagents had a name so far. */
  readonly #names = new Map<string, number>();

  constructor(reading: Reading, line: number, blocks: SessionBlocks) {
    this.#reading = reading;
    this.#line = line;
    this.#blocks = blocks;
  }

  /** The conversation's trace and those of its subagents, parents first. */
  traces(name: string, parent: string | null, startMs: number, conversation: Conversation): ReplayTrace[] {
    const steps: ReplayStep[] = [];
    const found: ReplayTrace[] = [];
    let startedAtMs = 0, endedAtMs = 0;
    let open: { readonly names: string[]; endMs: number } = { names: [], endMs: 0 };
    this.#blocks.enter(conversation);
    for (const entry of conversation.requests) {
      if (entry.type === 'subagent') {
        const child = this.#child(name, entry, steps.length === 0 ? null : endedAtMs);
        if (child === null) continue;
        open.names.push(child.traces[0]!.trace);
        open.endMs = Math.max(open.endMs, child.endMs);
        for (const trace of child.traces) found.push(trace); // not spread: there may be thousands
        continue;
      }
      const atMs = msOf(entry.t);
      if (steps.length > 0 && atMs < startedAtMs) this.#reading.fail(this.#line, `"${name}": request ${steps.length + 1} starts at ${entry.t} s, the one before it at ${startedAtMs / 1000} s; expected times that do not go back`);
      const gap = steps.length === 0 ? { gap: 'start', gap_ms: 0 } as const : this.#gap(entry, atMs, endedAtMs, open);
      if (open.names.length > 0) steps[steps.length - 1] = { ...steps.at(-1)!, children: open.names };
      open = { names: [], endMs: 0 };
      steps.push(this.#step(entry, steps.length + 1, gap));
      if (steps.length === 1) startMs += atMs;
      startedAtMs = atMs;
      endedAtMs = roundMs(atMs + msOf(entry.api_time ?? 0));
    }
    if (open.names.length > 0) steps[steps.length - 1] = { ...steps.at(-1)!, children: open.names };
    if (steps.length === 0) { this.#reading.skip('a session without requests'); return []; }
    const model = conversation.models?.[0] ?? conversation.requests.find((entry) => entry.type !== 'subagent')?.model ?? '';
    return [{ v: 1, trace: name, parent, start_ms: roundMs(startMs), model, steps }, ...found];
  }

  /** Null: it made no call, or nothing is known that started it. */
  #child(parent: string, agent: Agent, parentEndedAtMs: number | null): { readonly traces: readonly ReplayTrace[]; readonly endMs: number } | null {
    if (parentEndedAtMs === null) { this.#reading.skip('a subagent before any request of its parent'); return null; }
    const id = `${parent}/${this.#reading.name(agent.agent_id)}`;
    let count = this.#names.get(id) ?? 0, name = id;
    do { count++; name = count === 1 ? id : `${id}.${count}`; } while (count > 1 && this.#names.has(name));
    this.#names.set(id, count);
    if (count > 1) this.#names.set(name, 1);
    const startedAtMs = msOf(agent.t) - (agent.duration_ms ?? 0);
    if (startedAtMs < parentEndedAtMs - roundingMs) this.#reading.assume('a subagent starts when the generation before it has ended, not earlier');
    const afterMs = Math.max(0, roundMs(startedAtMs - parentEndedAtMs));
    const traces = this.traces(name, parent, afterMs, agent);
    if (traces.length === 0) return null;
    const last = agent.requests.findLast((entry) => entry.type !== 'subagent')!;
    return { traces, endMs: parentEndedAtMs + afterMs + msOf(last.t + ((last as Call).api_time ?? 0)) };
  }

  #gap(call: Call, atMs: number, endedAtMs: number, open: { readonly names: readonly string[]; readonly endMs: number }): { readonly gap: GapKind; readonly gap_ms: number } {
    const types = call.input_types ?? [];
    const isTool = types.includes('tool_result');
    if (isTool && types.some((type) => type !== 'tool_result')) this.#reading.assume('a gap before a whole history was sent again: human');
    const isJoin = open.names.length > 0 && atMs >= open.endMs - roundingMs;
    if (open.names.length > 0 && !isJoin) this.#reading.assume('a parent that went on before its subagent ended does not wait for it');
    const gapMs = roundMs(atMs - (isJoin ? Math.max(open.endMs, endedAtMs) : endedAtMs));
    if (gapMs < -roundingMs) this.#reading.assume('a request that began while the one before it ran: gap 0');
    else if (gapMs < 0) this.#reading.assume('a gap below 0 by rounding (less than 1 s): gap 0');
    return { gap: isJoin ? 'join' : isTool && types.every((type) => type === 'tool_result') ? 'tool' : 'human', gap_ms: Math.max(0, gapMs) };
  }

  #step(call: Call, seq: number, gap: { readonly gap: GapKind; readonly gap_ms: number }): ReplayStep {
    if (call.api_time === null || call.api_time === undefined) this.#reading.assume('a generation of unknown length: it is part of the gap after it');
    return {
      seq, ...gap, prompt_tokens: call.in, blocks: this.#blocks.runs(call, this.#line), out_tokens: call.out, tool: null, children: [],
      ...(call.api_time === null || call.api_time === undefined ? {} : { took_ms: msOf(call.api_time) }),
    };
  }
}

/** By `tool_tokens,system_tokens`: the first id of the prefix, and its blocks. */
type SharedPrefixes = Map<string, { first: number; count: number }>;

/** Local ids of one session as ids of the whole file. */
class SessionBlocks {
  readonly #reading: Reading;
  readonly #prefixes: SharedPrefixes;
  /** Local ids [from, to) are `shift` further on in the file. */
  readonly #shared: { readonly from: number; readonly to: number; readonly shift: number }[] = [];
  readonly #entered = new Set<string>();
  readonly #shift: number;

  constructor(reading: Reading, prefixes: SharedPrefixes, session: Conversation) {
    this.#reading = reading;
    this.#prefixes = prefixes;
    this.#shift = reading.ids.take(largest(session) + 1);
  }

  /** The first conversation of a session with these prefix tokens has the prefix that all sessions share; others are told by their ids. */
  enter({ tool_tokens, system_tokens, requests }: Conversation): void {
    const key = `${tool_tokens ?? 0},${system_tokens ?? 0}`;
    const first = requests.find((entry) => entry.type !== 'subagent');
    const tokens = (tool_tokens ?? 0) + (system_tokens ?? 0);
    if (this.#entered.has(key) || first === undefined || tokens < replayBlockTokens) return;
    this.#entered.add(key);
    const count = Math.floor(Math.min(tokens, (first as Call).in) / replayBlockTokens);
    const known = this.#prefixes.get(key);
    const whole = known ?? { first: this.#reading.ids.take(Math.floor(tokens / replayBlockTokens)), count: Math.floor(tokens / replayBlockTokens) };
    this.#prefixes.set(key, whole);
    let at = 0;
    for (const [local, length] of localRuns(first as Call)) {
      const taken = Math.min(length, count - at);
      if (taken <= 0) break;
      if (!this.#shared.some(({ from, to }) => local < to && local + taken > from)) this.#shared.push({ from: local, to: local + taken, shift: whole.first + at - local });
      at += taken;
    }
  }

  /** In order of position, at most as many as the prompt has full blocks. */
  runs(call: Call, line: number): BlockRun[] {
    const full = Math.floor(call.in / replayBlockTokens);
    const runs: BlockRun[] = [];
    let count = 0;
    for (const [local, length] of localRuns(call)) {
      if (length < 1) this.#reading.fail(line, `"hash_runs" has a run of ${length} blocks; expected at least 1`);
      for (let at = local; at < local + length;) {
        const shared = this.#shared.find(({ from, to }) => at >= from && at < to);
        const end = Math.min(local + length, shared?.to ?? this.#shared.reduce((next, { from }) => (from > at ? Math.min(next, from) : next), Infinity));
        const taken = Math.min(end - at, full - count);
        pushRun(runs, at + (shared?.shift ?? this.#shift), taken);
        count += taken;
        if (taken < end - at) { this.#reading.assume('blocks beyond the prompt\'s full ones are left out', local + length - at - taken); return runs; }
        at = end;
      }
    }
    return runs;
  }
}

function* localRuns({ hash_runs, hash_ids }: Call): Generator<BlockRun> {
  if (hash_ids) { for (const id of hash_ids) yield [id, 1]; return; }
  const runs = hash_runs ?? [];
  for (let i = 0; i < runs.length; i += 2) yield [runs[i]!, runs[i + 1] ?? 0];
}

function largest(conversation: Conversation): number {
  let most = 0;
  for (const entry of conversation.requests) {
    if (entry.type === 'subagent') most = Math.max(most, largest(entry));
    else for (const [first, count] of localRuns(entry)) most = Math.max(most, first + count - 1);
  }
  return most;
}
