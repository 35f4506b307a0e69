import { closeSync, openSync, readSync, readdirSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

/** What one subagent reviews. */
export interface Folder {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly files: readonly SourceFile[];
}

export interface SourceFile { readonly name: string; readonly location: string; readonly bytes: number }

export interface Sample { readonly name: string; readonly folders: readonly Folder[]; /** What was left out, for whoever wonders. */ readonly leftOut: readonly string[] }

/** What is reviewed when nothing is named: some of this repository. An installed package has the same files as JavaScript. */
const fixed: Readonly<Record<string, readonly string[]>> = {
  'actors/trace': ['trace.machine.ts', 'runs.ts', 'trace.ts'],
  'actors/control': ['control.ts', 'placement.ts', 'retention.ts'],
  'kernels/engine': ['loop.cpp', 'block_pool_move.cpp', 'sampler.cpp'],
  'infra/gateway': ['gateway.ts', 'recall-splices.ts', 'requests.ts'],
};

const bounds = { folders: 8, filesPerFolder: 4, filesSeen: 20_000, bytesMax: 1 << 20 } as const;
const skipped = new Set(['node_modules', 'dist', 'build', 'target', 'vendor', '__pycache__', 'gen', 'golden']);

/** The fixed sample below `root`; a file that neither the clone nor the package has is left out and named. */
export function fixedSample(root: string): Sample {
  const leftOut: string[] = [];
  const folders = Object.entries(fixed).map(([path, names]) => ({
    path,
    files: names.flatMap((name) => {
      const found = [join(root, path, name), join(root, 'dist', path, name.replace(/\.ts$/, '.js'))].map(findFile).find((file) => file !== null);
      if (found == null) leftOut.push(`${path}/${name}: not here`);
      return found ?? [];
    }),
  }));
  return { name: 'a fixed sample of slackwater', folders: folders.filter((folder) => folder.files.length > 0), leftOut };
}

/** The folders below `directory` with the most text, and of each the largest files that are text. Throws when there are none. */
export function sampleOf(directory: string): Sample {
  const leftOut: string[] = [];
  const byFolder = new Map<string, SourceFile[]>();
  let seen = 0;
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith('.') || ++seen > bounds.filesSeen) continue;
      const location = join(folder, entry.name);
      if (entry.isDirectory() && !skipped.has(entry.name)) walk(location);
      if (!entry.isFile()) continue;
      const file = findFile(location);
      if (file === null || file.bytes === 0 || file.bytes > bounds.bytesMax || !isText(location)) continue;
      const path = relative(directory, folder).replaceAll('\\', '/') || '.';
      byFolder.set(path, [...(byFolder.get(path) ?? []), file]);
    }
  };
  walk(directory);
  if (seen > bounds.filesSeen) leftOut.push(`${directory}: what comes after ${bounds.filesSeen} entries`);
  const bytesOf = (files: readonly SourceFile[]): number => files.reduce((sum, file) => sum + file.bytes, 0);
  const folders = [...byFolder].map(([path, files]) => ({ path, files: [...files].sort((a, b) => b.bytes - a.bytes) })).sort((a, b) => bytesOf(b.files) - bytesOf(a.files));
  for (const { path, files } of folders.slice(bounds.folders)) leftOut.push(`${path}: ${files.length} files, beyond ${bounds.folders} folders`);
  for (const { path, files } of folders.slice(0, bounds.folders)) if (files.length > bounds.filesPerFolder) leftOut.push(`${path}: ${files.length - bounds.filesPerFolder} smaller files, beyond ${bounds.filesPerFolder}`);
  if (folders.length === 0) throw new Error(`${directory} has no text files of at most ${bounds.bytesMax >> 20} MiB to review`);
  return { name: basename(directory), folders: folders.slice(0, bounds.folders).map(({ path, files }) => ({ path, files: files.slice(0, bounds.filesPerFolder) })), leftOut };
}

function findFile(location: string): SourceFile | null {
  const stat = statSync(location, { throwIfNoEntry: false });
  return stat?.isFile() === true ? { name: basename(location), location, bytes: stat.size } : null;
}

/** No zero byte at its beginning. */
function isText(location: string): boolean {
  let file: number | null = null;
  try {
    file = openSync(location, 'r');
    const head = new Uint8Array(4_096);
    return !head.subarray(0, readSync(file, head)).includes(0);
  } catch {
    return false;
  } finally {
    if (file !== null) closeSync(file);
  }
}
