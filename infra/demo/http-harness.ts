import type { ChatMessage } from '../../schemas/chat.ts';
import { type Answer, type Harness, HarnessError, type Line, type Sampling, stepDeadlineMs } from './harness.ts';

interface Usage { readonly prompt_tokens: number; readonly completion_tokens: number }
interface Told { readonly trace: string; readonly worker: string; readonly hit: number; readonly recalled: number; readonly computed: number; readonly cost_usd: number }
interface Chunk {
  readonly choices?: readonly { readonly delta: { readonly content?: string }; readonly finish_reason: string | null }[];
  readonly usage?: Usage | null;
  readonly slackwater?: Told;
  readonly error?: { readonly message: string };
}

const retriesMax = 20;
const retryMs = 1_000;

/** Any agent that was told a base URL: streams chat completions, sends its whole history each time, and says no ids. */
export class HttpHarness implements Harness {
  readonly kind = 'http';
  readonly #url: string;
  readonly #model: string;
  constructor(url: string, model: string) { this.#url = url; this.#model = model; }

  open(): Line { return { ask: (messages, sampling, onTrace) => this.#ask(messages, sampling, onTrace), end: async () => {} }; }
  async close(): Promise<void> {}

  async #ask(messages: readonly ChatMessage[], { maxTokens, temperature, topP, seed, stop }: Sampling, onTrace: (trace: string) => void): Promise<Answer> {
    const body = JSON.stringify({ model: this.#model, messages, max_tokens: maxTokens, temperature, top_p: topP, seed, stop, stream: true, stream_options: { include_usage: true } });
    for (let tries = 1; ; tries++) {
      const response = await fetch(`${this.#url}/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal: AbortSignal.timeout(stepDeadlineMs) });
      if (response.ok && response.body !== null) {
        onTrace(response.headers.get('x-slackwater-trace') ?? '');
        return await readAnswer(response.body);
      }
      const problem = (await response.text()).slice(0, 300);
      // What a well-behaved client does with 429 and 503: it comes again.
      if ((response.status !== 429 && response.status !== 503) || tries >= retriesMax) throw new HarnessError(`chat completions answered ${response.status}: ${problem}`);
      await new Promise((resolve) => { setTimeout(resolve, Number(response.headers.get('retry-after')) * 1_000 || retryMs); });
    }
  }
}

async function readAnswer(body: ReadableStream<Uint8Array>): Promise<Answer> {
  let text = '', usage: Usage | null = null, told: Told | null = null;
  for await (const chunk of chunksOf(body)) {
    if (chunk.error !== undefined) throw new HarnessError(chunk.error.message);
    text += chunk.choices?.[0]?.delta.content ?? '';
    usage = chunk.usage ?? usage;
    told = chunk.slackwater ?? told;
  }
  if (usage === null || told === null) throw new HarnessError('the stream ended without the usage that was asked for');
  const { trace, worker, hit, recalled, computed, cost_usd: costUsd } = told;
  return { text, trace, worker, usage: { prompt: usage.prompt_tokens, hit, recalled, computed, generated: usage.completion_tokens }, costUsd };
}

/** Server-sent events up to `[DONE]`. */
async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Chunk, void, void> {
  const decoder = new TextDecoder();
  let held = '';
  for await (const piece of body) {
    held += decoder.decode(piece, { stream: true });
    const events = held.split('\n\n');
    held = events.pop() ?? '';
    for (const event of events) {
      if (event === 'data: [DONE]') return;
      if (event.startsWith('data: ')) yield JSON.parse(event.slice('data: '.length)) as Chunk;
    }
  }
  throw new HarnessError('the stream broke off');
}
