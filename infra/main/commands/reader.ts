import type { Config } from '../../config.ts';
import { findStream } from '../../nats/look.ts';
import { streamTable } from '../../nats/streams.ts';
import { exitCodes } from '../exit-codes.ts';
import { type BusSide, StartError, newLogger, openBus } from '../role.ts';
import { stopAsked } from './run-role.ts';

/** What was asked for is not there; the process ends with code 4. */
export class NotFoundError extends Error { override readonly name = 'NotFoundError'; }

/**
 * Lets a command that only looks do so, and closes whatever comes of it; nothing is created. Of `fleet` the region's
 * streams must be there, of `nats` nothing. Throws NotFoundError without them, and StartError when no NATS is given,
 * none answers, or it does not tell.
 */
export async function withReader<T>(config: Config, name: string, of: 'fleet' | 'nats', look: (reader: BusSide) => Promise<T>): Promise<T> {
  if (config.nats.url === null) throw new StartError('no NATS is given: --nats URL (`slackwater up` prints its own)', true);
  const hasty = { ...config, log: config.log === 'info' ? 'error' : config.log, nats: { ...config.nats, deadlineMs: Math.min(config.nats.deadlineMs, 5_000) } } as const;
  const reader = await openBus(hasty, name, config.nats.url, newLogger({ ...config, log: 'error' }, name), { isReader: true });
  try {
    if (of === 'fleet' && await findStream(reader.connection, streamTable(config.region).state.stream) === null) throw new NotFoundError(`no fleet of region "${config.region}" here (${reader.connection.url})`);
    return await look(reader);
  } catch (error) {
    const isServers = error instanceof Error && ['BusFault', 'JetStreamApiError', 'PermissionViolationError', 'TimeoutError', 'RequestError', 'NoRespondersError'].includes(error.name);
    throw isServers ? new StartError(`NATS at ${reader.connection.url} does not tell: ${error.message}`, true) : error;
  } finally {
    await reader.close();
  }
}

/** Until a signal asks for the end. Throws StartError when the connection closes for good before. */
export async function untilStopped(reader: BusSide): Promise<void> {
  const lost = await Promise.race([stopAsked(), reader.lost]);
  if (lost !== null) throw new StartError(lost, true);
}

export function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Output that ends early (`| head`) is not an error; a disk that is full is. Nobody waits for what will not be taken. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.ok);
  process.stderr.write(`slackwater: stdout cannot be written: ${error.message}\n`);
  process.exit(exitCodes.failed);
});

/** Columns as wide as what stands in them; numbers to the right. */
export function table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [header, ...rows].map((row) => row.map(String));
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row, i) => row.map((cell, column) => (i > 0 && typeof rows[i - 1]?.[column] === 'number' ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join('  ').trimEnd()).join('\n');
}

/** JSON of a message: bytes as hex, big numbers as text, token ids as a list. */
export function messageJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === 'bigint') return item.toString();
    if (item instanceof Uint8Array) return Buffer.from(item).toString('hex');
    if (item instanceof Int32Array) return [...item];
    return item;
  });
}
