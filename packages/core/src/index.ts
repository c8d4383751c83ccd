// The public names of the core, and nothing else.

export { ClientConnection, type ClientEvent, type ClientExchange, type ClientOptions } from './client.ts';
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
export { ServerConnection, type ServerEvent, type ServerExchange, type ServerOptions } from './server.ts';
