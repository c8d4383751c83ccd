// Bodies on their way in: pulled by one reader, once, and never buffered ahead of it.
// Knows what a reader wants and what the rest of a body may cost; knows nothing of exchanges or transports.

import type { Framing, HeaderList } from '@halfpipe/core';
import { LocalProtocolError, RemoteProtocolError } from '@halfpipe/core';
import { joined } from './source.ts';

/**
 * A body on its way in. Nothing is read from the transport until somebody asks, and a reader that stops asking stops the peer. It
 * has one reader, once: a second one gets a TypeError. If the connection ends within the body, the reader gets that error.
 */
export interface Body extends AsyncIterable<Uint8Array> {
  /** All of it. A body above `limit` bytes (default 16 MiB) is cancelled, and a RemoteProtocolError with code ERR_BODY_SIZE thrown. */
  bytes(options?: { limit?: number }): Promise<Uint8Array<ArrayBuffer>>;
  /** `bytes()` read as UTF-8, without a byte order mark; what is not UTF-8 becomes U+FFFD. */
  text(options?: { limit?: number }): Promise<string>;
  /** `text()` parsed as JSON; a SyntaxError if it is not. */
  json(options?: { limit?: number }): Promise<unknown>;
  /** A byte stream over it, for readers of either kind. Cancelling the stream cancels the body. */
  stream(): ReadableStream<Uint8Array>;
  /** Reads to the end and forgets, however long it is. */
  discard(): Promise<void>;
  /**
   * It is not wanted. What is left is read and forgotten if it is no more than `limits.drainSize`; otherwise the connection closes (a
   * server first finishes its response). A pending read fails with the cause. Leaving a `for await` loop early does the same.
   */
  cancel(cause?: unknown): void;
  /** The pieces as they come. They are views of what was received, so they must not be written to. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined>;
}

/** Who gets a body from the core. */
export interface BodyFeed {
  /** `wanted` may have become true: get more. Pieces may come before it returns. */
  pull(): void;
  /** What is left is not wanted, and too long to read away. */
  giveUp(cause: unknown): void;
  /** The body was forgotten half read; what is to be said of it. */
  warn(message: string): void;
}

/** For what is all there: it keeps nothing from one text to the next. To make one takes longer than to decode a short text. */
const wholeDecoder = new TextDecoder();
const defaultLimit = 16 * 1024 * 1024;
const none = new Uint8Array(0);
const settled = Promise.resolve();
/** Of a body that is over. */
const dry: BodyFeed = { pull() {}, giveUp() {}, warn() {} };

interface Waiter {
  resolve(bytes: Uint8Array | null): void;
  reject(error: unknown): void;
}

interface Collector {
  readonly limit: number;
  readonly parts: Uint8Array[];
  size: number;
  resolve(parts: Collector): void;
  reject(error: unknown): void;
}

/** The connection's side of a body: it is fed here, and says whether it wants to be. */
export class Inflow {
  /** Until nothing more will come: whoever gives up its reader must not keep the connection for it. */
  #feed: BodyFeed;
  readonly #framing: Framing;
  readonly #drainSize: number;
  #left: number;
  #mode: 'unread' | 'kept' | 'pulled' | 'collected' | 'dropped' = 'unread';
  #queue: Uint8Array[] = [];
  #budget = Infinity;
  #waiter: Waiter | null = null;
  #turn: Promise<unknown> = settled;
  #collector: Collector | null = null;
  #ended = false;
  #failure: { readonly error: unknown } | null = null;
  #trailers: HeaderList | null = null;
  #trailersWaiter: { resolve(trailers: HeaderList | null): void; reject(error: unknown): void } | null = null;
  #trailersPromise: Promise<HeaderList | null> | null = null;

  constructor(head: { framing: Framing; contentLength: number | null }, drainSize: number, feed: BodyFeed) {
    this.#feed = feed;
    this.#framing = head.framing;
    this.#drainSize = drainSize;
    this.#left = head.framing === 'length' && head.contentLength !== null ? head.contentLength : Infinity;
  }

  /** Nothing more will come: it ended, or it failed. */
  get finished(): boolean {
    return this.#ended || this.#failure !== null;
  }

