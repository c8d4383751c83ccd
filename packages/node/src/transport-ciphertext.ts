// A Transport as a stream, for TLS over it: inside a tunnel. The other way round than transport.ts. Knows nothing of TLS but that what it
// carries is ciphertext, and nothing of what carries it.

import { Duplex } from 'node:stream';
import type { Transport } from '@halfpipe/driver';
import type { Ciphertext } from './tls.ts';

type Callback = (error?: Error | null) => void;

/** What goes over a transport that is not yet started. A failure comes after what was received before it. */
export class TransportCiphertext extends Duplex implements Ciphertext {
  ended = false;
  readonly #transport: Transport;
  #inputEnded = false;
  #closed = false;
  /** Of the write that waits for room. */
  #callback: Callback | null = null;

  constructor(transport: Transport) {
    super({ allowHalfOpen: true });
    this.#transport = transport;
    this.once('end', () => {
      this.ended = true;
    });
    transport.start({
      bytes: (bytes) => {
        if (!this.push(bytes)) transport.pause();
      },
      end: () => this.#end(),
      writable: () => this.#written(),
      closed: (cause) => this.#fail(cause),
    });
  }

  override _read(): void {
    if (!this.#closed) this.#transport.resume();
  }

  override _write(bytes: Uint8Array, _encoding: BufferEncoding, callback: Callback): void {
    // What closed it is told by 'error' or 'close', behind what was received.
    this.#callback = callback;
    if (!this.#closed && this.#transport.write(bytes)) this.#written();
  }

  override _final(callback: Callback): void {
    if (!this.#closed) this.#transport.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#transport.destroy(error ?? undefined);
    callback(error);
  }

  #written(): void {
    const callback = this.#callback;
    this.#callback = null;
    callback?.();
  }

  #end(): void {
    this.#inputEnded = true;
    this.push(null);
  }

  #fail(cause: unknown): void {
    this.#closed = true;
    const error = cause === undefined || cause instanceof Error ? cause : new Error('The tunnel broke', { cause });
    if (this.ended || (this.readableLength === 0 && !this.#inputEnded)) {
      this.destroy(error);
      return;
    }
    this.once('end', () => this.destroy(error));
    if (!this.#inputEnded) this.#end();
  }
}
