// Timers that count how many of them are set. Knows nothing of who sets them.

import type { Timers } from '@halfpipe/driver';

// Of the platform, as this file loads: the fake timers of a test runner change nothing.
const { setTimeout, clearTimeout, performance } = globalThis;

export const realTimers: Timers = {
  now: () => performance.now(),
  setTimeout: (callback, delay) => setTimeout(callback, delay),
  clearTimeout(handle: ReturnType<typeof setTimeout>) {
    clearTimeout(handle);
  },
};

export class CountedTimers implements Timers {
  readonly #timers: Timers;
  readonly #pending = new Set<unknown>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** How many are set, and have neither fired nor been taken back. */
  get pending(): number {
    return this.#pending.size;
  }

  now(): number {
    return this.#timers.now();
  }

  setTimeout(callback: () => void, delay: number): unknown {
    const handle = this.#timers.setTimeout(() => {
      this.#pending.delete(handle);
      callback();
    }, delay);
    this.#pending.add(handle);
    return handle;
  }

  clearTimeout(handle: unknown): void {
    this.#pending.delete(handle);
    this.#timers.clearTimeout(handle);
  }
}
