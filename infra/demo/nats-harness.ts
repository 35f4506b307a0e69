import type { Reply } from '../../schemas/reply.ts';
import { type Client, connect } from '../client/index.ts';
import { type Harness, HarnessError, type Line, stepDeadlineMs } from './harness.ts';

/** An agent that publishes steps: names its traces, their parents and their order, sends only what is new, and says when it is done. */
export class NatsHarness implements Harness {
  readonly kind = 'nats';
  readonly #client: Client;
  readonly #model: string;
  readonly #run: string;
  private constructor(client: Client, model: string, run: string) { this.#client = client; this.#model = model; this.#run = run; }

  /** `run` goes before every name: traces live longer than a run. Rejects with ClientError in one line. */
  static async connect(servers: string, model: string, run: string): Promise<NatsHarness> { return new NatsHarness(await connect({ servers }), model, run); }

  open(label: string, parentLabel: string | null): Line {
    const name = `${this.#run}/${label}`, parent = parentLabel === null ? null : `${this.#run}/${parentLabel}`;
    let seq = 0;
    return {
      ask: async (messages, { maxTokens, temperature, topP, seed, stop }, onTrace) => {
        seq++;
        const about = { id: `${name}/${seq}`, trace: name, parent, seq, model: this.#model, sampling: { max_tokens: maxTokens, temperature, top_p: topP, seed, stop: [...stop] }, deadline_ms: stepDeadlineMs };
        const isFirst = seq === 1;
        const end = await this.#submit({ ...about, ...(isFirst ? { messages: [...messages] } : { append: messages.slice(-1) }) }, onTrace);
        // Another gateway took it, which has not seen the history: it gets all of it.
        const last = end.kind === 'refused' && end.code === 'history_unknown' ? await this.#submit({ ...about, messages: [...messages] }, onTrace) : end;
        if (last.kind !== 'result') throw new HarnessError(`step ${name}/${seq} ${last.kind}: ${'message' in last ? last.message : ''}`);
        const { text, worker, usage, cost_usd: costUsd, step } = last;
        return { text, trace: step.slice(0, step.indexOf('/')), worker, usage, costUsd };
      },
      end: () => this.#client.end(name),
    };
  }

  close(): Promise<void> { return this.#client.close(); }

  async #submit(step: Parameters<Client['submit']>[0], onTrace: (trace: string) => void): Promise<Reply> {
    let last: Reply | null = null;
    for await (const reply of this.#client.submit(step)) {
      if (reply.kind === 'accepted') onTrace(reply.trace);
      last = reply;
    }
    if (last === null) throw new HarnessError(`step ${step.id} got no answer`);
    return last;
  }
}
