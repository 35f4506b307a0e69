import { resolve } from 'node:path';
import { ConfigError } from '../config.ts';
import { findWriteProblem } from '../replay/output-file.ts';

/** npm runs scripts in the package's root; a path means where the user stands. */
export function fromHere(path: string): string { return path === '-' ? path : resolve(process.env['INIT_CWD'] ?? process.cwd(), path); }

/** Asked before the work: what has taken hours is not lost to a folder that is not there. */
export function writableFromHere(path: string, flag: string): string {
  const file = resolve(process.env['INIT_CWD'] ?? process.cwd(), path), problem = findWriteProblem(file);
  if (problem !== null) throw new ConfigError(`--${flag} ${path}: ${problem}`);
  return file;
}

export function whole(text: string, flag: string): number {
  if (!/^\d+$/.test(text)) throw new ConfigError(`--${flag} ${text}: a whole number is expected`);
  return Number(text);
}

export function number(text: string, flag: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new ConfigError(`--${flag} ${text}: a number of 0 or more is expected`);
  return value;
}

export function atLeastOne(value: number, flag: string): number {
  if (value < 1) throw new ConfigError(`--${flag} ${value}: at least 1 is expected`);
  return value;
}
