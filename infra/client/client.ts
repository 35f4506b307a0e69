import { type JetStreamClient, jetstream } from '@nats-io/jetstream';
import { nuid } from '@nats-io/transport-node';
import { limits } from '../../actors/lib/limits.ts';
import { encodeStep } from '../../schemas/harness.ts';
import { isRefused } from '../../schemas/refused.ts';
import type { Reply } from '../../schemas/reply.ts';
import { isToken, stepSubject } from '../../schemas/subjects.ts';
import { type Connection, connect as connectNats } from '../nats/connect.ts';
import type { Step } from './step.ts';
import { Submission } from './submission.ts';

export interface ClientOptions {
  /** `nats://host:port`, several with commas. */
  readonly servers: string;
  /** Whose steps these are: 1 to 64 of A-Z a-z 0-9 _ -. */
  readonly tenant?: string;
  /** How long to try to connect. */
  readonly deadlineMs?: number;
  /** How long an answer may be silent before its step is submitted again. */
  readonly silenceMs?: number;
}

/** `code`: `unreachable`, `refused`, `too_old`, `no_jetstream`, `bad_tenant`, `not_stored`. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly code: string;
  constructor(code: string, message: string) { super(message); this.code = code; }
}

export interface Client {
  /**
   * Yields `accepted`, the answer's deltas and one end: `result`, `failed` or `refused`. `deferred` says that the fleet
   * can not take the step now; it is tried again by itself until the step's deadline.
   *
   * The same id gets the same answer, also in another process: a gateway or a server may die meanwhile, and the deltas
   * go on where they were. Leaving the iteration leaves the step to run.
   */
  submit(step: Step): AsyncIterable<Reply>;
  /** The trace is over. Rejects with ClientError `not_stored` when that could not be said within 10 s. */
  end(trace: string): Promise<void>;
  /** Ends every submission with `failed`, and the connection. */
  close(): Promise<void>;
}

/** Connects to the NATS of a fleet. Rejects with ClientError in one line. */
export async function connect(options: ClientOptions): Promise<Client> {
  const tenant = options.tenant ?? 'default';
  if (!isToken(tenant)) throw new ClientError('bad_tenant', `tenant "${tenant}" is not 1 to 64 of A-Z a-z 0-9 _ -`);
  const connected = await connectNats({ servers: options.servers, name: `slackwater-client-${tenant}`, deadlineMs: options.deadlineMs ?? 10_000 });
  if (!connected.ok) throw new ClientError(connected.code, connected.message);
  return new NatsClient(connected.connection, tenant, options.silenceMs ?? 5_000);
}

class NatsClient implements Client {
  readonly #connection: Connection;
  readonly #js: JetStreamClient;
  readonly #subject: string;
  readonly #silenceMs: number;
  readonly #open = new Set<Submission>();
  readonly #endReconnects: () => void;

  constructor(connection: Connection, tenant: string, silenceMs: number) {
    this.#connection = connection;
    this.#js = jetstream(connection.nc);
    this.#subject = stepSubject(tenant);
    this.#silenceMs = silenceMs;
    this.#endReconnects = connection.onReconnect(() => { for (const submission of this.#open) submission.again(); });
  }

  async *submit(step: Step): AsyncGenerator<Reply, void, void> {
    const submission = new Submission({ connection: this.#connection, js: this.#js, subject: this.#subject, silenceMs: this.#silenceMs }, { ...step, id: step.id ?? `sdk-${nuid.next()}` });
    this.#open.add(submission);
    try {
      yield* submission.answers(step.deadline_ms ?? limits.stepDeadlineMs);
    } finally {
      this.#open.delete(submission);
    }
  }

  async end(trace: string): Promise<void> {
    const bytes = encodeStep({ trace, end: true });
    if (isRefused(bytes)) throw new ClientError('refused', bytes.message);
    const msgID = nuid.next();
    for (const endMs = performance.now() + 10_000; ;) {
      try {
        await this.#js.publish(this.#subject, bytes, { msgID, timeout: 3_000 });
        return;
      } catch (error) {
        if (performance.now() >= endMs) throw new ClientError('not_stored', `the end of trace "${trace}": ${(error as Error).message}`);
        await new Promise((done) => setTimeout(done, 250));
      }
    }
  }

  async close(): Promise<void> {
    this.#endReconnects();
    for (const submission of this.#open) submission.close();
    await this.#connection.close();
  }
}
