// A MessagePort as a Transport: HTTP between threads, windows, frames and workers. Bytes travel as messages; what the other side has
// taken is confirmed, so that it can hold the sender up. Both ends are this file, or speak as port-message.ts says.
// Knows ports; knows nothing of HTTP or of roles.

import type { Transport, TransportSink } from '@halfpipe/driver';
import { kindOf } from './bytes.ts';
import { Inbound } from './inbound.ts';
import { type PortMessage, portMessage, windowSize } from './port-message.ts';
import { TransportError } from './transport-error.ts';
import { Unsent } from './unsent.ts';

/** As much of a MessagePort as is used: those of browsers, Deno, Bun and `node:worker_threads` have it. */
export interface PortLike {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  addEventListener(type: string, listener: (event: object) => void): void;
  removeEventListener(type: string, listener: (event: object) => void): void;
  start(): void;
  close(): void;
}

/**
 * Makes a transport of a port, which belongs to it from then on. At the other port of the channel there must be one too. Half-closing and
 * resetting are messages; a reset carries the text of its cause to the other side.
 *
 * That the other side is gone without a word, as when its worker is terminated, is seen where the port has a `close` event: Node, Bun,
 * Chromium 122. Elsewhere the timeouts of HTTP are what notices.
 */
export function messagePort(port: PortLike): Transport {
  return new PortTransport(port);
}

/** The most that one message carries: large enough to make few, small enough that several fit the window. */
const pieceSize = 64 * 1024;

class PortTransport implements Transport {
  // The end of a direction is a message like others.
  readonly halfClose = true;
  readonly #port: PortLike;
  readonly #inbound = new Inbound();
  readonly #unsent = new Unsent();
  #sink: TransportSink | null = null;
  #over = false;
  /** Bytes that came and were not confirmed. */
  #untold = 0;
  #peerEnded = false;
  /** Bytes that were sent and not confirmed. */
  #unconfirmed = 0;
  #transfers = true;
  #scheduled = false;
  #full = false;
  #ended = false;
  #endSent = false;

