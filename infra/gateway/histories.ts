import type { ChatMessage } from '../../schemas/chat.ts';
import { ByteLru } from '../text/byte-lru.ts';

/** A trace's last step that came here, with what was said up to its end and up to the end of the one before. */
interface History { readonly seq: number; readonly messages: readonly ChatMessage[]; readonly before: readonly ChatMessage[] | null }

/**
 * Messages of traces that number their steps, so that a step may send only what is new (`append`).
 * A memory of this gateway alone: a step that comes to another one is asked for its whole history.
 */
export class Histories {
  readonly #known: ByteLru<History>;

  constructor(bytesMax: number = 256 << 20) {
    this.#known = new ByteLru(bytesMax);
  }

  /** The messages up to the end of step `seq`: with the answer as the last of them once there is one. */
  remember(trace: string, seq: number, messages: readonly ChatMessage[]): void {
    const known = this.#known.find(trace);
    if (known !== null && seq < known.seq) return;
    const before = known === null || seq > known.seq + 1 ? null : seq === known.seq ? known.before : known.messages;
    // Of two histories that share messages, those count once; a harness that sends them anew shares none.
    let bytes = 200;
    for (const message of new Set([...messages, ...before ?? []])) bytes += bytesOf(message);
    this.#known.keep(trace, { seq, messages, before }, bytes);
  }

  /** The whole history of step `seq`; null: the steps before it are not known here, or have no answer yet. */
  extend(trace: string | null, seq: number | null, append: readonly ChatMessage[]): readonly ChatMessage[] | null {
    if (seq === 1) return append;
    const known = trace === null || seq === null ? null : this.#known.find(trace);
    if (known === null || seq === null) return null;
    // The one before: a step that is repeated extends what it extended.
    const messages = seq === known.seq + 1 ? known.messages : seq === known.seq ? known.before : null;
    return messages?.at(-1)?.role === 'assistant' ? [...messages, ...append] : null;
  }
}

const bytesOf = ({ content, tool_calls: calls }: ChatMessage): number =>
  200 + 2 * content.length + (calls ?? []).reduce((sum, call) => sum + 200 + 2 * (call.function.name.length + call.function.arguments.length), 0);
