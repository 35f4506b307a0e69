import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Folder, SourceFile } from './sample.ts';

export interface ToolLimits { readonly readTokensMax: number; readonly grepLinesMax: number }

/** Text → how many tokens it is, by the model's own tokenizer. */
export type CountTokens = (text: string) => number;

/** The three tools of a subagent. What they give is a function of the files alone, so that two runs do the same work. */
export class Tools {
  readonly #limits: ToolLimits;
  readonly #count: CountTokens;
  constructor(limits: ToolLimits, count: CountTokens) { this.#limits = limits; this.#count = count; }

  list(folder: Folder): string {
    return [`[list ${folder.path}]`, ...folder.files.map((file) => `${file.name}  ${file.bytes} bytes`)].join('\n');
  }

  /** The beginning of a file, cut at whole lines to the limit. */
  async read(folder: Folder, file: SourceFile): Promise<string> {
    const text = (await readFile(file.location, 'utf8')).replaceAll('\r\n', '\n');
    const { kept, isCut } = cutToTokens(text, this.#limits.readTokensMax, this.#count);
    return `[read ${folder.path}/${file.name}${isCut ? `, the first ${kept.split('\n').length} of ${text.split('\n').length} lines` : ''}]\n${kept}`;
  }

  async grep(folder: Folder, pattern: RegExp): Promise<string> {
    const found: string[] = [];
    for (const file of folder.files) {
      const lines = (await readFile(file.location, 'utf8')).split('\n');
      lines.forEach((line, i) => { if (pattern.test(line)) found.push(`${file.name}:${i + 1}: ${line.trim().slice(0, 100)}`); });
    }
    const { grepLinesMax } = this.#limits;
    return [`[grep ${pattern.source} in ${folder.path}: ${found.length} lines]`, ...found.slice(0, grepLinesMax)].join('\n');
  }
}

/** As many whole lines from the start as fit into `tokensMax`; of a single longer line its beginning. */
export function cutToTokens(text: string, tokensMax: number, count: CountTokens): { readonly kept: string; readonly isCut: boolean } {
  if (count(text) <= tokensMax) return { kept: text, isCut: false };
  const lines = text.split('\n');
  let fits = 0, over = lines.length;
  while (over - fits > 1) {
    const middle = (fits + over) >> 1;
    if (count(lines.slice(0, middle).join('\n')) <= tokensMax) fits = middle;
    else over = middle;
  }
  let kept = lines.slice(0, fits).join('\n');
  if (fits === 0) for (kept = lines[0] ?? ''; count(kept) > tokensMax; kept = kept.slice(0, kept.length * 0.75)) {}
  return { kept, isCut: true };
}

/** How long a tool takes: half to twice `toolSeconds`, by what it is called with, so that it is the same in every run. */
export function toolMs(toolSeconds: number, what: string): number {
  const share = Number.parseInt(hash('sha256', what, 'hex').slice(0, 8), 16) / 2 ** 32;
  return Math.round(toolSeconds * 1_000 * (0.5 + 1.5 * share));
}

/** The longest that `toolMs` gives. */
export const toolMsMax = (toolSeconds: number): number => toolSeconds * 2_000;
