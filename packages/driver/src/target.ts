// From the URL of a call to its request target and its Host (RFC 9112 §3.2, §3.2.2 to §3.2.4). Pure.

export interface Destination {
  readonly target: string;
  /** What Host must say; null if the URL does not tell. */
  readonly host: string | null;
}

const authorityForm = /^(?:\[[^\]]*\]|[^\s/?#@:[\]]+):\d{1,5}$/;

/** Throws a TypeError for what has no target. The fragment stays with the caller (RFC 9110 §7.1). */
export function destinationOf(method: string, url: string | URL, absoluteForm: boolean): Destination {
  if (method === 'CONNECT') return tunnel(url);
  if (typeof url === 'string') {
    if (url.startsWith('/')) return { target: url.replace(/#.*$/s, ''), host: null };
    if (url === '*' && method === 'OPTIONS') return { target: '*', host: null };
  }
  const { protocol, host, pathname, search } = parse(url);
  const path = `${pathname === '' ? '/' : pathname}${search}`;
  return { target: absoluteForm ? `${protocol}//${host}${path}` : path, host };
}

function tunnel(url: string | URL): Destination {
  if (typeof url === 'string' && authorityForm.test(url)) return { target: url, host: url };
  const { protocol, host, port } = parse(url);
  const authority = port === '' ? `${host}:${protocol === 'https:' ? 443 : 80}` : host;
  return { target: authority, host: authority };
}

function parse(url: string | URL): URL {
  const parsed = typeof url === 'string' ? new URL(url) : url;
  if (parsed.host === '') throw new TypeError(`Cannot call a URL without a host: ${parsed.protocol}`);
  // A password in a URL ends up in logs and in the wrong hands (RFC 9110 §4.2.4).
  if (parsed.username !== '' || parsed.password !== '')
    throw new TypeError(`Cannot call a URL with userinfo: ${parsed.host}`);
  return parsed;
}
