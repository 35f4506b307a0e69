import { decodePage } from '../../schemas/codec.ts';
import type { BlockChain, Page, PromptRef } from '../../schemas/messages.ts';
import type { Subjects } from '../../schemas/subjects.ts';
import { nameBytes, namesOf, pageBlocks, pageTokens } from '../lib/chain.ts';
import { BusFault, type LogEntry, type Ports } from '../lib/ports.ts';
import { waiter } from './wait.ts';

const pagesMax = 1_024; // 17 KiB each
const fetchesMax = 16;
/** A replica may be a little behind the gateway that wrote the page. */
const fetchTries = 4;
const fetchAgainMs = 60;

export type Prompt = { readonly kind: 'ready'; readonly tokens: Int32Array; readonly chain: BlockChain } | { readonly kind: 'missing'; readonly message: string };

/** Turns a prompt's page names into its tokens: from memory, else from the bus. */
export class WorkerPages {
  readonly #ports: Ports;
  readonly #subjects: Subjects;
  readonly #pages = new Map<string, Page>(); // Least recently used first.
  readonly counters = { hit: 0, fetched: 0, missing: 0 };

  constructor(ports: Ports, subjects: Subjects) {
    this.#ports = ports;
    this.#subjects = subjects;
  }

  /** Settles within `deadlineMs`. */
  resolve(tenant: string, prompt: PromptRef, deadlineMs: number): Promise<Prompt> {
    return new Promise((settle, crash) => {
      const late: Prompt = { kind: 'missing', message: `${prompt.pages.length} pages were not read within ${deadlineMs} ms` };
      const cancel = this.#ports.clock.alarm(this.#ports.clock.now() + deadlineMs, () => settle(late));
      this.#assemble(tenant, prompt).then((done) => { cancel(); settle(done); }, crash);
    });
  }

  async #assemble(tenant: string, prompt: PromptRef): Promise<Prompt> {
    const tokens = new Int32Array(prompt.tokens);
    const chain = new Uint8Array(prompt.pages.length * pageBlocks * nameBytes + prompt.tailChain.length);
    for (let from = 0; from < prompt.pages.length; from += fetchesMax) {
      const names = prompt.pages.slice(from, from + fetchesMax);
      const pages = await Promise.all(names.map((name) => this.#page(tenant, name)));
      for (const [i, page] of pages.entries()) {
        if (page === null) return { kind: 'missing', message: `page ${from + i + 1} of ${prompt.pages.length}, ${names[i]!}` };
        const parent = prompt.pages[from + i - 1] ?? '';
        if (page.parent !== parent) return { kind: 'missing', message: `page ${names[i]!} follows '${page.parent}', the prompt says '${parent}'` };
        tokens.set(page.tokens, (from + i) * pageTokens);
        chain.set(page.chain, (from + i) * pageBlocks * nameBytes);
      }
    }
    tokens.set(prompt.tail, prompt.pages.length * pageTokens);
    chain.set(prompt.tailChain, chain.length - prompt.tailChain.length);
    return { kind: 'ready', tokens, chain };
  }

  async #page(tenant: string, name: string): Promise<Page | null> {
    const key = `${tenant}/${name}`;
    const known = this.#pages.get(key);
    if (known !== undefined) this.counters.hit++;
    const page = known ?? (await this.#fetch(tenant, name));
    if (page === null) return null;
    this.#pages.delete(key);
    this.#pages.set(key, page);
    if (this.#pages.size > pagesMax) this.#pages.delete(this.#pages.keys().next().value!);
    return page;
  }

  /** Null: not there, or not readable now. A page that is not what its name says is not there. */
  async #fetch(tenant: string, name: string): Promise<Page | null> {
    let entry = await this.#read(tenant, name);
    for (let tried = 1; entry === null && tried < fetchTries; tried++) {
      await waiter(this.#ports.clock)(fetchAgainMs * tried);
      entry = await this.#read(tenant, name);
    }
    const page = entry === null ? null : decodePage(entry.bytes);
    const isRight = page !== null && page.kind === 'page' && page.tokens.length === pageTokens && page.chain.length === pageBlocks * nameBytes
      && namesOf(page.chain.subarray(-nameBytes))[0] === name;
    this.counters[isRight ? 'fetched' : 'missing']++;
    return isRight ? page : null;
  }

  async #read(tenant: string, name: string): Promise<LogEntry | null> {
    try {
      return await this.#ports.bus.getLast('ctx', this.#subjects.page(tenant, name));
    } catch (fault) {
      if (fault instanceof BusFault) return null;
      throw fault;
    }
  }
}
