#!/usr/bin/env node
// The program `slackwater`: finds the code (TypeScript in the clone, dist/ in an installed package) and a Node that can run it.
// It must itself run on any Node, so it is plain JavaScript. `slackwater setup` fetches and builds what the package does not carry.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MIN = [24, 12]; // runs .ts as it is from here on
const root = fileURLToPath(new URL('../..', import.meta.url));
const source = join(root, 'infra/main/cli.ts');
const cli = existsSync(source) ? source : join(root, 'dist/infra/main/cli.js');
const args = process.argv.slice(2);
const script = args[0] === 'setup' ? [join(root, 'tools/setup/main.mjs'), ...args.slice(1)] : [cli, ...args];

const [major, minor] = process.versions.node.split('.').map(Number);
if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) {
  process.argv.splice(1, process.argv.length - 1, ...script);
  await import(script[0]);
} else {
  runOn(packagedNode());
}

/** The npm package `node`, a dependency, holds a whole Node. */
function packagedNode() {
  try {
    const node = join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin/node');
    if (existsSync(node)) return node;
  } catch {
    // Not installed: told below.
  }
  process.stderr.write(`slackwater needs Node ${NODE_MIN.join('.')} or newer; this is ${process.versions.node}, and the package \`node\` that would bring one is not installed (were install scripts switched off?)\n`);
  process.exit(1);
}

/** The other Node gets our terminal, our signals, and decides our exit code. */
function runOn(node) {
  const child = spawn(node, script, { stdio: 'inherit' });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`slackwater: cannot start ${node}: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}
