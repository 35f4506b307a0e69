import type { GapKind, ReplayStep, ReplayTrace } from '../../schemas/replay-trace.ts';
import type { Line } from './lines.ts';
import { type Span, spansOf } from './otel-spans.ts';
import { type Reading, growingBlocks, roundMs } from './reading.ts';

/**
 * Spans of OpenTelemetry's conventions for generative AI. Generations of a conversation (`gen_ai.conversation.id`, else
 * the trace id) are a trace; those under an agent span that is itself under one are a child of the outer agent's trace.
 * Spans come in any order and nothing ends a conversation: all are held. Prompts are known by their lengths only.
 */
export async function* readOtel(lines: AsyncIterable<Line>, reading: Reading): AsyncIterable<ReplayTrace> {
  const spans: Span[] = [];
  for await (const line of lines) {
    for (const span of spansOf(line, reading)) spans.push(span);
    if (spans.length > spansMax) reading.fail(line.number, `more than ${spansMax} spans; as nothing says when a conversation is over, all of them are held`);
  }
  yield* new Conversations(spans, reading).traces();
}

const spansMax = 5_000_000;

interface Talk {
  readonly name: string;
  /** Name of the conversation that the agent above belongs to. */
  readonly above: string | null;
  readonly generations: Span[];
  readonly tools: Span[];
}

class Conversations {
  readonly #reading: Reading;
  readonly #spans = new Map<string, Span>();
  readonly #talks = new Map<string, Talk>();
  readonly #children = new Map<Span, Talk[]>();
  readonly #beginMs: number;

