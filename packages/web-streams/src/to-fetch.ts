// A client connection, or a pool of them, as a `fetch`: the platform's Request in, the platform's Response out, over our own calls.
// Knows what a fetch promises to its caller; what it does for a browser (redirects, cookies, caches, content codings) is not done.

import type { CallOptions, IncomingResponse } from '@halfpipe/driver';
import { bodyStream } from './body-stream.ts';
import { endToEnd } from './end-to-end.ts';
import { fetched, mayHaveBody } from './fetched.ts';
import { lastingSignal } from './lasting-signal.ts';
import { formBlob } from './multipart.ts';
import { ready } from './ready.ts';

/** What makes calls: a Connection, a Pool, or what stands before one. */
export interface Caller {
  call(method: string, url: string | URL, options?: CallOptions): Promise<IncomingResponse>;
}

/** What is said beside the URL, as the platform's fetch takes it. What is for browsers alone is not looked at; `integrity` is refused. */
export type FetchInit = RequestInit & {
  /** `half` where the body is a stream; some runtimes insist on it. */
  duplex?: 'half';
};

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
    const signal = init?.signal === undefined ? (input instanceof Request ? lastingSignal(input) : null) : init.signal;
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

/** The Request as the platform makes it, and the body that it was made of. Throws a TypeError, also for what not every platform refuses. */
function requestOf(input: string | URL | Request, init: FetchInit | undefined) {
  const form = init?.body instanceof FormData ? formBlob(init.body) : null;
  const given = form ?? init?.body;
  if (input instanceof Request && input.bodyUsed && (given ?? null) === null)
    throw new TypeError('Cannot fetch a Request whose body has been read');
  const made = input instanceof Request && init === undefined;
  const request = made ? input : new Request(input, form === null ? init : { ...init, body: form });
  const { method, url } = request;
  const asked = init?.method ?? method;
  // Some runtimes take a method that they do not know for GET.
  if (forbiddenMethod.test(asked) || asked.toUpperCase() !== method.toUpperCase())
    throw new TypeError(`Cannot fetch with the method ${asked}`);
  if (!mayHaveContent(method) && (request.body ?? null) !== null)
    throw new TypeError(`Cannot fetch with a body: ${method} ${url}`);
  if (!/^https?:/.test(url)) throw new TypeError(`Cannot fetch what is not http: ${url}`);
  // Whoever asks for a check must not go on as if it had been made.
  if ((init?.integrity ?? request.integrity ?? '') !== '') throw new TypeError(`Cannot check the integrity of ${url}`);
  return { request, given };
}

const forbiddenMethod = /^(?:connect|trace|track)$/i;

function mayHaveContent(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

type Content = Uint8Array | ReadableStream<Uint8Array> | null;

/** The body, at once where it is in memory. Firefox shows no Request's body as a stream. */
async function contentOf(request: Request, given: BodyInit | null | undefined): Promise<Content> {
  if (given instanceof Blob) return given.stream();
  const unseen = request.body === undefined && mayHaveContent(request.method);
  if (unseen || isInMemory(given)) return new Uint8Array(await request.arrayBuffer());
  const stream = request.body ?? null;
  return stream === null ? null : await ready(stream);
}

function isInMemory(body: BodyInit | null | undefined): boolean {
  if (typeof body === 'string') return true;
  return body instanceof URLSearchParams || body instanceof ArrayBuffer || ArrayBuffer.isView(body);
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
