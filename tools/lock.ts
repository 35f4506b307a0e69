/**
 * `node tools/lock.ts [--check]`: completes package-lock.json for other platforms. A registry mirror that carries only the packages
 * of its own platform makes `npm install` leave the others out of the lock, and `npm ci` then refuses the lock as out of step.
 * The entries added here have a version and a platform but no hash (we never saw the file); npm skips them where they do not fit.
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface LockEntry {
  version: string; optional?: boolean; dev?: boolean; os?: string[]; cpu?: string[]; libc?: string[];
  optionalDependencies?: Record<string, string>;
}
interface Lock { packages: Record<string, LockEntry> }

const systems: Readonly<Record<string, string>> = { android: 'android', darwin: 'darwin', linux: 'linux', linuxmusl: 'linux', freebsd: 'freebsd', openbsd: 'openbsd', netbsd: 'netbsd', sunos: 'sunos', aix: 'aix', win32: 'win32', openharmony: 'openharmony' };
const processors = ['arm64', 'x64', 'arm', 'ia32', 'ppc64', 's390x', 'riscv64', 'loong64', 'mips64el', 'wasm32'];

const path = 'package-lock.json';
const lock = JSON.parse(readFileSync(path, 'utf8')) as Lock;
const added = Object.entries(lock.packages).flatMap(([owner, entry]) => Object.entries(entry.optionalDependencies ?? {})
  .filter(([name]) => !isLocked(owner, name))
  .map(([name, version]) => [`node_modules/${name}`, forPlatform(name, version, entry.dev === true)] as const));

for (const [key] of added) console.log(`not in the lock: ${key}`);
if (added.length > 0 && !process.argv.includes('--check')) {
  const entries = [...Object.entries(lock.packages), ...added].sort(([a], [b]) => a.localeCompare(b, 'en'));
  writeFileSync(path, `${JSON.stringify({ ...lock, packages: Object.fromEntries(entries) }, null, 2)}\n`);
  console.log(`${added.length} entries added`);
}
process.exitCode = added.length > 0 && process.argv.includes('--check') ? 1 : 0;

/** Beside its owner, or hoisted to any folder above. */
function isLocked(owner: string, name: string): boolean {
  for (let at = owner; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    if (lock.packages[`${at === '' ? '' : `${at}/`}node_modules/${name}`]) return true;
    if (at === '') return false;
  }
}

/** The platform is in the name: `@biomejs/cli-linux-x64-musl`. What names none is no platform package, and nothing we may guess. */
function forPlatform(name: string, version: string, dev: boolean): LockEntry {
  const words = name.split(/[/-]/);
  const os = words.map((word) => systems[word]).find((system) => system !== undefined);
  const cpu = words.find((word) => processors.includes(word));
  if (os === undefined || cpu === undefined || !/^\d/.test(version)) throw new Error(`${name}@${version} is missing from the lock and names no platform: npm install it on a complete registry`);
  const libc = os !== 'linux' ? undefined : words.includes('musl') ? ['musl'] : words.includes('gnu') ? ['glibc'] : undefined;
  return { version, ...(dev ? { dev: true } : {}), optional: true, os: [os], cpu: [cpu], ...(libc ? { libc } : {}) };
}
