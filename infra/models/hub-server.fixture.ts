import { createHash } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What goes wrong with the next answer with a file's content; each is used once, in order. */
export type Trouble =
  | { readonly kind: 'status'; readonly status: number }
  /** The connection ends, or says nothing more, after so many bytes of this answer. */
  | { readonly kind: 'cut' | 'stall'; readonly afterBytes: number }
  | { readonly kind: 'ignores-range' }
  | { readonly kind: 'damage' }
  | { readonly kind: 'longer'; readonly bytes: number }
  | { readonly kind: 'slow'; readonly pieceMs: number };

export interface HubRepo {
  commit: string;
  readonly isPrivate?: boolean;
  /** `lfs`: large, behind a redirect, with a SHA-256. `listedBytes`: a lie. */
  readonly files: Record<string, { readonly content: Buffer; readonly lfs: boolean; readonly listedBytes?: number }>;
}

export interface Seen { readonly server: 'hub' | 'store'; readonly path: string; readonly range: string | null; readonly authorization: string | null }

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const gitSha1 = (bytes: Buffer): string => createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
const treePage = 3;
const pieceBytes = 16 << 10; // of a slow answer

/**
 * Speaks the hub's protocol on two addresses, as the hub does: the API and `resolve`, which sends small files itself and
 * redirects to the store for large ones. Written after the requests that `@huggingface/hub` makes.
 */
export class HubServer {
  readonly repos: Record<string, HubRepo> = {};
  readonly token = 'hf_good';
  readonly seen: Seen[] = [];
  readonly troubles: Trouble[] = [];
  /** Of the API: so many answers of this status come first. */
  apiFails: { times: number; status: number } = { times: 0, status: 503 };
  isApiSilent = false;
  #hub: Server;
  #store: Server;

  private constructor() {
    this.#hub = createServer((request, response) => this.#answerHub(request, response));
    this.#store = createServer((request, response) => this.#answerStore(request, response));
  }

  static async start(): Promise<HubServer> {
    const server = new HubServer();
    for (const one of [server.#hub, server.#store]) await new Promise<void>((resolve) => { one.listen(0, '127.0.0.1', resolve); });
    return server;
  }

  get url(): string { return `http://127.0.0.1:${(this.#hub.address() as AddressInfo).port}`; }
  contentAnswers(): Seen[] { return this.seen.filter(({ server }) => server === 'store').filter(({ range }) => range !== 'bytes=0-0'); }

  async stop(): Promise<void> {
    for (const one of [this.#hub, this.#store]) {
      one.closeAllConnections();
      await new Promise<void>((resolve) => { one.close(() => resolve()); });
    }
  }

  #note(server: Seen['server'], { url = '', headers }: IncomingMessage): void {
    this.seen.push({ server, path: url, range: headers.range ?? null, authorization: headers.authorization ?? null });
  }

  #answerHub(request: IncomingMessage, response: ServerResponse): void {
    this.#note('hub', request);
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    if (pathname.startsWith('/api/') && this.isApiSilent) return;
    if (pathname.startsWith('/api/') && this.apiFails.times-- > 0) { response.writeHead(this.apiFails.status).end(); return; }
    const [, repoPath = '', what, revision = '', path = ''] = /^(?:\/api\/models)?\/([^/]+\/[^/]+)\/(revision|tree|resolve)\/([^/]+)(?:\/(.*))?$/.exec(pathname) ?? [];
    const repo = this.repos[repoPath];
    const refuse = (status: number, code: string): void => { response.writeHead(status, { 'X-Error-Code': code, 'Content-Type': 'application/json' }).end('{"error":"refused"}'); };
    // As the hub does: whether there is such a repository is not for everybody to know.
    const isAllowed = request.headers.authorization === `Bearer ${this.token}`;
    if ((repo === undefined || repo.isPrivate === true) && !isAllowed) return refuse(401, 'RepoNotFound');
    if (repo === undefined) return refuse(404, 'RepoNotFound');
    if (!['main', repo.commit].includes(revision)) return refuse(404, 'RevisionNotFound');
    if (what === 'revision') return json(response, { _id: '1', id: repoPath, sha: repo.commit, private: false, gated: false, downloads: 0, likes: 0, lastModified: '2026-01-01T00:00:00.000Z' });
    if (what === 'tree') return this.#tree(response, repo, pathname, Number(searchParams.get('cursor') ?? 0));
    const file = repo.files[decodeURIComponent(path)];
    if (file === undefined) return refuse(404, 'EntryNotFound');
    if (!file.lfs) return this.#content(request, response, file.content, gitSha1(file.content));
    const { port } = this.#store.address() as AddressInfo;
    response.writeHead(302, {
      Location: `http://localhost:${port}/${sha256(file.content)}?signature=1`, 'X-Repo-Commit': repo.commit, 'X-Linked-Size': file.content.length, 'X-Linked-ETag': `"${sha256(file.content)}"`,
    }).end();
  }

  #tree(response: ServerResponse, { files }: HubRepo, pathname: string, from: number): void {
    const all = Object.entries(files).map(([path, { content, lfs, listedBytes }]) => ({
      type: 'file', path, size: listedBytes ?? content.length, oid: gitSha1(content), ...(lfs ? { lfs: { oid: sha256(content), size: content.length, pointerSize: 134 } } : {}),
    }));
    const next = from + treePage;
    json(response, [{ type: 'directory', path: 'folder', size: 0, oid: '0'.repeat(40) }, ...all.slice(from, next)], next < all.length ? { Link: `<${this.url}${pathname}?recursive=true&cursor=${next}>; rel="next"` } : {});
  }

