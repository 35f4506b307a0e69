import type { Config } from '../../config.ts';
import { type BusSide, StartError, newLogger, openBus } from '../role.ts';

/** Connects a command that only looks. Throws StartError when no NATS is given or none answers. */
export async function openReader(config: Config, name: string): Promise<BusSide> {
  if (config.nats.url === null) throw new StartError('no NATS is given: --nats URL (`slackwater up` prints its own)', true);
  return openBus({ ...config, log: config.log === 'info' ? 'error' : config.log, nats: { ...config.nats, deadlineMs: Math.min(config.nats.deadlineMs, 5_000) } }, name, config.nats.url, newLogger({ ...config, log: 'error' }, name));
}

/** Output that ends early (`| head`) is not an error. */
export function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => { if (error.code === 'EPIPE') process.exit(0); });

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
