// What a case waits for, in words: one that waits too long says them. Knows nothing of what is waited for.

import { ContractError } from './check.ts';

// Of the platform, as this file loads: the fake timers of a test runner change nothing.
const { setTimeout, clearTimeout } = globalThis;

export class Waits {
  readonly #open = new Set<() => string>();

  /** The same promise; while it is pending, `what` is said. */
  async for<T>(what: string | (() => string), promise: Promise<T>): Promise<T> {
    const say = typeof what === 'string' ? () => what : what;
    this.#open.add(say);
    try {
      return await promise;
    } finally {
      this.#open.delete(say);
    }
  }

  /** What becomes of the promise, or a ContractError when so many milliseconds have passed. */
  async limit<T>(promise: Promise<T>, timeLimit: number): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const open = [...this.#open].map((say) => say());
        const waiting = open.length === 0 ? 'nothing that it tells of' : open.join('; ');
        reject(new ContractError(`Cannot finish within ${timeLimit} ms: it waits for ${waiting}`));
      }, timeLimit);
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
