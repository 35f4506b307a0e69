import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../infra/config.ts';
import type { Stamp } from './figures.ts';
import type { Tuned } from './tuning.ts';

/** What the search found, and on what. */
export interface TunedFile extends Stamp { readonly fleet: string; readonly memory: number; readonly evaluations: number; readonly policies: Readonly<Record<string, Tuned>> }

const file = (): string => join(packageRoot(), 'docs', 'benchmarks', 'policy-tuned.json');

/** Null: nothing was ever tuned, and everything is at its start. */
export const readTuned = (): TunedFile | null => (existsSync(file()) ? (JSON.parse(readFileSync(file(), 'utf8')) as TunedFile) : null);

/** Policies that were not tuned this time keep what they had. */
export function writeTuned(found: TunedFile): TunedFile {
  const all = { ...found, policies: { ...readTuned()?.policies, ...found.policies } };
  writeFileSync(file(), `${JSON.stringify(all, null, 2)}\n`);
  return all;
}
