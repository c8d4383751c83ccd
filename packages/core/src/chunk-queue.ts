// Chunks in order, taken from the front at the cost of one step each. Lets go of a chunk when it is taken, even where the queue is
// never empty: a reader or a transport may always be one piece behind.

const nothing = new Uint8Array(0);

export class ChunkQueue {
  #chunks: Uint8Array[] = [];
  #next = 0;

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
  }

  /** Takes the oldest, or undefined. */
  shift(): Uint8Array | undefined {
    const chunk = this.#chunks[this.#next];
    if (chunk === undefined) return undefined;
    // A cursor and not Array's shift(), which moves every element of a long queue.
    this.#chunks[this.#next++] = nothing;
    if (this.#next === this.#chunks.length) this.clear();
    else if (this.#next >= 256 && this.#next * 2 >= this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#next);
      this.#next = 0;
    }
    return chunk;
  }

  clear(): void {
    if (this.#chunks.length > 0) this.#chunks = [];
    this.#next = 0;
  }
}
