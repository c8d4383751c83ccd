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
  PoolOptions,
  Reply,
  ServeOptions,
  Serving,
  Transport,
  TransportSink,
} from '@halfpipe/driver';
export { Connection, Pool, ProxyError, RetryError, serve } from '@halfpipe/driver';
export { connect, create } from './connect.ts';
export type { Endpoint, HostEndpoint, PathEndpoint } from './endpoint.ts';
export type { Listener, ListenOptions } from './listen.ts';
export { listen } from './listen.ts';
export { open } from './open.ts';
export type { Conn } from './platform.ts';
export type { CreatePoolOptions } from './pool.ts';
export { createPool } from './pool.ts';
export type { ClientTls, ServerTls } from './tls.ts';
export { transport } from './transport.ts';
