// One call of a client connection: what was asked, and what has become of it. Settles its promise, or fails its body, once.
// Knows nothing of the queue it stands in, nor when it may be sent.

import type { ClientExchange, HeaderList, HeaderPairs, ResponseHead } from '@halfpipe/core';
import type { Body, Inflow } from './body.ts';
import { IncomingBody } from './body.ts';
import type { Outgoing } from './outgoing.ts';
import type { BodySource, Pieces } from './source.ts';
import { discardSource, encode, isWhole, piecesOf } from './source.ts';
import { destinationOf } from './target.ts';
import type { Transport } from './transport.ts';

/** What a call may say beside its method and URL. */
export interface CallOptions {
  /** Sent as they are, in this order. Host is put before them unless it is among them. */
  headers?: HeaderPairs;
  /**
   * Text, bytes, or pieces of bytes. Pieces go out under the Content-Length in `headers`, else in chunks (RFC 9112 §7.1), each asked for
   * when there is room. A server must first be known to read chunks (RFC 9112 §6.1): until it is, up to 64 KiB are read ahead, and a
   * body that ends within them gets a Content-Length. If the source throws, the connection closes and the call rejects with that error.
   */
  body?: BodySource;
  /** Called when the body has been sent, for the trailer fields behind it (RFC 9112 §7.1.2). The body goes out in chunks. */
  trailers?: () => HeaderPairs;
  /** Sends the whole URL as the target, as a proxy wants it (RFC 9112 §3.2.2). Default false. */
  absoluteForm?: boolean;
  /** Rejects the call with its reason. A waiting call leaves the queue; for one in flight the connection must close. */
  signal?: AbortSignal;
  /** Each interim response, 100 to 199 but 101 (RFC 9110 §15.2). A throw ends the call as its signal would. */
  onInformational?: (head: ResponseHead) => void;
  /** Sends `Expect: 100-continue` and the body only when the server says so, or `timeouts.continue` has passed (RFC 9110 §10.1.1). */
  expectContinue?: boolean;
  /** @internal */
  attempt?: Attempt;
}

/** Who makes a call for somebody else, on a connection that others use too, and may make it again on another one. */
export interface Attempt {
  /** In place of `body` where that is a stream, which is not this call's to close before it has begun to read it. */
  readonly pieces: Pieces | null;
  /** Its signal has aborted, and it is in flight: may the connection go on for the sake of others, and its response be forgotten? */
  spares(): boolean;
  /** The connection has no more to do with it. `answered`: the head of a response has come, or it is spared. */
  ended(answered: boolean): void;
}

/** A response whose body is still to be read. */
export interface IncomingResponse extends ResponseHead {
  readonly body: Body;
  /** The trailer fields, or null if there were none. Settles when the body has been read, discarded or lost; never for a body left alone. */
  readonly trailers: Promise<HeaderList | null>;
  /** After 101 or a 2xx to CONNECT, the transport: what came behind the head is the first it brings. Otherwise null. */
  readonly upgrade: Transport | null;
}

class Response implements IncomingResponse {
  readonly version: ResponseHead['version'];
  readonly status: number;
  readonly reason: string;
  readonly headers: HeaderList;
  readonly framing: ResponseHead['framing'];
  readonly contentLength: number | null;
  readonly relaxed: ResponseHead['relaxed'];
  readonly body: Body;
  readonly upgrade: Transport | null;
  readonly #inflow: Inflow;

  constructor(head: ResponseHead, inflow: Inflow, upgrade: Transport | null) {
    this.version = head.version;
    this.status = head.status;
    this.reason = head.reason;
    this.headers = head.headers;
    this.framing = head.framing;
    this.contentLength = head.contentLength;
    this.relaxed = head.relaxed;
    this.body = new IncomingBody(inflow);
    this.upgrade = upgrade;
    this.#inflow = inflow;
  }

  get trailers(): Promise<HeaderList | null> {
    return this.#inflow.trailers();
  }
}

/** Methods whose requests state the length of a body even if it is empty (RFC 9110 §8.6). */
const bodied: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);
const empty = new Uint8Array(0);

/** Who waits for the response. */
export interface Settle {
  resolve(response: IncomingResponse): void;
  reject(error: unknown): void;
}

export class Call {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly headers: HeaderPairs;
  /** The body, if it is all there. */
  readonly whole: Uint8Array | null;
  /** Is the body written after the head, piece by piece? */
  readonly streamed: boolean;
  /** Will the head say how long the body is? */
  readonly sized: boolean;
  readonly expects: boolean;
  /** Does it ask for the connection to close behind it (RFC 9112 §9.6)? */
  readonly closes: boolean;
  readonly options: CallOptions;