  constructor(port: PortLike) {
    this.#port = port;
    port.addEventListener('message', this.#onMessage);
    port.addEventListener('messageerror', this.#onMessageError);
    port.addEventListener('close', this.#onClose);
    // At once, since a port that was never started may not tell that it was closed. What comes is held until there is a sink.
    port.start();
  }

  start(sink: TransportSink): void {
    this.#inbound.start(sink);
    this.#sink = sink;
    this.#confirm();
    this.#relieve();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#over || this.#ended) return false;
    this.#unsent.push(bytes);
    this.#schedule();
    this.#full = this.#unconfirmed + this.#unsent.size >= windowSize;
    return !this.#full;
  }

  pause(): void {
    this.#inbound.pause();
  }

  resume(): void {
    this.#inbound.resume();
    this.#confirm();
  }

  end(): void {
    this.#ended = true;
    this.#schedule();
  }

  destroy(cause?: unknown): void {
    if (!this.#over) {
      if (cause !== undefined) this.#post({ type: 'reset', cause: textOf(cause) });
      else if (this.#unsent.size > 0) this.#post({ type: 'reset', cause: 'Not everything was sent' });
      else this.#post({ type: 'close' });
      this.#letGo();
    }
    this.#inbound.drop(cause);
  }

  // What comes.

  readonly #onMessage = ({ data }: { readonly data?: unknown }): void => {
    if (this.#over) return;
    const message = portMessage(data);
    if (message === null) return this.#refuse(`a message of another kind: ${kindOf(data)}`);
    switch (message.type) {
      case 'bytes':
        return this.#receive(message.bytes);
      case 'taken':
        return this.#credit(message.size);
      case 'end':
        return this.#onPeerEnd();
      case 'close':
        return this.#onPeerClose();
      case 'reset':
        return this.#break(`The other side has reset the connection: ${message.cause}`);
    }
  };

  readonly #onMessageError = (): void => {
    if (!this.#over) this.#refuse('a message that cannot be deserialized');
  };

  readonly #onClose = (): void => {
    // Workers tell it before the messages that were sent before it (workerd 2026-11-17); those come in jobs that were queued by then.
    queueMicrotask(() => {
      if (!this.#over) this.#break('The port was closed by the other side, or the other side is no more');
    });
  };

  #receive(bytes: Uint8Array): void {
    if (this.#peerEnded) return this.#refuse('bytes behind the end');
    this.#untold += bytes.length;
    if (this.#untold > windowSize) return this.#refuse(`more than ${windowSize} bytes that were not asked for`);
    this.#inbound.bytes(bytes);
    this.#confirm();
  }

  /** Not each piece by itself: half a window at a time halves the number of messages, and nobody waits for it. */
  #confirm(): void {
    const taken = this.#untold - this.#inbound.size;
    if (this.#over || taken < windowSize / 2) return;
    this.#untold -= taken;
    this.#post({ type: 'taken', size: taken });
  }

  #credit(size: number): void {
    if (size > this.#unconfirmed)
      return this.#refuse(`a confirmation of ${size} bytes, with ${this.#unconfirmed} sent`);
    this.#unconfirmed -= size;
    this.#flush();
    this.#relieve();
  }

  #onPeerEnd(): void {
    if (this.#peerEnded) return this.#refuse('a second end');
    this.#peerEnded = true;
    this.#inbound.end('clean');
    this.#finishIfEnded();
  }

  #onPeerClose(): void {
    if (!this.#peerEnded) this.#inbound.end('clean');
    if (this.#unsent.size > 0) return this.#break('The other side is gone, and not everything was sent');
    this.#letGo();
    this.#inbound.close();
  }

  // What goes.

  /** What is written in one turn leaves together. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(this.#flush);
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    if (this.#over) return;
    while (this.#unsent.size > 0) {
      const credit = windowSize - this.#unconfirmed;
      if (credit === 0) return;
      const bytes = this.#unsent.take(Math.min(credit, pieceSize));
      this.#unconfirmed += bytes.length;
      this.#send(bytes);
    }
    if (!this.#ended || this.#endSent) return;
    this.#endSent = true;
    this.#post({ type: 'end' });
    this.#finishIfEnded();
  };

  #send(bytes: Uint8Array<ArrayBuffer>): void {
    const message: PortMessage = { type: 'bytes', bytes };
    if (this.#transfers) {
      try {
        return this.#port.postMessage(message, [bytes.buffer]);
      } catch {
        // Workers copy messages and refuse to transfer (workerd 2026-11-17).
        this.#transfers = false;
      }
    }
    this.#post(message);
  }

  #post(message: PortMessage): void {
    this.#port.postMessage(message, []);
  }

  #relieve(): void {
    if (!this.#full || this.#sink === null || this.#ended || this.#over) return;
    if (this.#unconfirmed + this.#unsent.size > windowSize / 2) return;
    this.#full = false;
    this.#sink.writable();
  }

  // The end.

  #finishIfEnded(): void {
    if (!this.#peerEnded || !this.#endSent || this.#over) return;
    this.#letGo();
    this.#inbound.close();
  }

  #refuse(what: string): void {
    const error = new TransportError('ERR_TRANSPORT_MESSAGE', `Cannot take ${what}`);
    this.#post({ type: 'reset', cause: error.message });
    this.#letGo();
    this.#inbound.break(error);
  }

  #break(message: string): void {
    this.#letGo();
    this.#inbound.break(new TransportError('ERR_TRANSPORT_RESET', message));
  }

  #letGo(): void {
    this.#over = true;
    this.#unsent.clear();
    const port = this.#port;
    port.removeEventListener('message', this.#onMessage);
    port.removeEventListener('messageerror', this.#onMessageError);
    port.removeEventListener('close', this.#onClose);
    port.close();
  }
}

function textOf(cause: unknown): string {
  if (cause instanceof Error) return cause.message;
  return typeof cause === 'string' ? cause : kindOf(cause);
}
