// The public names of the core, and nothing else.

export { ClientConnection } from './client.ts';
export {
  Connection,
  type Limits,
  type Options,
  type Reading,
  type SecondOpinion,
  type Timeouts,
} from './connection.ts';
export {
  type LocalErrorCode,
  LocalProtocolError,
  ProtocolError,
  type RemoteErrorCode,
  RemoteProtocolError,
} from './errors.ts';
export type {
  ClientEvent,
  ClientExchange,
  ClientOptions,
  Exchange,
  ServerEvent,
  ServerExchange,
  ServerOptions,
} from './exchange.ts';
export type { Eof } from './input.ts';
export {
  type Framing,
  type Head,
  HeaderList,
  type HeaderPairs,
  isIdempotent,
  type OutgoingRequest,
  type OutgoingResponse,
  type Relaxation,
  type RequestHead,
  type ResponseHead,
} from './message.ts';
export type { CloseReason, Persistence } from './persistence.ts';
export type { LostReason, Retry } from './pipeline.ts';
export { ServerConnection } from './server.ts';
