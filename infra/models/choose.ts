import { ModelError } from './model-error.ts';
import { isInside } from './spec.ts';

/** A file of a repository as its tree lists it. */
export interface HubFile {
  readonly path: string;
  readonly bytes: number;
  /** Of the content. Large files have a SHA-256, the others git's own digest of a blob. */
  readonly digest: { readonly kind: 'sha256' | 'git-sha1'; readonly hex: string };
}

/** What has to be on the disk, and what the engine opens: a GGUF, or a folder of safetensors. */
export interface Choice {
  readonly files: readonly HubFile[];
  /** A path in the repository; '' is its root folder. */
  readonly entry: string;
}

const namesShown = 20;
/** A folder of safetensors is nothing without these two. */
const needed = ['config.json', 'tokenizer.json'];
const welcome = ['tokenizer_config.json', 'generation_config.json', 'special_tokens_map.json', 'chat_template.jinja'];
const index = 'model.safetensors.index.json';
const shard = /^model-\d+-of-\d+\.safetensors$/;
const splitGguf = /-\d+-of-\d+\.gguf$/;

/** Throws ModelError with what there is to choose from. `file` null: exactly one GGUF, or else the safetensors set. */
export function chooseFiles(repo: string, listed: readonly HubFile[], file: string | null): Choice {
  const files = listed.filter(({ path }) => isInside(path));
  const ggufs = files.filter(({ path }) => path.endsWith('.gguf'));
  if (file !== null) return named(repo, files, ggufs, file);
  const [only, ...others] = ggufs;
  if (others.length > 0) throw new ModelError(`${repo} has ${ggufs.length} GGUF files: choose one, as in hf:${repo}:${only?.path} (${list(ggufs)})`);
  if (only !== undefined) return whole(repo, only);
  return safetensors(repo, files);
}

function named(repo: string, files: readonly HubFile[], ggufs: readonly HubFile[], path: string): Choice {
  const found = files.find((one) => one.path === path);
  if (found === undefined) throw new ModelError(`${repo} has no file ${path}${ggufs.length === 0 ? ', nor any other GGUF' : `; its GGUF files: ${list(ggufs)}`}`);
  if (!path.endsWith('.gguf')) throw new ModelError(`${path} of ${repo} is not a GGUF; hf:${repo} without a file takes its safetensors`);
  return whole(repo, found);
}

function whole(repo: string, file: HubFile): Choice {
  if (splitGguf.test(file.path)) throw new ModelError(`${file.path} of ${repo} is one part of a GGUF that was split: such are not read`);
  return { files: [file], entry: file.path };
}

function safetensors(repo: string, files: readonly HubFile[]): Choice {
  const find = (names: readonly string[]): HubFile[] => files.filter(({ path }) => names.includes(path));
  const single = find(['model.safetensors']);
  const shards = files.filter(({ path }) => shard.test(path));
  const weights = single.length > 0 ? single : [...shards, ...find([index])];
  if (single.length + shards.length === 0) throw new ModelError(`${repo} has neither a GGUF nor model.safetensors (${list(files)})`);
  const missing = [...needed, ...(single.length > 0 ? [] : [index])].filter((name) => find([name]).length === 0);
  if (missing.length > 0) throw new ModelError(`${repo} has safetensors, but no ${missing.join(' and no ')}`);
  return { files: [...find([...needed, ...welcome]), ...weights], entry: '' };
}

function list(files: readonly HubFile[]): string {
  if (files.length === 0) return 'it is empty';
  const shown = files.slice(0, namesShown).map(({ path, bytes }) => `${path} ${sizeText(bytes)}`);
  return [...shown, ...(files.length > namesShown ? [`and ${files.length - namesShown} more`] : [])].join(', ');
}

export const sizeText = (bytes: number): string => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1e3)} kB`);
