// The bytes that are to go out, in order: small pieces copied one behind the other into a slab, large ones passed by reference, so
// that a response usually leaves as one chunk. Knows nothing of what the bytes mean.

import { ChunkQueue } from './chunk-queue.ts';
import { encodeInto } from './text.ts';

const SLAB_SIZE = 16 * 1024;
// Below this a copy behind the head costs less than another chunk for the transport to write.
const COPY_SIZE = 1024;

// Bump-allocated and never reused, so a transport may keep a chunk for as long as it likes. One for all connections: an idle one holds none.
let slab = new Uint8Array(0);
let slabAt = 0;

export class Output {
  /** All bytes that were ever queued. */
  queued = 0;
  /** All bytes that were ever taken. */
  taken = 0;
  readonly #ready = new ChunkQueue();
  // The piece of the slab that is still growing.
  #open: Uint8Array | null = null;
  #start = 0;
  #end = 0;

  /** Bytes queued and not yet taken. */
  get size(): number {
    return this.queued - this.taken;
  }

  /** Queues text whose characters are all below 0x100, a byte each. */
  text(text: string): void {
    if (text.length === 0) return;
    const at = this.#room(text.length);
    encodeInto(text, this.#open!, at); // #room opened it
  }

  /** Queues a head: its first line as bytes, since those are often the same, the rest as text. */
  head(line: Uint8Array, fields: string): void {
    const at = this.#room(line.length + fields.length);
    this.#open!.set(line, at); // #room opened it
    encodeInto(fields, this.#open!, at + line.length);
  }

  /** Queues bytes: a copy if they are few, else themselves. */
  bytes(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (bytes.length < COPY_SIZE) {
      const at = this.#room(bytes.length);
      this.#open!.set(bytes, at); // #room opened it
      return;
    }
    this.#close();
    this.#ready.push(bytes);
    this.queued += bytes.length;
  }

  /** The next chunk, or null. */
  take(): Uint8Array | null {
    let chunk = this.#ready.shift();
    if (chunk === undefined) {
      if (this.#open === null) return null;
      chunk = this.#open.subarray(this.#start, this.#end);
      this.#open = null;
    }
    this.taken += chunk.length;
    return chunk;
  }

  /** Forgets what has not been taken. */
  drop(): void {
    this.#ready.clear();
    this.#open = null;
    this.queued = this.taken;
  }

  /** Makes room for `size` bytes at the end of the open piece; returns where they go. */
  #room(size: number): number {
    this.queued += size;
    if (slabAt + size > slab.length) {
      this.#close();
      slab = new Uint8Array(Math.max(SLAB_SIZE, size));
      slabAt = 0;
    } else if (this.#open !== slab || this.#end !== slabAt) {
      this.#close(); // another connection has written behind our piece
    }
    const at = slabAt;
    if (this.#open === null) {
      this.#open = slab;
      this.#start = at;
    }
    slabAt += size;
    this.#end = slabAt;
    return at;
  }

  #close(): void {
    if (this.#open === null) return;
    this.#ready.push(this.#open.subarray(this.#start, this.#end));
    this.#open = null;
  }
}
