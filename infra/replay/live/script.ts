import { blockTokens } from '../../../actors/lib/chain.ts';
import type { ChatMessage } from '../../../schemas/chat.ts';
import type { BlockRun, ReplayStep, ReplayTrace } from '../../../schemas/replay-trace.ts';
import type { Layout } from './layout.ts';
import { type BlockAt, unnamedBlock } from './words.ts';

/**
 * How a step's prompt comes about. `begins`: a history of its own. `extends`: an earlier prompt, the model's answer to it, and
 * something new. `repeats`: an earlier prompt without that answer, as the recording leaves no room for it. `text`: what was recorded.
 */
export type TurnKind = 'begins' | 'extends' | 'repeats' | 'text';

export interface Turn {
  readonly kind: TurnKind;
  readonly messages: readonly ChatMessage[];
  readonly maxTokens: number;
  /** What the prompt will have; null: text decides. */
  readonly promptTokens: number | null;
  /** To be told before the next turn is asked for. */
  answered(said: Said): void;
}

/** `tokens`: of the answer as it will stand in a prompt, without what ends it. */
export interface Said { readonly promptTokens: number; readonly text: string; readonly tokens: number }

/** A prompt whose last message is made of `words` words for the positions from `from` on. */
interface Prompt { readonly kind: TurnKind; readonly messages: readonly ChatMessage[]; readonly promptTokens: number; readonly from: number; readonly words: number }
interface Past extends Prompt { readonly said: Said }

/** A recorded count of tokens on a model with less context. */
export const scaled = (tokens: number, scale: number): number => Math.max(1, Math.floor(tokens * scale));

/**
 * What an agent says, step by step, so that prompts have the recorded lengths and share what the recorded ones share, with the model's own
 * answers in them. A step goes on from the longest earlier prompt, of its trace or of those it grew from, that lies whole in its own.
 */
export class Script {
  readonly #trace: ReplayTrace;
  readonly #scale: number;
  readonly #layout: Layout;
  /** By the id of a prompt's last full block, which names all of it; the latest of equal ones. */
  readonly #pasts: Map<number, Past>;
  /** A prompt before this one that is too short for a full block: only its place in the trace says that it is gone on from. */
  #short: Past | null = null;
  /** The messages of a trace with text, and the model's last answer. */
  #told: readonly ChatMessage[] = [];
  #answer: string | null = null;

  constructor(trace: ReplayTrace, scale: number, layout: Layout, parent: Script | null) {
    this.#trace = trace;
    this.#scale = scale;
    this.#layout = layout;
    this.#pasts = new Map(parent === null ? [] : parent.#pasts);
  }

  /** `at` counts from 0; turns are asked for in order. */
  turn(at: number): Turn {
    const step = this.#trace.steps[at]!, maxTokens = scaled(step.out_tokens, this.#scale);
    if (step.text !== undefined) return { ...this.#tell(step), maxTokens };
    const blockAt = this.#blockAt(step), wanted = scaled(step.prompt_tokens, this.#scale);
    const prompt = this.#goOn(this.#findPast(step), wanted, blockAt) ?? this.#begin(wanted, blockAt);
    const { kind, messages, promptTokens } = prompt;
    return { kind, messages, promptTokens, maxTokens, answered: (said) => this.#remember(lastId(step.blocks), { ...prompt, said }) };
  }

  #remember(id: number | null, past: Past): void {
    this.#short = id === null ? past : null;
    if (id !== null) this.#pasts.set(id, past);
  }

  #begin(wanted: number, blockAt: BlockAt): Prompt {
    const { around, head, words: vocabulary } = this.#layout;
    const words = Math.max(1, wanted - around);
    return { kind: 'begins', messages: [{ role: 'user', content: vocabulary.text(head, words, blockAt) }], promptTokens: around + words, from: head, words };
  }

  /** Null: nothing to go on from, or it would have to be cut where it is not only words. */
  #goOn(past: Past | null, wanted: number, blockAt: BlockAt): Prompt | null {
    if (past === null) return null;
    const { said, messages } = past, { turn, head, around, words: vocabulary } = this.#layout;
    const more = wanted - said.promptTokens, words = more - turn - said.tokens;
    if (words >= 1) {
      const from = wanted - words - (around - head);
      return { kind: 'extends', messages: [...messages, { role: 'assistant', content: said.text }, { role: 'user', content: vocabulary.text(from, words, blockAt) }], promptTokens: wanted, from, words };
    }
    const kept = past.words + more, last = messages.at(-1)!;
    if (kept < 1) return null;
    const content = more > 0 ? `${last.content} ${vocabulary.text(past.from + past.words, more, blockAt)}` : last.content.split(' ').slice(0, kept).join(' ');
    return { kind: 'repeats', messages: [...messages.slice(0, -1), { ...last, content }], promptTokens: wanted, from: past.from, words: kept };
  }

  #findPast(step: ReplayStep): Past | null {
    for (const [first, count] of step.blocks.toReversed()) {
      for (let id = first + count - 1; id >= first; id--) {
        const past = this.#pasts.get(id);
        if (past !== undefined) return past;
      }
    }
    return this.#short;
  }

  /** By recorded position: of each block a shrunk prompt has its share. */
  #blockAt(step: ReplayStep): BlockAt {
    const ids = step.blocks.flatMap(([first, count]) => Array.from({ length: count }, (_, i) => first + i));
    const unnamed = unnamedBlock(`${this.#trace.trace}/${step.seq}`);
    return (position) => ids[Math.floor(position / this.#scale / blockTokens)] ?? unnamed;
  }

  /** Recorded messages, the model's own answer in the place of the recorded one. */
  #tell(step: ReplayStep): Omit<Turn, 'maxTokens'> {
    const before = this.#told.slice(0, step.text_kept ?? this.#told.length);
    const shrunk = step.text!.map((message): ChatMessage => ({ ...message, content: message.content.slice(0, Math.ceil(message.content.length * this.#scale)) }));
    const isAnswered = this.#answer !== null && before.length === this.#told.length && shrunk[0]?.role === 'assistant';
    this.#told = [...before, ...(isAnswered ? [{ role: 'assistant', content: this.#answer! } as const, ...shrunk.slice(1)] : shrunk)];
    this.#answer = null;
    return { kind: 'text', messages: this.#told, promptTokens: null, answered: ({ text }) => { this.#answer = text; } };
  }
}

function lastId(blocks: readonly BlockRun[]): number | null {
  const run = blocks.at(-1);
  return run === undefined ? null : run[0] + run[1] - 1;
}
