// The bytes that have arrived and are not used up: a queue of the chunks as they were given, read from the front.
// Nothing is copied here; what is handed out are views of those chunks.

import { Queue } from './queue.ts';

/** How the peer's direction ended: as the transport's rules say, cut short, or in a way that cannot be told. */
export type Eof = 'clean' | 'truncated' | 'unknown';

const nothing = new Uint8Array(0);

export class Input {
  /** The chunk under the cursor. */
  bytes: Uint8Array = nothing;
  /** The cursor in it. */
  at = 0;
  /** All bytes that are held, in this chunk and those behind it. */
  size = 0;
  /** Set once the peer has ended its direction. */
  eof: Eof | null = null;
  /** Null until a chunk has had to wait behind another. */
  #behind: Queue<Uint8Array> | null = null;

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.size === 0) {
      this.bytes = bytes;
      this.at = 0;
    } else {
      this.#behind ??= new Queue();
      this.#behind.push(bytes);
    }
    this.size += bytes.length;
  }

  /** Makes sure that there is a byte under the cursor. False when none is held. */
  fill(): boolean {
    if (this.at < this.bytes.length) return true;
    const following = this.#behind?.shift();
    if (following === undefined) return false;
    this.bytes = following;
    this.at = 0;
    return true;
  }

  /** Moves the cursor on by `size`, at most to the end of the current chunk. */
  skip(size: number): void {
    this.at += size;
    this.size -= size;
    if (this.size > 0) return;
    this.bytes = nothing; // lets go of the chunk
    this.at = 0;
  }

  /** A view of the next bytes: `limit` of them, or as many as the current chunk has. */
  take(limit: number): Uint8Array {
    const end = Math.min(this.bytes.length, this.at + limit);
    const whole = this.at === 0 && end === this.bytes.length;
    const view = whole ? this.bytes : this.bytes.subarray(this.at, end);
    this.skip(view.length);
    return view;
  }

  /** Everything that is held, as one piece: a view where it is in one chunk. */
  takeAll(): Uint8Array {
    if (!this.fill()) return nothing;
    if (this.size === this.bytes.length - this.at) return this.take(this.size);
    const all = new Uint8Array(this.size);
    for (let at = 0; this.fill(); ) {
      const part = this.take(this.size);
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  /** Drops everything that is held; returns how many bytes that was. */
  drop(): number {
    const { size } = this;
    this.bytes = nothing;
    this.at = 0;
    this.size = 0;
    this.#behind?.clear();
    return size;
  }
}