  /** Is anybody waiting for what comes next? */
  get wanted(): boolean {
    if (this.finished) return false;
    return (
      this.#waiter !== null ||
      this.#collector !== null ||
      ((this.#mode === 'dropped' || this.#mode === 'kept') && this.#budget >= 0)
    );
  }

  /** Has nobody begun to read it? */
  get unread(): boolean {
    return this.#mode === 'unread' && !this.finished;
  }

  push(bytes: Uint8Array): void {
    this.#left -= bytes.length;
    if (this.#waiter !== null) {
      const waiter = this.#waiter;
      this.#waiter = null;
      waiter.resolve(bytes);
    } else if (this.#collector !== null) {
      this.#collect(this.#collector, bytes);
    } else {
      if (this.#mode !== 'dropped') this.#queue.push(bytes);
      if (this.#mode === 'dropped' || this.#mode === 'kept') this.#spend(bytes.length);
    }
  }

  end(trailers: HeaderList | null): void {
    if (this.finished) return;
    this.#ended = true;
    this.#feed = dry;
    this.#trailers = trailers;
    this.#trailersWaiter?.resolve(trailers);
    this.#waiter?.resolve(null);
    this.#collector?.resolve(this.#collector);
    this.#waiter = this.#collector = null;
  }

  /** What had already come may still be read; then the error. */
  fail(error: unknown): void {
    if (this.finished) return;
    this.#failure = { error };
    this.#feed = dry;
    this.#trailersWaiter?.reject(error);
    this.#failReader(error);
  }

  trailers(): Promise<HeaderList | null> {
    if (this.#trailersPromise === null) {
      this.#trailersPromise = new Promise((resolve, reject) => {
        if (this.#ended) resolve(this.#trailers);
        else if (this.#failure !== null) reject(this.#failure.error);
        else this.#trailersWaiter = { resolve, reject };
      });
      // Who reads the body learns of its failure there; the trailers need not be asked for.
      this.#trailersPromise.catch(ignore);
    }
    return this.#trailersPromise;
  }

  take(mode: 'pulled' | 'collected' | 'dropped'): void {
    if (this.#mode !== 'unread' && this.#mode !== 'kept') throw new TypeError('Cannot read a body a second time');
    this.#mode = mode;
    this.#budget = Infinity;
  }

  next(): Promise<Uint8Array | null> {
    const bytes = this.#queue.shift();
    if (bytes !== undefined) return Promise.resolve(bytes);
    if (this.#failure !== null) return Promise.reject(this.#failure.error);
    if (this.#ended || this.#mode === 'dropped') return Promise.resolve(null);
    // An iterator may be asked again before it has answered: then the questions take turns.
    if (this.#waiter !== null) return this.#turn.then(() => this.next());
    const promise = new Promise<Uint8Array | null>((resolve, reject) => {
      this.#waiter = { resolve, reject };
    });
    this.#turn = promise;
    this.#feed.pull();
    return promise;
  }

  collect(limit: number): Promise<{ readonly parts: readonly Uint8Array[]; readonly size: number }> {
    return new Promise((resolve, reject) => {
      const collector: Collector = { limit, parts: [], size: 0, resolve, reject };
      this.#collector = collector;
      const queued = this.#queue;
      this.#queue = [];
      for (const bytes of queued) this.#collect(collector, bytes);
      if (this.#collector === null) return; // above the limit
      if (this.#ended) resolve(collector);
      else if (this.#failure !== null) reject(this.#failure.error);
      // A length that is known to be too much is not waited for.
      else if (this.#left !== Infinity && collector.size + this.#left > limit) this.#exceed(limit);
      else this.#feed.pull();
    });
  }

  /** Resolves when the end has come and has been forgotten. */
  drop(): Promise<void> {
    this.#queue = [];
    if (this.#ended) return Promise.resolve();
    if (this.#failure !== null) return Promise.reject(this.#failure.error);
    const promise = new Promise<void>((resolve, reject) => {
      this.#collector = { limit: Infinity, parts: [], size: 0, resolve: () => resolve(), reject };
    });
    this.#feed.pull();
    return promise;
  }

  cancel(cause: unknown): void {
    if (this.#mode === 'dropped' && this.#collector === null) return;
    this.#mode = 'dropped';
    this.#queue = [];
    this.#failReader(cause);
    if (this.finished) return;
    this.#budget = this.#drainSize;
    const costsTooMuch = this.#framing === 'until-close' || (this.#left !== Infinity && this.#left > this.#drainSize);
    if (costsTooMuch) {
      this.#budget = -1;
      this.#feed.giveUp(cause);
    } else {
      this.#feed.pull();
    }
  }

  /** Reads ahead of a reader that may never come, up to `drainSize`: the connection is to end, but not at the cost of the body. */
  keep(): void {
    if (!this.unread) return;
    this.#mode = 'kept';
    this.#budget = this.#drainSize;
    this.#feed.pull();
  }

  /** Its reader is gone for good. */
  forget(): void {
    if (this.finished || this.#mode === 'dropped' || this.#collector !== null) return;
    this.#feed.warn('A response body was left unread: what is left of it is discarded, or the connection closed');
    this.cancel(undefined);
  }

  #collect(collector: Collector, bytes: Uint8Array): void {
    collector.size += bytes.length;
    if (collector.size > collector.limit) this.#exceed(collector.limit);
    else if (this.#mode !== 'dropped') collector.parts.push(bytes);
  }

  #exceed(limit: number): void {
    this.cancel(new RemoteProtocolError('ERR_BODY_SIZE', `Cannot collect the body: more than ${limit} bytes`));
  }

  #spend(size: number): void {
    if (this.#budget < 0) return;
    this.#budget -= size;
    if (this.#budget < 0) this.#feed.giveUp(undefined);
  }

  #failReader(cause: unknown): void {
    const reader = this.#waiter ?? this.#collector;
    this.#waiter = this.#collector = null;
    reader?.reject(cause ?? new LocalProtocolError('ERR_CLOSED', 'Cannot read the body: it was cancelled'));
  }
}

/** The reader's side of a body. */
export class IncomingBody implements Body {
  readonly #inflow: Inflow;

  constructor(inflow: Inflow) {
    this.#inflow = inflow;
  }

  async bytes(options?: { limit?: number }): Promise<Uint8Array<ArrayBuffer>> {
    this.#inflow.take('collected');
    const { parts, size } = await this.#inflow.collect(options?.limit ?? defaultLimit);
    // Always a copy: a view would keep all that was received with it alive, and share it with other messages.
    return joined(parts, size);
  }

  async text(options?: { limit?: number }): Promise<string> {
    this.#inflow.take('collected');
    const { parts } = await this.#inflow.collect(options?.limit ?? defaultLimit);
    if (parts.length === 1) return wholeDecoder.decode(parts[0]);
    const decoder = new TextDecoder();
    let text = '';
    for (const part of parts) text += decoder.decode(part, { stream: true });
    return text + decoder.decode();
  }

  async json(options?: { limit?: number }): Promise<unknown> {
    return JSON.parse(await this.text(options));
  }

  async discard(): Promise<void> {
    this.#inflow.take('dropped');
    await this.#inflow.drop();
  }

  cancel(cause?: unknown): void {
    this.#inflow.cancel(cause);
  }

  stream(): ReadableStream<Uint8Array> {
    this.#inflow.take('pulled');
    // The source keeps this body alive for as long as the stream is.
    let rest: Uint8Array = none;
    return new ReadableStream({
      type: 'bytes',
      pull: async (controller) => {
        if (rest.length === 0) {
          const bytes = await this.#inflow.next();
          if (bytes === null) {
            controller.close();
            controller.byobRequest?.respond(0);
            return;
          }
          rest = bytes;
        }
        const request = controller.byobRequest;
        const view = request?.view;
        if (request && view) {
          const size = Math.min(view.byteLength, rest.length);
          new Uint8Array(view.buffer, view.byteOffset, size).set(rest.subarray(0, size));
          rest = rest.subarray(size);
          request.respond(size);
        } else {
          // A copy, because enqueue() takes the buffer away, and other messages have views of it. Not by slice(), which is a view to Buffers.
          controller.enqueue(new Uint8Array(rest));
          rest = none;
        }
      },
      cancel: (cause) => this.cancel(cause),
    });
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    this.#inflow.take('pulled');
    // Closures over `this`: the iterator keeps the body alive, so that it is not forgotten while it is read.
    return {
      next: async () => {
        const bytes = await this.#inflow.next();
        return bytes === null ? { done: true, value: undefined } : { done: false, value: bytes };
      },
      return: () => {
        this.cancel();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }
}

function ignore(): void {}
