/**
 * `npm run build` (and `npm pack`): dist/, the JavaScript and types of an installed package, since Node refuses TypeScript
 * below node_modules. In the clone nothing needs it: Node runs the sources.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const sources = ['actors', 'schemas', 'infra', 'kernels'];

rmSync(dist, { recursive: true, force: true });
const tsc = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', join(root, 'tsconfig.build.json')], { stdio: ['ignore', 2, 2] });
if (tsc.status !== 0) process.exit(1);

const copied = sources.flatMap((folder) => filesUnder(join(root, folder))).filter(isCarried);
for (const path of copied) {
  const target = join(dist, relative(root, path));
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(path, target);
}
const emitted = filesUnder(dist).filter((path) => /(\.d\.ts|\.js)$/.test(path));
for (const path of emitted) {
  const before = readFileSync(path, 'utf8');
  const after = withoutTs(before);
  if (after !== before) writeFileSync(path, after);
}
console.error(`dist/: ${emitted.length} files emitted, ${copied.length} copied`);

/** What is not TypeScript but read at run time: generated code, templates, pages, tables. The launcher and native sources stay where they are. */
function isCarried(path: string): boolean {
  const inside = relative(root, path);
  return /\.(js|d\.ts|json|html|css|svg|yaml|wasm)$/.test(inside) && !/(^|\/)golden\//.test(inside);
}

/** tsc rewrites `.ts` in imports of emitted JavaScript, but neither in declarations nor in the address of a worker's file. */
function withoutTs(text: string): string {
  return text
    .replaceAll(/(\bfrom\s+|\bimport\s*\(?\s*)(['"])(\.{1,2}\/[^'"\n]*?)(?<!\.d)\.ts\2/g, '$1$2$3.js$2')
    .replaceAll(/(\bnew URL\(\s*)(['"])(\.{1,2}\/[^'"\n]*?)(?<!\.d)\.ts\2(\s*,\s*import\.meta\.url)/g, '$1$2$3.js$2$4');
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort();
}
