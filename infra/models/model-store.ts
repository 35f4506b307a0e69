import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Choice, HubFile } from './choose.ts';
import { bytesOf } from './partials.ts';
import type { HubSpec } from './spec.ts';

/** What a spec meant when it was last looked up. */
export interface Known {
  readonly commit: string;
  /** What to open: a GGUF, or a folder. */
  readonly path: string;
}

interface Record { readonly v: 1; readonly commit: string; readonly entry: string; readonly files: readonly HubFile[] }

/**
 * Where downloaded models lie: `<cache>/models/hf/<owner>/<name>/<digest of its files>/…`, so that a commit that changed
 * something else downloads nothing, and `refs/` beside it, which says what each spec was found to mean.
 */
export class ModelStore {
  readonly folder: string;
  readonly #ref: string;

  constructor(cache: string, { repo, revision, file }: HubSpec) {
    this.folder = join(cache, 'models', 'hf', ...repo.split('/'));
    this.#ref = join(this.folder, 'refs', `${digestOf([revision ?? 'main', file ?? ''])}.json`);
  }

  placeOf(choice: Choice, file: HubFile): string { return join(this.#folderOf(choice), file.path); }
  pathOf(choice: Choice): string { return join(this.#folderOf(choice), choice.entry); }

  /** Null: nothing is known of this spec, or not all of it is there any more. */
  async known(): Promise<Known | null> {
    try {
      const { v, commit, entry, files } = JSON.parse(await readFile(this.#ref, 'utf8')) as Record;
      if (v !== 1) return null;
      for (const file of files) if (await bytesOf(this.placeOf({ files, entry }, file)) !== file.bytes) return null;
      return { commit, path: this.pathOf({ files, entry }) };
    } catch {
      return null; // Absent, or cut short by somebody who died.
    }
  }

  /** A cache that cannot be written only costs a look at the hub at the next start. */
  async note(commit: string, { entry, files }: Choice): Promise<void> {
    const draft = `${this.#ref}.${process.pid}`;
    try {
      await mkdir(dirname(this.#ref), { recursive: true });
      await writeFile(draft, JSON.stringify({ v: 1, commit, entry, files } satisfies Record));
      await rename(draft, this.#ref);
    } catch { /* as said above */ }
  }

  #folderOf({ files }: Choice): string { return join(this.folder, digestOf(files.map(({ path, digest }) => `${path} ${digest.hex}`))); }
}

const digestOf = (lines: readonly string[]): string => createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16);
