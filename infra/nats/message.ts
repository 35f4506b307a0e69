import { JetStreamApiError } from '@nats-io/jetstream';
import { ClosedConnectionError, DrainingConnectionError, type MsgHdrs, headers as newHeaders } from '@nats-io/transport-node';
import { BusFault, type Headers } from '../../actors/lib/ports.ts';
import { apiCode } from './streams.ts';

/** Undefined when there is nothing to say: a message without headers is smaller and faster. */
export function toNatsHeaders(headers: Headers | undefined): MsgHdrs | undefined {
  if (headers === undefined) return undefined;
  const result = newHeaders();
  for (const [key, value] of Object.entries(headers)) result.set(key, value);
  return result;
}

/**
 * What the publisher gave; the server's own `Nats-…` fields stay out. Anybody may write a header that breaks the rules
 * (a line break in a value), and the client throws when it is looked at: such a message has none.
 */
export function headersOf(message: { readonly headers?: MsgHdrs | undefined }): Headers {
  const result: Record<string, string> = {};
  try {
    const { headers } = message;
    for (const key of headers?.keys() ?? []) if (!key.startsWith('Nats-')) result[key] = headers?.get(key) ?? '';
  } catch {
    return noHeaders;
  }
  return result;
}

const noHeaders: Headers = Object.freeze({});

/** What the server or the client says about a message, as the port has it. */
export function refusalOf(error: unknown, what: string, bytes: number): BusFault {
  if (error instanceof BusFault) return error;
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof JetStreamApiError) {
    switch (error.code) {
      case apiCode.wrongLastSequence:
      case apiCode.wrongLastSequenceUnknown:
        return new BusFault('wrong_last_sequence', `${what}: ${reason}`);
      case apiCode.tooLarge:
        return new BusFault('too_large', `${what}: ${bytes} bytes: ${reason}`);
      case apiCode.storeFailed:
        return new BusFault('stream_full', `${what}: ${reason}`);
      default:
        return new BusFault('no_answer', `${what}: ${reason}`);
    }
  }
  // The client refuses what is above the server's payload limit before it is sent.
  if (/max_payload/i.test(reason)) return new BusFault('too_large', `${what}: ${bytes} bytes: ${reason}`);
  const isClosed = error instanceof ClosedConnectionError || error instanceof DrainingConnectionError;
  return new BusFault(isClosed ? 'closed' : 'no_answer', `${what}: ${reason}`);
}

/** A bug in a handler must end the process, not the client's parser. */
export function crashOnThrow(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => { throw error; });
  }
}