  constructor(given: readonly Span[], reading: Reading) {
    this.#reading = reading;
    const spans = given.filter((span) => this.#isNew(span));
    for (const span of spans) {
      if (span.kind !== 'generation' && span.kind !== 'tool') continue;
      this.#talk(span)[span.kind === 'tool' ? 'tools' : 'generations'].push(span);
    }
    this.#beginMs = spans.reduce((first, span) => (span.kind === 'generation' ? Math.min(first, span.startMs) : first), Infinity);
    for (const talk of this.#talks.values()) talk.generations.sort((a, b) => a.startMs - b.startMs);
  }

  *traces(): Generator<ReplayTrace> {
    const talks = [...this.#talks.values()].filter((talk) => talk.generations.length > 0).sort((a, b) => a.generations[0]!.startMs - b.generations[0]!.startMs);
    const parents = new Map<Talk, { readonly talk: Talk; readonly span: Span }>();
    for (const talk of talks) {
      const above = this.#above(talk);
      if (above === null) continue;
      const startMs = talk.generations[0]!.startMs;
      const span = above.generations.findLast((generation) => generation.startMs <= startMs);
      if (span === undefined) { this.#reading.assume('an agent that began before any generation of the one above it: a trace of its own'); continue; }
      parents.set(talk, { talk: above, span });
      const children = this.#children.get(span);
      if (children === undefined) this.#children.set(span, [talk]); else children.push(talk);
    }
    for (const talk of talks) {
      const pending = parents.has(talk) ? [] : [talk];
      for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
        yield this.#trace(next, parents.get(next) ?? null);
        for (const generation of next.generations.toReversed()) for (const child of (this.#children.get(generation) ?? []).toReversed()) pending.push(child);
      }
    }
  }

  /** An exporter that had no answer sends its spans again; two that differ are not one. */
  #isNew(span: Span): boolean {
    const key = `${span.trace}/${span.id}`, other = this.#spans.get(key);
    if (other === undefined) { this.#spans.set(key, span); return true; }
    if (JSON.stringify({ ...other, line: 0 }) !== JSON.stringify({ ...span, line: 0 })) this.#reading.fail(span.line, `span ${span.id} of trace ${span.trace} is not as in line ${other.line}; expected ids that are unique`);
    this.#reading.skip('a span that came before, the same');
    return false;
  }

  /** What a generation or a tool belongs to: the innermost agent that has an agent above it, or the conversation. */
  #talk(span: Span): Talk {
    const agents: Span[] = [];
    let conversation = span.conversation, at: Span | undefined = span;
    for (const path = new Set<Span>(); at !== undefined; at = at.parent === null ? undefined : this.#parent(at)) {
      if (path.has(at)) this.#reading.fail(span.line, `spans are above each other in a circle: ${[...path].slice(0, 10).map(({ id }) => id).join(' → ')} → ${at.id}; expected every span to lead to one without a parent`);
      path.add(at);
      if (at.kind === 'agent') agents.push(at);
      conversation ??= at.conversation;
    }
    const root = conversation ?? span.trace;
    const nameOf = (agent: Span | undefined, isOuter: boolean): string => this.#reading.name(agent === undefined || isOuter ? root : `${root}/${agent.name || 'agent'}-${agent.id}`);
    const name = nameOf(agents[0], agents.length < 2);
    let talk = this.#talks.get(name);
    if (talk === undefined) this.#talks.set(name, talk = { name, above: agents.length < 2 ? null : nameOf(agents[1], agents.length === 2), generations: [], tools: [] });
    return talk;
  }

  #parent(span: Span): Span | undefined {
    const parent = this.#spans.get(`${span.trace}/${span.parent}`);
    if (parent === undefined) this.#reading.assume('a span whose parent is not in the file is taken to have none');
    return parent;
  }

  /** An agent that only hands on makes no generations: then the one above it started this one. */
  #above({ above }: Talk): Talk | null {
    for (let name = above; name !== null;) {
      const talk = this.#talks.get(name);
      if (talk === undefined) return null;
      if (talk.generations.length > 0) return talk;
      name = talk.above;
    }
    return null;
  }

  #trace(talk: Talk, parent: { readonly talk: Talk; readonly span: Span } | null): ReplayTrace {
    const { generations } = talk, first = generations[0]!;
    const blocks = growingBlocks(generations.map((span) => span.prompt), this.#reading);
    const startMs = parent === null ? first.startMs - this.#beginMs : first.startMs - parent.span.endMs;
    if (startMs < 0) this.#reading.assume('an agent begins when the generation that starts it has ended, not earlier');
    return {
      v: 1, trace: talk.name, parent: parent?.talk.name ?? null, start_ms: Math.max(0, roundMs(startMs)), model: first.model,
      steps: generations.map((span, at): ReplayStep => ({
        seq: at + 1, ...(at === 0 ? { gap: 'start', gap_ms: 0, tool: null } as const : this.#gap(talk, generations[at - 1]!, span)),
        prompt_tokens: span.prompt, blocks: blocks[at]!, out_tokens: span.generated, children: (this.#children.get(span) ?? []).map((child) => child.name), took_ms: roundMs(span.endMs - span.startMs),
      })),
    };
  }

  #gap(talk: Talk, before: Span, span: Span): { readonly gap: GapKind; readonly gap_ms: number; readonly tool: string | null } {
    const children = this.#children.get(before) ?? [];
    const childrenEndMs = children.reduce((last, child) => Math.max(last, child.generations.at(-1)!.endMs), -Infinity);
    const isJoin = children.length > 0 && childrenEndMs <= span.startMs;
    if (children.length > 0 && !isJoin) this.#reading.assume('a trace that went on before its child ended does not wait for it');
    const tool = talk.tools.findLast((it) => it.startMs >= before.startMs && it.startMs < span.startMs);
    const gapMs = roundMs(span.startMs - (isJoin ? Math.max(childrenEndMs, before.endMs) : before.endMs));
    if (gapMs < 0) this.#reading.assume('a generation that began while the one before it ran: gap 0');
    const isTool = tool !== undefined || (before.callsTools ?? before.trace === span.trace);
    return { gap: isJoin ? 'join' : isTool ? 'tool' : 'human', gap_ms: Math.max(0, gapMs), tool: tool?.name || null };
  }
}
