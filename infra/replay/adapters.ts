/** LoRA adapters that the tasks of a fleet are spread over: `count` of them, of `bytes` each; the k-th most popular one is drawn in proportion to 1 / k^zipf (0: all alike). */
export interface Adapters { readonly count: number; readonly bytes: number; readonly zipf: number }

/** Which of the adapters, from 0 on, a task uses: by its name alone, so it is the same in every replay. */
export function adapterOf(task: string, { count, zipf }: Adapters): number {
  let sum = 0;
  for (let k = 1; k <= count; k++) sum += k ** -zipf;
  let left = hashOf(task) * sum;
  for (let k = 1; k < count; k++) {
    left -= k ** -zipf;
    if (left < 0) return k - 1;
  }
  return count - 1;
}

/** Uniform in [0, 1) over names: FNV-1a, and the mixing that ends MurmurHash3, since names that end alike differ in few bits of the first. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
