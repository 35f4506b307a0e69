import type { ChatMessage } from '../../schemas/chat.ts';
import { ByteLru } from '../text/byte-lru.ts';

interface History { readonly seq: number; readonly messages: readonly ChatMessage[] }

/**
 * Messages of traces that number their steps, so that a step may send only what is new (`append`).
 * A memory of this gateway alone: a step that comes to another one is asked for its whole history.
 */
export class Histories {
  readonly #known = new ByteLru<History>(256 << 20);

  /** With the answer as its last message once there is one. */
  remember(trace: string, seq: number, messages: readonly ChatMessage[]): void {
    const bytes = messages.reduce((sum, message) => sum + 2 * message.content.length + 100, 0);
    this.#known.keep(trace, { seq, messages }, bytes);
  }

  /** The whole history of step `seq`; null: the steps before it are not known here, or have no answer yet. */
  extend(trace: string | null, seq: number | null, append: readonly ChatMessage[]): readonly ChatMessage[] | null {
    if (seq === 1) return append;
    const known = trace === null ? null : this.#known.find(trace);
    if (known === null || seq !== known.seq + 1 || known.messages.at(-1)?.role !== 'assistant') return null;
    return [...known.messages, ...append];
  }
}
