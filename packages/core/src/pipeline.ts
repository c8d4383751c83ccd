// The client's queue: what waits, what is in flight, what may go next, and what may be sent again when it is lost
// (RFC 9112 §9.3.1, §9.3.2). Knows nothing of bytes; whether they were taken is told to it.

import type { Persistence } from './persistence.ts';
import { Queue } from './queue.ts';

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

interface Place<Request> {
  readonly request: Request;
  readonly number: number;
}

/** Those that wait, in order. Any of them may leave, which costs no more than to take the first. */
class Line<Request> {
  #places = new Queue<Place<Request>>();
  /** Those that have left, and whose places are still there. */
  #gone: Set<Request> | null = null;

  get length(): number {
    return this.#places.length - (this.#gone?.size ?? 0);
  }

  push(place: Place<Request>): void {
    this.#places.push(place);
  }

  first(): Place<Request> | undefined {
    let place = this.#places.at(0);
    while (place !== undefined && this.#gone?.delete(place.request) === true) {
      this.#places.shift();
      place = this.#places.at(0);
    }
    return place;
  }

  shift(): Place<Request> | undefined {
    return this.first() === undefined ? undefined : this.#places.shift();
  }

  leave(request: Request): void {
    this.#gone ??= new Set();
    this.#gone.add(request);
    if (this.#gone.size * 2 <= this.#places.length) return;
    const places = new Queue<Place<Request>>();
    for (let place = this.shift(); place !== undefined; place = this.shift()) places.push(place);
    this.#places = places;
  }
}

// That of everybody for whom nothing waits. Nobody stands in it.
const nobody: Line<never> = new Line();

export class Pipeline<Request extends Queued> {
  /** Oldest first: responses come in this order. */
  readonly inFlight: Queue<Request> = new Queue();
  // In two lines, since those that wait for the verdict let the others pass.
  #plain: Line<Request> = nobody;
  #chunked: Line<Request> = nobody;
  #number = 0;
  readonly #maxInFlight: number;
  /** How many in flight forbid anything behind them. */
  #blocking = 0;

  constructor(maxInFlight: number) {
    this.#maxInFlight = maxInFlight;
  }

  get length(): number {
    return this.waiting + this.inFlight.length;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#plain.length + this.#chunked.length;
  }

  /** How many of them wait until the peer is known to speak HTTP/1.1. */
  get waitingChunked(): number {
    return this.#chunked.length;
  }

  /** Puts one in flight at once, if it may go and nothing waits. */
  pass(request: Request, peer: Peer): boolean {
    if (this.waiting > 0 || !this.admits(request, peer)) return false;
    this.#begin(request);
    return true;
  }

  /** Puts one behind those that wait. */
  push(request: Request): void {
    if (request.chunked && this.#chunked === nobody) this.#chunked = new Line();
    if (!request.chunked && this.#plain === nobody) this.#plain = new Line();
    const line = request.chunked ? this.#chunked : this.#plain;
    line.push({ request, number: this.#number++ });
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

  /** Does one wait that a new one may not pass? */
  isAhead(peer: Peer): boolean {
    return this.#plain.length > 0 || (this.#chunked.length > 0 && peer.persistence.verdict === 'keep');
  }

  /** Takes the next one that may go out of those that wait, or null. One that waits for the verdict alone lets others pass. */
  start(peer: Peer): Request | null {
    const plain = this.#plain.first();
    const chunked = understandsChunked(peer) ? this.#chunked.first() : undefined;
    const line =
      plain === undefined || (chunked !== undefined && chunked.number < plain.number) ? this.#chunked : this.#plain;
    const request = (line === this.#plain ? plain : chunked)?.request;
    if (request === undefined || !this.admits(request, peer)) return null;
    line.shift();
    this.#begin(request);
    return request;
  }

  #begin(request: Request): void {
    this.inFlight.push(request);
    if (blocks(request)) this.#blocking++;
  }

  /** The oldest in flight has its answer. */
  answered(): void {
    const request = this.inFlight.shift();
    if (request !== undefined && blocks(request)) this.#blocking--;
  }

  /** Takes one out of those that wait. */
  leave(request: Request): void {
    (request.chunked ? this.#chunked : this.#plain).leave(request);
  }

  /** Empties the queue; what was in it, oldest first. */
  clear(): Request[] {
    const all: Request[] = [];
    for (let request = this.inFlight.shift(); request !== undefined; request = this.inFlight.shift()) all.push(request);
    while (this.waiting > 0) {
      const number = (line: Line<Request>) => line.first()?.number ?? Number.POSITIVE_INFINITY;
      const place = (number(this.#plain) < number(this.#chunked) ? this.#plain : this.#chunked).shift();
      if (place !== undefined) all.push(place.request);
    }
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
