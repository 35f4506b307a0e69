import { AssertionError } from '../../actors/lib/logic.ts';
import type { Client, Reply, Result } from '../../infra/client/index.ts';
import { until } from './fleet.ts';

/** One agent: the messages that its tools bring back, one for each step. */
export interface Agent { readonly name: string; readonly parent: string | null; readonly temperature: number; readonly asks: readonly string[] }

const system = 'You are the engineer on duty of a small harbour. Boats come and go with the tide, the lock keeper counts them, the crane loads them, and the log book holds what happened. '
  + 'Answer in full sentences, name every boat, and never stop before you have said everything that is to be said about the question, one sentence after the other.';
const topics = ['the boats in the northern basin', 'the crane and the goods that it lifted', 'the tide tables of this week', 'the people who waited at the lock', 'the repairs of the pier', 'the weather out at sea'];

/** A parent, its child, and two that have nothing to do with them; two of the four draw their tokens by chance (with a seed). */
export function agents(steps: number): readonly Agent[] {
  const asks = (from: number): string[] => Array.from({ length: steps }, (_, i) => `Tool result ${i + 1}: the log book has ${12 + from * 7 + i * 3} entries today. Write a long report about ${topics[(from + i) % topics.length]}.`);
  return [
    { name: 'parent', parent: null, temperature: 0, asks: asks(0) },
    { name: 'child', parent: 'parent', temperature: 0.8, asks: asks(1) },
    { name: 'seeded', parent: null, temperature: 0.8, asks: asks(3) },
    { name: 'greedy', parent: null, temperature: 0, asks: asks(2) },
  ];
}

/** What the client of one step was told, and when. */
export interface Told {
  readonly agent: string; readonly seq: number; readonly id: string; readonly submittedAtMs: number;
  readonly heard: { readonly atMs: number; readonly reply: Reply }[];
  tokens: number;
  /** Ours, once accepted. */
  step: string | null;
  trace: string | null;
  result: Result | null;
}

export interface WorkOptions { readonly client: Client; readonly tenant: string; /** The first so many of `agents`. */ readonly agents: number; readonly steps: number; readonly maxTokens: number; readonly gapMs: number }

/** Several agents at once through the SDK; everything that their clients hear is kept. */
export class Work {
  readonly tenant: string;
  readonly told: Told[] = [];
  readonly done: Promise<void>;
  readonly #options: WorkOptions;
  readonly #agents: readonly Agent[];
  #problem: Error | null = null;

  constructor(options: WorkOptions) {
    this.#options = options;
    this.tenant = options.tenant;
    this.#agents = agents(options.steps).slice(0, options.agents);
    this.done = Promise.all(this.#agents.map((agent) => this.#run(agent))).then(() => {}, (error: Error) => { this.#problem = error; throw error; });
    this.done.catch(() => {}); // Whoever awaits it hears of it.
  }

  get maxTokens(): number { return this.#options.maxTokens; }
  get agents(): readonly string[] { return this.#agents.map((agent) => agent.name); }

  find(agent: string, seq: number): Told | undefined { return this.told.find((told) => told.agent === agent && told.seq === seq); }

  /** When the client of that step has had `tokens` of its answer, or its result. */
  async reached(agent: string, seq: number, tokens: number): Promise<Told> {
    await until(`${tokens} tokens of ${agent}/${seq}`, () => this.#checked((this.find(agent, seq)?.tokens ?? -1) >= tokens || this.#isAnswered(agent, seq)), 120_000);
    return this.find(agent, seq) as Told;
  }

  async answered(agent: string, seq: number): Promise<void> {
    await until(`the result of ${agent}/${seq}`, () => this.#checked(this.#isAnswered(agent, seq)), 120_000);
  }

  /** Between the arrival of a step and its answer somebody waits: the longest silence from the client's side that ended after `sinceMs`. */
  longestSilenceMs(sinceMs: number): number {
    let longest = 0;
    for (const { submittedAtMs, heard } of this.told) {
      let lastMs = submittedAtMs;
      for (const { atMs, reply } of heard) {
        if (!isNews(reply)) continue;
        if (atMs > sinceMs) longest = Math.max(longest, atMs - Math.max(lastMs, sinceMs));
        lastMs = atMs;
      }
    }
    return Math.round(longest);
  }

  #isAnswered(agent: string, seq: number): boolean { return (this.find(agent, seq)?.result ?? null) !== null; }

  #checked(isTrue: boolean): boolean {
    if (this.#problem !== null) throw this.#problem;
    return isTrue;
  }

  async #run(agent: Agent): Promise<void> {
    const { client, tenant, maxTokens, gapMs } = this.#options;
    // A child grows out of its parent's first answer.
    if (agent.parent !== null) await this.answered(agent.parent, 1);
    const messages: { role: 'system' | 'user' | 'assistant'; content: string }[] = [{ role: 'system', content: system }];
    for (const [index, ask] of agent.asks.entries()) {
      const seq = index + 1;
      messages.push({ role: 'user', content: ask });
      const told: Told = { agent: agent.name, seq, id: `${tenant}-${agent.name}-${seq}`, submittedAtMs: performance.now(), heard: [], tokens: 0, step: null, trace: null, result: null };
      this.told.push(told);
      const submission = client.submit({
        id: told.id, trace: `${tenant}-${agent.name}`, parent: agent.parent === null ? null : `${tenant}-${agent.parent}`, seq, model: 'smollm2-135m', messages: [...messages],
        sampling: { max_tokens: maxTokens, temperature: agent.temperature, seed: 1_000 + seq }, deadline_ms: 120_000,
      });
      for await (const reply of submission) hear(told, reply);
      if (told.result === null) throw new AssertionError(`${told.id} ended with ${JSON.stringify(told.heard.at(-1)?.reply)}`);
      messages.push({ role: 'assistant', content: told.result.text });
      await new Promise((done) => setTimeout(done, gapMs));
    }
    if (this.#agents.some((other) => other.parent === agent.name)) await Promise.all(this.#agents.filter((other) => other.parent === agent.name).map((child) => this.answered(child.name, child.asks.length)));
    await client.end(`${tenant}-${agent.name}`);
  }
}

const isNews = (reply: Reply): boolean => reply.kind === 'accepted' || reply.kind === 'result' || (reply.kind === 'delta' && reply.tokens > 0);

function hear(told: Told, reply: Reply): void {
  told.heard.push({ atMs: performance.now(), reply });
  if (reply.kind === 'accepted') { told.step = reply.step; told.trace = reply.trace; }
  if (reply.kind === 'delta') told.tokens = Math.max(told.tokens, reply.offset + reply.tokens);
  if (reply.kind === 'result') told.result = reply;
}
