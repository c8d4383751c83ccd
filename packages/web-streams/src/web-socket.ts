// A WebSocket as a Transport: the bytes of a connection in binary messages, of whatever size they come. For tunnels out of a browser, and
// for what answers at their other end. Knows WebSockets (RFC 6455, as browsers show them); knows nothing of HTTP over them, or of roles.

import type { Timers, Transport, TransportSink } from '@halfpipe/driver';
import { isArrayBuffer, kindOf } from './bytes.ts';
import { Inbound } from './inbound.ts';
import { systemTimers } from './timers.ts';
import { TransportError, type TransportErrorCode } from './transport-error.ts';
import { Unsent } from './unsent.ts';

/** As much of a WebSocket as is used: those of browsers, Deno, Bun, Node 22, Workers and the package `ws` have it. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  /** Bytes that were sent and that the network has not taken. Where there is none, as in Workers, writing is never held up. */
  readonly bufferedAmount?: number;
  send(bytes: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: string, listener: (event: object) => void): void;
  removeEventListener(type: string, listener: (event: object) => void): void;
  /** Where there are these, as in `ws` and Bun, they hold up the other side. */
  pause?(): void;
  resume?(): void;
}

export interface WebSocketOptions {
  /**
   * How many bytes are held for a reader that has paused. Most WebSockets cannot hold up the other side, so what it sends must be held or
   * given up: beyond this the transport closes with `ERR_TRANSPORT_LIMIT`. Default 16 MiB.
   */
  readonly receiveLimit?: number;
  /** The clock and the timers. Default: the platform's. */
  readonly timers?: Timers;
}

/** A transport that may still be opening. */
export interface OpeningTransport extends Transport {
  /** Resolves when it is open, and rejects with a TransportError, `ERR_TRANSPORT_OPEN`, if it never will be. */
  readonly opened: Promise<void>;
}

/**
 * Makes a transport of a WebSocket, open or opening, which belongs to it from then on. What is written before it is open waits.
 *
 * There is no half-closing: `end()` closes the socket, with 1000, behind what was written. A reset is code 4000, without a reason. The
 * other side's 1000 is a clean end, and no code at all an end of unknown kind; all other codes are a failure. Text messages are one too.
 */
export function webSocket(socket: WebSocketLike, options: WebSocketOptions = {}): OpeningTransport {
  return new WebSocketTransport(socket, options);
}

/** The values of `readyState` that are looked at. */
const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 3;

/** The codes of RFC 6455 §7.4.1 that are looked at or sent; 4000 to 4999 are for private use, and a script may send no others but 1000. */
const normalClosure = 1000;
const noStatus = 1005;
const resetCode = 4000;

/**
 * So many bytes on their way make `write()` answer false, until half of them have gone. Larger than elsewhere, since there is no event for
 * that: it is what can be sent between two looks.
 */
const highWater = 1024 * 1024;
/** Time between two looks at what has gone, in milliseconds, while there is too much. Browsers make it 4 in any case. */
const pollInterval = 4;
/** The most that one message carries: servers have limits, 1 MiB some of them. */
const pieceSize = 64 * 1024;

class WebSocketTransport implements OpeningTransport {
  readonly halfClose = false;
  readonly opened: Promise<void>;
  readonly #socket: WebSocketLike;
  readonly #receiveLimit: number;
  readonly #timers: Timers;
  readonly #inbound = new Inbound();
  readonly #unsent = new Unsent();
  // Set in the constructor, by the promise.
  #resolveOpened!: () => void;
  #rejectOpened!: (error: unknown) => void;
  #sink: TransportSink | null = null;
  #over = false;
  #wasOpen = false;
  /** What came before the `close`, if anything did. */
  #error: unknown;
  #scheduled = false;
  #timer: unknown = null;
  #full = false;
  #ended = false;
  #endSent = false;

