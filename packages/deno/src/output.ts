// What waits to be written, in order, given out in batches: Deno writes one piece at a time, and each write is a promise.
// Knows bytes only.

/** Pieces are joined up to this size, in bytes; to copy so many costs less than another write. */
const batchSize = 64 * 1024;

export class Output {
  #pieces: Uint8Array[] = [];
  #size = 0;

  /** In bytes. */
  get size(): number {
    return this.#size;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#size += bytes.length;
  }

  /** What was given out and could not be written comes first again. */
  putBack(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.unshift(bytes);
    this.#size += bytes.length;
  }

  /** What to write next, or null: pieces joined up to `limit` bytes, or a large one as it is. */
  take(limit: number = batchSize): Uint8Array | null {
    const first = this.#pieces[0];
    if (first === undefined) return null;
    if (first.length === this.#size || first.length >= limit / 2) {
      this.#pieces.shift();
      this.#size -= first.length;
      return first;
    }
    const batch = new Uint8Array(Math.min(this.#size, limit));
    let at = 0;
    let whole = 0;
    for (const piece of this.#pieces) {
      const part = piece.subarray(0, batch.length - at);
      batch.set(part, at);
      at += part.length;
      if (part.length < piece.length) {
        this.#pieces[whole] = piece.subarray(part.length);
        break;
      }
      whole += 1;
    }
    this.#pieces.splice(0, whole);
    this.#size -= at;
    return batch;
  }

  clear(): void {
    this.#pieces = [];
    this.#size = 0;
  }
}
