// Step `addon`: the native engine, built by CMake into build/ when anything under kernels/ has changed.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { cmakeProgram, compilerProgram, ninjaProgram } from './prerequisites.mjs';
import { isFile, makeWritable, readJson, run, writeWhole } from './world.mjs';

const CONFIGURE_DEADLINE_MS = 2 * 60_000;
const BUILD_DEADLINE_MS = 20 * 60_000;

export const addonStep = {
  name: 'addon',
  doing: 'building the native engine (CMake, Release)',
  prerequisites: ['compiler', 'cmake', 'make'],
  lockFolder: ({ root }) => root,
  isDone({ root }) {
    const stamp = readJson(stampPath(root));
    return stamp !== null && isFile(join(root, 'build/slackwater.node')) && stamp.inputs === inputsHash(root);
  },
  missingAfter: ({ root }) => `${join(root, 'build/slackwater.node')} is missing, or the sources changed during the build`,
  perform({ root, threads }) {
    const build = join(root, 'build');
    makeWritable(build);
    const inputs = inputsHash(root); // before the build: what changes during it is built the next time
    const cached = configuredFor(build);
    if (cached !== null && cached !== join(root, 'kernels')) {
      rmSync(build, { recursive: true }); // CMake refuses a build folder that was configured elsewhere
      makeWritable(build);
    }
    const cmake = cmakeProgram();
    const ninja = configuredFor(build) === null ? ninjaProgram() : null; // a configured folder keeps its generator
    const generator = ninja === null ? [] : ['-G', 'Ninja', `-DCMAKE_MAKE_PROGRAM=${ninja}`];
    const compiler = compilerProgram();
    run(cmake, [
      '-S', join(root, 'kernels'), '-B', build, ...generator, '-DCMAKE_BUILD_TYPE=Release',
      ...(compiler === null ? [] : [`-DCMAKE_CXX_COMPILER=${compiler}`]),
      `-DSLACKWATER_NODE_MODULES=${headersFolder(root)}`,
    ], { cwd: root, deadlineMs: CONFIGURE_DEADLINE_MS });
    run(cmake, ['--build', build, '--config', 'Release', '--target', 'slackwater_addon', '--parallel', String(threads)], { cwd: root, deadlineMs: BUILD_DEADLINE_MS });
    writeWhole(stampPath(root), JSON.stringify({ inputs }));
  },
};

function stampPath(root) {
  return join(root, 'build/.addon.json');
}

/** Contents, not times: a fresh clone, a branch switched and switched back, and a touched file all keep the build. */
function inputsHash(root) {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch} ${process.env.CXX ?? ''} ${process.env.CXXFLAGS ?? ''}\0`);
  for (const path of filesUnder(join(root, 'kernels'))) {
    if (!/\.(cpp|h|inc|cu|cuh|txt|cmake)$/.test(path) || /_(test|bench)\.cpp$/.test(path)) continue;
    hash.update(`${relative(root, path)}\0`).update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex');
}

function filesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name)).sort();
}

/** The source folder that `build` was configured for, or null. */
function configuredFor(build) {
  const cache = join(build, 'CMakeCache.txt');
  return isFile(cache) ? (/^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(readFileSync(cache, 'utf8'))?.[1] ?? '') : null;
}

/** The node_modules that holds the Node-API headers: below us in the clone, around us when npm installed us elsewhere. */
function headersFolder(root) {
  return resolve(dirname(createRequire(join(root, 'package.json')).resolve('node-addon-api/package.json')), '..');
}
