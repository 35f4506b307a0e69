import type { ChatMessage } from '../../schemas/chat.ts';

export const model = 'smollm2-135m';

interface Said { readonly role: 'assistant'; readonly content: string }
export interface Completion {
  readonly id: string;
  readonly choices: readonly [{ readonly message: Said; readonly finish_reason: string; readonly logprobs: { readonly content: readonly { readonly token: string; readonly logprob: number; readonly top_logprobs: readonly unknown[] }[] } | null }];
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number; readonly total_tokens: number; readonly prompt_tokens_details: { readonly cached_tokens: number } };
  readonly slackwater: { readonly trace: string; readonly step: string; readonly hit: number; readonly recalled: number; readonly computed: number };
}
export interface Problem { readonly error: { readonly message: string; readonly type: string; readonly param: string | null; readonly code: string; readonly slackwater: { readonly code: string; readonly limit?: number; readonly got?: number } } }

export interface Answered<Body> { readonly status: number; readonly headers: Headers; readonly body: Body }

/** A harness that speaks chat completions, and nothing of ours. */
export class Chat {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.#url = url;
    this.#headers = headers;
  }

  post(body: unknown, headers: Readonly<Record<string, string>> = {}, signal: AbortSignal | null = null): Promise<Response> {
    const raw = typeof body === 'string' || body instanceof Uint8Array ? body as string : JSON.stringify(body);
    return fetch(`${this.#url}/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json', ...this.#headers, ...headers }, body: raw, signal });
  }

  /** `model` and a small `max_tokens` are filled in. */
  async ask(messages: readonly ChatMessage[], more: Readonly<Record<string, unknown>> = {}, headers: Readonly<Record<string, string>> = {}): Promise<Completion> {
    const response = await this.post({ model, messages, max_tokens: 16, temperature: 0, ...more }, headers);
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    return await response.json() as Completion;
  }

  async refused(body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answered<Problem>> {
    const response = await this.post(body, headers);
    return { status: response.status, headers: response.headers, body: await response.json() as Problem };
  }

  /** The events of a streamed answer as they come; `[DONE]` ends them. */
  async *stream(messages: readonly ChatMessage[], more: Readonly<Record<string, unknown>> = {}, signal: AbortSignal | null = null): AsyncGenerator<Chunk, void, void> {
    const response = await this.post({ model, messages, max_tokens: 16, temperature: 0, stream: true, ...more }, {}, signal);
    if (response.status !== 200 || response.body === null) throw new Error(`${response.status}: ${await response.text()}`);
    let held = '';
    for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
      held += piece;
      const events = held.split('\n\n');
      held = events.pop() ?? '';
      for (const event of events) {
        if (event === 'data: [DONE]') return;
        if (event.startsWith('data: ')) yield JSON.parse(event.slice(6)) as Chunk;
      }
    }
    throw new Error('the stream ended without [DONE]');
  }
}

export interface Chunk {
  readonly id: string;
  readonly choices: readonly { readonly delta: { readonly role?: string; readonly content?: string }; readonly finish_reason: string | null; readonly logprobs: { readonly content: readonly { readonly token: string }[] } | null }[];
  readonly usage?: Completion['usage'];
}

export const user = (content: string): ChatMessage => ({ role: 'user', content });
export const system = (content: string): ChatMessage => ({ role: 'system', content });
/** About 140 tokens that no other test has. */
export const brief = (name: string): ChatMessage => system(`You are ${name}. ${'You are a careful reviewer of small programs. '.repeat(14)}`);
