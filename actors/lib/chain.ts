import type { BlockChain } from '../../schemas/messages.ts';
import { assert } from './logic.ts';

/** Tokens of a block, bytes of its name, blocks of a page of 4,096 tokens. */
export const blockTokens = 64;
export const nameBytes = 16;
export const pageTokens = 4_096;
export const pageBlocks = pageTokens / blockTokens;

export const blocksOf = (tokens: number): number => Math.ceil(tokens / blockTokens);

const hexOf = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Hex names of a packed chain, in order of position. */
export function namesOf(chain: BlockChain): string[] {
  assert(chain.length % nameBytes === 0, `a chain of ${chain.length} bytes is not a whole number of ${nameBytes}-byte names`);
  const names: string[] = [];
  for (let at = 0; at < chain.length; at += nameBytes) {
    let name = '';
    for (let i = at; i < at + nameBytes; i++) name += hexOf[chain[i]!];
    names.push(name);
  }
  return names;
}

/** By character code: what a hex digit stands for. */
const digits = new Uint8Array(128);
for (let digit = 0; digit < 16; digit++) digits[digit.toString(16).charCodeAt(0)] = digit;

/** The inverse of `namesOf`. Snapshots have names by the hundred thousand: no string is made on the way. */
export function packNames(names: readonly string[]): BlockChain {
  const chain = new Uint8Array(names.length * nameBytes);
  names.forEach((name, index) => {
    for (let i = 0; i < nameBytes; i++) chain[index * nameBytes + i] = (digits[name.charCodeAt(2 * i)]! << 4) | digits[name.charCodeAt(2 * i + 1)]!;
  });
  return chain;
}
