// One call of a pool, from its first attempt to its last: what may be made again, and with which body (RFC 9110 §9.2.2).
// Knows nothing of connections but that one is taken, or lost.

import { isIdempotent } from '@halfpipe/core';
import type { CallOptions, Settle } from './call.ts';
import { RetryError } from './errors.ts';
import type { Caller, Origin } from './origin.ts';
import type { PooledConnection } from './pooled-connection.ts';
import { discardSource, isWhole, type Pieces, piecesOf, type StreamedSource } from './source.ts';

export interface PooledCallOptions {
  readonly number: number;
  readonly method: string;
  readonly url: URL;
  readonly options: CallOptions;
  readonly origin: Origin;
  /** How often it may be made again. */
  readonly retry: number;
}

export class PooledCall implements Caller {
  readonly number: number;
  readonly method: string;
  readonly url: URL;
  readonly options: CallOptions;
  readonly #origin: Origin;
  readonly #lent: LentBody | null;
  readonly #onAbort: (() => void) | null = null;
  /** Null once settled: these would keep the response alive, whose body is to be missed when its reader is gone. */
  #settle: Settle | null;
  #shares: boolean;
  #wantsFresh = false;
  #left: number;

  /** What iterates `headers` may be gone afterwards. */
  constructor({ number, method, url, options, origin, retry }: PooledCallOptions, settle: Settle) {
    const headers = [...(options.headers ?? [])];
    const { body, signal } = options;
    this.number = number;
    this.method = method;
    this.url = url;
    this.options = { ...options, headers };
    this.#origin = origin;
    this.#settle = settle;
    // Of what can be iterated an array alone is the same each time; others may be iterators that are used up.
    this.#lent = body === undefined || isWhole(body) || Array.isArray(body) ? null : new LentBody(body);
    this.#shares =
      isIdempotent(method) && isSentAtOnce(options) && headers.every(([name, value]) => shares(name, value));
    this.#left = retry;
    if (signal !== undefined) {
      this.#onAbort = () => {
        origin.leave(this);
        this.fail(signal.reason);
      };
    }
  }

  get pieces(): Pieces | null {
    return this.#lent;
  }

  get shares(): boolean {
    return this.#shares;
  }

  get wantsFresh(): boolean {
    return this.#wantsFresh;
  }

  begin(): void {
    this.#listen();
    this.#origin.submit(this);
  }

  start(connection: PooledConnection): void {
    this.#listenNoMore();
    connection.call(this).then(
      (response) => {
        this.#settle?.resolve(response);
        this.#settle = null;
        connection.answered(this, response);
      },
      (error: unknown) => this.#lost(connection, error),
    );
  }

  ended(): void {
    this.#lent?.giveBack(undefined);
  }

  fail(error: unknown): void {
    this.#listenNoMore();
    this.#lent?.giveBack(error);
    this.#settle?.reject(error);
    this.#settle = null;
  }

  #lost(connection: PooledConnection, error: unknown): void {
    const { signal } = this.options;
    const aborted = signal?.aborted === true;
    const again = !aborted && this.#left > 0 && connection.failure === null && this.#mayRepeat(error);
    if (again) {
      this.#left--;
      this.#shares = false; // it goes first on its connection: nobody else's end is to be its own again
      this.#listen();
    } else {
      this.fail(aborted ? signal.reason : error);
    }
    this.#origin.lost(connection, this, again);
  }

  #mayRepeat(error: unknown): boolean {
    if (!(error instanceof RetryError)) return false;
    if (error.retry === 'never' || (error.retry === 'if-idempotent' && !isIdempotent(this.method))) return false;
    // Where one idle connection has turned out to be closed, the others may be, too.
    this.#wantsFresh = error.why === 'stale-idle' || error.why === 'unsent';
    return this.#lent === null || !this.#lent.begun;
  }

  #listen(): void {
    if (this.#onAbort !== null) this.options.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  #listenNoMore(): void {
    if (this.#onAbort !== null) this.options.signal?.removeEventListener('abort', this.#onAbort);
  }
}

/** A body that cannot be read twice. Until it is asked for a piece, one attempt after the other may have it. */
class LentBody implements Pieces {
  readonly #source: StreamedSource;
  #pieces: Pieces | null = null;

  constructor(source: StreamedSource) {
    this.#source = source;
  }

  get begun(): boolean {
    return this.#pieces !== null;
  }

  next(): ReturnType<Pieces['next']> {
    this.#pieces ??= piecesOf(this.#source);
    return this.#pieces.next();
  }

  /** One attempt wants no more of it. */
  close(cause: unknown): void {
    this.#pieces?.close(cause);
  }

  /** Nobody will ask for it any more. */
  giveBack(cause: unknown): void {
    if (!this.begun) discardSource(this.#source, cause);
  }
}

/** Is it sent in one go, with nothing to wait for in between? */
function isSentAtOnce({ body, trailers, expectContinue }: CallOptions): boolean {
  return (body === undefined || isWhole(body)) && trailers === undefined && expectContinue !== true;
}

/** Does a field leave the connection to others? */
function shares(name: string, value: string): boolean {
  const lower = name.toLowerCase();
  if (lower === 'connection') return !/close/i.test(value);
  return lower !== 'upgrade' && lower !== 'expect';
}
