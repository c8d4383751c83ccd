// A client connection, or a pool of them, as a `fetch`: the platform's Request in, the platform's Response out, over our own calls.
// Knows what a fetch promises to its caller; what it does for a browser (redirects, cookies, caches, content codings) is not done.

import type { CallOptions, IncomingResponse } from '@halfpipe/driver';
import { bodyStream } from './body-stream.ts';
import { endToEnd } from './end-to-end.ts';
import { fetched, mayHaveBody } from './fetched.ts';
import { keepRequest } from './keep-request.ts';
import { type Content, contentOf, type FetchInit, requestOf } from './outgoing.ts';

/** What makes calls: a Connection, a Pool, or what stands before one. */
export interface Caller {
  call(method: string, url: string | URL, options?: CallOptions): Promise<IncomingResponse>;
}

/** As `globalThis.fetch`. */
export type Fetch = (input: string | URL | Request, init?: FetchInit) => Promise<Response>;

/** What every request gets. */
export interface ToFetchOptions {
  /** Fields for requests that have none of that name: a User-Agent, say. Default: none, and nothing is added but Host and what tells the body. */
  headers?: HeadersInit;
}

/**
 * Makes a `fetch` of what makes calls. A connection sends them to its one server, whatever the host of the URL; a pool goes where they say.
 *
 * It rejects with a TypeError for what cannot be fetched or was not answered, whose cause tells why (a RetryError tells whether it may be
 * repeated), and with the reason of its signal, which also ends a response that is being read. Redirects are not followed: the response is
 * given as it came, as with `redirect: 'manual'`; with `'error'` it is a TypeError, and also where `init` asks for `'follow'`. Bodies are
 * not decoded, nor asked for in any coding.
 *
 * @example
 * const fetch = toFetch(await connect('http://127.0.0.1:8080'));
 * const response = await fetch('http://127.0.0.1:8080/');
 * console.log(response.status, await response.text());
 */
export function toFetch(caller: Caller, options: ToFetchOptions = {}): Fetch {
  const defaults = [...new Headers(options.headers)];
  return async (input, init) => {
    const { request, given } = requestOf(input, init);
    const { method, url } = request;
    const signal = signalOf(input, init);
    const failure = (cause: unknown) =>
      signal?.aborted === true ? signal.reason : new TypeError(`Cannot fetch: ${method} ${url}`, { cause });
    let body: Content = request.body;
    let response: IncomingResponse | null = null;
    try {
      signal?.throwIfAborted();
      const headers = endToEnd(request.headers);
      for (const field of defaults) if (!request.headers.has(field[0])) headers.push(field);
      if (given instanceof Blob && !request.headers.has('content-length'))
        headers.push(['content-length', String(given.size)]);
      body = await contentOf(request, given);
      const call: CallOptions = { headers };
      if (body !== null) call.body = body;
      if (signal !== null) call.signal = signal;
      response = await caller.call(method, url, call);
      checkRedirect(response, request.redirect === 'error' ? 'error' : init?.redirect);
      return responseOf(response, url, failure);
    } catch (cause) {
      // Where the call has not taken the body, its source learns here that nobody will.
      if (body instanceof ReadableStream && !body.locked) body.cancel(cause).catch(() => {});
      response?.body.cancel(cause);
      throw failure(cause);
    }
  };
}

function signalOf(input: string | URL | Request, init: FetchInit | undefined): AbortSignal | null {
  if (init?.signal !== undefined) return init.signal;
  if (!(input instanceof Request)) return null;
  keepRequest(input, input.signal);
  return input.signal;
}

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

function checkRedirect({ status }: IncomingResponse, mode: RequestRedirect | undefined): void {
  if (mode === undefined || mode === 'manual' || !redirects.has(status)) return;
  throw new TypeError(mode === 'error' ? `Cannot take a redirect: ${status}` : `Cannot follow a redirect: ${status}`);
}

function responseOf(response: IncomingResponse, url: string, failure: (error: unknown) => unknown): Response {
  const { status, framing, upgrade } = response;
  if (upgrade !== null) {
    upgrade.destroy();
    throw new TypeError(`Cannot make a Response of status ${status}`);
  }
  let body: ReadableStream<Uint8Array> | null = null;
  // Also to HEAD there is none (RFC 9112 §6.3).
  if (framing !== 'none' && mayHaveBody(status)) body = bodyStream(() => response.body, failure);
  else response.body.cancel();
  return fetched(response, url.replace(/#.*$/s, ''), body);
}
