import { ModelError } from './model-error.ts';

/** `hf:owner/name`, `hf:owner/name:file.gguf`, either with `@revision` (branch, tag or commit) behind the name. */
export interface HubSpec {
  readonly repo: string;
  /** Null: what the repository's `main` is now. */
  readonly revision: string | null;
  /** Null: the only GGUF, or the safetensors set. */
  readonly file: string | null;
}

const prefix = 'hf:';
const shape = /^([\w.-]+)\/([\w.-]+)(?:@([\w./-]+))?(?::(.+))?$/;

export const isHubSpec = (path: string): boolean => path.startsWith(prefix);

/** Throws ModelError. */
export function parseSpec(text: string): HubSpec {
  const [, owner = '', name = '', revision = null, file = null] = shape.exec(text.slice(prefix.length)) ?? [];
  const isName = (part: string): boolean => part !== '' && !/^\.+$/.test(part);
  if (!isHubSpec(text) || !isName(owner) || !isName(name) || (revision !== null && !isInside(revision)) || (file !== null && !isInside(file))) {
    throw new ModelError(`"${text}" names no model: hf:owner/name, hf:owner/name:file.gguf and hf:owner/name@revision:file.gguf are understood`);
  }
  return { repo: `${owner}/${name}`, revision, file };
}

/** A path that stays below the folder it is joined to. Those of a repository come from a server. */
export function isInside(path: string): boolean {
  return path.length <= 512 && !/[\\\0-\x1f]/.test(path) && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}
