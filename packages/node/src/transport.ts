// Any Duplex as a Transport: the events of a stream on one side, the driver's sink on the other.
// Knows streams and sockets; knows nothing of HTTP, of who dialled, or of roles.

import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { EndOfInput, Transport, TransportSink } from '@halfpipe/driver';
import { readBeforeFailing, type WriteFailure } from './write-failure.ts';

/**
 * Makes a transport of an open `Duplex`: a `net.Socket`, a `tls.TLSSocket`, a UNIX socket, one end of a pair in memory, or anything
 * else that emits bytes. The stream belongs to the transport from then on.
 *
 * Half-closing needs `allowHalfOpen`, which `net.connect()` and `net.createServer()` leave out unless asked; without it the stream ends
 * its own side as soon as the peer has ended the other, and what was still to be answered is lost.
 *
 * @throws {TypeError} The stream has an encoding, or is in object mode, so that it does not emit bytes.
 */
export function transport(duplex: Duplex): Transport {
  // Node reports a TLS stream that was cut exactly as one that ended with close_notify (RFC 9112 §9.8).
  return transportEnding(duplex, duplex instanceof TLSSocket ? 'unknown' : 'clean');
}

/** The same, for a stream whose kind of end is known to be `kind`, or is asked of it at the end. */
export function transportEnding(duplex: Duplex, kind: EndOfInput | (() => EndOfInput)): Transport {
  if (duplex.readableEncoding !== null || duplex.readableObjectMode || duplex.writableObjectMode) {
    throw new TypeError('Cannot make a transport of a stream that does not carry bytes');
  }
  return new DuplexTransport(duplex, kind);
}

const nothing = Buffer.alloc(0);
const carried = Symbol('transport');

/** A stream that a transport was made of. */
interface Carrier extends Duplex {
  readonly [carried]: DuplexTransport;
}