  constructor(socket: WebSocketLike, { receiveLimit = 16 * 1024 * 1024, timers = systemTimers }: WebSocketOptions) {
    this.#socket = socket;
    this.#receiveLimit = receiveLimit;
    this.#timers = timers;
    this.opened = new Promise((resolve, reject) => {
      this.#resolveOpened = resolve;
      this.#rejectOpened = reject;
    });
    // Not everybody asks.
    this.opened.then(undefined, () => {});
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('open', this.#onOpen);
    socket.addEventListener('message', this.#onMessage);
    socket.addEventListener('error', this.#onError);
    socket.addEventListener('close', this.#onClose);
    if (socket.readyState === OPEN) this.#onOpen();
    else if (socket.readyState === CLOSED) this.#fail('ERR_TRANSPORT_OPEN', 'The WebSocket had closed before');
  }

  start(sink: TransportSink): void {
    this.#inbound.start(sink);
    this.#sink = sink;
    this.#relieve();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#over || this.#ended) return false;
    this.#unsent.push(bytes);
    this.#schedule();
    this.#full = this.#waiting >= highWater;
    return !this.#full;
  }

  pause(): void {
    this.#inbound.pause();
    if (!this.#over) this.#socket.pause?.();
  }

  resume(): void {
    if (!this.#over) this.#socket.resume?.();
    this.#inbound.resume();
  }

  end(): void {
    this.#ended = true;
    this.#schedule();
  }

  destroy(cause?: unknown): void {
    if (!this.#over) {
      // What the socket has taken cannot be taken back, and goes out first.
      const lost = this.#unsent.size > 0;
      this.#rejectOpened(
        cause ?? new TransportError('ERR_TRANSPORT_OPEN', 'The WebSocket was let go of before it was open'),
      );
      this.#letGo(cause !== undefined || lost ? resetCode : normalClosure);
    }
    this.#inbound.drop(cause);
  }

  // What comes.

  readonly #onOpen = (): void => {
    this.#wasOpen = true;
    this.#resolveOpened();
    this.#flush();
  };

  readonly #onMessage = (event: { readonly data?: unknown }): void => {
    // Once it is closing, browsers drop what still comes.
    if (this.#over || this.#endSent) return;
    const { data } = event;
    if (!isArrayBuffer(data)) {
      const kind = typeof data === 'string' ? 'text' : kindOf(data);
      return this.#fail('ERR_TRANSPORT_MESSAGE', `Cannot take a message that is not binary: ${kind}`);
    }
    this.#inbound.bytes(new Uint8Array(data));
    if (this.#inbound.size <= this.#receiveLimit) return;
    this.#fail('ERR_TRANSPORT_LIMIT', `Cannot hold more than ${this.#receiveLimit} bytes for a reader that has paused`);
  };

  /** A `close` follows, as a rule, and says that it has closed; this says why, if anything does. */
  readonly #onError = (event: { readonly error?: unknown; readonly message?: unknown }): void => {
    if (this.#over) return;
    this.#error ??= event.error ?? event.message;
    // Node 22 stays so for ever when connecting has failed.
    if (this.#socket.readyState === CONNECTING) this.#fail('ERR_TRANSPORT_OPEN', 'The WebSocket could not be opened');
  };

  readonly #onClose = (event: { readonly code?: unknown; readonly reason?: unknown }): void => {
    this.#forget();
    if (this.#over) return;
    const { code, reason } = event;
    const orderly = this.#wasOpen && (code === normalClosure || code === noStatus);
    // Behind our own end it is only the answer to that.
    if (orderly && !this.#endSent) this.#inbound.end(code === normalClosure ? 'clean' : 'unknown');
    if (!orderly || this.#waiting > 0) {
      const said = typeof reason === 'string' && reason !== '' ? ` (${reason})` : '';
      const message = `The WebSocket was closed with ${code}${said}`;
      return this.#fail(this.#wasOpen ? 'ERR_TRANSPORT_RESET' : 'ERR_TRANSPORT_OPEN', message);
    }
    this.#letGo(null);
    this.#inbound.close();
  };

  // What goes.

  /** Bytes that were written and have not gone. */
  get #waiting(): number {
    return this.#unsent.size + (this.#socket.bufferedAmount ?? 0);
  }

  /** What is written in one turn leaves together. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(this.#flush);
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    const socket = this.#socket;
    if (this.#over || socket.readyState !== OPEN) return;
    while (this.#unsent.size > 0 && (socket.bufferedAmount ?? 0) < highWater) socket.send(this.#unsent.take(pieceSize));
    if (this.#unsent.size > 0 || (this.#full && !this.#ended)) return this.#poll();
    if (!this.#ended || this.#endSent) return;
    this.#endSent = true;
    // The answer to it is behind what the other side was still sending.
    socket.resume?.();
    socket.close(normalClosure);
  };

  /** There is no event when the network has taken something. */
  #poll(): void {
    if (this.#timer !== null) return;
    const look = () => {
      this.#timer = null;
      this.#relieve();
      this.#flush();
    };
    this.#timer = this.#timers.setTimeout(look, pollInterval);
  }

  #relieve(): void {
    if (!this.#full || this.#sink === null || this.#over || this.#waiting > highWater / 2) return;
    this.#full = false;
    if (!this.#ended) this.#sink.writable();
  }

  // The end.

  #fail(code: TransportErrorCode, message: string): void {
    const error = new TransportError(code, message, { cause: this.#error });
    this.#rejectOpened(error);
    this.#letGo(resetCode);
    this.#inbound.break(error);
  }

  /** Closes it, unless it has closed. */
  #letGo(code: number | null): void {
    this.#over = true;
    this.#unsent.clear();
    if (this.#timer !== null) this.#timers.clearTimeout(this.#timer);
    this.#timer = null;
    const socket = this.#socket;
    socket.removeEventListener('open', this.#onOpen);
    socket.removeEventListener('message', this.#onMessage);
    if (code === null || socket.readyState === CLOSED) return this.#forget();
    socket.resume?.();
    socket.close(code);
  }

  /** Not before it has closed: an error that nobody listens for may end the process. */
  #forget(): void {
    this.#socket.removeEventListener('error', this.#onError);
    this.#socket.removeEventListener('close', this.#onClose);
  }
}
