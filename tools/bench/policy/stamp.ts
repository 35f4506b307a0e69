import { cpus } from 'node:os';
import { commit } from '../commit.ts';
import type { Stamp } from './figures.ts';

/** The machine only says where it was computed: figures do not depend on it. */
export function stampOf(): Stamp {
  return { commit: commit(), machine: `${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${cpus().length} cores`, date: new Date().toISOString().slice(0, 10) };
}
