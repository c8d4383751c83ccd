// The timers that those who act in a world set for themselves: counted, so that they can be told from those of the library.

import type { Clock } from '@halfpipe/testing';

export class Alarms {
  /** How many are set. */
  count = 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls back after so much virtual time; gives what takes that back. */
  after(ms: number, callback: () => void): () => void {
    this.count++;
    let isSet = true;
    const unset = () => {
      if (isSet) this.count--;
      isSet = false;
    };
    const timer = this.#clock.setTimeout(() => {
      unset();
      callback();
    }, ms);
    return () => {
      unset();
      this.#clock.clearTimeout(timer);
    };
  }
}
