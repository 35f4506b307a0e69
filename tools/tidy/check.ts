import { codeOnly } from './code.ts';
import { type Ban, bans } from './rules.ts';

export interface Finding { readonly path: string; readonly line: number; readonly ban: string; readonly text: string; readonly instead: string }

/** Every line of a file that breaks a ban, in order. `path` is relative to the repository, with forward slashes. */
export function checkFile(path: string, text: string, against: readonly Ban[] = bans): Finding[] {
  const rules = against.filter((ban) => ban.where(path));
  if (rules.length === 0) return [];
  const lines = text.split('\n');
  const code = rules.some((ban) => ban.over === 'code') ? codeOnly(text).split('\n') : lines;
  return lines.flatMap((line, i) => rules
    .filter((ban) => ban.pattern.test(ban.over === 'code' ? code[i] ?? '' : line) && !isAllowed(ban, line, lines[i - 1]))
    .map((ban) => ({ path, line: i + 1, ban: ban.name, text: line.trim().slice(0, 100), instead: ban.instead })));
}

/** On the line itself or the one above, with a reason after the name. */
function isAllowed(ban: Ban, line: string, above: string | undefined): boolean {
  const pardon = new RegExp(`tidy-allow: ${ban.name}, \\w`);
  return pardon.test(line) || (above !== undefined && pardon.test(above));
}
