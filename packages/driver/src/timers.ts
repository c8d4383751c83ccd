// The clock and the alarm that the driver uses, as one injectable thing. Knows nothing of what they are used for.

/** Time in milliseconds on a clock that never goes back, and an alarm on it. */
export interface Timers {
  /** Milliseconds since some fixed moment. */
  now(): number;
  /** Calls back once after `delay` milliseconds; gives what `clearTimeout` takes. */
  setTimeout(callback: () => void, delay: number): unknown;
  /** Takes back what `setTimeout` gave; harmless when it has already fired. */
  clearTimeout(handle: unknown): void;
}

/** The platform's own: `performance.now`, `setTimeout`, `clearTimeout`, looked up at each use. */
export const systemTimers: Timers = {
  now: () => performance.now(),
  setTimeout: (callback, delay) => setTimeout(callback, delay),
  clearTimeout(handle: ReturnType<typeof setTimeout>) {
    clearTimeout(handle);
  },
};

/** Timers of every platform take a 32-bit delay; a later deadline is reached in steps. */
export const longestDelay: number = 2 ** 31 - 1;

/** Whether the process waits for a timer, where the platform's timers know of that, as those of Node and Bun do. */
export function hold(handle: unknown, holds: boolean): void {
  const timer = handle as { ref?: () => void; unref?: () => void } | null | undefined; // Both are looked for, in whatever it is.
  if (holds) timer?.ref?.();
  else timer?.unref?.();
}
