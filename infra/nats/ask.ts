import { JetStreamApiError } from '@nats-io/jetstream';
import { BusFault } from '../../actors/lib/ports.ts';
import type { Connection } from './connect.ts';
import { apiCode } from './streams.ts';

/** A question that may be put again waits at most this long for each answer. */
const tryMs = 1_000;

/**
 * Puts a question to the server and waits for the answer, at most `deadlineMs` in all. Without a connection it waits for
 * one, because the client would drop what is sent meanwhile. A connection that breaks takes the answer with it: then the
 * question is put again when it is `isRepeatable`, and is `no_answer` at once when it is not.
 *
 * Rejects: what `send` rejects with when that is the server's answer; otherwise BusFault `no_answer` or `closed`.
 */
export async function ask<T>(connection: Connection, what: string, options: { readonly deadlineMs: number; readonly isRepeatable: boolean }, send: (timeoutMs: number) => Promise<T>): Promise<T> {
  const endMs = performance.now() + options.deadlineMs;
  let reason = 'no connection';
  for (let attempt = 0; ; attempt++) {
    if (connection.nc.isClosed()) throw new BusFault('closed', `${what}: the connection is closed`);
    let leftMs = endMs - performance.now();
    if (leftMs >= 1 && !connection.isUp()) {
      await connection.untilUp(leftMs);
      leftMs = endMs - performance.now();
    }
    if (leftMs < 1 || !connection.isUp()) throw new BusFault('no_answer', `${what}: ${reason}, within ${options.deadlineMs} ms`);
    try {
      return await connection.whileUp(() => send(Math.ceil(options.isRepeatable ? Math.min(leftMs, tryMs) : leftMs)));
    } catch (error) {
      if (isFinal(error)) throw error;
      reason = error instanceof Error ? error.message : String(error);
      if (!options.isRepeatable && !isNobodyThere(error) && performance.now() < endMs) throw new BusFault('no_answer', `${what}: ${reason}`);
    }
    await new Promise((done) => setTimeout(done, Math.max(1, Math.min(500, 10 * 2 ** attempt, endMs - performance.now()))));
  }
}

/** The server has spoken, or the client refused to send: another try would end the same way. */
function isFinal(error: unknown): boolean {
  if (error instanceof BusFault) return true;
  if (error instanceof JetStreamApiError) return !isNobodyThere(error);
  return error instanceof Error && ['InvalidArgumentError', 'PermissionViolationError', 'ClosedConnectionError', 'DrainingConnectionError'].includes(error.name);
}

/** Nobody stored it for certain, so it may be sent again: JetStream is starting, or its stream is not there (yet). */
function isNobodyThere(error: unknown): boolean {
  // A full stream is 503 too, but that is an answer.
  if (error instanceof JetStreamApiError) return error.status === 503 && error.code !== apiCode.storeFailed;
  return error instanceof Error && (error.name === 'JetStreamNotEnabled' || error.name === 'NoRespondersError');
}
