// The turn of the event loop in which everything that was ready has run. A clock knows how to wait for it on every platform.

import { Clock } from '@halfpipe/testing';

const clock = new Clock();

/** Resolves when every promise that could settle has. */
export function turn(): Promise<void> {
  return clock.settle();
}
