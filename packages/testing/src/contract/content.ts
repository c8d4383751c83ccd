// Bytes that are made anew wherever they are needed: which one stands where is known beforehand. So any number of them can be sent, and
// compared at every place when they arrive, without being kept. Knows nothing of who carries them.

import { Random } from '../random.ts';

/** They come again behind so many, a prime: what is lost, doubled or moved on its way shows, unless it is a multiple of that. */
const period = 1_048_583;
let lap: Uint8Array | null = null;

function made(): Uint8Array {
  const bytes = new Uint8Array(period);
  const random = new Random(1);
  for (let i = 0; i < period; i += 4) {
    const word = random.next();
    bytes[i] = word;
    bytes[i + 1] = word >>> 8;
    bytes[i + 2] = word >>> 16;
    bytes[i + 3] = word >>> 24;
  }
  return bytes;
}

export class Content {
  readonly #lap: Uint8Array;
  readonly #begin: number;

  /** Another number is other bytes. */
  constructor(number: number) {
    lap ??= made();
    this.#lap = lap;
    this.#begin = (number * 104_729) % period;
  }

  /** `size` of them, from `offset` on. */
  bytes(offset: number, size: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; ) {
      const from = (this.#begin + offset + at) % period;
      const part = this.#lap.subarray(from, from + size - at);
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  /** The index at which these, which should be those from `offset` on, first differ from them; -1 if they do not. */
  differsAt(bytes: Uint8Array, offset: number): number {
    const lap = this.#lap;
    let place = (this.#begin + offset) % period;
    for (let i = 0; i < bytes.length; i++) {
      if (bytes[i] !== lap[place]) return i;
      if (++place === period) place = 0;
    }
    return -1;
  }
}

/** What has arrived of a content, compared as it comes. */
export class Arrival {
  readonly #content: Content;
  #size = 0;
  /** What was wrong first, in words; null while nothing is. */
  wrong: string | null = null;

  constructor(content: Content) {
    this.#content = content;
  }

  get size(): number {
    return this.#size;
  }

  take(bytes: Uint8Array): void {
    if (this.wrong === null) {
      const index = this.#content.differsAt(bytes, this.#size);
      if (index >= 0) {
        const at = this.#size + index;
        this.wrong = `byte ${at} is ${bytes[index]}, not ${this.#content.bytes(at, 1)[0]}`;
      }
    }
    this.#size += bytes.length;
  }
}

/** A body of that content, made piece by piece as it is asked for. It counts what it has given, and learns whether it is let go of. */
export class Source implements AsyncIterable<Uint8Array> {
  readonly #content: Content;
  readonly #pieceSize: number;
  #produced = 0;
  /** It ends when it has given so much. */
  size: number;
  /** Nobody will ask for more: it was let go of before its end. */
  closed = false;

  constructor(content: Content, size: number, pieceSize: number = 64 * 1024) {
    this.#content = content;
    this.size = size;
    this.#pieceSize = pieceSize;
  }

  get produced(): number {
    return this.#produced;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return {
      next: async () => {
        const size = Math.min(this.#pieceSize, this.size - this.#produced);
        if (size <= 0) return { done: true, value: undefined };
        const value = this.#content.bytes(this.#produced, size);
        this.#produced += size;
        return { done: false, value };
      },
      return: async () => {
        this.closed = true;
        return { done: true, value: undefined };
      },
    };
  }
}
