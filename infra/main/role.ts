import { type Logger, pino } from 'pino';
import type { Clock, Ports } from '../../actors/lib/ports.ts';
import type { Instant } from '../../actors/lib/logic.ts';
import type { Config } from '../config.ts';
import { NatsBus } from '../nats/bus.ts';
import { type Connection, connect } from '../nats/connect.ts';
import { NatsLeases } from '../nats/leases.ts';
import { ensureStreams, streamTable } from '../nats/streams.ts';

/** A role of the program in this process. */
export interface Role {
  readonly name: string;
  /** Resolves, with one line, when its connection has closed although nobody asked: it can do nothing any more. */
  readonly lost: Promise<string>;
  /** Ends in order: what it has is finished or handed over. */
  close(): Promise<void>;
}

/** A fault of the surroundings, told in one line; the process ends with code 1. */
export class StartError extends Error {
  override readonly name = 'StartError';
  /** NATS is not there, or not as it is needed. */
  readonly isUnavailable: boolean;
  constructor(message: string, isUnavailable = false) { super(message); this.isUnavailable = isUnavailable; }
}

export const newLogger = (config: Config, role: string): Logger => pino({ level: config.log, base: { role }, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2));

export const systemClock: Clock = {
  now: () => Date.now() as Instant,
  alarm(atMs, fire) {
    // The longest a timer can wait is 24.8 days; what is due later is armed again on the way.
    const waitMs = Math.min(2 ** 31 - 1, Math.max(0, atMs - Date.now()));
    let timer = setTimeout(function due() {
      if (Date.now() >= atMs) fire();
      else timer = setTimeout(due, Math.min(2 ** 31 - 1, atMs - Date.now()));
    }, waitMs);
    return () => clearTimeout(timer);
  },
};

export interface BusSide { readonly ports: Ports; readonly connection: Connection; readonly lost: Role['lost']; close(): Promise<void> }

/** Connects a role to its bus, with every stream in place; a reader takes the streams as they are. Throws StartError with one line. */
export async function openBus(config: Config, name: string, url: string, log: Logger, { isReader = false }: { readonly isReader?: boolean } = {}): Promise<BusSide> {
  const lost = Promise.withResolvers<string>();
  const connected = await connect({
    servers: url, name, deadlineMs: config.nats.deadlineMs,
    onStatus: (status) => {
      if (status.kind === 'closed' && status.reason !== null) lost.resolve(`${name}: the connection to NATS at ${status.url} closed for good: ${status.reason}`);
      else log[status.kind === 'up' || status.kind === 'closed' ? 'info' : 'warn'](status, `nats ${status.kind}`);
    },
  });
  if (!connected.ok) throw new StartError(connected.message, true);
  const { connection } = connected;
  const table = streamTable(config.region);
  const ensured = isReader ? null : await ensureStreams(connection, Object.values(table));
  if (ensured?.ok === false) { await connection.close(); throw new StartError(ensured.message); }
  const bus = await NatsBus.open(connection, table, { isReader });
  const leases = await NatsLeases.open(connection, table);
  return {
    connection, lost: lost.promise, ports: { clock: systemClock, bus, leases },
    close: async () => { bus.close(); await connection.close(); },
  };
}

/** Grows with each start: milliseconds since the epoch are enough, as no process starts twice in one. */
export const processEpoch = (): number => Date.now();
