import { hash } from 'node:crypto';
import { blockTokens, nameBytes, pageBlocks, pageTokens } from '../../actors/lib/chain.ts';
import type { BlockChain } from '../../schemas/messages.ts';
import { ByteLru } from './byte-lru.ts';

/** A prompt as content-addressed pages of 4,096 ids and what follows the last of them. Fits `PromptRef` once `pages` are names. */
export interface PagedPrompt {
  readonly pages: readonly PromptPage[];
  /** Fewer than 4,096 ids. */
  readonly tail: Int32Array;
  /** Names of the tail's full blocks, packed. */
  readonly tailChain: BlockChain;
  /** Of the whole prompt. */
  readonly tokens: number;
}

/** 4,096 ids are exactly 64 blocks, so a page is named by its last block, in hex. `parent`: name of the page before, '' for the first. */
export interface PromptPage { readonly name: string; readonly parent: string; readonly tokens: Int32Array; readonly chain: BlockChain }

/** 32 bytes that keep apart what must not share KV: BLAKE2s-256 of the four, each with its length. */
export function salt(tenant: string, weightsDigest: string, adapter: string, kvDtype: string): Uint8Array {
  return hash('blake2s256', JSON.stringify(['salt-1', tenant, weightsDigest, adapter, kvDtype]), 'buffer');
}

/**
 * Names a prompt's blocks: BLAKE2s-256(salt[32] || parent name[16] || 64 ids as u32 little-endian), the first 16 bytes; the first parent is zeros.
 *
 * With `previous`, an earlier prompt under the same salt, names and pages are taken from it as far as the ids are the same.
 * Throws RangeError for a salt that is not 32 bytes.
 */
export function buildPrompt(salt: Uint8Array, tokens: Int32Array, previous?: PagedPrompt): PagedPrompt {
  const chain = nameBlocks(salt, tokens, previous === undefined ? new Uint8Array() : commonChain(tokens, previous));
  const full = Math.floor(tokens.length / pageTokens);
  const pages: PromptPage[] = [];
  for (let i = 0; i < full; i++) pages.push(pageAt(i, tokens, chain, pages[i - 1]?.name ?? '', previous?.pages[i]));
  return { pages, tail: tokens.slice(full * pageTokens), tailChain: chain.slice(full * pageBlocks * nameBytes), tokens: tokens.length };
}

/** The ids of a prompt whose pages were fetched: the inverse of `buildPrompt`. */
export function joinTokens(pages: readonly { readonly tokens: Int32Array }[], tail: Int32Array): Int32Array {
  const tokens = new Int32Array(pages.length * pageTokens + tail.length);
  pages.forEach((page, i) => { tokens.set(page.tokens, i * pageTokens); });
  tokens.set(tail, pages.length * pageTokens);
  return tokens;
}

/** The names of all full blocks of a prompt, packed. */
export function chainOf(prompt: PagedPrompt): BlockChain {
  return new Uint8Array(Buffer.concat([...prompt.pages.map((page) => page.chain), prompt.tailChain]));
}

/** The latest prompt of each trace, so that the next one costs only what is new: 65 µs a page that is new, little more than a comparison otherwise. */
export class PageMemory {
  readonly #prompts: ByteLru<PagedPrompt>;

  constructor(bytesMax = 128 << 20) { this.#prompts = new ByteLru(bytesMax); }

  /** `lane`: whatever names a growing prompt. The salt is part of what is looked up. */
  build(lane: string, salt: Uint8Array, tokens: Int32Array): PagedPrompt {
    const key = `${Buffer.from(salt).toString('latin1')}${lane}`;
    const prompt = buildPrompt(salt, tokens, this.#prompts.find(key) ?? undefined);
    this.#prompts.keep(key, prompt, 4 * tokens.length + (tokens.length / blockTokens) * nameBytes + 200 * (prompt.pages.length + 1));
    return prompt;
  }
}

const saltBytes = 32;
const idsAt = saltBytes + nameBytes;

/** All names of full blocks, of which `known` are known already. */
function nameBlocks(salt: Uint8Array, tokens: Int32Array, known: BlockChain): BlockChain {
  if (salt.length !== saltBytes) throw new RangeError(`a salt has ${saltBytes} bytes, not ${salt.length}`);
  const chain = Buffer.alloc(Math.floor(tokens.length / blockTokens) * nameBytes);
  chain.set(known);
  const bytes = littleEndian(tokens);
  const input = Buffer.alloc(idsAt + 4 * blockTokens); // salt, parent, ids
  input.set(salt);
  input.set(known.subarray(known.length - nameBytes), saltBytes);
  for (let at = known.length; at < chain.length; at += nameBytes) {
    const from = (at / nameBytes) * 4 * blockTokens;
    input.set(bytes.subarray(from, from + 4 * blockTokens), idsAt);
    // As a string of bytes: cheaper than a Buffer of its own for each block.
    const digest = hash('blake2s256', input, 'binary');
    chain.write(digest, at, nameBytes, 'latin1');
    input.write(digest, saltBytes, nameBytes, 'latin1');
  }
  return new Uint8Array(chain.buffer, chain.byteOffset, chain.length); // not a Buffer: its slice would be a view that keeps all of it
}

const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

function littleEndian(tokens: Int32Array): Buffer {
  const bytes = Buffer.from(tokens.buffer, tokens.byteOffset, tokens.byteLength);
  return isLittleEndian ? bytes : Buffer.from(bytes).swap32();
}

/** Names of the blocks that both begin with. */
function commonChain(tokens: Int32Array, previous: PagedPrompt): BlockChain {
  let page = 0;
  while (page < previous.pages.length && isSame(tokens, page * pageTokens, previous.pages[page]!.tokens, 0, pageTokens)) page++;
  const next = previous.pages[page];
  const ids = next?.tokens ?? previous.tail;
  let block = 0;
  while ((block + 1) * blockTokens <= ids.length && isSame(tokens, page * pageTokens + block * blockTokens, ids, block * blockTokens, blockTokens)) block++;
  const partial = (next?.chain ?? previous.tailChain).subarray(0, block * nameBytes);
  return Buffer.concat([...previous.pages.slice(0, page).map((known) => known.chain), partial]);
}

function isSame(a: Int32Array, fromA: number, b: Int32Array, fromB: number, count: number): boolean {
  if (fromA + count > a.length) return false;
  const bytes = (ids: Int32Array, from: number): Buffer => Buffer.from(ids.buffer, ids.byteOffset + 4 * from, 4 * count);
  return bytes(a, fromA).equals(bytes(b, fromB));
}

function pageAt(index: number, tokens: Int32Array, chain: BlockChain, parent: string, known: PromptPage | undefined): PromptPage {
  const end = (index + 1) * pageBlocks * nameBytes;
  const name = Buffer.from(chain.buffer, chain.byteOffset + end - nameBytes, nameBytes).toString('hex');
  if (known?.name === name) return known; // a name determines the ids
  return { name, parent, tokens: tokens.slice(index * pageTokens, (index + 1) * pageTokens), chain: chain.slice(end - pageBlocks * nameBytes, end) };
}
