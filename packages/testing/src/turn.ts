// Another turn of the event loop, on any platform.

/**
 * Calls back in another turn of the event loop, which begins when every promise that could settle has. Taken from the platform when this
 * file loads, so that the fake timers of a test runner change nothing.
 */
export const nextTurn: (callback: () => void) => void = turns();

function turns(): (callback: () => void) => void {
  // Not every platform has it, and the types of none are here.
  const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => unknown };
  if (setImmediate !== undefined) return (callback) => void setImmediate(callback);
  if (typeof MessageChannel === 'undefined') {
    const { setTimeout } = globalThis;
    return (callback) => void setTimeout(callback, 0);
  }
  const { port1, port2 } = new MessageChannel();
  const callbacks: (() => void)[] = [];
  port1.onmessage = () => callbacks.shift()?.();
  return (callback) => {
    callbacks.push(callback);
    port2.postMessage(null);
  };
}
