// The signal of a Request, for whoever keeps it and not the Request. Node lets it go deaf when the Request is collected.

const owners = new WeakMap<AbortSignal, Request>();

/** The signal, which from now on keeps its Request alive. */
export function lastingSignal(request: Request): AbortSignal {
  const { signal } = request;
  owners.set(signal, request);
  return signal;
}
