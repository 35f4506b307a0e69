import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Why nothing could be written to that file, in words; null: nothing seems to be in the way. Looks, and makes no file: what it is for may fail yet. */
export function findWriteProblem(given: string): string | null {
  const file = resolve(given), folder = dirname(file);
  if (existsSync(file) && statSync(file).isDirectory()) return 'is a directory';
  if (!existsSync(folder)) return `there is no folder ${folder}`;
  if (!statSync(folder).isDirectory()) return `${folder} is no folder`;
  try {
    accessSync(existsSync(file) ? file : folder, constants.W_OK);
    return null;
  } catch (error) {
    return `can not be written: ${(error as NodeJS.ErrnoException).code}`;
  }
}
