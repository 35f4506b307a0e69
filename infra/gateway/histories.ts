import type { ChatMessage } from '../../schemas/chat.ts';
import { ByteLru } from '../text/byte-lru.ts';

/**
 * Messages of traces that number their steps, so that a step may send only what is new (`append`).
 * A memory of this gateway alone: a step that comes to another one is asked for its whole history.
 */
export class Histories {
  readonly #known = new ByteLru<readonly ChatMessage[]>(256 << 20);

  /** The messages up to the end of step `seq`: with the answer as the last of them once there is one. */
  remember(trace: string, seq: number, messages: readonly ChatMessage[]): void {
    // Earlier messages are shared with the steps before.
    const added = messages.slice(this.#known.find(keyOf(trace, seq - 1))?.length ?? 0);
    const bytes = 200 + 8 * messages.length + added.reduce((sum, message) => sum + 2 * message.content.length + 100, 0);
    this.#known.keep(keyOf(trace, seq), messages, bytes);
  }

  /** The whole history of step `seq`; null: the steps before it are not known here, or have no answer yet. */
  extend(trace: string | null, seq: number | null, append: readonly ChatMessage[]): readonly ChatMessage[] | null {
    if (seq === 1) return append;
    const known = trace === null || seq === null ? null : this.#known.find(keyOf(trace, seq - 1));
    return known?.at(-1)?.role === 'assistant' ? [...known, ...append] : null;
  }
}

const keyOf = (trace: string, seq: number): string => `${trace}/${seq}`;
