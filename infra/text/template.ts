import { Template } from '@huggingface/jinja';
import { applyConventions, notionsOf, type TemplateMessage, type TemplateNotions } from './conventions.ts';
import type { ChatMessage } from './message.ts';
import type { ModelFacts } from './model-facts.ts';
import { Marks } from './marks.ts';
import { TextError } from './text-error.ts';

/**
 * A piece of a rendered prompt, in order. `literal` is what the template wrote (with names, roles and tools in it, made harmless): the only place
 * where control tokens are looked for. `content` is text of a message, which never becomes a control token. `generated` is a message that the caller
 * has as token ids, so its text was not asked for. `message` is an index into the request's messages.
 */
export type Piece =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'content'; readonly text: string; readonly message: number }
  | { readonly kind: 'generated'; readonly message: number };

export interface RenderRequest {
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly unknown[] | null | undefined;
  /** Indices of assistant messages to be left out as `generated`. A template that cannot be rendered so gets their texts. */
  readonly generated: ReadonlySet<number>;
  /** End with the opening of an assistant's turn. Default true. */
  readonly addGenerationPrompt?: boolean | undefined;
}

export interface Rendered {
  readonly pieces: readonly Piece[];
  /** Takes the marks out of literal text, after its control tokens were found. */
  clean(literal: string): string;
  /** The template changes contents, so they could not be told from its own text: they are in the literals, made harmless. */
  readonly isMixed: boolean;
}

/**
 * A model's chat template. Renders every message content as a mark that occurs nowhere in the request, then splits at the marks, so that
 * what the template wrote and what the messages say stay apart. The result is compared with a plain rendering of the very same request:
 * a template that does more with contents than place or trim them shows there, and is then rendered plainly, its contents with marks inside
 * of whatever looks like a control token.
 */
export class ChatTemplate {
  readonly #template: Template;
  readonly #notions: TemplateNotions;
  readonly #control: readonly string[];
  readonly #isPlacing: boolean;
  readonly #variables: Readonly<Record<string, unknown>>;

  /** Throws `template_missing`, `template_invalid`. */
  constructor(model: ModelFacts) {
    const { tokens, tokenTypes, bosToken, eosTokens, unkToken, padToken } = model.tokenizer;
    if (model.chatTemplate === null) throw new TextError('template_missing', `${model.path} (${model.name}) has no chat template (tokenizer.chat_template of a GGUF, chat_template.jinja or tokenizer_config.json of a folder); a chat needs one`);
    try { this.#template = new Template(model.chatTemplate); } catch (error) {
      throw new TextError('template_invalid', `chat template of ${model.chatTemplate.length} characters: ${(error as Error).message}`);
    }
    const token = (id: number | null | undefined): string => (id === null || id === undefined ? '' : tokens[id]!);
    this.#notions = notionsOf(model.chatTemplate);
    this.#isPlacing = placesContents(model.chatTemplate);
    this.#control = tokens.filter((_, id) => tokenTypes[id] === 3);
    this.#variables = { bos_token: token(bosToken), eos_token: token(eosTokens[0]), unk_token: token(unkToken), pad_token: token(padToken) };
  }

