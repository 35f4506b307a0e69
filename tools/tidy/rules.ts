/** The bans, read from the sources. Each names what to use instead; a line may carry `tidy-allow: <ban>, <reason>` where people judged otherwise. */
export interface Ban {
  readonly name: string;
  /** Matched per line, in the code alone (comments and strings blanked) or in the whole text. */
  readonly pattern: RegExp;
  readonly over: 'code' | 'text';
  where(path: string): boolean;
  readonly instead: string;
}

const isScript = (path: string) => /\.(ts|mts|mjs|js)$/.test(path);
const isTest = (path: string) => /\.(test|bench)\.ts$|_(test|bench)\.cpp$|^test\//.test(path);
const isActor = (path: string) => path.startsWith('actors/') && isScript(path) && !isTest(path);
const isCode = (path: string) => /\.(ts|mts|mjs|js|cjs|cpp|h|cu|cuh|py|sh|proto|txt|json|yaml|yml)$/.test(path);

const inActors = (name: string, pattern: RegExp, instead: string): Ban => ({ name, pattern, over: 'code', where: isActor, instead });

export const bans: readonly Ban[] = [
  inActors('clock', /\bDate\s*\.\s*now\b|\bnew\s+Date\b|\bperformance\s*\.\s*now\b/, 'the `now` argument of `step`'),
  inActors('chance', /\bMath\s*\.\s*random\b|\brandomUUID\b|\bgetRandomValues\b/, 'a value that came in with the event or the state'),
  inActors('timer', /\bset(Timeout|Interval|Immediate)\b/, 'a timer effect, with its due time in the saved state'),
  inActors('process', /\bprocess\s*\./, 'an argument from the host'),
  inActors('console', /\bconsole\s*\./, 'an effect, or a value that the host reports'),
  { ...inActors('await', /\bawait\b|\basync\b/, 'an effect now and an event later'), where: (path) => isActor(path) && !path.startsWith('actors/host/') },
  { name: 'platform', pattern: /(from|import)\s*\(?\s*['"]node:/, over: 'text', where: isActor, instead: 'a port of the host' },
  { name: 'xstate-actor', pattern: /\b(createActor|fromPromise|fromCallback|spawnChild)\b/, over: 'code', where: isActor, instead: 'pure transitions (design 4.1)' },
  { name: 'bare-todo', pattern: /\b(TODO|FIXME|XXX)\b(?!\s*\(?(when|once|until|if|after)\b)/, over: 'text', where: (path) => isCode(path) && !path.startsWith('tools/tidy/'), instead: 'a condition: `TODO when …`' },
  { name: 'machine-path', pattern: /(?<![\w.~])\/(work|root|home|tmp|farm|Users)\/\w/, over: 'text', where: (path) => isCode(path) && !path.startsWith('tools/tidy/'), instead: 'a path relative to the package, os.tmpdir() or the environment' },
  { name: 'lock-address', pattern: /"resolved":/, over: 'text', where: (path) => path.endsWith('package-lock.json'), instead: 'npm with our .npmrc (omit-lockfile-registry-resolved)' },
  { name: 'only', pattern: /\b(describe|it|test)\.only\b/, over: 'code', where: (path) => path.endsWith('.test.ts'), instead: 'the whole file' },
  { name: 'skip', pattern: /\b(describe|it|test)\.(skip|todo)\b(?!If)/, over: 'code', where: (path) => path.endsWith('.test.ts'), instead: 'a test that runs, or none' },
];

/** Longer files are reported, not refused: people judge. */
export const linesMax = 400;
