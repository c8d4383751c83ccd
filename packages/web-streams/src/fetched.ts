// A Response that says what one from a fetch says: where it is from, and any status. Knows the constructor's limits and nothing of bodies.

import type { ResponseHead } from '@halfpipe/core';

/** Statuses whose Response has no body (RFC 9110 §15.2, §15.3.5, §15.3.6, §15.4.5). */
const nullBodyStatuses: ReadonlySet<number> = new Set([204, 205, 304]);

/** May a Response of that status have a body? */
export function mayHaveBody(status: number): boolean {
  return !nullBodyStatuses.has(status);
}

/** `body` is null where the status allows none. */
export function fetched(head: ResponseHead, url: string, body: ReadableStream<Uint8Array> | null): Response {
  const { status, reason, headers } = head;
  // The constructor takes 200 to 599, the wire to 999.
  const init = { status: Math.min(status, 599), statusText: reason, headers: [...headers] };
  return dressed(new Response(body, init), status, url);
}

/** Own properties, since what the constructor leaves open cannot be said to it; a clone gets them too. */
function dressed(response: Response, status: number, url: string): Response {
  const clone = response.clone.bind(response);
  return Object.defineProperties(response, {
    url: { value: url },
    status: { value: status },
    type: { value: 'basic' },
    clone: { value: () => dressed(clone(), status, url) },
  });
}
