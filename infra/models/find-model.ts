import { type Choice, chooseFiles } from './choose.ts';
import { download } from './download.ts';
import { Hub, type HubLimits, hubLimits } from './hub.ts';
import { HubFault } from './hub-fetch.ts';
import { ModelError } from './model-error.ts';
import { type Known, ModelStore } from './model-store.ts';
import type { Patience } from './partials.ts';
import type { Progress } from './progress.ts';
import { type HubSpec, isHubSpec, parseSpec } from './spec.ts';

export interface FindOptions {
  /** The cache folder; models go into `models/hf` of it. */
  readonly cache: string;
  /** `HF_TOKEN`, `HF_ENDPOINT`, and `HF_HUB_OFFLINE=1`, with which the hub is not asked. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly progress: Progress;
  readonly limits?: Partial<HubLimits & Patience>;
}

const patience: Patience = { lookMs: 250, patienceMs: 3 * 60_000 };

/**
 * The path of a model on this machine: a path as it was given, and what `hf:owner/name[@revision][:file]` names after it
 * was downloaded. A revision that is a commit is asked for once; of a branch the hub is asked at each start, and when it
 * cannot be reached the copy from before is taken. Throws ModelError with one line.
 */
export async function findModel(path: string, { cache, env, progress, limits: given }: FindOptions): Promise<string> {
  if (!isHubSpec(path)) return path;
  const spec = parseSpec(path), store = new ModelStore(cache, spec), limits = { ...hubLimits, ...patience, ...given };
  const known = await store.known();
  const isOffline = !['', '0', 'false', undefined].includes(env['HF_HUB_OFFLINE']?.toLowerCase());
  if (known !== null && (isOffline || known.commit === spec.revision)) return known.path;
  if (isOffline) throw new ModelError(`${path} has not been downloaded into ${store.folder}, and HF_HUB_OFFLINE forbids to ask for it`);
  try {
    // Who has a copy does not wait long for a hub that is not there.
    const hub = await Hub.open(Hub.settingsFrom(env, known === null ? limits : { ...limits, askAttempts: 1 }));
    const found = await lookUp(hub, spec, known, (line) => progress.say(line));
    if ('path' in found) return found.path;
    const { commit, choice } = found;
    progress.begin(path, choice.files.reduce((sum, { bytes }) => sum + bytes, 0));
    for (const file of choice.files) {
      await download(file, store.placeOf(choice, file), (from) => hub.read(spec.repo, commit, file, from), limits, {
        onBytes: (bytes) => progress.file(file.path, bytes), onLine: (line) => progress.say(line),
      });
    }
    progress.end();
    await store.note(commit, choice);
    return store.pathOf(choice);
  } catch (error) {
    progress.end();
    throw error instanceof HubFault ? new ModelError(error.message) : error;
  }
}

async function lookUp(hub: Hub, { repo, revision, file }: HubSpec, known: Known | null, say: (line: string) => void): Promise<Known | { readonly commit: string; readonly choice: Choice }> {
  try {
    const commit = await hub.commitOf(repo, revision ?? 'main');
    if (commit === known?.commit) return known;
    return { commit, choice: chooseFiles(repo, await hub.filesOf(repo, commit), file) };
  } catch (error) {
    if (known === null || !(error instanceof HubFault) || error.kind !== 'passing') throw error;
    say(`${error.message}; taking the copy of ${repo} at ${known.commit.slice(0, 12)} from before`);
    return known;
  }
}
