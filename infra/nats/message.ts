import { JetStreamApiError, JetStreamError } from '@nats-io/jetstream';
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

/** What the publisher gave; the server's own `Nats-…` fields stay out. */
export function fromNatsHeaders(headers: MsgHdrs | undefined): Headers {
  if (headers === undefined) return noHeaders;
  const result: Record<string, string> = {};
  for (const key of headers.keys()) if (!key.startsWith('Nats-')) result[key] = headers.get(key);
  return result;
}

const noHeaders: Headers = Object.freeze({});

/** Null: not an answer of the server about this message; then it may or may not have been stored. */
export function refusalOf(error: unknown, subject: string, bytes: number): BusFault | null {
  if (error instanceof JetStreamApiError) {
    switch (error.code) {
      case apiCode.wrongLastSequence:
      case apiCode.wrongLastSequenceUnknown:
        return new BusFault('wrong_last_sequence', `${subject}: ${error.message}`);
      case apiCode.tooLarge:
        return new BusFault('too_large', `${subject}: ${bytes} bytes: ${error.message}`);
      case apiCode.storeFailed:
        return new BusFault('stream_full', `${subject}: ${error.message}`);
      default:
        return null;
    }
  }
  // The client refuses what is above the server's payload limit before it is sent.
  if (error instanceof Error && /max_payload/i.test(error.message)) return new BusFault('too_large', `${subject}: ${bytes} bytes: ${error.message}`);
  if (error instanceof ClosedConnectionError || error instanceof DrainingConnectionError) return new BusFault('closed', `${subject}: the connection is closed`);
  return null;
}

/** True when nobody stored it for certain, so it may be tried again: no stream listens (yet) on the subject. */
export const isNobodyThere = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'JetStreamNotEnabled' || error.name === 'NoRespondersError') && !(error instanceof JetStreamError);

/** A bug in a handler must end the process, not the client's parser. */
export function crashOnThrow(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => { throw error; });
  }
}
