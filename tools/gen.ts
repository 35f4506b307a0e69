/**
 * `npm run gen`: writes schemas/gen from schemas/slackwater/v1/*.proto; `-- --check` writes nothing and exits 1 when what
 * is committed differs; `-- --update` also writes today's bytes into schemas/golden: for messages that did not exist
 * before. A golden file that changes is a break of the wire, and the check's test says so.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const gen = join(root, 'schemas/gen');
const protos = readdirSync(join(root, 'schemas/slackwater/v1')).filter((name) => name.endsWith('.proto')).sort()
  .map((name) => join(root, 'schemas/slackwater/v1', name));

/** The codec uses `encode` and `decode`; nothing else is generated. */
const onlyBytes = ['--no-create', '--no-verify', '--no-convert', '--no-delimited', '--no-typeurl', '--no-service'];

const made = generate();
const stale = Object.entries(made).filter(([name, text]) => readOrEmpty(join(gen, name)) !== text);

if (process.argv.includes('--check')) {
  for (const [name] of stale) console.error(`schemas/gen/${name} is not what the .proto files give: npm run gen`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const [name, text] of stale) {
    writeFileSync(join(gen, name), text);
    console.log(`wrote schemas/gen/${name}`);
  }
  if (process.argv.includes('--update')) (await import('../schemas/golden/golden.ts')).update();
}

/** File name → contents of everything in schemas/gen. */
function generate(): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'slackwater-gen-'));
  try {
    // The types are made from the comments, which would make up half of the code: so once with, once without.
    pbjs(folder, 'types.js', ['-t', 'static-module', '-w', 'esm', '--dts', ...onlyBytes]);
    pbjs(folder, 'code.js', ['-t', 'static-module', '-w', 'esm', '--no-comments', ...onlyBytes]);
    pbjs(folder, 'fields.json', ['-t', 'json']);
    const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
    return {
      'slackwater.js': dense(read('code.js')),
      'slackwater.d.ts': ownLong(dense(withoutComments(read('types.d.ts')))),
      'fields.ts': fieldNumbers(JSON.parse(read('fields.json'))),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function pbjs(folder: string, out: string, options: readonly string[]): void {
  const cli = join(root, 'node_modules/protobufjs-cli/bin/pbjs');
  execFileSync(process.execPath, [cli, ...options, '-p', join(root, 'schemas'), '-o', join(folder, out), ...protos], { stdio: ['ignore', 'ignore', 'inherit'], timeout: 60_000 });
}

/** One space per level of indentation: half the size, the same diffs. */
function dense(source: string): string {
  return source.replace(/^( {4})+/gm, (indent) => ' '.repeat(indent.length / 4)).replace(/\n{2,}/g, '\n');
}

function withoutComments(source: string): string {
  return source.replace(/^ *\/\*\*[\s\S]*?\*\/\n/gm, '');
}

/** protobufjs types its 64-bit values by another package's class; all that is used of it are its two halves. */
function ownLong(source: string): string {
  return source.replace('import Long = require("long");', 'type Long = { readonly low: number; readonly high: number; readonly unsigned: boolean };');
}

/** Message → its field numbers: tells a field of a later version, to be ignored, from a known one with a wrong wire type. */
function fieldNumbers(root: { readonly nested: Nested }): string {
  const lines: string[] = [];
  const walk = (nested: Nested): void => {
    for (const name of Object.keys(nested).sort()) {
      const type = nested[name]!;
      if (type.fields) lines.push(`  ${name}: [${Object.values(type.fields).map((field) => field.id).join(', ')}],`);
      if (type.nested) walk(type.nested);
    }
  };
  walk(root.nested);
  return `/** Made by tools/gen.ts: the field numbers of every message. */\nexport const fieldNumbers = {\n${lines.join('\n')}\n} as const;\n`;
}

type Nested = { readonly [name: string]: { readonly fields?: { readonly [field: string]: { readonly id: number } }; readonly nested?: Nested } };

function readOrEmpty(path: string): string {
  try { return readFileSync(path, 'utf8'); } catch { return ''; }
}
