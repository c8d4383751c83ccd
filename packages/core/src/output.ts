// The bytes that are to go out, in order: small pieces copied one behind the other into a slab, large ones passed by reference, so
// that a response usually leaves as one chunk. Where chunks begin and end depends on what this connection wrote and when it was taken,
// and on nothing else. Knows nothing of what the bytes mean.

import { Queue } from './queue.ts';
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
  /** Null until a chunk was complete before it was taken. */
  #ready: Queue<Uint8Array> | null = null;
  // The piece of the slab that is still growing.
  #open: Uint8Array | null = null;
  #start = 0;
  #end = 0;
  // What belongs before it in the same chunk, but lies elsewhere: the slab was full, or another connection had written behind it.
  #parts: Uint8Array[] | null = null;
  /** How many bytes of the growing chunk those are. */
  #apart = 0;

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
    // A view with an end of its own: one without would grow along with its buffer, past what was announced.
    this.#complete(bytes.subarray(0, bytes.length));
    this.queued += bytes.length;
  }

  /** The next chunk, or null. An empty one stands for bytes of the caller's whose memory is gone. */
  take(): Uint8Array | null {
    let chunk = this.#ready?.shift();
    if (chunk === undefined) {
      if (this.#open === null) return null;
      chunk = this.#seal(this.#open);
    }
    this.taken += chunk.length;
    return chunk;
  }

  /** Forgets what has not been taken. */
  drop(): void {
    this.#ready?.clear();
    this.#open = null;
    this.#parts = null;
    this.#apart = 0;
    this.queued = this.taken;
  }

  /** Forgets what was queued behind the first `position` bytes and has not been taken. */
  cut(position: number): void {
    const end = Math.max(position, this.taken);
    if (end >= this.queued) return;
    this.#close();
    const kept: Uint8Array[] = [];
    for (let at = this.taken; at < end; ) {
      const chunk = this.#ready?.shift();
      if (chunk === undefined) break;
      kept.push(chunk.subarray(0, end - at));
      at += chunk.length;
    }
    this.#ready?.clear();
    for (const chunk of kept) this.#complete(chunk);
    this.queued = end;
  }

  /** Makes room for `size` bytes at the end of the growing chunk; returns where they go. */
  #room(size: number): number {
    this.queued += size;
    if (this.#open !== null && this.#apart + this.#end - this.#start + size > SLAB_SIZE) this.#close();
    if (slabAt + size > slab.length) {
      this.#part();
      slab = new Uint8Array(Math.max(SLAB_SIZE, size));
      slabAt = 0;
    } else if (this.#open !== slab || this.#end !== slabAt) {
      this.#part();
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

  /** The growing chunk goes on elsewhere. */
  #part(): void {
    if (this.#open === null) return;
    this.#parts ??= [];
    this.#parts.push(this.#open.subarray(this.#start, this.#end));
    this.#apart += this.#end - this.#start;
    this.#open = null;
  }

  #close(): void {
    if (this.#open !== null) this.#complete(this.#seal(this.#open));
  }

  #complete(chunk: Uint8Array): void {
    this.#ready ??= new Queue();
    this.#ready.push(chunk);
  }

  /** The growing chunk, in one piece. */
  #seal(open: Uint8Array): Uint8Array {
    // What subarray() does, in 20 ns and not 33 (Node 20, 2026-11).
    const last = new Uint8Array(open.buffer, this.#start, this.#end - this.#start);
    this.#open = null;
    if (this.#parts === null) return last;
    const whole = new Uint8Array(this.#apart + last.length);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    whole.set(last, at);
    this.#parts = null;
    this.#apart = 0;
    return whole;
  }
}
