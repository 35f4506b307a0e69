/** `npm run tidy`: reads every file git knows or would take, and prints what breaks a ban, with its replacement. Exits 1 when something does. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { checkFile } from './check.ts';
import { linesMax } from './rules.ts';

const bytesMax = 2 << 20;
const isWritten = (path: string) => !/(^|\/)(gen|golden)\/|package-lock\.json$/.test(path);

const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8', maxBuffer: 64 << 20 });
const paths = listed.split('\n').filter((path) => path !== '' && existsSync(path) && statSync(path).isFile() && statSync(path).size <= bytesMax);
let findings = 0;
for (const path of paths) {
  const text = readFileSync(path, 'utf8');
  for (const finding of checkFile(path, text)) {
    findings++;
    console.log(`${finding.path}:${finding.line} ${finding.ban}: ${finding.text}\n    instead: ${finding.instead}`);
  }
  const lines = text.split('\n').length;
  if (lines > linesMax && isWritten(path) && /\.(ts|mjs|cpp|h|py)$/.test(path)) console.log(`${path}: ${lines} lines (reported from ${linesMax} on): is it one noun?`);
}
console.log(`${paths.length} files read, ${findings} findings`);
process.exitCode = findings === 0 ? 0 : 1;
