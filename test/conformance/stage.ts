import { type Bus, BusFault, type BusFaultCode, type Leases } from '../../actors/lib/ports.ts';
import type { StreamTable } from '../../infra/nats/streams.ts';

/** What the bus suite needs of a world, real or simulated. */
export interface Rig {
  /** Runs `body` on empty streams and moves the world's time until it is settled. */
  play(body: (stage: Stage) => Promise<void>): Promise<void>;
}

export interface Stage {
  readonly table: StreamTable;
  /** A process of its own: its own connection. */
  open(name: string): Promise<{ readonly bus: Bus; readonly leases: Leases }>;
  /** Waits for a condition; rejects with `what` when it does not come true in time. */
  until(what: string, condition: () => boolean | Promise<boolean>, deadlineMs?: number): Promise<void>;
  /** Lets this much of the world's time pass: only to show that something does not happen. */
  pass(ms: number): Promise<void>;
  nowMs(): number;
  /** Removes the entries of a subject, as an operator would. */
  purge(stream: keyof StreamTable, subject: string): Promise<void>;
  /** The server dies and starts again on the same store. */
  restartServer(): Promise<void>;
}

/** Small bounds, so that a full stream is cheap to show. */
export const withSmallBounds = (table: StreamTable): StreamTable => ({ ...table, step: { ...table.step, messagesMax: 8 } });

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
/** The code that a promise was refused with; null when it was not. */
export const refusal = async (promise: Promise<unknown>): Promise<BusFaultCode | null> => {
  try {
    await promise;
    return null;
  } catch (error) {
    if (error instanceof BusFault) return error.code;
    throw error;
  }
};
