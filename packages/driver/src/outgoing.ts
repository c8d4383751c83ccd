// A body on its way out in pieces: asked for one at a time, when the connection has room for it, and let go of when it has not.
// Knows the writing side of an exchange and nothing of roles.

import type { HeaderPairs } from '@halfpipe/core';
import { bytesOf, type Pieces } from './source.ts';

/** The writing side of an exchange. */
export interface Writable {
  readonly writable: boolean;
  write(bytes: Uint8Array): void;
  end(trailers?: HeaderPairs): void;
}

export interface OutgoingOptions {
  /** What was read of it beforehand. */
  readonly prefix?: readonly Uint8Array[];
  readonly trailers?: (() => HeaderPairs) | undefined;
  /** Null if there is room to write, else a promise of it. */
  room(): Promise<void> | null;
  /** It has been written to its end. */
  ended(): void;
  /** The source, or what it gave, was wrong. */
  failed(error: unknown): void;
}

export class Outgoing {
  readonly #pieces: Pieces;
  readonly #exchange: Writable;
  readonly #options: OutgoingOptions;
  #state: 'ready' | 'writing' | 'over' = 'ready';

  constructor(pieces: Pieces, exchange: Writable, options: OutgoingOptions) {
    this.#pieces = pieces;
    this.#exchange = exchange;
    this.#options = options;
  }

  begin(): void {
    if (this.#state !== 'ready') return;
    this.#state = 'writing';
    this.#write().catch((error: unknown) => this.#fail(error));
  }

  /** No more is wanted: the source is closed, and told why. */
  stop(cause: unknown): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#pieces.close(cause);
  }

  /** What a sync source gives is written before the first await, and so leaves with its head. */
  async #write(): Promise<void> {
    const { prefix, room, trailers, ended } = this.#options;
    if (this.#stopped()) return;
    if (prefix !== undefined) {
      for (const bytes of prefix) this.#exchange.write(bytes);
    }
    for (;;) {
      const full = room();
      if (full !== null) await full;
      if (this.#stopped()) return;
      const step = this.#pieces.next();
      const { done, value } = 'then' in step ? await step : step;
      if (this.#stopped()) return;
      if (done === true) break;
      this.#exchange.write(bytesOf(value));
    }
    this.#exchange.end(trailers?.());
    this.#state = 'over';
    ended();
  }

  /** A peer that wants no more of it makes the exchange unwritable. */
  #stopped(): boolean {
    if (this.#state === 'writing' && !this.#exchange.writable) this.stop(undefined);
    return this.#state === 'over';
  }

  #fail(error: unknown): void {
    if (this.#state === 'over') return;
    this.stop(error);
    this.#options.failed(error);
  }
}
