// The two error classes and their closed sets of codes. The peer's mistakes are values that travel in events
// (RemoteProtocolError); the caller's are thrown and have had no effect (LocalProtocolError).
// Knows nothing of parsing or of connections.

/** What a peer can get wrong. Each code has the status that a server answers it with. */
export type RemoteErrorCode =
  | 'ERR_START_LINE'
  | 'ERR_HEADER'
  | 'ERR_FRAMING'
  | 'ERR_CHUNK'
  | 'ERR_VERSION'
  | 'ERR_CODING'
  | 'ERR_HEAD_SIZE'
  | 'ERR_BODY_SIZE'
  | 'ERR_TRUNCATED'
  | 'ERR_NO_RESPONSE'
  | 'ERR_UNSOLICITED'
  | 'ERR_TIMEOUT'
  | 'ERR_TRANSPORT'
  | 'ERR_SECOND_OPINION';

/** What a caller can get wrong. */
export type LocalErrorCode = 'ERR_STATE' | 'ERR_HEAD' | 'ERR_BODY_LENGTH' | 'ERR_CLOSED';

const statusOf = {
  ERR_START_LINE: 400,
  ERR_HEADER: 400,
  ERR_FRAMING: 400,
  ERR_CHUNK: 400,
  ERR_VERSION: 505,
  ERR_CODING: 501,
  ERR_HEAD_SIZE: 431,
  ERR_BODY_SIZE: 413,
  ERR_TRUNCATED: 400,
  ERR_NO_RESPONSE: 400,
  ERR_UNSOLICITED: 400,
  ERR_TIMEOUT: 408,
  ERR_TRANSPORT: 400,
  ERR_SECOND_OPINION: 400,
} as const satisfies Record<RemoteErrorCode, number>;

/** What both kinds of error share: a stable `code` to switch on, and a sentence that names what was wrong. */
export abstract class ProtocolError extends Error {
  abstract readonly code: string;
}

/** The peer, or the transport under it, broke the protocol. Arrives in an event; never thrown by this package. */
export class RemoteProtocolError extends ProtocolError {
  override readonly name = 'RemoteProtocolError';
  readonly code: RemoteErrorCode;
  /** The status code that a server answers this with: 400, 408, 413, 414, 431, 501 or 505 (RFC 9110 §15.5, §15.6). */
  readonly status: number;

  constructor(code: RemoteErrorCode, message: string, options?: { status?: number; cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options?.status ?? statusOf[code];
  }
}

/** The caller broke the protocol. Thrown; the call that threw it had no effect. */
export class LocalProtocolError extends ProtocolError {
  override readonly name = 'LocalProtocolError';
  readonly code: LocalErrorCode;

  constructor(code: LocalErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
