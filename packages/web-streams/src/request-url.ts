// From a request target and a Host to the URL of a Request (RFC 9110 §7.1, RFC 9112 §3.3). Pure: text in, a URL or nothing out.

/** What the server knows of its own URLs, and the client does not decide. */
export interface Place {
  readonly scheme: 'http' | 'https';
  /** Scheme and authority of every URL, whatever the client says; null to believe its target and Host. */
  readonly origin: string | null;
}

/** The parts of a request head that its URL is made of. */
export interface Addressed {
  readonly target: string;
  readonly headers: { get(name: string): string | null };
}

// Of the absolute form authority and path are taken. The scheme is that of the connection: a client may claim any.
const absoluteForm = /^https?:\/\/([^/?]*)(.*)$/i;

/** The URL of a request, or null if none can be made. `*` gives the origin alone (RFC 9112 §3.2.4), whose path is then `/`. */
export function requestUrl({ target, headers }: Addressed, { scheme, origin }: Place): URL | null {
  const absolute = absoluteForm.exec(target);
  const path = absolute?.[2] ?? (target === '*' ? '' : target);
  // Another scheme, say.
  if (absolute === null && path !== '' && !path.startsWith('/')) return null;
  // The authority of the target counts before Host (RFC 9112 §3.2.2).
  const authority = absolute?.[1] ?? headers.get('host');
  if (origin === null && authority === null) return null;
  try {
    return new URL(`${origin ?? `${scheme}://${authority}`}${path}`);
  } catch {
    return null; // a port above 65535, say
  }
}

/** An origin as text. Throws a TypeError for a URL that is not http or https, or says more than scheme, host and port. */
export function originOf(url: string | URL): string {
  const { protocol, origin, href } = new URL(url);
  if ((protocol === 'http:' || protocol === 'https:') && href === `${origin}/`) return origin;
  throw new TypeError(`Cannot serve at what is not the origin of an http URL: ${href}`);
}
