import type { HubFile } from './choose.ts';
import { HubFault, guardedFetch } from './hub-fetch.ts';
import { ModelError } from './model-error.ts';

export interface HubSettings {
  /** Such as https://huggingface.co. */
  readonly endpoint: string;
  readonly token: string | null;
  readonly limits: HubLimits;
}

export interface HubLimits {
  /** Until the first byte of an answer. */
  readonly answerMs: number;
  /** Between two pieces of an answer. */
  readonly stallMs: number;
  /** How often the API is asked before it is taken to be away. */
  readonly askAttempts: number;
  /** How often in a row a file is asked for and brings nothing. */
  readonly attempts: number;
  /** The first pause between two attempts; each is twice the one before. */
  readonly pauseMs: number;
}

export const hubLimits: HubLimits = { answerMs: 20_000, stallMs: 30_000, askAttempts: 3, attempts: 6, pauseMs: 500 };
/** No model has more files, and a tree that never ends would never be listed. */
const filesMax = 20_000;

/** The hub's protocol by `@huggingface/hub`, under our deadlines. Faults are HubFault; those that pass are tried again. */
export class Hub {
  readonly #api: typeof import('@huggingface/hub');
  readonly #settings: HubSettings;
  readonly #guard: ReturnType<typeof guardedFetch>;

  private constructor(api: typeof import('@huggingface/hub'), settings: HubSettings) {
    this.#api = api;
    this.#settings = settings;
    this.#guard = guardedFetch(settings.limits, settings.token !== null);
  }

  /** The package takes a quarter of a second to load: only who names a model by `hf:` waits for it. */
  static async open(settings: HubSettings): Promise<Hub> { return new Hub(await import('@huggingface/hub'), settings); }

  /** `HF_ENDPOINT` and `HF_TOKEN`. Throws ModelError. */
  static settingsFrom(env: Readonly<Record<string, string | undefined>>, limits: HubLimits): HubSettings {
    const endpoint = (env['HF_ENDPOINT'] || 'https://huggingface.co').replace(/\/+$/, ''), token = env['HF_TOKEN'] || null;
    if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) throw new ModelError(`HF_ENDPOINT "${endpoint}" is not an address such as https://huggingface.co`);
    if (token !== null && !token.startsWith('hf_')) throw new ModelError('HF_TOKEN is no token of the hub: those begin with hf_');
    return { endpoint, token, limits };
  }

  /** The commit that a revision is now, 40 hex digits. */
  async commitOf(repo: string, revision: string): Promise<string> {
    const { sha } = await this.#ask(repo, () => this.#api.modelInfo({ ...this.#common(), name: repo, revision, additionalFields: ['sha'] }));
    if (typeof sha !== 'string' || !/^[0-9a-f]{40}$/.test(sha)) throw new HubFault('odd', `${repo}: the hub names no commit for ${revision}`);
    return sha;
  }

  filesOf(repo: string, commit: string): Promise<HubFile[]> {
    return this.#ask(repo, async () => {
      const files: HubFile[] = [];
      let entries = 0;
      for await (const { type, path, size, oid, lfs } of this.#api.listFiles({ ...this.#common(), repo, revision: commit, recursive: true })) {
        // Folders count as well: a tree that never ends would never be listed.
        if (++entries > filesMax) throw new HubFault('odd', `${repo} lists more than ${filesMax} files and folders`);
        if (type !== 'file') continue;
        const digest = lfs === undefined ? { kind: 'git-sha1', hex: String(oid) } as const : { kind: 'sha256', hex: String(lfs.oid).replace(/^sha256:/, '') } as const;
        if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(digest.hex) || !Number.isSafeInteger(size) || size < 0) throw new HubFault('odd', `${repo} lists ${path} without its digest or its size`);
        files.push({ path, bytes: size, digest });
      }
      return files;
    });
  }

  /** The bytes of a file from `from` on: one request, no second try. Its faults are HubFault, kind `whole` when the server would only send all of it. */
  async *read(repo: string, commit: string, file: HubFile, from: number): AsyncGenerator<Uint8Array> {
    try {
      const blob = await this.#api.downloadFile({ ...this.#common(), repo, path: file.path, revision: commit, xet: false });
      if (blob === null) throw new HubFault('missing', `${repo} has no ${file.path} at ${commit}`);
      if (blob.size !== file.bytes) throw new HubFault('odd', `${repo}: ${file.path} is listed with ${file.bytes} bytes and offered with ${blob.size}`);
      if (file.bytes > 0) yield* blob.slice(from).stream() as unknown as AsyncIterable<Uint8Array>;
    } catch (error) {
      throw this.#guard.faultOf(error, repo);
    }
  }

  #common() {
    const { endpoint, token } = this.#settings;
    return { hubUrl: endpoint, fetch: this.#guard.fetch, ...(token === null ? {} : { accessToken: token }) };
  }

  async #ask<T>(repo: string, work: () => Promise<T>): Promise<T> {
    const { askAttempts, pauseMs } = this.#settings.limits;
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        const fault = this.#guard.faultOf(error, repo);
        if (fault.kind !== 'passing' || attempt >= askAttempts) throw fault;
        await new Promise((resolve) => { setTimeout(resolve, pauseMs * 2 ** (attempt - 1)); });
      }
    }
  }
}
