import { blockTokens, nameBytes } from '../../actors/lib/chain.ts';

/**
 * Names and tokens of the simulated engine: pure functions of what went before, like the real ones, but cheap. Four
 * multiplicative hashes of 32 bits side by side; nobody attacks a simulation.
 */
export function simName(salt: Uint8Array, parent: Uint8Array, tokens: Int32Array): Uint8Array {
  const lanes = Uint32Array.of(0x9e3779b9, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f);
  const mix = (word: number): void => {
    for (let i = 0; i < 4; i++) {
      const mixed = Math.imul(lanes[i]! ^ word, 0x01000193 + 2 * i);
      lanes[i] = mixed ^ (mixed >>> 15);
    }
  };
  for (const byte of salt) mix(byte);
  for (const byte of parent) mix(byte);
  for (const token of tokens) mix(token);
  return new Uint8Array(lanes.buffer);
}

/** Packed names of the full blocks of `tokens`. */
export function simChain(salt: Uint8Array, tokens: Int32Array): Uint8Array {
  const chain = new Uint8Array(Math.floor(tokens.length / blockTokens) * nameBytes);
  let parent: Uint8Array = new Uint8Array(nameBytes);
  for (let block = 0; block * nameBytes < chain.length; block++) {
    parent = simName(salt, parent, tokens.subarray(block * blockTokens, (block + 1) * blockTokens));
    chain.set(parent, block * nameBytes);
  }
  return chain;
}

/** Digest of a token sequence, extended one token at a time. */
export const extendDigest = (digest: number, token: number): number => {
  const mixed = Math.imul(digest ^ token, 0x85ebca6b);
  return (mixed ^ (mixed >>> 13)) >>> 0;
};
export const digestOf = (tokens: Iterable<number>): number => { let digest = 1; for (const token of tokens) digest = extendDigest(digest, token); return digest; };

/** The token that follows: of all tokens before it and the seed alone, so that every attempt draws the same. */
export const nextToken = (digest: number, seed: bigint, vocab: number): number => extendDigest(extendDigest(digest, Number(seed & 0xffffffffn)), 0x5bd1e995) % vocab;

/** The whole answer, for tests that know what to expect. Token 0 is the end of sequence; it is told like any other. */
export function simAnswer(prompt: Int32Array, seed: bigint, maxTokens: number, vocab: number): { readonly tokens: number[]; readonly finish: 'stop' | 'length' } {
  const tokens: number[] = [];
  let digest = digestOf(prompt);
  while (tokens.length < maxTokens) {
    const token = nextToken(digest, seed, vocab);
    digest = extendDigest(digest, token);
    tokens.push(token);
    if (token === 0) return { tokens, finish: 'stop' };
  }
  return { tokens, finish: 'length' };
}
