// Where to connect to, in the ways that people write it. Pure: nothing is opened.

import type { ClientSettings, KeyPair } from './platform.ts';
import { type ClientTls, refuseUnknown } from './tls.ts';

/** A host and a port. */
export interface HostEndpoint {
  /** A name or an address; an IPv6 address is written without brackets. */
  readonly host: string;
  readonly port: number;
  /** TLS over it. Plain unless given. */
  readonly tls?: boolean | ClientTls;
}

/** A UNIX socket. Deno has no TLS over it. */
export interface PathEndpoint {
  readonly path: string;
}

/** Where to connect to. Of an `http:` or `https:` URL only scheme, host and port are looked at. */
export type Endpoint = HostEndpoint | PathEndpoint | URL | string;

/** An endpoint as Deno wants it. `tls` is null for a plain connection. */
export type Destination =
  | { readonly path: string }
  | { readonly hostname: string; readonly port: number; readonly tls: Security | null };

export interface Security {
  /** Whom the certificate has to name. */
  readonly hostname: string;
  readonly settings: ClientSettings;
  /** The client's own, if it has one. */
  readonly keyPair: KeyPair | null;
}

const defaultPorts: ReadonlyMap<string, number> = new Map([
  ['http:', 80],
  ['https:', 443],
]);

/** @throws {TypeError} A string is no URL, a URL is neither `http:` nor `https:`, or Deno cannot do what the TLS options say. */
export function resolveEndpoint(endpoint: Endpoint): Destination {
  if (typeof endpoint === 'string' || endpoint instanceof URL) return resolveEndpoint(fromUrl(new URL(endpoint)));
  if ('path' in endpoint) {
    if ('tls' in endpoint && endpoint.tls) throw new TypeError('Cannot use TLS over a UNIX socket: Deno has none');
    return { path: endpoint.path };
  }
  const { host, port, tls = false } = endpoint;
  if (tls === false) return { hostname: host, port, tls: null };
  return { hostname: host, port, tls: secure(host, tls === true ? {} : tls) };
}

/** @throws {TypeError} It is neither `http:` nor `https:`. */
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

function secure(host: string, options: ClientTls): Security {
  refuseUnknown('client', options);
  const { caCerts = [], alpnProtocols = ['http/1.1'], hostname = host, cert, key } = options;
  const { unsafelyDisableHostnameVerification = false } = options;
  const settings = { caCerts: [...caCerts], alpnProtocols: [...alpnProtocols], unsafelyDisableHostnameVerification };
  if (cert === undefined && key === undefined) return { hostname, settings, keyPair: null };
  if (cert === undefined || key === undefined) {
    throw new TypeError(`Cannot use a certificate without its key, or a key without its certificate`);
  }
  if (hostname !== host) {
    throw new TypeError(`Cannot use a client certificate where the hostname is not the host: ${hostname}`);
  }
  return { hostname, settings, keyPair: { cert, key } };
}
