// The public names, and nothing else.

export type { Body } from './body.ts';
export type { CallOptions, IncomingResponse } from './call.ts';
export type { ConnectionOptions } from './connection.ts';
export { Connection } from './connection.ts';
export { RetryError } from './errors.ts';
export type { PoolOptions } from './pool.ts';
export { Pool } from './pool.ts';
export type { Secure } from './proxy.ts';
export { ProxyError } from './proxy.ts';
export type { IncomingRequest } from './request.ts';
export type { Handler, Reply, ServeOptions, Serving } from './serve.ts';
export { serve } from './serve.ts';
export type { BodySource } from './source.ts';
export type { Timers } from './timers.ts';
export type { EndOfInput, Open, Transport, TransportSink } from './transport.ts';
