import { execFileSync } from 'node:child_process';
import { packageRoot } from '../../infra/config.ts';

/** Of what was measured, with a plus when files are changed; `unknown` outside a repository. */
export function commit(): string {
  try {
    const git = (...args: string[]): string => execFileSync('git', args, { cwd: packageRoot(), encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+'}`;
  } catch {
    return 'unknown';
  }
}