  #answerStore(request: IncomingMessage, response: ServerResponse): void {
    this.#note('store', request);
    const digest = new URL(request.url ?? '/', this.url).pathname.slice(1);
    const file = Object.values(this.repos).flatMap(({ files }) => Object.values(files)).find(({ content }) => sha256(content) === digest);
    if (file === undefined) response.writeHead(404).end();
    else this.#content(request, response, file.content, 'not-the-digest');
  }

  #content(request: IncomingMessage, response: ServerResponse, content: Buffer, etag: string): void {
    const isProbe = request.headers.range === 'bytes=0-0';
    const trouble = isProbe ? undefined : this.troubles.shift();
    if (trouble?.kind === 'status') { response.writeHead(trouble.status).end(); return; }
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const isPart = first !== undefined && trouble?.kind !== 'ignores-range';
    const from = isPart ? Number(first) : 0, to = isPart ? Number(last) + 1 : content.length;
    let body = Buffer.from(content.subarray(from, to));
    if (trouble?.kind === 'damage') body[body.length >> 1]! ^= 1;
    if (trouble?.kind === 'longer') body = Buffer.concat([body, Buffer.alloc(trouble.bytes)]);
    response.writeHead(isPart ? 206 : 200, { ETag: `"${etag}"`, 'Content-Length': body.length, ...(isPart ? { 'Content-Range': `bytes ${from}-${to - 1}/${content.length}` } : {}) });
    void send(response, body, trouble);
  }
}

async function send(response: ServerResponse, body: Buffer, trouble: Trouble | undefined): Promise<void> {
  const end = trouble?.kind === 'cut' || trouble?.kind === 'stall' ? trouble.afterBytes : body.length;
  const step = trouble?.kind === 'slow' ? pieceBytes : 1 << 20;
  for (let at = 0; at < end && !response.destroyed; at += step) {
    await new Promise<void>((resolve) => { response.write(body.subarray(at, Math.min(end, at + step)), () => resolve()); });
    if (trouble?.kind === 'slow') await new Promise((resolve) => { setTimeout(resolve, trouble.pieceMs); });
  }
  if (trouble?.kind === 'cut') response.destroy();
  else if (trouble?.kind !== 'stall') response.end();
}

function json(response: ServerResponse, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
}
