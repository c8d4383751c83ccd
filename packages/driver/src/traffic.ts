// How much of each call has gone out and come in, for the error that says so. The core does not tell where in its output a request
// begins, so it is worked out from how the output grows.

import type { Call } from './call.ts';

export class Traffic {
  /** Calls in the queue of the core, oldest first. */
  #waiting: Set<Call> | null = null;
  #queued = 0;
  #received = 0;

  /** A call is the core's; `queued` counts all output from before that. */
  given(call: Call, queued: number): void {
    if (call.exchange?.state !== 'waiting') {
      call.sentFrom = queued;
      return;
    }
    this.#waiting ??= new Set();
    this.#waiting.add(call);
  }

  forget(call: Call): void {
    this.#waiting?.delete(call);
  }

  /** To be called whenever requests may have left the queue: those that have are what the output has grown by, in order. */
  observe(queued: number): void {
    let from = this.#queued;
    this.#queued = queued;
    const waiting = this.#waiting;
    if (waiting === null || waiting.size === 0) return;
    for (const call of waiting) {
      if (call.exchange?.state === 'waiting') return;
      waiting.delete(call);
      call.sentFrom = from;
      from += call.size;
    }
  }

  /** A response has ended; `received` counts all input before the read that it ended in. */
  finished(received: number): void {
    this.#received = received;
  }

  /** Bytes of the call among the `taken` first ones. */
  sent(call: Call, taken: number): number {
    if (call.sentFrom < 0) return 0;
    return Math.min(Math.max(taken - call.sentFrom, 0), call.size);
  }

  /** Bytes that came for the response that is next. */
  received(received: number): number {
    return received - this.#received;
  }
}
