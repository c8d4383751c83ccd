// A Request made of what came in. Knows what runtimes do to a Request; leaves what it cannot say to others.

import type { IncomingRequest } from '@halfpipe/driver';
import { bodyStream } from './body-stream.ts';
import { keepRequest } from './keep-request.ts';

/** Its method must be one that a Request may have, and may come out as another. */
export async function requestOf(incoming: IncomingRequest, url: URL): Promise<Request> {
  const { method, headers, signal } = incoming;
  // Whoever passes the request on gets redirects as they are, which are for the client to follow.
  const init: RequestInit & { duplex?: 'half' } = { method, headers: [...headers], signal, redirect: 'manual' };
  if (method !== 'GET' && method !== 'HEAD' && hasBody(headers)) {
    init.body = takesStreams() ? bodyStream(() => incoming.body, asItIs) : await incoming.body.bytes();
    init.duplex = 'half';
  }
  const request = new Request(url, init);
  keepRequest(request, signal);
  return request;
}

/** The core has seen to it that these fields are what they should be, and at most one of them (RFC 9112 §6.3). */
function hasBody(headers: IncomingRequest['headers']): boolean {
  return headers.has('transfer-encoding') || Number(headers.get('content-length') ?? 0) > 0;
}

function asItIs(error: unknown): unknown {
  return error;
}

const known = new WeakMap<typeof Request, boolean>();

/** Firefox and Safari make text of a stream that is to be the body of a Request, and call it so. */
function takesStreams(): boolean {
  let takes = known.get(Request);
  if (takes === undefined) {
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', body: new ReadableStream(), duplex: 'half' };
    takes = !new Request('http://x/', init).headers.has('content-type');
    known.set(Request, takes);
  }
  return takes;
}
