// The client's queue: what waits, what is in flight, what may go next, and what may be sent again when it is lost
// (RFC 9112 §9.3.1, §9.3.2). Knows nothing of bytes; whether they were taken is told to it.

import type { Persistence } from './persistence.ts';

/** May a lost request be sent again? 'if-idempotent': only where its method, or your knowledge of it, allows (RFC 9110 §9.2.2). */
export type Retry = 'safe' | 'if-idempotent' | 'never';

/** Why a request has no answer. */
export type LostReason =
  /** No byte of it was taken by nextChunk(): safe, whatever the method. */
  | 'unsent'
  /** Pipelined behind a response that said close: the RFC says unprocessed, real servers process it. */
  | 'behind-close'
  /** The first request on a reused idle connection, which ended with no byte of a response. */
  | 'stale-idle'
  /** Sent, no byte of its response. */
  | 'unanswered'
  /** Its response had begun: never. */
  | 'partial-response';

/** What the queue has to know of a request. */
export interface Queued {
  readonly idempotent: boolean;
  /** Takes the connection for itself while it is pending: Upgrade, CONNECT, Expect. */
  readonly exclusive: boolean;
  /** Its body is chunked, so the peer must be known to speak HTTP/1.1 (RFC 9112 §6.1). */
  readonly chunked: boolean;
}

/** What is known of the peer so far. */
export interface Peer {
  readonly persistence: Persistence;
  /** The version of its last response; null before the first. */
  readonly version: '1.0' | '1.1' | null;
}

export class Pipeline<Request extends Queued> {
  /** Oldest first. */
  waiting: Request[] = [];
  /** Oldest first: responses come in this order. */
  inFlight: Request[] = [];
  readonly #maxInFlight: number;
  /** How many in flight forbid anything behind them. */
  #blocking = 0;

  constructor(maxInFlight: number) {
    this.#maxInFlight = maxInFlight;
  }

  get length(): number {
    return this.waiting.length + this.inFlight.length;
  }

  /** Could this one go on the wire now, if nothing waited? */
  admits(request: Queued, peer: Peer): boolean {
    if (request.chunked && !understandsChunked(peer)) return false;
    if (this.inFlight.length === 0) return true;
    return (
      peer.persistence.verdict === 'keep' &&
      peer.version !== '1.0' &&
      this.inFlight.length < this.#maxInFlight &&
      this.#blocking === 0 &&
      !blocks(request)
    );
  }

  /** Takes the next one that may go out of those that wait, or null. One that waits for the verdict alone lets others pass. */
  start(peer: Peer): Request | null {
    if (this.waiting.length === 0) return null;
    const index = this.waiting.findIndex((request) => !request.chunked || understandsChunked(peer));
    const request = index < 0 ? undefined : this.waiting[index];
    if (request === undefined || !this.admits(request, peer)) return null;
    if (index === 0) this.waiting.shift();
    else this.waiting.splice(index, 1);
    this.inFlight.push(request);
    if (blocks(request)) this.#blocking++;
    return request;
  }

  /** The oldest in flight has its answer. */
  answered(): void {
    const request = this.inFlight.shift();
    if (request !== undefined && blocks(request)) this.#blocking--;
  }

  /** Takes one out of those that wait. */
  leave(request: Request): void {
    this.waiting = this.waiting.filter((other) => other !== request);
  }

  /** Empties the queue; what was in it, oldest first. */
  clear(): Request[] {
    const all = [...this.inFlight, ...this.waiting];
    this.inFlight = [];
    this.waiting = [];
    this.#blocking = 0;
    return all;
  }
}

function blocks(request: Queued): boolean {
  return !request.idempotent || request.exclusive;
}

function understandsChunked(peer: Peer): boolean {
  return peer.persistence.verdict === 'keep' && peer.version !== '1.0';
}

/** What can be said of a lost request, and why: by its bytes, not by hope. `behindClose`: a response before it said that it was the last. */
export function verdictOf(
  fate: { readonly sent: boolean; readonly answering: boolean; readonly reused: boolean },
  behindClose: boolean,
): { readonly retry: Retry; readonly why: LostReason } {
  if (!fate.sent) return { retry: 'safe', why: 'unsent' };
  if (fate.answering) return { retry: 'never', why: 'partial-response' };
  if (behindClose) return { retry: 'if-idempotent', why: 'behind-close' };
  return { retry: 'if-idempotent', why: fate.reused ? 'stale-idle' : 'unanswered' };
}
