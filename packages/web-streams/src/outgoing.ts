// A Request that is to be sent: what the platform makes of what it is given, and its body, of a known size where that can be known.
// Knows what runtimes let pass that no fetch may.

import { formBlob } from './multipart.ts';
import { ready } from './ready.ts';

/** What is said beside the URL, as the platform's fetch takes it. What is for browsers alone is not looked at; `integrity` is refused. */
export type FetchInit = RequestInit & {
  /** `half` where the body is a stream; some runtimes insist on it. */
  duplex?: 'half';
};

/** A Request as the platform makes it, and the body that it was made of, if that was not in another Request. */
export interface Asked {
  readonly request: Request;
  readonly given: BodyInit | null | undefined;
}

/** Throws a TypeError for what cannot be fetched, also where the platform would let it pass. */
export function requestOf(input: string | URL | Request, init: FetchInit | undefined): Asked {
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

/** A body to send. */
export type Content = Uint8Array | ReadableStream<Uint8Array> | null;

/** The body, at once where it is in memory. Firefox shows no Request's body as a stream. */
export async function contentOf(request: Request, given: BodyInit | null | undefined): Promise<Content> {
  const unseen = request.body === undefined && mayHaveContent(request.method);
  if (unseen || isInMemory(given)) return new Uint8Array(await request.arrayBuffer());
  const stream = request.body ?? null;
  return stream === null ? null : await ready(stream);
}

function isInMemory(body: BodyInit | null | undefined): boolean {
  if (typeof body === 'string') return true;
  return body instanceof URLSearchParams || body instanceof ArrayBuffer || ArrayBuffer.isView(body);
}
