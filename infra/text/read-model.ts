import { statSync } from 'node:fs';
import { extname } from 'node:path';
import { readGguf } from './gguf.ts';
import { readFolder } from './hub-folder.ts';
import type { ModelFacts } from './model-facts.ts';

/**
 * The text side of a model: a .gguf file, a folder of the hub's kind (config.json, tokenizer.json, …), or a .safetensors file in one.
 * Throws TextError: `gguf_unreadable`, `gguf_invalid` of a GGUF, `model_unreadable`, `model_invalid`, `model_unsupported` of a folder.
 */
export function readModel(path: string): ModelFacts {
  return isFolderModel(path) ? readFolder(path) : readGguf(path);
}

export function isFolderModel(path: string): boolean {
  return extname(path) === '.safetensors' || (statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false);
}
