// The server's side of one transport: each request to the handler, its reply to the exchange, one after the other.
// Knows requests, replies and what to say when either is wrong; leaves bytes and time to the pump.

import type { HeaderPairs, OutgoingResponse, RemoteProtocolError, ServerEvent, ServerOptions } from '@halfpipe/core';
import { LocalProtocolError, ServerConnection } from '@halfpipe/core';
import type { BodyFeed } from './body.ts';
import { dated } from './date.ts';
import { Outgoing } from './outgoing.ts';
import type { Role } from './pump.ts';
import { Pump } from './pump.ts';
import type { IncomingRequest, RequestKeeper } from './request.ts';
import { Request } from './request.ts';
import { Settled } from './settled.ts';
import type { BodySource, StreamedSource } from './source.ts';
import { discardSource, encode, isWhole, piecesOf } from './source.ts';
import type { Timers } from './timers.ts';
import { systemTimers } from './timers.ts';
import type { Transport } from './transport.ts';
import { Upgraded } from './upgraded.ts';

/** What a handler answers. A handler that returns nothing answers 204 (No Content). */
export interface Reply {
  /** Default 200. */
  status?: number;
  /** Default: the standard phrase of the status. */
  reason?: string;
  /** Sent as they are, in this order; Date is added unless given, and so is what frames the body. */
  headers?: HeaderPairs;
  /**
   * Text (as UTF-8) and bytes go out with their Content-Length; no Content-Type is guessed. Pieces go out under the Content-Length in
   * `headers`, else in chunks (to HTTP/1.0, until the connection closes), each asked for when there is room. Not sent to HEAD.
   */
  body?: BodySource;
  /** Called when the body has been sent, for the trailer fields behind it; the body then goes out in chunks. Not for HEAD or HTTP/1.0. */
  trailers?: () => HeaderPairs;
}

/**
 * Answers a request, now or later. A throw, a rejection, or a reply that cannot be sent is a 500 that says nothing of its cause; if the
 * response has begun, the connection is cut, so that the client sees that it is not whole.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler need not return anything
export type Handler = (request: IncomingRequest) => Reply | void | Promise<Reply | void>;

/** The options of the core's ServerConnection, and what a connection with a transport needs beside them. */
export interface ServeOptions extends ServerOptions {
  /**
   * Told of what went wrong: what the handler threw, a reply that could not be sent, a mistake of the peer's (a RemoteProtocolError), and the
   * request it was about, or null. What it throws itself is reported as an uncaught error.
   */
  onError?: (error: unknown, request: IncomingRequest | null) => void;
  /** The clock and the timers. Default: the platform's. */
  timers?: Timers;
  /** Given the protocol connection before anything has happened on it, to watch or record it; driving it is the driver's. */
  inspect?: (protocol: ServerConnection) => void;
}

/** A connection that is being served. */
export interface Serving {
  /** Resolves when the transport has been let go of or handed over; never rejects. */
  readonly done: Promise<void>;
  /** Finishes the request that is open, and its response, then closes; an idle connection closes at once. */
  shutdown(): void;
  /** Lets go of the transport at once. */
  close(): void;
}

/** Serves HTTP/1.1 on a transport: each request to the handler, one at a time, in order. Starts the transport. */
export function serve(transport: Transport, handler: Handler, options: ServeOptions = {}): Serving {
  return new Service(transport, handler, options);
}

const errorFields: HeaderPairs = [['Content-Type', 'text/plain; charset=utf-8']];
const serverError = encode('Internal Server Error\n');

class Service implements Serving, Role<ServerEvent>, RequestKeeper, BodyFeed {
  readonly drainSize: number;
  readonly #transport: Transport;
  readonly #handler: Handler;
  readonly #options: ServeOptions;
  readonly #core: ServerConnection;
  readonly #pump: Pump<ServerEvent>;
  readonly #over = new Settled<void>();
  #request: Request | null = null;
  #closing = false;

