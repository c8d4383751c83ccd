// Node lets the signal of a Request go deaf when the Request is collected. Knows for how long one is to be kept.

const kept = new WeakMap<AbortSignal, Request>();

/** Keeps a Request for as long as a signal is there: the one that it follows, or its own. */
export function keepRequest(request: Request, signal: AbortSignal): void {
  kept.set(signal, request);
}
