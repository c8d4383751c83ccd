// A transport that is looked at: it passes every call on, counts, and notes what no transport may tell its sink.
// Knows the contract of Transport, and nothing of what is said over it.

import type { EndOfInput, Transport, TransportSink } from '@halfpipe/driver';
import { errorText } from './check.ts';

/** Who wants to know how far it is. */
export interface WatchKeeper {
  started(): void;
  closed(): void;
}

export class Watched implements Transport {
  readonly name: string;
  readonly halfClose: boolean;
  readonly #inner: Transport;
  readonly #violated: (message: string) => void;
  readonly #keeper: WatchKeeper;
  /** Bytes that it has taken, and bytes that it has brought. */
  taken = 0;
  brought = 0;
  eof: EndOfInput | null = null;
  /** What `closed` was called with. */
  over: { readonly cause: unknown } | null = null;
  ended = false;
  destroyed = false;
  #refused = false;

  /** `violated` is told of what is not as the contract says. */
  constructor(name: string, inner: Transport, violated: (message: string) => void, keeper: WatchKeeper) {
    this.name = name;
    this.halfClose = inner.halfClose;
    this.#inner = inner;
    this.#violated = (message) => violated(`${name} ${message}`);
    this.#keeper = keeper;
  }

  start(sink: TransportSink): void {
    this.#keeper.started();
    this.#inner.start({
      bytes: (bytes) => {
        this.#told('bytes');
        if (this.eof !== null) this.#violated('brings bytes behind its end');
        if (!ArrayBuffer.isView(bytes)) this.#violated('brings what are no bytes');
        this.brought += bytes.length;
        sink.bytes(bytes);
      },
      end: (eof) => {
        this.#told('the end');
        if (this.eof !== null) this.#violated('tells the end a second time');
        this.eof = eof;
        sink.end(eof);
      },
      writable: () => {
        this.#told('that there is room');
        if (!this.#refused) this.#violated('tells that there is room where no write was refused');
        this.#refused = false;
        sink.writable();
      },
      closed: (cause) => {
        this.#told('that it is closed');
        this.over = { cause };
        sink.closed(cause);
        this.#keeper.closed();
      },
    });
  }

  write(bytes: Uint8Array): boolean {
    this.taken += bytes.length;
    const more = this.#inner.write(bytes);
    if (!more) this.#refused = true;
    return more;
  }

  pause(): void {
    this.#inner.pause();
  }

  resume(): void {
    this.#inner.resume();
  }

  end(): void {
    this.ended = true;
    this.#inner.end();
  }

  destroy(cause?: unknown): void {
    this.destroyed = true;
    this.#inner.destroy(cause);
  }

  /** What has happened on it, in a few words. */
  get state(): string {
    const { over, eof, ended, destroyed, taken, brought } = this;
    const closed = over === null ? '' : over.cause === undefined ? ', closed' : `, closed by ${errorText(over.cause)}`;
    const end = eof === null ? '' : `, told a ${eof} end`;
    const did = destroyed ? ', destroyed' : ended ? ', ended' : '';
    return `${taken} bytes out, ${brought} in${did}${end}${closed}`;
  }

  #told(what: string): void {
    if (this.over !== null) this.#violated(`tells ${what} when it has already told that it is closed`);
  }
}
