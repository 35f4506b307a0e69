import { hash } from 'node:crypto';
import type { ChatMessage } from '../../schemas/chat.ts';
import type { Answer, Harness, Line } from './harness.ts';
import { type Focus, answerTokens, asks, system } from './prompts.ts';
import type { Folder, Sample } from './sample.ts';
import { type CountTokens, type Tools, toolMs } from './tools.ts';

/** What every agent of a run shares. */
export interface Surroundings {
  readonly tools: Tools;
  readonly count: CountTokens;
  readonly toolSeconds: number;
  /** Prompt and answer together; a conversation ends before it does. */
  readonly contextTokens: number;
  /** Monotonic milliseconds. */
  nowMs(): number;
  wait(ms: number): Promise<void>;
  /** Told once per conversation, at its beginning. */
  onConversation(record: Conversation): void;
}

/** A small model that always says the likeliest word says it for ever, and after a paragraph it has said what it had to say. */
const taste = { temperature: 0.5, topP: 0.9, stop: ['\n\n'] } as const;
const seedOf = (what: string): number => Number.parseInt(hash('sha256', what, 'hex').slice(0, 8), 16);

/** Tokens that a template puts around a message, at most. */
export const messageTokens = 8;

/** One agent's conversation, measured from outside: what it sent, what it got back, and when. */
export class Conversation {
  readonly label: string;
  readonly parent: Conversation | null;
  readonly kind: Harness['kind'];
  /** The fleet's name of it; '' before it is known. */
  trace = '';
  readonly answers: Answer[] = [];
  startedAtMs: number | null = null;
  endedAtMs: number | null = null;
  readonly #line: Line;
  readonly #around: Surroundings;
  readonly #messages: ChatMessage[] = [{ role: 'system', content: system }];

  constructor(harness: Harness, label: string, parent: Conversation | null, around: Surroundings) {
    this.label = label;
    this.parent = parent;
    this.kind = harness.kind;
    this.#around = around;
    this.#line = harness.open(label, parent?.label ?? null);
    around.onConversation(this);
  }

  /** Would a question of this text, and its answer, still fit into the context? */
  hasRoom(content: string, maxTokens: number): boolean {
    const last = this.answers.at(-1);
    const before = last === undefined ? this.#around.count(system) + 2 * messageTokens : last.usage.prompt + last.usage.generated;
    return before + this.#around.count(content) + 2 * messageTokens + maxTokens <= this.#around.contextTokens;
  }

  async ask(content: string, maxTokens: number): Promise<string> {
    this.#messages.push({ role: 'user', content });
    this.startedAtMs ??= this.#around.nowMs();
    const answer = await this.#line.ask(this.#messages, { ...taste, maxTokens, seed: seedOf(`${this.label} ${this.answers.length}`) }, (trace) => { this.trace = trace; });
    this.endedAtMs = this.#around.nowMs();
    this.trace = answer.trace;
    this.answers.push(answer);
    this.#messages.push({ role: 'assistant', content: answer.text });
    return answer.text;
  }

  end(): Promise<void> { return this.#line.end(); }
}

export interface Review { readonly focus: Focus; readonly text: string; readonly folders: readonly { readonly folder: string; readonly text: string }[] }

export const reviewText = ({ focus, text, folders }: Review): string => `# Review: ${focus.name}\n\n${text.trim()}\n${folders.map(({ folder, text: summary }) => `\n## ${folder}\n\n${summary.trim()}\n`).join('')}`;

/** A whole review, map and reduce: the parent plans, a subagent per folder works, the parent joins what they say. */
export async function review(harness: Harness, label: string, focus: Focus, sample: Sample, around: Surroundings): Promise<Review> {
  const parent = new Conversation(harness, label, null, around);
  await parent.ask(asks.plan(focus, sample.folders), answerTokens.plan);
  // All or none: a review with a folder missing is none, but its siblings come to their end first.
  const settled = await Promise.allSettled(sample.folders.map(async (folder) => ({ folder: folder.path, text: await reviewFolder(harness, parent, folder, focus, around) })));
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  const folders = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const fitting = folders.filter((_, i) => parent.hasRoom(asks.join(folders.slice(0, i + 1)) + asks.report(focus), answerTokens.join + answerTokens.report + 4 * messageTokens));
  await parent.ask(asks.join(fitting), answerTokens.join);
  const text = await parent.ask(asks.report(focus), answerTokens.report);
  await parent.end();
  return { focus, text, folders };
}

/** A subagent: looks at one folder through its tools and says after each what it learned, until its context is nearly full. */
async function reviewFolder(harness: Harness, parent: Conversation, folder: Folder, focus: Focus, around: Surroundings): Promise<string> {
  const agent = new Conversation(harness, `${parent.label}/${folder.path}`, parent, around);
  const use = async <T>(what: string, tool: () => Promise<T> | T): Promise<T> => {
    const [result] = await Promise.all([tool(), around.wait(toolMs(around.toolSeconds, `${agent.label} ${what}`))]);
    return result;
  };
  await agent.ask(asks.begin(focus, await use('list', () => around.tools.list(folder))), answerTokens.note);
  const grepped = await around.tools.grep(folder, focus.pattern);
  const lastWords = around.count(asks.summary(grepped)) + answerTokens.summary + 2 * messageTokens;
  for (const file of folder.files) {
    const ask = asks.note(await use(`read ${file.name}`, () => around.tools.read(folder, file)));
    if (!agent.hasRoom(ask, answerTokens.note + lastWords)) break;
    await agent.ask(ask, answerTokens.note);
  }
  const summary = await agent.ask(asks.summary(await use('grep', () => grepped)), answerTokens.summary);
  await agent.end();
  return summary;
}
