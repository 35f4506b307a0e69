/** Pushed from callbacks, read by one `for await`. Bounded by what one answer can be: its deltas. */
export class AnswerQueue<T> implements AsyncIterable<T> {
  readonly #items: T[] = [];
  #wake: () => void = () => {};

  push(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) { yield item; continue; }
      await new Promise<void>((resolve) => { this.#wake = resolve; });
    }
  }
}
