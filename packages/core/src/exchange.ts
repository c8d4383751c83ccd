// What an application holds of either role: exchanges, the only things that send; events; options. Shapes alone.

import type { Options } from './connection.ts';
import type { RemoteProtocolError } from './errors.ts';
import type { HeaderList, HeaderPairs, OutgoingResponse, RequestHead, ResponseHead } from './message.ts';
import type { LostReason, Retry } from './pipeline.ts';

/** What the exchanges of both roles share. */
export interface Exchange {
  /** 'waiting' in a client's queue, 'open' from there on, then 'done' or 'lost'. */
  readonly state: 'waiting' | 'open' | 'done' | 'lost';
  /** May write() and end() be called? */
  readonly writable: boolean;
  /** A piece of the body. Large ones pass by reference: do not change them before they are out. Throws ERR_STATE, ERR_BODY_LENGTH. */
  write(bytes: Uint8Array): void;
  /** The end of the body; trailers only where it is chunked (RFC 9112 §7.1.2). Throws ERR_STATE, ERR_HEAD, ERR_BODY_LENGTH. */
  end(trailers?: HeaderPairs): void;
}

/** One request and its response, and the only thing that sends the latter. */
export interface ServerExchange extends Exchange {
  /** An interim response, 100 to 199 but 101; repeatable, before the response (RFC 9110 §15.2). Not sent to an HTTP/1.0 client. Throws ERR_STATE, ERR_HEAD. */
  inform(head: OutgoingResponse): void;
  /** A whole response; framing is filled in. 101 accepts an upgrade, 2xx a CONNECT. Throws ERR_STATE, ERR_HEAD. */
  respond(head: OutgoingResponse, body?: Uint8Array): void;
  /** The head of a response whose body follows by write() and one end(). Throws ERR_STATE, ERR_HEAD. */
  startResponse(head: OutgoingResponse): void;
}

/** What a server sees, in order. `upgrade` and `error` are the last. */
export type ServerEvent =
  | { readonly type: 'request'; readonly exchange: ServerExchange; readonly head: RequestHead }
  | { readonly type: 'data'; readonly exchange: ServerExchange; readonly bytes: Uint8Array }
  | { readonly type: 'end'; readonly exchange: ServerExchange; readonly trailers: HeaderList | null }
  | { readonly type: 'upgrade'; readonly exchange: ServerExchange; readonly leftover: Uint8Array }
  | { readonly type: 'eof' }
  | { readonly type: 'error'; readonly error: RemoteProtocolError };

export interface ServerOptions extends Options {
  /** 'auto' (the default) sends 100 when an awaited body is pulled; 'manual' leaves that to `inform({ status: 100 })` (RFC 9110 §10.1.1). */
  continue?: 'auto' | 'manual';
  /** After so many requests the connection closes. Default Infinity. */
  maxRequests?: number;
}

/** One request and what comes back, and the only thing that sends the former's body. */
export interface ClientExchange extends Exchange {
  /** The request expects 100 and none has come: what is written is held back until then, a timeout, or a refusal (RFC 9110 §10.1.1). */
  readonly awaitingContinue: boolean;
  /** How many of its bytes nextChunk() has given out, head and chunk lines included. */
  readonly bytesSent: number;
  /** Not wanted any more. Waiting: it leaves the queue. Open: the connection must close, and all that is open on it is lost. */
  abandon(): void;
}

/** What a client sees, in order. After `closed` come only `lost`, one for each exchange without an ending, and `upgrade`. */
export type ClientEvent =
  | { readonly type: 'start'; readonly exchange: ClientExchange }
  | { readonly type: 'informational'; readonly exchange: ClientExchange; readonly head: ResponseHead }
  | { readonly type: 'response'; readonly exchange: ClientExchange; readonly head: ResponseHead }
  | { readonly type: 'data'; readonly exchange: ClientExchange; readonly bytes: Uint8Array }
  | { readonly type: 'end'; readonly exchange: ClientExchange; readonly trailers: HeaderList | null }
  | { readonly type: 'upgrade'; readonly exchange: ClientExchange; readonly leftover: Uint8Array }
  | { readonly type: 'closed'; readonly error: RemoteProtocolError | null }
  | { readonly type: 'lost'; readonly exchange: ClientExchange; readonly retry: Retry; readonly why: LostReason };

export interface ClientOptions extends Options {
  /** true: trust the peer at once; false: one request, then close; absent: the first response decides. */
  persistent?: boolean;
  /** Requests on the wire without an answer. Default 16; 1 turns pipelining off. */
  maxInFlight?: number;
}
