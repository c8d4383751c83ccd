// What has come, on its way to the sink: in order, and held back while nobody has started the transport or it is paused. The contract of
// TransportSink is kept here: nothing within anything else, one `closed`, and nothing behind it. Knows nothing of where it comes from;
// whoever feeds it does so until one of close(), break() and drop().

import type { EndOfInput, TransportSink } from '@halfpipe/driver';

export class Inbound {
  #sink: TransportSink | null = null;
  #paused = false;
  #passing = false;
  #held: Uint8Array[] = [];
  #first = 0;
  #size = 0;
  #eof: EndOfInput | null = null;
  #closed: { readonly cause: unknown } | null = null;
  /** It has closed otherwise than in order, which a pause does not hold back, nor what came before. */
  #broken = false;
  #told = false;

  /** Does the sink take what comes, for the time being? */
  get ready(): boolean {
    return this.#sink !== null && (!this.#paused || this.#broken);
  }

  /** Bytes that are held back. */
  get size(): number {
    return this.#size;
  }

  start(sink: TransportSink): void {
    if (this.#sink !== null) throw new TypeError('Cannot start a transport a second time');
    this.#sink = sink;
    this.#pass();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#pass();
  }

  bytes(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#held.push(bytes);
    this.#size += bytes.length;
    this.#pass();
  }

  /** The other side sends no more. */
  end(eof: EndOfInput): void {
    this.#eof = eof;
    this.#pass();
  }

  /** The transport has closed in order: told behind all that is held back. */
  close(): void {
    this.#closed ??= { cause: undefined };
    this.#pass();
  }

  /** The transport has broken: told at once, behind what had come before. */
  break(cause: unknown): void {
    this.#closed ??= { cause };
    this.#broken = true;
    this.#pass();
  }

  /** This side lets go: what is held back is dropped. `closed` is told in a microtask, since the sink may be in the middle of something. */
  drop(cause: unknown): void {
    this.#held = [];
    this.#first = 0;
    this.#size = 0;
    this.#eof = null;
    queueMicrotask(() => this.break(cause));
  }

  #take(): Uint8Array {
    const bytes = this.#held[this.#first++]!; // The caller has looked.
    this.#size -= bytes.length;
    // What was taken is let go of now and then: with each one, a long queue would be moved as often as it is long.
    if (this.#first * 2 >= this.#held.length) {
      this.#held = this.#held.slice(this.#first);
      this.#first = 0;
    }
    return bytes;
  }

  /** Passes on what has come, in order, as far as it is wanted. */
  #pass(): void {
    const sink = this.#sink;
    // Within sink.bytes() the loop that called it goes on.
    if (sink === null || this.#passing) return;
    this.#passing = true;
    while (this.ready && this.#first < this.#held.length) {
      sink.bytes(this.#take());
    }
    this.#passing = false;
    if (!this.ready || this.#size > 0) return;
    if (this.#eof !== null) {
      const eof = this.#eof;
      this.#eof = null;
      sink.end(eof);
    }
    if (this.#closed === null || this.#told) return;
    this.#told = true;
    sink.closed(this.#closed.cause);
  }
}
