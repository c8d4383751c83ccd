// Any pair of Web Streams as a Transport: a reader and a writer on one side, the driver's sink on the other.
// Knows streams; knows nothing of HTTP, of who opened them, or of roles.

import type { EndOfInput, Timers, Transport, TransportSink } from '@halfpipe/driver';
import { type ByteReader, byteReader } from './byte-reader.ts';
import { isBytes, kindOf } from './bytes.ts';
import { Inbound } from './inbound.ts';
import { systemTimers } from './timers.ts';
import { TransportError } from './transport-error.ts';
import { Unsent } from './unsent.ts';

/** Two streams of bytes, one each way: a socket of Workers, a stream of WebTransport, halves of two TransformStreams. */
export interface StreamPair {
  /** What the other side sends, in chunks that are Uint8Arrays. A byte stream is read into buffers of ours. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Takes Uint8Arrays. Closing it is the end of what this side sends; aborting it is a reset. */
  readonly writable: WritableStream<Uint8Array<ArrayBuffer>>;
  /**
   * Where there is one, as with the sockets of Workers, it is called in place of aborting, and of closing the writable, when the connection
   * is let go of: an aborted socket would stay open. What the writable has taken still goes out.
   */
  close?(): unknown;
}

/** What a pair of streams does not tell of itself. */
export interface TransportOptions {
  /** Whether closing the writable leaves the readable open. Default true. Of a WebSocketStream, say, it does not. */
  readonly halfClose?: boolean;
  /** How much the end of the readable means. Default `clean`; `unknown` where a connection that was cut looks the same. */
  readonly eof?: EndOfInput;
  /** The clock and the timers. Default: the platform's. */
  readonly timers?: Timers;
}

/**
 * Makes a transport of an open pair of streams, which belong to it from then on. Both are locked.
 *
 * Half-closing is `close()` on the writable, after everything written. A reset is `abort(cause)` on the writable and `cancel(cause)` on the
 * readable, both, on every failure of either. What is written is copied, so that the stream may keep or transfer it.
 *
 * @throws {TypeError} One of them is locked.
 */
export function transport(streams: StreamPair, options: TransportOptions = {}): Transport {
  return new StreamTransport(streams, options);
}

/** So many bytes on their way make `write()` answer false, until half of them have gone; what a stream says of itself is not enough. */
const highWater = 64 * 1024;
const lowWater = highWater / 2;
/** How long a stream that can no longer be written is still read, in milliseconds from when something last came. */
const patience = 1_000;

const ignore = () => {};

class StreamTransport implements Transport {
  readonly halfClose: boolean;
  readonly #eof: EndOfInput;
  readonly #timers: Timers;
  readonly #reader: ByteReader;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #streams: StreamPair;
  readonly #inbound = new Inbound();
  readonly #unsent = new Unsent();
  #sink: TransportSink | null = null;
  /** Both directions are over, or somebody has let go. */
  #over = false;

  // Reading.
  #reading = false;
  #peerEnded = false;
  #timer: unknown = null;

  // Writing. Bytes and calls that the stream has taken and not finished.
  #underWay = 0;
  #writes = 0;
  #scheduled = false;
  #full = false;
  #ended = false;
  #closing = false;
  #endSent = false;
  #failure: { readonly cause: unknown; readonly byReader: boolean } | null = null;

  constructor(streams: StreamPair, options: TransportOptions) {
    const { readable, writable } = streams;
    // Before anything is locked.
    if (readable.locked || writable.locked) throw new TypeError('Cannot make a transport of a stream that is locked');
    this.#streams = streams;
    this.halfClose = options.halfClose ?? true;
    this.#eof = options.eof ?? 'clean';
    this.#timers = options.timers ?? systemTimers;
    this.#reader = byteReader(readable);
    this.#writer = writable.getWriter();
    // Each promise of a stream that fails must have somebody who knows, or the process may end. They are also how a failure is seen while
    // nothing is being read or written.
    this.#reader.closed.then(ignore, this.#onReadFailure);
    this.#writer.closed.then(this.#onWriterClosed, this.#onWriteFailure);
    this.#writer.ready.then(ignore, ignore);
  }

  start(sink: TransportSink): void {
    this.#inbound.start(sink);
    this.#sink = sink;
    this.#relieve();
    this.#read();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#over || this.#failure !== null || this.#ended) return false;
    this.#unsent.push(bytes);
    this.#schedule();
    this.#full = this.#underWay + this.#unsent.size >= highWater;
    return !this.#full;
  }

  pause(): void {
    this.#inbound.pause();
  }

  resume(): void {
    this.#inbound.resume();
    this.#read();
  }

  end(): void {
    this.#ended = true;
    this.#schedule();
  }

