// A sink that writes down what it is told, each call a line, and refuses what no transport may do: to tell anything within a call to the
// transport, or anything behind `closed`.

import type { EndOfInput, TransportSink } from '@halfpipe/driver';
import { type Clock, type MemoryTransport, text } from '@halfpipe/testing';

export class Listener implements TransportSink {
  /** One line for each call: `bytes abc`, `end clean`, `writable`, `closed`, `closed ERR_RESET`. */
  readonly heard: string[] = [];
  /** All bytes, and the size of each piece. */
  received = '';
  readonly sizes: number[] = [];
  /** When each line was heard. */
  readonly times: number[] = [];
  /** Done first, at each call. */
  reaction: (line: string) => unknown = () => {};
  readonly #clock: Clock | null;
  #calling = false;

  constructor(clock: Clock | null = null) {
    this.#clock = clock;
  }

  /** Calls the transport, and lets nothing be told meanwhile. */
  call<T>(action: () => T): T {
    this.#calling = true;
    try {
      return action();
    } finally {
      this.#calling = false;
    }
  }

  bytes(bytes: Uint8Array): void {
    this.received += text(bytes);
    this.sizes.push(bytes.length);
    this.#hear(`bytes ${text(bytes)}`);
  }

  end(eof: EndOfInput): void {
    this.#hear(`end ${eof}`);
  }

  writable(): void {
    this.#hear('writable');
  }

  closed(cause?: unknown): void {
    this.#hear(cause === undefined ? 'closed' : `closed ${nameOf(cause)}`);
  }

  #hear(line: string): void {
    if (this.#calling) throw new Error(`Told within a call: ${line}`);
    if (this.heard.at(-1)?.startsWith('closed') === true) throw new Error(`Told behind closed: ${line}`);
    this.heard.push(line);
    this.times.push(this.#clock?.now() ?? 0);
    this.reaction(line);
  }
}

function nameOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}

/** Starts both sides of a pair. */
export function listen([near, far]: readonly [MemoryTransport, MemoryTransport], clock: Clock | null = null) {
  const nearHears = new Listener(clock);
  const farHears = new Listener(clock);
  near.start(nearHears);
  far.start(farHears);
  return { near, far, nearHears, farHears };
}