  exchange: ClientExchange | null = null;
  /** Its connection counts it: neither answered nor lost. One that is lost may not be over yet. */
  held = false;
  /** The head of a response that switches protocols, until the transport follows. */
  switching: ResponseHead | null = null;
  outgoing: Outgoing | null = null;
  inflow: Inflow | null = null;
  #pieces: Pieces | null = null;
  #over = false;
  #spared = false;
  #onAbort: (() => void) | null = null;
  /** Null once settled: these would keep the response alive, whose body is to be missed when its reader is gone. */
  #settle: Settle | null;

  /** Throws a TypeError for a URL that cannot be called; `authority` is the Host for one that does not tell it. */
  constructor(method: string, url: string | URL, options: CallOptions, authority: string | null, settle: Settle) {
    const { target, host } = destinationOf(method, url, options.absoluteForm === true);
    const headers: (readonly [string, string])[] = [];
    let named: string | null = null;
    let sized = false;
    let announcesNone = false;
    let closes = false;
    let expects = false;
    for (const field of options.headers ?? []) {
      headers.push(field);
      const name = field[0].toLowerCase();
      if (name === 'host') named = field[1];
      else if (name === 'content-length') {
        sized = true;
        announcesNone = Number(field[1]) === 0;
      } else if (name === 'connection') closes ||= /(?:^|,)\s*close\s*(?:,|$)/i.test(field[1]);
      else if (name === 'expect') expects = true;
    }
    const known = named ?? host ?? authority;
    if (known === null) throw new TypeError(`Cannot call ${target}: no Host is known`);
    if (named === null) headers.unshift(['Host', known]);
    this.method = method;
    this.target = target;
    this.host = known;
    this.headers = headers;
    this.whole = wholeBody(method, options);
    this.streamed = options.trailers !== undefined || (options.body !== undefined && this.whole === null);
    this.sized = sized || !this.streamed;
    // Without content there is nothing to wait with (RFC 9110 §10.1.1).
    const content = this.streamed ? !announcesNone : (this.whole?.length ?? 0) > 0;
    const asks = options.expectContinue === true && !expects && content;
    if (asks) headers.push(['Expect', '100-continue']);
    this.expects = expects || asks;
    this.closes = closes;
    this.options = options;
    this.#settle = settle;
  }

  /** Settled, and its response, if any, at an end. */
  get over(): boolean {
    return this.#over;
  }

  /** Calls back when its signal aborts, until the call is over. */
  listen(onAbort: () => void): void {
    const { signal } = this.options;
    if (signal === undefined) return;
    this.#onAbort = onAbort;
    signal.addEventListener('abort', onAbort, { once: true });
  }

  /** Its body in pieces; read from now on, so that it must be closed. */
  open(): Pieces {
    const { body, attempt } = this.options;
    this.#pieces ??= attempt?.pieces ?? piecesOf(body === undefined || isWhole(body) ? [this.whole ?? empty] : body);
    return this.#pieces;
  }

  /** Hands out the response, and gives its body. */
  answer(head: ResponseHead, inflow: Inflow, upgrade: Transport | null): Body {
    const response = new Response(head, inflow, upgrade);
    this.inflow = inflow;
    this.#settle?.resolve(response);
    this.#settle = null;
    return response.body;
  }

  /** Rejects a call in flight, if its response may come nevertheless: that is read and forgotten. */
  spare(reason: unknown): boolean {
    if (this.inflow !== null || this.options.attempt?.spares() !== true) return false;
    this.#spared = true;
    this.#settle?.reject(reason);
    this.#settle = null;
    return true;
  }

  /** Rejected, while its response is still to come. */
  get spared(): boolean {
    return this.#spared;
  }

  /** Its response is complete. */
  finish(): void {
    this.#end(undefined);
  }

  /** Rejects it, or fails the body of the response that it already has. */
  fail(error: unknown): void {
    if (this.#over) return;
    this.#end(error);
    this.#settle?.reject(error);
    this.#settle = null;
    this.inflow?.fail(error);
  }

  #end(cause: unknown): void {
    this.#over = true;
    if (this.#onAbort !== null) this.options.signal?.removeEventListener('abort', this.#onAbort);
    if (this.outgoing !== null) this.outgoing.stop(cause);
    else if (this.#pieces !== null) this.#pieces.close(cause);
    else if (this.options.body !== undefined && this.options.attempt === undefined) {
      discardSource(this.options.body, cause);
    }
    this.options.attempt?.ended(this.inflow !== null || this.#spared);
  }
}

function wholeBody(method: string, { body, trailers }: CallOptions): Uint8Array | null {
  if (body === undefined) return bodied.has(method) || trailers !== undefined ? empty : null;
  if (!isWhole(body)) return null;
  return typeof body === 'string' ? encode(body) : body;
}