  constructor(transport: Transport, handler: Handler, options: ServeOptions) {
    this.#transport = transport;
    this.#handler = handler;
    this.#options = options;
    this.drainSize = options.limits?.drainSize ?? 64 * 1024;
    this.#core = new ServerConnection({ ...options, wake: () => this.#pump.wake() });
    options.inspect?.(this.#core);
    this.#pump = new Pump(this.#core, transport, this, {
      role: 'server',
      timers: options.timers ?? systemTimers,
      linger: options.timeouts?.linger ?? 2_000,
    });
    this.#pump.start();
  }

  get done(): Promise<void> {
    return this.#over.promise;
  }

  shutdown(): void {
    this.#core.shutdown();
    this.#pump.run();
  }

  close(): void {
    this.#closing = true;
    this.#cut(undefined);
  }

  // What a request needs.

  get feed(): BodyFeed {
    return this;
  }

  pull(): void {
    this.#pump.run();
  }

  /** A request's body that is not wanted is left to the core behind the response. */
  giveUp(): void {}

  warn(): void {}

  handOver(): Upgraded {
    return new Upgraded(this.#transport, (cause) => this.#pump.abort(cause));
  }

  // What the pump tells.

  held(): boolean {
    return this.#request?.held === true;
  }

  settled(): void {
    const request = this.#request;
    if (request === null || request.exchange.state !== 'done') return;
    // An idle connection holds nothing of its last exchange.
    if (request.upgraded === null && request.answered) this.#request = null;
    // The core takes in no more of a body that is too long to be read behind its response.
    if (!request.ended)
      request.cut(
        new LocalProtocolError(
          'ERR_CLOSED',
          'Cannot read the body: the response is complete, and too much is left of it',
        ),
      );
  }

  over(): void {
    // Nothing of a request outlives its connection, except a response that is complete and a transport that was handed over.
    this.#request?.lose(
      new LocalProtocolError('ERR_CLOSED', 'Cannot go on with the request: the connection is closed'),
    );
    this.#request = null;
    this.#over.resolve();
  }

  event(event: ServerEvent): void {
    switch (event.type) {
      case 'request': {
        const request = new Request(event.exchange, event.head, this);
        this.#request = request;
        return this.#handle(request);
      }
      case 'data':
        return this.#request?.push(event.bytes);
      case 'end':
        return this.#request?.end(event.trailers);
      case 'upgrade': {
        const upgraded = this.#request?.upgraded;
        if (upgraded) this.#pump.handOver(upgraded, event.leftover);
        return;
      }
      case 'eof':
        return;
      case 'error':
        return this.#refuse(event.error);
    }
  }

  #handle(request: Request): void {
    try {
      const result = this.#handler(request);
      if (result !== undefined && 'then' in result) {
        result.then(
          (reply) => this.#reply(request, reply),
          (error) => this.#fail(request, error),
        );
      } else {
        this.#reply(request, result);
      }
    } catch (error) {
      this.#fail(request, error);
    }
  }

  // biome-ignore lint/suspicious/noConfusingVoidType: what a handler returns
  #reply(request: Request, reply: Reply | void): void {
    try {
      if (reply === undefined) {
        if (request.upgraded === null) this.#respond(request, { status: 204 });
      } else this.#respond(request, reply);
    } catch (error) {
      this.#fail(request, error);
    }
  }

  #respond(request: Request, reply: Reply): void {
    const { exchange } = request;
    const { body } = reply;
    if (exchange.state === 'lost' || request !== this.#request) {
      // Too late: nobody is there to take it.
      if (body !== undefined) discardSource(body, undefined);
      return;
    }
    const status = reply.status ?? 200;
    if (status === 101 || (request.method === 'CONNECT' && status < 300)) {
      if (body !== undefined) discardSource(body, undefined);
      throw new LocalProtocolError('ERR_STATE', `Cannot reply ${status} to ${request.method}: that is for upgrade()`);
    }
    const head: OutgoingResponse = { status, headers: dated(reply.headers) };
    if (reply.reason !== undefined) head.reason = reply.reason;
    // Whoever speaks HTTP/1.0 knows neither chunks nor trailers (RFC 9112 §7.1).
    const trailed = reply.trailers !== undefined && request.version === '1.1';
    if (!trailed && (body === undefined || isWhole(body))) {
      exchange.respond(head, typeof body === 'string' ? encode(body) : body);
      request.answered = true;
    } else {
      this.#stream(request, head, reply);
    }
  }

  #stream(request: Request, head: OutgoingResponse, { body, trailers }: Reply): void {
    const { exchange } = request;
    const source: StreamedSource =
      body === undefined ? [] : isWhole(body) ? [typeof body === 'string' ? encode(body) : body] : body;
    try {
      if (head.status === 204 || head.status === 304) {
        throw new LocalProtocolError('ERR_HEAD', `Cannot send a body with status ${head.status}`);
      }
      if (trailers !== undefined && sized(head)) {
        throw new LocalProtocolError('ERR_HEAD', 'Cannot send trailers behind a body with a Content-Length');
      }
      exchange.startResponse(head);
    } catch (error) {
      discardSource(source, error);
      throw error;
    }
    if (request.method === 'HEAD') {
      discardSource(source, undefined);
      exchange.end();
      request.answered = true;
      return;
    }
    request.endsWithConnection = request.version === '1.0' && !sized(head);
    request.outgoing = new Outgoing(piecesOf(source), exchange, {
      trailers: request.version === '1.1' ? trailers : undefined,
      room: () => this.#pump.room(),
      ended: () => {
        request.answered = true;
        this.#pump.wake();
      },
      failed: (error) => this.#fail(request, error),
    });
    request.outgoing.begin();
  }

  /** The handler's mistake: the client learns that there was one, `onError` learns which. */
  #fail(request: Request, error: unknown): void {
    // That the peer is gone has been told already; a handler that stumbles over it has done nothing wrong.
    if (request.lostBy(error)) return;
    this.#report(error, request);
    const { exchange } = request;
    if (exchange.state !== 'open' || request.answered) return;
    try {
      exchange.respond({ status: 500, headers: dated(errorFields) }, serverError);
      request.answered = true;
    } catch {
      // The response had begun. It must not look whole (RFC 9112 §8).
      request.outgoing?.stop(error);
      this.#closing = true;
      this.#cut(error);
    }
  }

  /**
   * Lets go of the transport in the middle of a response. Only where the end of the connection is the end of the body must the peer be
   * told by a reset, which may take earlier responses with it; a length and chunks tell of themselves that something is missing.
   */
  #cut(error: unknown): void {
    const cause =
      error ?? new LocalProtocolError('ERR_CLOSED', 'Cannot go on with the response: the connection is closed');
    this.#pump.abort(this.#request?.endsWithConnection === true ? cause : undefined);
  }

  /** The peer's mistake, or its disappearance: the last event. */
  #refuse(error: RemoteProtocolError): void {
    const request = this.#request;
    const open = request !== null && !(request.ended && request.answered);
    if (!this.#closing) this.#report(error, open ? request : null);
    request?.lose(error);
    if (error.code === 'ERR_TRANSPORT') return;
    try {
      this.#core.refuse({ status: error.status, headers: dated(errorFields) }, encode(`${error.message}\n`));
    } catch {
      // A response had begun; its end is what tells.
    }
  }

  #report(error: unknown, request: IncomingRequest | null): void {
    try {
      this.#options.onError?.(error, request);
    } catch (thrown) {
      queueMicrotask(() => {
        throw thrown;
      });
    }
  }
}

function sized({ headers = [] }: OutgoingResponse): boolean {
  for (const [name] of headers) if (name.toLowerCase() === 'content-length') return true;
  return false;
}
