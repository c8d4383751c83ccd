// The one error the driver adds to the core's: a call that got no answer, and whether it may be made again.
// Knows the verdicts of the core and puts them into a sentence; decides none of them.

import type { LostReason, Retry } from '@halfpipe/core';

const reasons = {
  unsent: 'none of it was sent',
  'behind-close': 'a response before it closed the connection',
  'stale-idle': 'the idle connection ended as it was sent',
  unanswered: 'the connection ended before its response',
  'partial-response': 'the connection ended within its response',
} as const satisfies Record<LostReason, string>;

/** What became of a call, as far as the connection can tell. */
export interface Loss {
  readonly method: string;
  readonly target: string;
  readonly retry: Retry;
  readonly why: LostReason;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly cause?: unknown;
}

/**
 * The call was not answered. `retry` says whether it may be made again (RFC 9110 §9.2.2, RFC 9112 §9.3.1): `safe` alone allows it
 * whatever the method, since nothing of the request has left; `cause` is what ended the connection, if it was not in order.
 */
export class RetryError extends Error {
  override readonly name = 'RetryError';
  readonly code = 'ERR_RETRY';
  readonly retry: Retry;
  readonly why: LostReason;
  /** Bytes of the request, head included, that the transport has taken. */
  readonly bytesSent: number;
  /** Bytes that came for it, counted in whole reads: behind another response, the read which that one ended in counts too. */
  readonly bytesReceived: number;

  constructor(loss: Loss) {
    super(
      `Cannot get an answer to ${loss.method} ${loss.target}: ${reasons[loss.why]}`,
      loss.cause === undefined || loss.cause === null ? undefined : { cause: loss.cause },
    );
    this.retry = loss.retry;
    this.why = loss.why;
    this.bytesSent = loss.bytesSent;
    this.bytesReceived = loss.bytesReceived;
  }
}
