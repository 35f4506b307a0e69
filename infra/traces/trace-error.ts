/** What is wrong with a recording, and where: `file:line: what was found and what was expected`. */
export class TraceError extends Error {
  override readonly name = 'TraceError';
  readonly path: string;
  /** Counted from 1; null: the file as a whole. */
  readonly line: number | null;

  constructor(path: string, line: number | null, message: string) {
    super(`${path}${line === null ? '' : `:${line}`}: ${message}`);
    this.path = path;
    this.line = line;
  }
}
