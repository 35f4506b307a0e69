import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/** A reader that takes nothing for this long is gone. */
const stalledMs = 60_000;
/** Proxies cut connections that are silent for a minute. */
const commentMs = 15_000;

/** Server-sent events on a hijacked response. Waits for a slow reader, so what waits for it is bounded by one socket's buffer. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #comments: NodeJS.Timeout;

  constructor(response: ServerResponse, headers: Readonly<Record<string, string>>) {
    this.#response = response;
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', 'x-accel-buffering': 'no', ...headers });
    response.flushHeaders();
    this.#comments = setInterval(() => { if (!response.writableNeedDrain) response.write(': still working\n\n'); }, commentMs);
    this.#comments.unref();
  }

  send(event: object): Promise<void> { return this.#write(`data: ${JSON.stringify(event)}\n\n`); }

  async end(): Promise<void> {
    await this.#write('data: [DONE]\n\n');
    this.stop();
    this.#response.end();
  }

  stop(): void { clearInterval(this.#comments); }

  async #write(text: string): Promise<void> {
    if (this.#response.destroyed || this.#response.write(text)) return;
    const late = AbortSignal.timeout(stalledMs);
    const over = new AbortController();
    const either = AbortSignal.any([late, over.signal]);
    try {
      await Promise.race([once(this.#response, 'drain', { signal: either }), once(this.#response, 'close', { signal: either })]);
    } catch {
      this.#response.destroy(); // Which the route hears as a harness that went away.
    } finally {
      over.abort();
    }
  }
}
