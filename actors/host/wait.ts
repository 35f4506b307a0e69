import type { Clock } from '../lib/ports.ts';

export type Wait = (ms: number) => Promise<void>;

/** A pause on the host's clock, so that it takes virtual time in the simulator. */
export const waiter = (clock: Clock): Wait => (ms) => new Promise((resolve) => { clock.alarm(clock.now() + ms, resolve); });
