import { type ConsumerInfo, JetStreamApiError, type StreamInfo, jetstreamManager } from '@nats-io/jetstream';
import type { Connection } from './connect.ts';
import { apiCode } from './streams.ts';

/** What the server knows of a stream; null: there is none. Rejects when it does not answer within 5 s or does not let us ask. */
export async function findStream(connection: Connection, stream: string): Promise<StreamInfo | null> {
  const manager = await jetstreamManager(connection.nc, { checkAPI: false });
  return orNull(apiCode.streamNotFound, () => manager.streams.info(stream));
}

/** Null: no such consumer, or no such stream. Rejects as `findStream` does. */
export async function findConsumer(connection: Connection, stream: string, durable: string): Promise<ConsumerInfo | null> {
  const manager = await jetstreamManager(connection.nc, { checkAPI: false });
  return orNull(apiCode.streamNotFound, () => orNull(apiCode.consumerNotFound, () => manager.consumers.info(stream, durable)));
}

async function orNull<T>(code: number, ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === code) return null;
    throw error;
  }
}
