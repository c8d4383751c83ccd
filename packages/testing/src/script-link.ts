// A connection between a scripted peer and the side under test: what has come on it, and whether more can. Knows nothing of scripts.

import { type MemoryTransport, type PairOptions, pair } from './memory.ts';
import { text } from './octets.ts';

export class ScriptLink {
  /** The transport of the side under test. */
  readonly near: MemoryTransport;
  /** The peer's own. It reads only while it is told to. */
  readonly far: MemoryTransport;
  /** What has come and was not taken, in the pieces in which it came. */
  #pieces: string[] = [];
  #size = 0;
  /** How many of the pieces, and of their bytes, have matched. */
  #matched = { length: 0, size: 0 };
  #ended = false;
  #closed: { readonly cause: unknown } | null = null;
  #ignoring = false;

  /** `changed` is called after everything that comes, and when all that was sent has been taken. */
  constructor(options: PairOptions, changed: () => void) {
    // A buffer that is always full has somebody told when it is empty.
    const [near, far] = pair({ ...options, far: { ...options.far, bufferSize: 1 } });
    this.near = near;
    this.far = far;
    far.pause();
    far.start({
      bytes: (bytes) => {
        if (!this.#ignoring) this.#keep(text(bytes));
        changed();
      },
      end: () => {
        this.#ended = true;
        changed();
      },
      writable: changed,
      closed: (cause) => {
        this.#closed = { cause };
        changed();
      },
    });
  }

  #keep(piece: string): void {
    if (piece !== '') this.#pieces.push(piece);
    this.#size += piece.length;
  }

  /** What has come and was not taken, a character for each byte. */
  get received(): string {
    return this.#pieces.join('');
  }

  /** How much that is. */
  get size(): number {
    return this.#size;
  }

  /** Does it begin with these bytes, as far as it goes? As long as the same are asked for, no byte is looked at twice. */
  matches(bytes: string): boolean {
    const { length } = this.#pieces;
    for (let { length: i, size } = this.#matched; i < length && size < bytes.length; ) {
      const piece = this.#pieces[i++] ?? '';
      if (!bytes.startsWith(piece.slice(0, bytes.length - size), size)) return false;
      size += piece.length;
      this.#matched = { length: i, size };
    }
    return true;
  }

  /** Takes so many bytes, or all that have come. */
  take(size: number = this.#size): void {
    const rest = this.received.slice(size);
    this.#pieces = [];
    this.#size = 0;
    this.#matched = { length: 0, size: 0 };
    this.#keep(rest);
  }

  /** From here on nothing is kept of what comes. */
  ignore(): void {
    this.#ignoring = true;
    this.take();
    this.far.resume();
  }

  get ignoring(): boolean {
    return this.#ignoring;
  }

  /** The other side has ended its direction. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The connection is gone; null while it is not. */
  get closed(): { readonly cause: unknown } | null {
    return this.#closed;
  }

  /** Why no more can come, in words; null while more can. */
  get over(): string | null {
    const closed = this.#closed;
    if (closed !== null && closed.cause !== undefined) return `the connection broke (${closed.cause})`;
    return this.#ended || closed !== null ? 'the other side has ended' : null;
  }

  /** Why the peer cannot send, in words; null while it can. */
  get mute(): string | null {
    if (this.far.ended) return 'the peer has ended';
    return this.#closed === null && this.far.destroyed === null ? null : 'the connection is closed';
  }
}
