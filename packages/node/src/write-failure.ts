// Reading on after a write has failed. A server that refuses an upload answers, closes, and resets what is still being sent; its
// answer then waits in the kernel while the write fails, and Node would close the socket on it. Knows sockets only.

import type { Socket } from 'node:net';

/** A dead connection ends its reading side by itself, at once; this is for failures that say nothing about reading. */
const patience = 1_000;

type Callback = (error?: Error | null) => void;

/** What became of the writing side. */
export interface WriteFailure {
  /** A write has failed, and what had arrived is being read. */
  readonly failed: boolean;
  /** It failed although the peer's FIN had not come: the end of input, when it comes, is not the peer's. */
  readonly reset: boolean;
}

/**
 * Makes a failed write wait until everything that had arrived was read, and reads it even while paused. Of 300 answers sent by a server
 * that closed without reading to a client that was writing all the time, 1 or 2 were seen without this, and 300 with it (Node 20, 2026-11).
 */
export function readBeforeFailing(socket: Socket): WriteFailure {
  // One that is guarded already stays so: its hooks would call themselves.
  return (socket as Partial<Guarded>)[guard] ?? new LateFailure(socket);
}

const guard = Symbol('write failure');

interface Guarded extends Socket {
  readonly [guard]: LateFailure;
}

class LateFailure implements WriteFailure {
  // One of each for all sockets, as in transport.ts.
  static readonly #of = {
    write(this: Guarded, bytes: Uint8Array, encoding: BufferEncoding, then: Callback): void {
      const guarding = this[guard];
      // Bun writes several pieces by way of one; that one has its slot already.
      if (guarding.#callback !== null) return guarding.#write.call(this, bytes, encoding, then);
      guarding.#callback = then;
      guarding.#write.call(this, bytes, encoding, guarding.#written);
    },
    writev(this: Guarded, chunks: { chunk: Uint8Array; encoding: BufferEncoding }[], then: Callback): void {
      const guarding = this[guard];
      guarding.#callback = then;
      guarding.#writev?.call(this, chunks, guarding.#written);
    },
  };

  failed = false;
  reset = false;
  readonly #socket: Socket;
  readonly #write: Socket['_write'];
  readonly #writev: Socket['_writev'];
  /** A stream has one write under way at most, so one slot is enough. */
  #callback: Callback | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#write = socket._write;
    this.#writev = socket._writev;
    Object.assign(socket, { [guard]: this, _write: LateFailure.#of.write });
    if (socket._writev !== undefined) Object.assign(socket, { _writev: LateFailure.#of.writev });
  }

  readonly #written: Callback = (error) => {
    if (!error || this.#socket.readableEnded || this.#socket.destroyed) this.#done(error);
    else this.#readOn(error);
  };

  #readOn(failure: NodeJS.ErrnoException): void {
    const socket = this.#socket;
    this.failed = true;
    // The kernel says EPIPE where it has seen the peer's FIN, and ECONNRESET, once, where it has not; reading then ends as after a FIN.
    this.reset = failure.code !== 'EPIPE';
    const release = () => {
      clearTimeout(timer);
      socket.off('end', release);
      socket.off('close', release);
      this.#done(failure);
    };
    const timer = setTimeout(release, patience).unref();
    socket.on('end', release);
    socket.on('close', release);
    socket.resume();
  }

  #done(error?: Error | null): void {
    const callback = this.#callback;
    this.#callback = null;
    callback?.(error);
  }
}
