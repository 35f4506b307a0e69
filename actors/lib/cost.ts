/** What an hour costs, in US dollars. */
export interface Prices {
  /** One worker's accelerator (or CPU), busy or not. */
  readonly acceleratorUsdPerHour: number;
  readonly dramGibUsdPerHour: number;
}

const hourMs = 3_600_000;
const gib = 2 ** 30;

/**
 * The price of accelerator time, and of blocks that waited in `dram` (bytes × milliseconds). The one formula behind a
 * result's `costUsd` and a bill's, so that the bill of a trace is the sum of what its results said, plus the
 * accelerator time of attempts that answered nothing (replaced, cancelled, failed), as far as their workers reported it.
 */
export function costUsd(acceleratorMs: number, dramByteMs: number, prices: Prices): number {
  return (acceleratorMs / hourMs) * prices.acceleratorUsdPerHour + (dramByteMs / gib / hourMs) * prices.dramGibUsdPerHour;
}
