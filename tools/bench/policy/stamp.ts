import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { packageRoot } from '../../../infra/config.ts';
import type { Stamp } from './figures.ts';

/** The commit, with a plus when files are changed; the machine only says where it was computed: figures do not depend on it. */
export function stampOf(): Stamp {
  return { commit: commit(), machine: `${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${cpus().length} cores`, date: new Date().toISOString().slice(0, 10) };
}

function commit(): string {
  try {
    const git = (...args: string[]): string => execFileSync('git', args, { cwd: packageRoot(), encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+'}`;
  } catch {
    return 'unknown';
  }
}
