/** Least recently used entries go first once their bytes exceed `bytesMax`. An entry larger than that is not kept. */
export class ByteLru<Value> {
  readonly bytesMax: number;
  #bytes = 0;
  readonly #entries = new Map<string, { readonly value: Value; readonly bytes: number }>(); // in order of use

  constructor(bytesMax: number) { this.bytesMax = bytesMax; }

  get bytes(): number { return this.#bytes; }
  get size(): number { return this.#entries.size; }

  find(key: string): Value | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** `bytes`: what the value and the key take, as the caller counts it. */
  keep(key: string, value: Value, bytes: number): void {
    this.#drop(key);
    if (bytes > this.bytesMax) return;
    this.#entries.set(key, { value, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.bytesMax) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}
