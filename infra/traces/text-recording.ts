import type { ChatMessage } from '../../schemas/chat.ts';
import type { BlockRun } from '../../schemas/replay-trace.ts';
import { type PagedPrompt, buildPrompt, chainOf, salt } from '../text/pages.ts';
import { PromptEncoder } from '../text/prompt.ts';
import { readModel } from '../text/read-model.ts';
import { type Reading, pushRun } from './reading.ts';

const nameBytes = 16;

/**
 * Prompts of a recording of text as token counts and block ids, by the tokenizer and the chat template of `--model`. Blocks
 * are named as the fleet names them, by their whole prefix; one id is kept for each different name.
 */
export class TextRecording {
  readonly model: string;
  readonly #reading: Reading;
  readonly #encoder: PromptEncoder;
  readonly #salt = salt('recording', '', '', '');
  readonly #ids = new Map<number, number>();
  #previous: PagedPrompt | undefined;

  /** Fails without a model. Throws TextError for one that cannot be read. */
  constructor(reading: Reading, format: string) {
    const path = reading.options.model ?? reading.fail(null, `holds text (${format}), not token counts; --model FILE says whose tokenizer counts it`);
    const facts = readModel(path);
    this.model = facts.name;
    this.#reading = reading;
    this.#encoder = new PromptEncoder(facts);
  }

  /** Of a conversation up to the answer that it asks for. */
  prompt(messages: readonly ChatMessage[]): Prompt { return this.#prompt(this.#encoder.encode({ messages, generated: new Map() }).tokens); }

  /** Of text that is a whole prompt already. */
  flat(text: string): Prompt { return this.#prompt(this.#encoder.tokenizer.encode(text)); }

  tokens(text: string): number { return text === '' ? 0 : this.#encoder.tokenizer.encode(text).length; }

  #prompt(tokens: Int32Array): Prompt {
    this.#previous = buildPrompt(this.#salt, tokens, this.#previous);
    const chain = chainOf(this.#previous);
    const view = new DataView(chain.buffer, chain.byteOffset, chain.byteLength);
    const names: number[] = [];
    // 52 bits of a name: two of 10 million different blocks meet once in a hundred recordings of that size.
    for (let at = 0; at < chain.length; at += nameBytes) names.push(view.getUint32(at) * 2 ** 20 + (view.getUint32(at + 4) >>> 12));
    const fresh = names.findIndex((name) => !this.#ids.has(name));
    if (fresh !== -1) {
      // What is behind a new block is new: a name is that of the whole prefix.
      const first = this.#reading.ids.take(names.length - fresh);
      for (let at = fresh; at < names.length; at++) this.#ids.set(names[at]!, first + at - fresh);
    }
    const runs: BlockRun[] = [];
    for (const name of names) pushRun(runs, this.#ids.get(name)!, 1);
    return { tokens: tokens.length, blocks: runs };
  }
}

export interface Prompt { readonly tokens: number; readonly blocks: readonly BlockRun[] }
