// Bodies whose reader forgets them: they are missed when the garbage collector finds them. Most are read at once, and what is watched outlives
// several collections: to watch each from the start costs a third of a small call (Node 20, 2026-11). So a body is held
// for a while first. Knows nothing of what is done about one that is missed.

import type { Body, Inflow } from './body.ts';
import type { Timers } from './timers.ts';

const forgotten =
  typeof FinalizationRegistry === 'undefined' ? null : new FinalizationRegistry<Inflow>((inflow) => inflow.forget());

/** How long a body is held before it is watched, in milliseconds, at most. */
const patience = 1_000;

/** The bodies of one connection, which come one after the other. */
export class BodyWatch {
  readonly #timers: Timers;
  #held: { readonly body: Body; readonly inflow: Inflow } | null = null;
  #timer: unknown = null;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** A body has begun to come in. One timer does for all that begin until it fires. */
  begin(body: Body, inflow: Inflow): void {
    this.#held = { body, inflow };
    this.#timer ??= this.#timers.setTimeout(() => {
      const held = this.#held;
      this.#timer = null;
      this.#held = null;
      if (held !== null && !held.inflow.finished) forgotten?.register(held.body, held.inflow);
    }, patience);
  }

  /** It has come in, or will not. */
  end(): void {
    this.#held = null;
  }

  /** None will follow. */
  stop(): void {
    this.end();
    if (this.#timer !== null) this.#timers.clearTimeout(this.#timer);
    this.#timer = null;
  }
}
