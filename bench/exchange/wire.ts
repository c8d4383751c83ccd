// A Duplex whose other end is a function: what is written to it goes there, at once and in as few pieces as it comes in. Has what node:http
// and undici ask of a socket.

import { Duplex } from 'node:stream';

export class Wire extends Duplex {
  readonly #take: (bytes: Uint8Array) => void;

  constructor(take: (bytes: Uint8Array) => void) {
    super({ allowHalfOpen: true });
    this.#take = take;
  }

  override _read(): void {}

  override _write(bytes: Uint8Array, _: BufferEncoding, done: () => void): void {
    this.#take(bytes);
    done();
  }

  override _writev(pieces: { chunk: Uint8Array }[], done: () => void): void {
    this.#take(Buffer.concat(pieces.map(({ chunk }) => chunk)));
    done();
  }

  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}
