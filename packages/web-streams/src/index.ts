// The public names, and nothing else. Those of the core and the driver that users meet are here too, so that one import is enough.

export type {
  CloseReason,
  HeaderPairs,
  Limits,
  LostReason,
  Persistence,
  Relaxation,
  ResponseHead,
  Retry,
  Timeouts,
} from '@halfpipe/core';
export { HeaderList, LocalProtocolError, ProtocolError, RemoteProtocolError } from '@halfpipe/core';
export type {
  Body,
  BodySource,
  CallOptions,
  ConnectionOptions,
  EndOfInput,
  Handler,
  IncomingRequest,
  IncomingResponse,
  Open,
  Reply,
  ServeOptions,
  Serving,
  Timers,
  Transport,
  TransportSink,
} from '@halfpipe/driver';
export { Connection, RetryError } from '@halfpipe/driver';
export { type ExtraArguments, type FromFetchOptions, fromFetch } from './from-fetch.ts';
export { messagePort, type PortLike } from './message-port.ts';
export { type Carrier, type CarrierSource, connect, create, open, serve } from './open.ts';
export type { FetchInit } from './outgoing.ts';
export { type Caller, type Fetch, type ToFetchOptions, toFetch } from './to-fetch.ts';
export { type StreamPair, type TransportOptions, transport } from './transport.ts';
export { TransportError, type TransportErrorCode } from './transport-error.ts';
export { type OpeningTransport, type WebSocketLike, type WebSocketOptions, webSocket } from './web-socket.ts';
