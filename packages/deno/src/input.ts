// What a connection is read into. Bytes are handed on as they lie there, so none is ever written over: the rest of a buffer serves the
// next read, and then comes a new one. Knows bytes only.

/** Of a buffer. Small, since an idle connection holds one; larger where reads fill what they are given. */
const smallest = 8 * 1024;
const largest = 64 * 1024;
/** Less room than this is left unused. */
const enough = 2 * 1024;

export class Input {
  #buffer = new Uint8Array(0);
  #at = 0;
  #size = smallest;

  /** Where the next read may write. */
  room(): Uint8Array {
    if (this.#buffer.length - this.#at < enough) {
      this.#buffer = new Uint8Array(this.#size);
      this.#at = 0;
    }
    return this.#buffer.subarray(this.#at);
  }

  /** The first `size` bytes of that room, which have been read. */
  take(size: number): Uint8Array {
    const start = this.#at;
    this.#at += size;
    const filled = this.#at === this.#buffer.length;
    if (filled) this.#size = Math.min(2 * this.#size, largest);
    else if (size < enough) this.#size = smallest;
    return this.#buffer.subarray(start, this.#at);
  }
}
