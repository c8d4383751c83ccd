// Where to connect to, in the ways that people write it. Pure: no socket is touched.

import { isIP, type NetConnectOpts } from 'node:net';
import type { ConnectionOptions } from 'node:tls';

/** A host and a port. */
export interface HostEndpoint {
  /** A name or an address; an IPv6 address is written without brackets. */
  readonly host: string;
  readonly port: number;
  /** TLS over it, with the options of `tls.connect()`: `ca`, `cert`, `key`, `servername`, `rejectUnauthorized`… Plain unless given. */
  readonly tls?: boolean | ConnectionOptions;
}

/** A UNIX socket, or a named pipe on Windows. */
export interface PathEndpoint {
  readonly path: string;
  /** TLS over it, as in {@link HostEndpoint}. */
  readonly tls?: boolean | ConnectionOptions;
}

/** Where to connect to. Of an `http:` or `https:` URL only scheme, host and port are looked at. */
export type Endpoint = HostEndpoint | PathEndpoint | URL | string;

/** An endpoint as `net.connect()` and `tls.connect()` want it. `tls` is null for a plain connection. */
export interface Destination {
  readonly socket: NetConnectOpts;
  readonly tls: ConnectionOptions | null;
}

const defaultPorts: ReadonlyMap<string, number> = new Map([
  ['http:', 80],
  ['https:', 443],
]);

/** @throws {TypeError} A string is no URL, or a URL is neither `http:` nor `https:`. */
export function resolveEndpoint(endpoint: Endpoint): Destination {
  if (typeof endpoint === 'string' || endpoint instanceof URL) return resolveEndpoint(fromUrl(new URL(endpoint)));
  // Without `allowHalfOpen` Node answers the peer's FIN with ours, whatever is still to be sent.
  if ('path' in endpoint) {
    return { socket: { path: endpoint.path, allowHalfOpen: true }, tls: tlsOptions(endpoint.tls, null) };
  }
  const { host, port } = endpoint;
  return { socket: { host, port, allowHalfOpen: true }, tls: tlsOptions(endpoint.tls, host) };
}

/** What a URL says. @throws {TypeError} It is neither `http:` nor `https:`. */
export function fromUrl(url: URL): HostEndpoint {
  const defaultPort = defaultPorts.get(url.protocol);
  if (defaultPort === undefined)
    throw new TypeError(`Cannot connect to a URL that is not http or https: ${url.protocol}`);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? defaultPort : Number(url.port),
    tls: url.protocol === 'https:',
  };
}

/** The options of `tls.connect()`; null for a plain connection. */
export function tlsOptions(
  tls: boolean | ConnectionOptions | undefined,
  host: string | null,
): ConnectionOptions | null {
  if (tls === undefined || tls === false) return null;
  return {
    ALPNProtocols: ['http/1.1'],
    // The certificate is checked against the host; a name is also sent, which an address must not be (RFC 6066 §3).
    ...(host === null ? {} : { host }),
    ...(host === null || isIP(host) !== 0 ? {} : { servername: host }),
    ...(tls === true ? {} : tls),
  };
}
