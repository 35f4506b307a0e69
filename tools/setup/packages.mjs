// Step `packages`: node_modules as package-lock.json says, and in it the Node that runs everything else.
import { delimiter, join } from 'node:path';
import { isFile, readJson, run, tryRun } from './world.mjs';

const INSTALL_DEADLINE_MS = 10 * 60_000;

export const packagesStep = {
  name: 'packages',
  doing: 'npm ci (brings the Node that runs everything else)',
  prerequisites: ['npm'],
  lockFolder: ({ root }) => root,
  isDone: ({ root }) => !isFile(join(root, 'package-lock.json')) || (matchesLock(root) && isFile(nodeOf(root))),
  missingAfter: ({ root }) => `node_modules does not match package-lock.json, or ${nodeOf(root)} is missing`,
  perform({ root }) {
    // The npm of the machine on the Node of the machine: `npm ci` removes the Node in node_modules while it runs.
    const env = { ...process.env, PATH: process.env.PATH.split(delimiter).filter((folder) => !folder.includes('node_modules')).join(delimiter) };
    // Our own script may have been started by `npm --omit=dev` or under NODE_ENV=production; the gate needs all packages.
    run('npm', ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund'], { cwd: root, env, deadlineMs: INSTALL_DEADLINE_MS });
    // With install scripts switched off (a setting of many machines) the package `node` is an empty shell: fill it by its own script.
    if (tryRun(nodeOf(root), ['--version']) === null) run('node', ['installArchSpecificPackage.js'], { cwd: join(root, 'node_modules/node'), env, deadlineMs: INSTALL_DEADLINE_MS });
  },
};

function nodeOf(root) {
  return join(root, 'node_modules/.bin/node');
}

/** npm writes what it installed into a hidden lock; whatever it left out for this platform must be optional. An install by hand (`npm i x`) matches too. */
function matchesLock(root) {
  const wanted = readJson(join(root, 'package-lock.json'))?.packages;
  const installed = readJson(join(root, 'node_modules/.package-lock.json'))?.packages;
  if (!wanted || !installed) return false;
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || entry.link) continue;
    const found = installed[path];
    if (found ? found.version !== entry.version : !entry.optional) return false;
  }
  return true;
}
