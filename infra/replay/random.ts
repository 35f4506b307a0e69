/** Mulberry32: 32 uniform bits a call from one word of state, the same for the same seed everywhere. */
export function words(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** Uniform in [0, 1). */
export function generator(seed: number): () => number {
  const draw = words(seed);
  return () => draw() / 2 ** 32;
}

/** A copy in another order. */
export function shuffled<T>(items: readonly T[], draw: () => number): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(draw() * (i + 1));
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}

export const exponential = (mean: number, draw: () => number): number => -Math.log(1 - draw()) * mean;