  destroy(cause?: unknown): void {
    if (!this.#over) {
      const lost = this.#underWay + this.#unsent.size > 0;
      // The writable first: the other side is to see the end before it learns that nobody reads.
      if (cause !== undefined || lost) this.#abort(cause);
      else if (!this.#close()) this.#writer.close().then(ignore, ignore);
      this.#letGo(cause);
    }
    this.#inbound.drop(cause);
  }

  // Reading: one loop, which stands still while nobody wants more.

  #read(): void {
    if (this.#reading || this.#peerEnded || this.#over || !this.#inbound.ready) return;
    this.#reading = true;
    if (this.#failure !== null) this.#wait(this.#failure.cause);
    this.#reader.read().then(this.#onRead, this.#onReadFailure);
  }

  readonly #onRead = ({ done, value }: { readonly done: boolean; readonly value?: unknown }): void => {
    this.#reading = false;
    this.#stopWaiting();
    if (this.#over) return;
    if (done) return this.#onPeerEnd();
    if (!isBytes(value)) {
      const message = `Cannot read a chunk that is not a Uint8Array: ${kindOf(value)}`;
      return this.#break(new TransportError('ERR_TRANSPORT_MESSAGE', message));
    }
    this.#inbound.bytes(value);
    this.#read();
  };

  #onPeerEnd(): void {
    this.#peerEnded = true;
    const failure = this.#failure;
    // Workers report a connection that was reset as one that has ended, once a write has failed (workerd 2026-11-17).
    const doubtful = failure !== null && !failure.byReader && this.#eof === 'clean';
    this.#inbound.end(doubtful ? 'unknown' : this.#eof);
    if (failure !== null) this.#finish(failure.cause);
    else if (this.#endSent) this.#finish(undefined);
    else if (!this.halfClose) this.end();
  }

  readonly #onReadFailure = (cause: unknown): void => {
    this.#break(cause ?? new TransportError('ERR_TRANSPORT_RESET', 'The other side has reset the connection'));
  };

  /** Nothing can be written, but an answer that was sent before may still be on its way; or nothing will ever come. */
  #wait(cause: unknown): void {
    const gone = () => this.#break(cause ?? new TransportError('ERR_TRANSPORT_RESET', 'The other side reads no more'));
    this.#timer = this.#timers.setTimeout(gone, patience);
  }

  #stopWaiting(): void {
    if (this.#timer === null) return;
    this.#timers.clearTimeout(this.#timer);
    this.#timer = null;
  }

  // Writing.

  /** What is written in one turn leaves together. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(this.#flush);
  }

  /**
   * Gives the stream what it has room for. Its own word on that is not enough: with a high-water mark of 0 it never has room, so that
   * there is always one write; Workers always have, and `Duplex.toWeb()` of
   * Node 22 counts chunks for bytes, so that there is never too much.
   */
  readonly #flush = (): void => {
    this.#scheduled = false;
    if (this.#over || this.#failure !== null) return;
    const writer = this.#writer;
    while (this.#unsent.size > 0) {
      if (this.#writes > 0 && (this.#underWay >= highWater || !(Number(writer.desiredSize) > 0))) return;
      const bytes = this.#unsent.take(highWater);
      const size = bytes.length;
      this.#writes += 1;
      this.#underWay += size;
      writer.write(bytes).then(() => this.#onWritten(size), this.#onWriteFailure);
    }
    if (!this.#ended || this.#closing) return;
    this.#closing = true;
    // What becomes of it, `closed` tells; and a stream that the other side's end has closed already rejects this.
    writer.close().then(ignore, ignore);
  };

  #onWritten(size: number): void {
    this.#writes -= 1;
    this.#underWay -= size;
    this.#flush();
    this.#relieve();
  }

  #relieve(): void {
    if (!this.#full || this.#sink === null || this.#ended || this.#failure !== null || this.#over) return;
    if (this.#underWay + this.#unsent.size > lowWater) return;
    this.#full = false;
    this.#sink.writable();
  }

  /** By `close()`, as a rule. Where there is no half-closing, the other side's end may close the writable too. */
  readonly #onWriterClosed = (): void => {
    this.#endSent = true;
    if (this.#peerEnded || (!this.halfClose && this.#closing)) this.#finish(undefined);
  };

  readonly #onWriteFailure = (reason: unknown): void => {
    if (this.#over || this.#failure !== null) return;
    const lost = this.#underWay + this.#unsent.size > 0;
    // No reason is that of a reader who has cancelled without one, in order unless something was still for it.
    const byReader = reason === undefined;
    const cause = byReader && lost ? new TransportError('ERR_TRANSPORT_RESET', 'The other side reads no more') : reason;
    this.#failure = { cause, byReader };
    this.#unsent.clear();
    if (this.#peerEnded) this.#finish(cause);
    else if (this.#reading) this.#wait(cause);
  };

  // The end.

  /** Both directions have come to their end. */
  #finish(cause: unknown): void {
    if (this.#over) return;
    this.#letGo(cause);
    if (cause === undefined) this.#inbound.close();
    else this.#inbound.break(cause);
  }

  #break(cause: unknown): void {
    if (this.#over) return;
    this.#abort(cause);
    this.#letGo(cause);
    this.#inbound.break(cause);
  }

  #abort(cause: unknown): void {
    if (this.#close()) return;
    const reason =
      cause ?? new TransportError('ERR_TRANSPORT_RESET', 'The connection was let go of before all was sent');
    this.#writer.abort(reason).then(ignore, ignore);
  }

  /** Closes both at once, where that can be done. */
  #close(): boolean {
    const streams = this.#streams;
    if (typeof streams.close !== 'function') return false;
    // Elsewhere it may throw, where the connection is closed already.
    new Promise((resolve) => resolve(streams.close?.())).then(ignore, ignore);
    return true;
  }

  #letGo(cause: unknown): void {
    this.#over = true;
    this.#stopWaiting();
    this.#unsent.clear();
    this.#reader.cancel(cause).then(ignore, ignore);
  }
}
