import { decodeInbox, decodePage } from '../../schemas/codec.ts';
import type { InboxEvent, PromptRef, StepAccepted, StepEnded } from '../../schemas/messages.ts';
import type { Subjects } from '../../schemas/subjects.ts';
import { nameBytes, pageBlocks } from '../lib/chain.ts';
import { BusFault, type Ports } from '../lib/ports.ts';

const entriesMax = 4_096;
const pagesMax = 16_384; // 1 KiB of names each

/** The log's larger entries and the pages' block names, by sequence and by name: cached, and read again when they are not. */
export class Prompts {
  readonly #ports: Ports;
  readonly #subjects: Subjects;
  readonly #entries = new Map<number, StepAccepted | StepEnded>();
  readonly #pages = new Map<string, Uint8Array>();

  constructor(ports: Ports, subjects: Subjects) {
    this.#ports = ports;
    this.#subjects = subjects;
  }

  remember(seq: number, event: InboxEvent): void {
    if (event.kind === 'stepAccepted' || event.kind === 'stepEnded') bounded(this.#entries, seq, event, entriesMax);
  }

  async accepted(seq: number): Promise<StepAccepted | null> {
    const entry = await this.#entry(seq);
    return entry?.kind === 'stepAccepted' ? entry : null;
  }

  async ended(seq: number): Promise<StepEnded | null> {
    const entry = await this.#entry(seq);
    return entry?.kind === 'stepEnded' ? entry : null;
  }

  /** Names of the prompt's full blocks; shorter where a page can not be read now: then less of the prefix is found, nothing worse. */
  async chainOf(prompt: PromptRef, tenant: string): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (const name of prompt.pages) {
      const names = this.#pages.get(name) ?? (await this.#page(name, tenant));
      if (names === null) return join(parts);
      parts.push(names);
    }
    return join([...parts, prompt.tailChain]);
  }

  async #entry(seq: number): Promise<StepAccepted | StepEnded | null> {
    const known = this.#entries.get(seq);
    if (known !== undefined) return known;
    const entry = await quiet(() => this.#ports.bus.get('in', seq));
    if (entry === null) return null;
    const event = decodeInbox(entry.bytes);
    if (event.kind !== 'stepAccepted' && event.kind !== 'stepEnded') return null;
    bounded(this.#entries, seq, event, entriesMax);
    return event;
  }

  async #page(name: string, tenant: string): Promise<Uint8Array | null> {
    const entry = await quiet(() => this.#ports.bus.getLast('ctx', this.#subjects.page(tenant, name)));
    const page = entry === null ? null : decodePage(entry.bytes);
    if (page === null || page.kind === 'fault' || page.chain.length !== pageBlocks * nameBytes) return null;
    bounded(this.#pages, name, page.chain, pagesMax);
    return page.chain;
  }
}

function bounded<K, V>(map: Map<K, V>, key: K, value: V, max: number): void {
  map.set(key, value);
  if (map.size > max) map.delete(map.keys().next().value as K);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { whole.set(part, at); at += part.length; }
  return whole;
}

async function quiet<T>(read: () => Promise<T | null>): Promise<T | null> {
  try {
    return await read();
  } catch (fault) {
    if (fault instanceof BusFault) return null;
    throw fault;
  }
}
