import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { join } from 'node:path';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The model that set-up puts into the cache folder, for tests of this folder. */
export const modelPath = join(process.env['SLACKWATER_CACHE'] ?? join(root, '.cache'), 'models', 'SmolLM2-135M-Instruct.Q4_1.gguf');

/** A golden file of this folder, made by tools/peers/tokens_golden.py. */
export function readGolden<T>(name: string): T {
  return JSON.parse(gunzipSync(readFileSync(new URL(name, import.meta.url))).toString('utf8')) as T;
}
