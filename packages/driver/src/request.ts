// One request as its handler sees it, from its head to the end of its response. What costs something (body, trailers, signal) is made
// when it is first asked for. Knows one exchange and nothing of the connection but what it is told.

import type { HeaderList, HeaderPairs, RequestHead, ServerExchange } from '@halfpipe/core';
import type { Body, BodyFeed } from './body.ts';
import { IncomingBody, Inflow } from './body.ts';
import { dated } from './date.ts';
import type { Outgoing } from './outgoing.ts';
import type { Transport } from './transport.ts';
import type { Upgraded } from './upgraded.ts';

/** A request whose body is still to be read. */
export interface IncomingRequest {
  readonly method: string;
  /** As it was sent: `/path?query`, an absolute URI, `host:port` for CONNECT, or `*` (RFC 9112 §3.2). */
  readonly target: string;
  readonly version: '1.0' | '1.1';
  readonly headers: HeaderList;
  /** Reading it is what asks for a body that waits for 100 (Continue), unless `continue` is 'manual' (RFC 9110 §10.1.1). */
  readonly body: Body;
  /** The trailer fields, or null if there were none. Settles when the body has ended or is lost; never for a body that nobody reads. */
  readonly trailers: Promise<HeaderList | null>;
  /** Aborts when the peer is gone or the connection had to close before the response was complete. A peer that only has sent all it will does not abort it. */
  readonly signal: AbortSignal;
  /**
   * Sends an interim response, such as 103 (Early Hints), before the response; to an HTTP/1.0 client and to one that is gone, nothing
   * (RFC 9110 §15.2). Throws a LocalProtocolError for another status and behind the response.
   */
  inform(status: number, headers?: HeaderPairs): void;
  /**
   * Answers 101, or 200 to CONNECT, and hands the connection over; what the handler then returns must be nothing. Upgrade and
   * Connection are added unless given. The transport can be used at once; its first bytes are those that came behind the request.
   * Throws a LocalProtocolError if the request did not ask for it (RFC 9110 §7.8).
   */
  upgrade(headers?: HeaderPairs): Transport;
}

/** What a request needs of its connection. */
export interface RequestKeeper {
  readonly feed: BodyFeed;
  readonly drainSize: number;
  /** A transport that becomes the handler's when the switching response is out. */
  handOver(): Upgraded;
}

export class Request implements IncomingRequest {
  readonly method: string;
  readonly target: string;
  readonly version: '1.0' | '1.1';
  readonly headers: HeaderList;
  readonly exchange: ServerExchange;
  /** The body has ended, or never began. */
  ended = false;
  /** The response is complete. */
  answered = false;
  /** The body of its response, which is on its way, ends when the connection does. */
  endsWithConnection = false;
  outgoing: Outgoing | null = null;
  upgraded: Upgraded | null = null;
  readonly #head: RequestHead;
  readonly #keeper: RequestKeeper;
  #inflow: Inflow | null = null;
  #body: Body | null = null;
  #endTrailers: HeaderList | null = null;
  #failure: { readonly error: unknown } | null = null;
  #controller: AbortController | null = null;

  constructor(exchange: ServerExchange, head: RequestHead, keeper: RequestKeeper) {
    this.method = head.method;
    this.target = head.target;
    this.version = head.version;
    this.headers = head.headers;
    this.exchange = exchange;
    this.#head = head;
    this.#keeper = keeper;
  }

  get body(): Body {
    this.#body ??= new IncomingBody(this.#incoming());
    return this.#body;
  }

  get trailers(): Promise<HeaderList | null> {
    return this.#incoming().trailers();
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#failure !== null && !this.answered) this.#controller.abort(this.#failure.error);
    }
    return this.#controller.signal;
  }

  inform(status: number, headers?: HeaderPairs): void {
    if (this.exchange.state !== 'lost') this.exchange.inform(headers === undefined ? { status } : { status, headers });
  }

  upgrade(headers?: HeaderPairs): Transport {
    const isTunnel = this.method === 'CONNECT';
    const fields = isTunnel ? dated(headers) : switching(this.headers, headers);
    this.exchange.respond({ status: isTunnel ? 200 : 101, headers: fields });
    this.answered = true;
    this.upgraded = this.#keeper.handOver();
    return this.upgraded;
  }

  // The connection's side.

  /** Must the body wait, because nobody reads it yet? Behind the response it comes as it may, and the core counts it. */
  get held(): boolean {
    if (this.ended || this.answered || this.#head.framing === 'none') return false;
    return this.#inflow === null || !this.#inflow.wanted;
  }

  push(bytes: Uint8Array): void {
    // What comes before the response is complete may still be asked for; behind it, only by those who have the body.
    if (this.#inflow !== null || !this.answered) this.#incoming().push(bytes);
  }

  end(trailers: HeaderList | null): void {
    this.ended = true;
    this.#endTrailers = trailers;
    this.#inflow?.end(trailers);
  }

  /** The rest of the body will not come. */
  cut(error: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.#failure ??= { error };
    this.#inflow?.fail(error);
  }

  /** The connection is over. */
  lose(error: unknown): void {
    this.#failure ??= { error };
    if (!this.ended) this.#inflow?.fail(error);
    this.outgoing?.stop(error);
    this.upgraded?.lose(error);
    if (!this.answered) this.#controller?.abort(error);
  }

  /** Is that what the body or the signal has told the handler? */
  lostBy(error: unknown): boolean {
    return this.#failure !== null && this.#failure.error === error;
  }

  #incoming(): Inflow {
    if (this.#inflow === null) {
      const inflow = new Inflow(this.#head, this.#keeper.drainSize, this.#keeper.feed);
      this.#inflow = inflow;
      if (this.#failure !== null) inflow.fail(this.#failure.error);
      else if (this.ended) inflow.end(this.#endTrailers);
    }
    return this.#inflow;
  }
}

/** The fields of a 101 that switches to what the request asked for first (RFC 9110 §7.8). */
function switching(asked: HeaderList, given: HeaderPairs | undefined): HeaderPairs {
  const fields = [...(given ?? [])];
  const has = (wanted: string) => fields.some(([name]) => name.toLowerCase() === wanted);
  const protocol = asked.get('upgrade')?.split(',', 1)[0]?.trim();
  if (!has('upgrade') && protocol !== undefined) fields.unshift(['Upgrade', protocol]);
  if (!has('connection')) fields.unshift(['Connection', 'Upgrade']);
  return fields;
}
