// A function from Request to Response as a handler of the driver. Knows what of a request a Request can say, and answers the rest itself.

import type { Handler, IncomingRequest, Reply } from '@halfpipe/driver';
import { endToEnd } from './end-to-end.ts';
import { requestOf } from './incoming.ts';
import { ready } from './ready.ts';
import { originOf, requestUrl } from './request-url.ts';

/** How a Request is made of what came in. */
export interface FromFetchOptions {
  /** The scheme of the URLs: `https` where TLS is spoken, or was in front of us. A client's claim is not believed. Default `http`. */
  scheme?: 'http' | 'https';
  /**
   * Scheme, host and port of every URL, whatever target and Host say: for a server behind one that changes Host, and for HTTP/1.0 clients
   * that send none. Default: those of the target, else Host.
   */
  origin?: string | URL;
}

/** For a function that takes more than a Request. */
export interface ExtraArguments<Extra extends unknown[] | []> {
  /**
   * What it gets behind the Request: for Hono its bindings and its execution context. Called for each request, with the request as the
   * driver has it, whose `inform()`, `trailers` and raw fields have no place in a Request.
   */
  arguments: (incoming: IncomingRequest) => Extra;
}

/**
 * Makes a handler of a function as `export default { fetch }` has it, such as `app.fetch` of Hono.
 *
 * The bodies of both are streams, held up by whoever reads them; `request.signal` aborts when the client is gone before the response is
 * complete; the stream of a response is cancelled then. Answered here are: a target and Host of which no URL can be made, 400; a method that
 * no Request has, such as CONNECT, TRACE or `get`, 501. What the function throws, and what it returns that is no Response, or one that has
 * been read or is `Response.error()`, is a 500 that says nothing of its cause; `onError` of the server learns it.
 *
 * Of the response's fields those of the connection are left out (RFC 9110 §7.6.1), but for `Connection: close`.
 *
 * @throws {TypeError} `origin` is no http URL, or has more than scheme, host and port.
 *
 * @example
 * const listener = await listen(fromFetch(app.fetch), { port: 8080 });
 */
export function fromFetch<Extra extends unknown[] | []>(
  fetch: (request: Request, ...extra: Extra) => Response | Promise<Response>,
  options: FromFetchOptions & ExtraArguments<Extra>,
): Handler;
export function fromFetch(
  fetch: (request: Request) => Response | Promise<Response>,
  options?: FromFetchOptions,
): Handler;
export function fromFetch(
  fetch: (request: Request, ...extra: unknown[]) => Response | Promise<Response>,
  options: FromFetchOptions & Partial<ExtraArguments<unknown[]>> = {},
): Handler {
  const place = {
    scheme: options.scheme ?? 'http',
    origin: options.origin === undefined ? null : originOf(options.origin),
  };
  return async (incoming) => {
    if (forbiddenMethod.test(incoming.method)) return refusal(501, 'Not Implemented');
    const url = requestUrl(incoming, place);
    if (url === null) return refusal(400, 'Bad Request');
    const request = await requestOf(incoming, url);
    // Some methods are written in capitals by now, and some runtimes take one that they do not know for GET.
    if (request.method !== incoming.method) return refusal(501, 'Not Implemented');
    return await replyOf(await fetch(request, ...(options.arguments?.(incoming) ?? [])));
  };
}

const forbiddenMethod = /^(?:connect|trace|track)$/i;

function refusal(status: number, reason: string): Reply {
  return { status, headers: [['Content-Type', 'text/plain; charset=utf-8']], body: `${reason}\n` };
}

async function replyOf(response: Response): Promise<Reply> {
  // A function that forgets to return something returns undefined, whatever its type says.
  if (typeof response?.status !== 'number') throw new TypeError(`Cannot reply with what is no Response: ${response}`);
  const { status, statusText, headers, body } = response;
  if (status === 0) throw new TypeError('Cannot reply with Response.error()');
  if (response.bodyUsed) throw new TypeError('Cannot reply with a Response whose body has been read');
  const reply: Reply = { status, headers: fieldsOf(status, headers) };
  if (statusText !== '') reply.reason = statusText;
  if (body !== null) reply.body = await ready(body);
  return reply;
}

function fieldsOf(status: number, headers: Headers): [string, string][] {
  const fields = endToEnd(headers);
  // What fetch was given by a server that says too much: of no content there is no length to tell (RFC 9110 §8.6, §15.3.6).
  if (status === 204 || status === 205) return fields.filter(([name]) => name !== 'content-length');
  // A 426 must name the protocol that it wants (RFC 9110 §15.5.22).
  const upgrade = status === 426 ? headers.get('upgrade') : null;
  if (upgrade !== null) fields.push(['upgrade', upgrade], ['connection', 'upgrade']);
  return fields;
}
