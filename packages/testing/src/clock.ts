// Virtual time: a clock that moves only when it is told to, and the timers on it. A minute passes as fast as what happens in it.
// Knows nothing of what waits for it; real time never enters.

import type { Timers } from '@halfpipe/driver';
import { type Timer, TimerQueue } from './timer-queue.ts';
import { nextTurn } from './turn.ts';

/**
 * Why a clock could not be moved. `ERR_STUCK`: time stands still, or has passed the limit, and what was waited for has not come.
 * `ERR_MOVING`: somebody else is moving it.
 */
export class ClockError extends Error {
  override readonly name = 'ClockError';
  readonly code: 'ERR_STUCK' | 'ERR_MOVING';

  constructor(code: 'ERR_STUCK' | 'ERR_MOVING', message: string) {
    super(message);
    this.code = code;
  }
}

export interface ClockOptions {
  /** The time at first, in milliseconds. Default 1,000, so that a zero taken for a time shows. */
  readonly start?: number;
}

/** Timers of every platform take a 32-bit delay, and fire at once for a longer one. */
const longestDelay = 2 ** 31 - 1;
/** So many timers at one time are a timer that sets itself again without end. */
const mostAtOnce = 1_000_000;

/**
 * A clock for tests: the `timers` of a connection, and the `clock` of a pair or a network.
 *
 * @example
 * const clock = new Clock();
 * const connection = Connection.create(openTo(handler, { clock }), { timers: clock });
 * const response = await clock.promised(connection.call('GET', 'http://example.com/')); // takes as long as it takes, in no time
 * await clock.advance(60_000); // a minute later
 */
export class Clock implements Timers {
  /** Who waits, each in words, for the message of `ERR_STUCK`. Whoever waits adds itself, and deletes itself afterwards. */
  readonly waiting: Set<() => string> = new Set();
  readonly #queue = new TimerQueue();
  #now: number;
  #number = 0;
  #moving = false;

  constructor(options: ClockOptions = {}) {
    this.#now = options.start ?? 1_000;
  }

  /** The time in milliseconds. */
  now(): number {
    return this.#now;
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#queue.length;
  }

  /** When the earliest timer fires; Infinity if none is set. */
  get next(): number {
    return this.#queue.first?.at ?? Infinity;
  }

  /**
   * Calls back once, when the clock has been moved by `delay` milliseconds. Timers of the same time fire in the order of their setting.
   *
   * @throws {RangeError} No platform would wait for so long (2³¹ - 1 ms), or `delay` is not a number.
   */
  setTimeout(callback: () => void, delay: number): unknown {
    if (!(delay <= longestDelay)) throw new RangeError(`Cannot set a timer for ${delay} ms`);
    const timer: Timer = { at: this.#now + Math.max(delay, 0), number: this.#number++, callback, place: -1 };
    this.#queue.add(timer);
    return timer;
  }

  /** Takes back what `setTimeout` gave; harmless when it has fired, and for anything else. */
  clearTimeout(handle: unknown): void {
    const timer = handle as Timer | null | undefined; // Found in the queue, or ignored.
    if (timer && this.#queue.has(timer)) this.#queue.remove(timer);
  }

  /**
   * Moves the clock by `ms` milliseconds, 0 or more, and fires what falls due on the way, in order, each at its own time. Before,
   * between and after the timers, everything that is ready runs, as by `settle()`. Rejects with what a timer throws.
   */
  async advance(ms: number): Promise<void> {
    const until = this.#later(ms);
    await this.#move(async () => {
      await this.settle();
      for (let fired = 0; this.next <= until; ) {
        fired = this.#fire(fired);
        await this.settle();
      }
      this.#now = until;
    });
  }

  /** The same, but synchronous: what waits for a promise does not run. For what has none, such as the core. */
  tick(ms: number): void {
    const until = this.#later(ms);
    this.#take();
    try {
      for (let fired = 0; this.next <= until; ) fired = this.#fire(fired);
      this.#now = until;
    } finally {
      this.#moving = false;
    }
  }

  /**
   * Resolves when everything that is ready has run, and what became ready by that; time stands still. What waits for the world outside,
   * such as a file or `crypto.subtle`, is not waited for.
   */
  settle(): Promise<void> {
    return new Promise(nextTurn);
  }

  /**
   * Jumps from timer to timer until `until()` is true, or, without it, until none is set.
   *
   * @throws {ClockError} `ERR_STUCK`: no timer is set and `until()` is not true, so that it never will be; or it would take more than
   * `limit` milliseconds (default 10⁹, some eleven days).
   */
  async run(until?: () => boolean, limit = 1e9): Promise<void> {
    const end = this.#later(limit);
    await this.#move(async () => {
      await this.settle();
      for (let fired = 0; until === undefined ? this.pending > 0 : !until(); ) {
        const { next } = this;
        if (next === Infinity)
          throw this.#stuck(`at ${this.#now}: no timer is set, and what is waited for has not come`);
        if (next > end) throw this.#stuck(`beyond ${end}: the limit of ${limit} ms is over`);
        fired = this.#fire(fired);
        await this.settle();
      }
    });
  }

  /** Runs until the promise is settled, and gives its result. Rejects as `run` does, and with what the promise rejects with. */
  async promised<T>(promise: Promise<T>, limit?: number): Promise<T> {
    let settled = false;
    const onSettled = () => {
      settled = true;
    };
    promise.then(onSettled, onSettled);
    await this.run(() => settled, limit);
    return promise;
  }

  #later(ms: number): number {
    if (!(ms >= 0)) throw new RangeError(`Cannot move the clock by ${ms} ms`);
    return this.#now + ms;
  }

  async #move(run: () => Promise<void>): Promise<void> {
    this.#take();
    try {
      await run();
    } finally {
      this.#moving = false;
    }
  }

  #take(): void {
    if (this.#moving) throw new ClockError('ERR_MOVING', 'Cannot move the clock: it is being moved; await that first');
    this.#moving = true;
  }

  /** Fires the first timer, which is there. Takes and gives how many have fired at this time. */
  #fire(fired: number): number {
    const timer = this.#queue.first!; // The caller has looked.
    this.#queue.remove(timer);
    const count = timer.at === this.#now ? fired + 1 : 1;
    if (count > mostAtOnce) throw this.#stuck(`at ${this.#now}: ${mostAtOnce} timers have fired, and there are more`);
    this.#now = timer.at;
    timer.callback();
    return count;
  }

  #stuck(where: string): ClockError {
    const waiting = [...this.waiting].map((say) => `; ${say()}`).join('');
    return new ClockError('ERR_STUCK', `Cannot go on ${where}${waiting}`);
  }
}
