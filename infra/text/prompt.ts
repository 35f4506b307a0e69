import { ByteLru } from './byte-lru.ts';
import type { ChatMessage } from './message.ts';
import type { ModelFacts } from './model-facts.ts';
import type { Generated } from './splice-memory.ts';
import { ChatTemplate, type Piece } from './template.ts';
import { Tokenizer } from './tokenizer.ts';

export interface PromptRequest {
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly unknown[] | null | undefined;
  /** Assistant messages whose ids are known, by index. */
  readonly generated: ReadonlyMap<number, Generated>;
}

export interface EncodedPrompt {
  readonly tokens: Int32Array;
  /** How the tokens came about; the three add up to `tokens.length`. */
  readonly spliced: number;
  readonly memoised: number;
  readonly tokenised: number;
  /** Assistant messages that were turned into ids from their text: index and tokens of each. */
  readonly rerendered: readonly { readonly message: number; readonly tokens: number }[];
  /** The template changes contents; re-rendered messages can then not be told from its own text. */
  readonly isMixed: boolean;
}

/**
 * Messages → token ids. Control tokens cut a rendering into runs that tokenise independently of each other, so a run's ids are
 * remembered under its text, and of a conversation that has grown only the new runs are tokenised. Generated messages are spliced in as ids.
 */
export class PromptEncoder {
  readonly tokenizer: Tokenizer;
  readonly #template: ChatTemplate;
  readonly #runs: ByteLru<Int32Array>;

  constructor(model: ModelFacts, memoryBytesMax = 64 << 20) {
    this.tokenizer = new Tokenizer(model);
    this.#template = new ChatTemplate(model);
    this.#runs = new ByteLru(memoryBytesMax);
  }

  /** Throws `message_invalid`, `template_failed`. */
  encode(request: PromptRequest): EncodedPrompt {
    const rendered = this.#template.render({ messages: request.messages, tools: request.tools, generated: new Set(request.generated.keys()) });
    const assembly = new Assembly((text) => this.#encodeRun(text));
    for (const piece of rendered.pieces) this.#append(piece, request, assembly, rendered.clean);
    return { ...assembly.finish(), isMixed: rendered.isMixed };
  }

  #append(piece: Piece, request: PromptRequest, assembly: Assembly, clean: (literal: string) => string): void {
    switch (piece.kind) {
      case 'literal':
        for (const part of this.tokenizer.splitLiteral(piece.text)) {
          if (typeof part === 'number') assembly.control(part);
          else assembly.text(clean(part));
        }
        return;
      case 'content':
        if (request.messages[piece.message]!.role === 'assistant') assembly.rerendered(piece.message, piece.text);
        else assembly.text(piece.text);
        return;
      case 'generated': {
        const { tokens, rest } = request.generated.get(piece.message)!;
        assembly.generated(tokens);
        assembly.text(rest);
      }
    }
  }

  #encodeRun(text: string): { ids: Int32Array; isKnown: boolean } {
    const known = this.#runs.find(text);
    if (known !== null) return { ids: known, isKnown: true };
    const ids = this.tokenizer.encode(text);
    this.#runs.keep(text, ids, 2 * text.length + 4 * ids.length + 100);
    return { ids, isKnown: false };
  }
}

/** Collects the parts of a prompt in order; a run ends at a control token and around generated ids. */
class Assembly {
  readonly #encodeRun: (text: string) => { ids: Int32Array; isKnown: boolean };
  readonly #parts: Int32Array[] = [];
  readonly #rerendered: { message: number; tokens: number }[] = [];
  #run = '';
  #lost: { message: number; before: string } | null = null;
  #spliced = 0;
  #memoised = 0;
  #tokenised = 0;

  constructor(encodeRun: (text: string) => { ids: Int32Array; isKnown: boolean }) { this.#encodeRun = encodeRun; }

  text(text: string): void { this.#run += text; }

  rerendered(message: number, text: string): void {
    this.#lost = { message, before: this.#run };
    this.#run += text;
  }

  control(id: number): void {
    this.#endRun();
    this.#parts.push(Int32Array.of(id));
    this.#memoised++;
  }

  /** The text before was tokenised on its own when these ids followed it for the first time: so it must be again. */
  generated(ids: Int32Array): void {
    this.#endRun();
    this.#parts.push(ids);
    this.#spliced += ids.length;
  }

  finish(): Omit<EncodedPrompt, 'isMixed'> {
    this.#endRun();
    const tokens = new Int32Array(this.#spliced + this.#memoised + this.#tokenised);
    let at = 0;
    for (const part of this.#parts) {
      tokens.set(part, at);
      at += part.length;
    }
    return { tokens, spliced: this.#spliced, memoised: this.#memoised, tokenised: this.#tokenised, rerendered: this.#rerendered };
  }

  #endRun(): void {
    const text = this.#run;
    const lost = this.#lost;
    this.#run = '';
    this.#lost = null;
    if (text === '') return;
    const { ids, isKnown } = this.#encodeRun(text);
    this.#parts.push(ids);
    if (isKnown) this.#memoised += ids.length;
    else this.#tokenised += ids.length;
    // The template's opening ("assistant\n") is in the prefix either way; what is lost is the message itself.
    if (lost !== null) this.#rerendered.push({ message: lost.message, tokens: Math.max(0, ids.length - this.#encodeRun(lost.before).ids.length) });
  }
}