  /** Throws `message_invalid`, and `template_failed` with the template's own words when it refuses the messages. */
  render(request: RenderRequest): Rendered {
    const view = applyConventions(request.messages, this.#notions);
    const marks = new Marks([view, request.tools ?? null], this.#control);
    const tools = marks.harmless(request.tools ?? null);
    const fields = view.map((message) => this.#fields(message, request.generated, marks));
    const run = (contents: readonly string[]): string => this.#run(fields, contents, tools, request.addGenerationPrompt ?? true);

    const slots = view.map((message, at) => (request.generated.has(message.source) ? { lead: '', text: null, trail: '', mark: marks.of(at) } : cut(message.content, marks.of(at))));
    const pieces = join(marks.split(run(slots.map((slot) => slot.lead + (slot.text === '' ? '' : slot.mark) + slot.trail))), slots, view);
    if (this.#isPlacing) return { pieces, clean: (text) => marks.clean(text), isMixed: false };
    const plain = run(slots.map((slot, at) => (slot.text === null ? slot.mark : view[at]!.content)));
    if (isTextOf(plain, pieces, slots, view)) return { pieces, clean: (text) => marks.clean(text), isMixed: false };

    const harmless = run(slots.map((slot, at) => (slot.text === null ? slot.mark : marks.harmless(view[at]!.content))));
    const mixed = join(marks.split(harmless), slots, view);
    if (!mixed.some((piece) => piece.kind === 'literal' && marks.isDamaged(piece.text))) return { pieces: mixed, clean: (text) => marks.clean(text), isMixed: true };
    if (request.generated.size > 0) return this.render({ ...request, generated: new Set() }); // it cuts contents where a mark is: then they have to be texts
    throw new TextError('template_failed', `the model's chat template cuts inside of what looks like a control token in one of these ${request.messages.length} messages`);
  }

  /** All but the content. Of a generated message the calls are left out: they are in its token ids. */
  #fields(message: TemplateMessage, generated: ReadonlySet<number>, marks: Marks): Record<string, unknown> {
    const { content: _, source, tool_calls, ...rest } = message;
    return marks.harmless(tool_calls === undefined || generated.has(source) ? rest : { ...rest, tool_calls });
  }

  #run(fields: readonly Record<string, unknown>[], contents: readonly string[], tools: unknown, addGenerationPrompt: boolean): string {
    const messages = fields.map((field, at) => ({ ...field, content: contents[at]! }));
    try {
      return this.#template.render({ ...this.#variables, messages, tools, documents: null, add_generation_prompt: addGenerationPrompt });
    } catch (error) {
      throw new TextError('template_failed', `the model's chat template refuses these ${messages.length} messages: ${(error as Error).message}`);
    }
  }
}

/**
 * True when the template's code shows that it can do nothing with a content but place or trim it: no filter but `trim`, no call, slice, `in`, `is`
 * or `set`, and no comparison but of roles. Then the comparison with a plain rendering cannot fail, and is saved (half of the cost at 200k tokens).
 */
export function placesContents(template: string): boolean {
  const blocks = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g;
  if (/[%}]\}/.test(template.replace(blocks, ''))) return false; // a string in a block holds what looks like its end
  const code = (template.match(blocks) ?? []).map((block) => block.slice(2, -2)).join(';')
    .replace(/(?:\[(["'])role\1\]|\.role)\s*[!=]=\s*(?:'[^'\\]*'|"[^"\\]*")/g, ' ')
    .replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g, ' ')
    .replace(/\bfor \w+ in messages\b|\|\s*trim\b|\bmessages\[-?\d+\]/g, ' ');
  return !/[|(~*%/<>:!]|==|\[\s*[-\w]|[\]t]\s*\.\s*\w|\]\s*\[|\.content\s*\[|\b(?:in|is|not|set|macro|call|filter|raw|include|import|extends)\b/.test(code);
}

/** A message's place in the rendering. White space around a text stays outside of its mark, so that a template may trim it. `text` null: generated. */
interface Slot { readonly lead: string; readonly text: string | null; readonly trail: string; readonly mark: string }

function cut(content: string, mark: string): Slot {
  const text = content.trim();
  const start = text === '' ? content.length : content.indexOf(text[0]!); // nothing but white space is before it
  return { lead: content.slice(0, start), text, trail: content.slice(start + text.length), mark };
}

function join(parts: readonly (string | number)[], slots: readonly Slot[], view: readonly TemplateMessage[]): Piece[] {
  return parts.map((part): Piece => {
    if (typeof part === 'string') return { kind: 'literal', text: part };
    const text = slots[part]!.text;
    const message = view[part]!.source;
    return text === null ? { kind: 'generated', message } : { kind: 'content', text, message };
  });
}

/** Compared piece by piece: joining 200k tokens' worth of text first would double the cost of a rendering. */
function isTextOf(rendered: string, pieces: readonly Piece[], slots: readonly Slot[], view: readonly TemplateMessage[]): boolean {
  const markOf = new Map(view.map((message, at) => [message.source, slots[at]!.mark]));
  let at = 0;
  for (const piece of pieces) {
    const text = piece.kind === 'generated' ? markOf.get(piece.message)! : piece.text;
    if (!rendered.startsWith(text, at)) return false;
    at += text.length;
  }
  return at === rendered.length;
}
