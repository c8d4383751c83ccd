// The platform's timers, looked up at each use. Knows nothing of what they are used for.

import type { Timers } from '@halfpipe/driver';

export const systemTimers: Timers = {
  now: () => performance.now(),
  setTimeout: (callback, delay) => setTimeout(callback, delay),
  clearTimeout(handle: ReturnType<typeof setTimeout>) {
    clearTimeout(handle);
  },
};
