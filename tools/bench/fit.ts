/**
 * Finds positive parameters that make a model agree with measurements: a random search over factors around the best so far, which narrows when it finds
 * nothing (Solis and Wets, 1981). The same seed and budget give the same parameters.
 */
export function fitted<P extends Readonly<Record<string, number>>>(start: P, highest: Partial<P>, errors: (params: P) => readonly number[], tries: number): { readonly params: P; readonly error: number } {
  const cost = (params: P): number => rms(errors(params));
  let best = start, least = cost(start), width = 0.3, state = 7;
  const draw = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  for (let i = 0; i < tries; i++) {
    const next: Record<string, number> = { ...best };
    for (const name of Object.keys(start)) {
      if (draw() < 0.5) next[name] = Math.min(highest[name] ?? Number.POSITIVE_INFINITY, next[name]! * Math.exp((draw() - 0.5) * 2 * width));
    }
    const found = cost(next as P);
    if (found < least) { least = found; best = next as P; } else width = Math.max(0.02, width * 0.99);
  }
  return { params: best, error: least };
}

export const rms = (errors: readonly number[]): number => Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / Math.max(1, errors.length));
