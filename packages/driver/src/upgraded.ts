// A transport that has been HTTP and is now somebody else's (RFC 9110 §7.8, §9.3.6). What the peer sent behind the last message comes
// first, exactly once. Knows nothing of HTTP; it holds what cannot be passed on yet, in either direction, and nothing longer.

import type { EndOfInput, Transport, TransportSink } from './transport.ts';

/** Usable at once: until `open()`, what is written waits behind the bytes of the message that switches. */
export class Upgraded implements Transport {
  readonly halfClose: boolean;
  readonly #transport: Transport;
  readonly #abort: (cause: unknown) => void;
  #stage: 'pending' | 'flushing' | 'open' = 'pending';
  #sink: TransportSink | null = null;
  #paused = false;
  #stopped = false;
  #passing = false;
  #received: Uint8Array[] = [];
  #eof: EndOfInput | null = null;
  #closed: { readonly cause: unknown } | null = null;
  #told = false;
  #written: Uint8Array[] = [];
  #refused = false;
  #writable = false;
  #ends = false;

  /** `abort` ends the connection that owns the transport until `open()`. */
  constructor(transport: Transport, abort: (cause: unknown) => void) {
    this.halfClose = transport.halfClose;
    this.#transport = transport;
    this.#abort = abort;
  }

  // The new owner's side.

  start(sink: TransportSink): void {
    if (this.#sink !== null) throw new TypeError('Cannot start a transport a second time');
    this.#sink = sink;
    this.#pass();
    this.#listen();
    if (this.#writable) sink.writable();
    this.#writable = false;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#stage === 'open') return this.#transport.write(bytes);
    this.#written.push(bytes);
    this.#refused = true;
    return false;
  }

  pause(): void {
    this.#paused = true;
    this.#listen();
  }

  resume(): void {
    this.#paused = false;
    this.#pass();
    this.#listen();
  }

  end(): void {
    if (this.#stage === 'open') this.#transport.end();
    else this.#ends = true;
  }

  destroy(cause?: unknown): void {
    this.#received = [];
    if (this.#stage === 'open') this.#transport.destroy(cause);
    else this.#abort(cause);
  }

  // The connection's side.

  /** Everything from here on is the new owner's, the leftover first; but the connection has still something to send. */
  takeOver(leftover: Uint8Array): void {
    this.#stage = 'flushing';
    this.receive(leftover);
    this.#stopped = true;
    this.#transport.pause();
    this.#listen();
  }

  /** The connection has nothing more to send. */
  open(): void {
    this.#stage = 'open';
    let more = true;
    for (const bytes of this.#written) more = this.#transport.write(bytes);
    this.#written = [];
    if (this.#ends) this.#transport.end();
    if (this.#refused && more) this.receiveWritable();
  }

  receive(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#received.push(bytes);
    this.#pass();
  }

  receiveEnd(eof: EndOfInput): void {
    this.#eof = eof;
    this.#pass();
  }

  receiveWritable(): void {
    if (this.#sink === null) this.#writable = true;
    else this.#sink.writable();
  }

  receiveClosed(cause: unknown): void {
    this.#closed ??= { cause };
    this.#pass();
  }

  /** The connection is over, and the switch never came. */
  lose(cause: unknown): void {
    if (this.#stage === 'pending') this.receiveClosed(cause);
  }

  /** Passes on what has come, in order, as far as the new owner wants it. */
  #pass(): void {
    const sink = this.#sink;
    // Within sink.bytes() the loop that called it goes on.
    if (sink === null || this.#passing) return;
    this.#passing = true;
    while (!this.#paused) {
      const bytes = this.#received.shift();
      if (bytes === undefined) break;
      sink.bytes(bytes);
    }
    this.#passing = false;
    if (this.#received.length > 0) return;
    if (this.#eof !== null) {
      const eof = this.#eof;
      this.#eof = null;
      sink.end(eof);
    }
    if (this.#closed !== null && !this.#told) {
      this.#told = true;
      sink.closed(this.#closed.cause);
    }
  }

  /** Nobody to take it, or nobody who wants it: then it stays with the peer. */
  #listen(): void {
    const stop = this.#sink === null || this.#paused;
    if (this.#stage === 'pending' || stop === this.#stopped) return;
    this.#stopped = stop;
    if (stop) this.#transport.pause();
    else this.#transport.resume();
  }
}