class DuplexTransport implements Transport {
  // One of each for all streams: closures took a seventh of an idle connection (npm run bench -- memory).
  static readonly #on = {
    data(this: Carrier, bytes: Uint8Array): void {
      this[carried].#received(bytes);
    },
    end(this: Carrier): void {
      this[carried].#ended();
    },
    drain(this: Carrier): void {
      this[carried].#sink?.writable();
    },
    error(this: Carrier, error: Error): void {
      this[carried].#failed(error);
    },
    close(this: Carrier): void {
      this[carried].#closed();
    },
  };

  readonly halfClose: boolean;
  readonly #duplex: Duplex;
  readonly #kind: EndOfInput | (() => EndOfInput);
  readonly #writing: WriteFailure;
  #sink: TransportSink | null = null;
  #cause: unknown;
  #corked = false;
  /** The sink is being told of bytes; what it has written meanwhile. */
  #telling = false;
  #answer: Uint8Array | null = null;
  #destroyed = false;
  #over = false;

  constructor(duplex: Duplex, kind: EndOfInput | (() => EndOfInput)) {
    this.#duplex = duplex;
    // The last transport of a stream is its only one: what an earlier one listens to would be told to this one twice.
    if (carried in duplex)
      for (const [event, listener] of Object.entries(DuplexTransport.#on)) duplex.off(event, listener);
    Object.assign(duplex, { [carried]: this });
    this.#kind = kind;
    this.halfClose = duplex.allowHalfOpen !== false;
    if (duplex instanceof Socket) {
      duplex.setNoDelay(true);
      this.#writing = readBeforeFailing(duplex);
    } else {
      this.#writing = { failed: false, reset: false };
    }
    // From here on, and not from start(), or an error in between would have no listener and end the process.
    duplex.on('error', DuplexTransport.#on.error);
    duplex.on('close', DuplexTransport.#on.close);
  }

  start(sink: TransportSink): void {
    const duplex = this.#duplex;
    this.#sink = sink;
    if (this.#over) {
      sink.closed(this.#cause);
      return;
    }
    duplex.on('drain', DuplexTransport.#on.drain);
    duplex.on('end', DuplexTransport.#on.end);
    duplex.on('data', DuplexTransport.#on.data);
    duplex.resume();
    if (duplex.readableEnded) this.#ended();
  }

  write(bytes: Uint8Array): boolean {
    const duplex = this.#duplex;
    if (!duplex.writable) return false;
    // Most often one chunk answers what was read. Written when the sink has returned, it needs no cork, and no job to undo it.
    if (this.#telling && this.#answer === null && !this.#corked) {
      this.#answer = bytes;
      return duplex.writableLength + bytes.length < duplex.writableHighWaterMark;
    }
    this.#cork();
    return duplex.write(bytes);
  }

  #cork(): void {
    const duplex = this.#duplex;
    // What is written in one turn of the event loop leaves together, also what handlers write in promise jobs: with 16 pipelined
    // answers in as many jobs one packet instead of nine, and five times the answers a second. A lone write is no slower for it.
    // Uncorking in a microtask joins nothing across jobs. Measured over loopback on Node 20, 2026-11.
    if (!this.#corked) {
      this.#corked = true;
      duplex.cork();
      process.nextTick(DuplexTransport.#uncork, this);
    }
    this.#flush();
  }

  /** Behind this, nothing that was written waits here. */
  #flush(): void {
    const answer = this.#answer;
    if (answer === null) return;
    this.#answer = null;
    this.#duplex.write(answer);
  }

  pause(): void {
    // The rest of a connection that can no longer be written is read to its end, which is near.
    if (!this.#writing.failed) this.#duplex.pause();
  }

  resume(): void {
    this.#duplex.resume();
  }

  end(): void {
    this.#flush();
    if (this.#duplex.writable) this.#duplex.end();
  }

  destroy(cause?: unknown): void {
    const duplex = this.#duplex;
    if (this.#over || duplex.destroyed) return;
    this.#cause = cause;
    this.#destroyed = true;
    if (cause === undefined) {
      this.#flush();
      DuplexTransport.#uncork(this);
    }
    // What the system has not taken by now is dropped. A reset, because to a body that lasts until the connection closes a FIN would
    // be its proper end. A stream of another make is told so by an error, and passes it on as it can.
    const isAbrupt = cause !== undefined || duplex.writableLength > 0;
    if (isAbrupt && isTcp(duplex)) duplex.resetAndDestroy();
    else if (isAbrupt && !(duplex instanceof Socket)) duplex.destroy(errorOf(cause));
    else duplex.destroy();
  }

  static #uncork(transport: DuplexTransport): void {
    if (!transport.#corked) return;
    transport.#corked = false;
    transport.#duplex.uncork();
  }

  #received(bytes: Uint8Array): void {
    this.#telling = true;
    this.#sink?.bytes(bytes);
    this.#telling = false;
    this.#flush();
  }

  #ended(): void {
    const duplex = this.#duplex;
    const kind = typeof this.#kind === 'string' ? this.#kind : this.#kind();
    if (this.#writing.reset) this.#end('truncated');
    else if (kind === 'clean' && isTcp(duplex) && duplex.writable) this.#probe(duplex);
    else this.#end(kind);
  }

  /**
   * Where bytes and a reset come together, the event loop reads the bytes, sees that the connection is over and calls it an end. Writing
   * nothing tells: the kernel answers ECONNRESET, or EPIPE if the peer's FIN had come before the reset.
   */
  #probe(socket: Socket): void {
    // Behind other bytes it would wait for the peer to read them.
    if (socket.writableLength > 0) return this.#end('unknown');
    socket.write(nothing, (error: NodeJS.ErrnoException | null | undefined) => {
      if (!error || error.code === 'EPIPE') this.#end('clean');
    });
  }

  #end(kind: EndOfInput): void {
    if (!this.#over) this.#sink?.end(kind);
  }

  // The last event of most streams is 'close'; of one made with `emitClose: false` it is 'error'.
  #failed(error: Error): void {
    if (this.#over) return;
    if (!this.#destroyed) {
      this.#cause = error;
      // What had arrived before the failure and was held back by pause(): an answer may be among it.
      this.#duplex.off('data', DuplexTransport.#on.data);
      for (let bytes = this.#take(); bytes !== null; bytes = this.#take()) this.#sink?.bytes(bytes);
    }
    this.#finish();
    // TLS over a stream reports an error and stays as it is, and would report the next one to nobody.
    this.#duplex.destroy();
  }

  #closed(): void {
    const duplex = this.#duplex;
    duplex.off('error', DuplexTransport.#on.error);
    duplex.off('close', DuplexTransport.#on.close);
    this.#finish();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    const duplex = this.#duplex;
    duplex.off('data', DuplexTransport.#on.data);
    duplex.off('end', DuplexTransport.#on.end);
    duplex.off('drain', DuplexTransport.#on.drain);
    this.#sink?.closed(this.#cause);
  }

  #take(): Uint8Array | null {
    return this.#sink === null ? null : (this.#duplex.read() as Uint8Array | null); // Bytes: the stream has no encoding.
  }
}

function errorOf(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error('The transport was destroyed before its end', { cause });
}

/** Only TCP can be reset; a pipe or a TLS stream throws when asked. */
function isTcp(duplex: Duplex): duplex is Socket {
  return duplex instanceof Socket && !(duplex instanceof TLSSocket) && duplex.localFamily !== undefined;
}
