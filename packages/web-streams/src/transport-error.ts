// The one error of the transports in this package, and its closed set of codes. Knows nothing of HTTP, and of no transport in particular.

/**
 * What can go wrong below HTTP.
 *
 * - `ERR_TRANSPORT_MESSAGE`: what came is not bytes, or no message of the transport.
 * - `ERR_TRANSPORT_RESET`: the other side is gone, and did not end in order; or something was not sent when this side let go.
 * - `ERR_TRANSPORT_LIMIT`: more came than is held for a reader that has paused.
 * - `ERR_TRANSPORT_OPEN`: it was never open.
 */
export type TransportErrorCode =
  | 'ERR_TRANSPORT_MESSAGE'
  | 'ERR_TRANSPORT_RESET'
  | 'ERR_TRANSPORT_LIMIT'
  | 'ERR_TRANSPORT_OPEN';

/** Why a transport of this package closed otherwise than in order: the `cause` of `closed`. A stable `code`, and a sentence. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly code: TransportErrorCode;

  constructor(code: TransportErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}
