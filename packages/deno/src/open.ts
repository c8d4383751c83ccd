// Dialling: an endpoint becomes a transport, over TCP, TLS or a UNIX socket. Knows nothing of HTTP but its name in ALPN.

import type { Open, Transport } from '@halfpipe/driver';
import { type Destination, type Endpoint, resolveEndpoint, type Security } from './endpoint.ts';
import { type Conn, close, platform, type TlsConn } from './platform.ts';
import { transport } from './transport.ts';

/**
 * Makes the function that dials `endpoint`, anew at each call. Over TLS it offers `http/1.1` by ALPN and checks the certificate, unless
 * the endpoint's `tls` says otherwise, and tells a connection that was cut from one that ended. Where a name has several addresses, they
 * are tried as `Deno.connect()` does.
 *
 * The signal that the function takes stops the dialling: the connection is closed and the promise rejects with the signal's reason. Other
 * failures are Deno's own errors (`ConnectionRefused` with the code `ECONNREFUSED`, `InvalidData` for a certificate, `NotCapable` without
 * `--allow-net`…), or an error with the code `ERR_ALPN` where the server chose another protocol than HTTP/1.
 *
 * @throws {TypeError} A string is no URL, a URL is neither `http:` nor `https:`, or Deno cannot do what the TLS options say.
 */
export function open(endpoint: Endpoint): Open {
  const destination = resolveEndpoint(endpoint);
  return async (signal) => {
    signal.throwIfAborted();
    return await dial(destination, signal);
  };
}

async function dial(destination: Destination, signal: AbortSignal): Promise<Transport> {
  if ('path' in destination) {
    return transport(await wanted(platform().connect({ transport: 'unix', path: destination.path }), signal));
  }
  const { hostname, port, tls } = destination;
  if (tls === null) return transport(await platform().connect({ hostname, port, signal }));
  return await handshake(await secured(hostname, port, tls, signal), signal);
}

async function secured(
  hostname: string,
  port: number,
  { hostname: named, settings, keyPair }: Security,
  signal: AbortSignal,
): Promise<TlsConn> {
  // Only this knows client certificates; only the other way can be aborted, and told not to wait for acknowledgements.
  if (keyPair !== null) {
    return await wanted(platform().connectTls({ hostname, port, ...settings, ...keyPair }), signal);
  }
  const conn = await platform().connect({ hostname, port, signal });
  try {
    conn.setNoDelay(true);
    return await platform().startTls(conn, { hostname: named, ...settings });
  } catch (error) {
    close(conn);
    throw error;
  }
}

async function handshake(conn: TlsConn, signal: AbortSignal): Promise<Transport> {
  const abort = () => close(conn);
  signal.addEventListener('abort', abort);
  try {
    signal.throwIfAborted();
    const { alpnProtocol } = await conn.handshake();
    signal.throwIfAborted();
    if (alpnProtocol === null || alpnProtocol.startsWith('http/1.')) return transport(conn);
    throw Object.assign(new Error(`Cannot speak HTTP/1.1: the server chose "${alpnProtocol}"`), { code: 'ERR_ALPN' });
  } catch (error) {
    close(conn);
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** For what Deno cannot be told to stop: nobody waits for it any more when the signal aborts, and it is closed when it comes. */
function wanted<Dialled extends Conn>(dialling: Promise<Dialled>, signal: AbortSignal): Promise<Dialled> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort);
    dialling
      .then((conn) => (signal.aborted ? close(conn) : resolve(conn)), reject)
      .finally(() => signal.removeEventListener('abort', abort));
  });
}
