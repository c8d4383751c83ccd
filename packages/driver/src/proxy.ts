// A proxy between a client and its origins: what it wants to see in a request (RFC 9112 §3.2.2, RFC 7617), and tunnels through it
// (RFC 9110 §9.3.6). Knows nothing of which calls go through it.

import type { IncomingResponse } from './call.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import { RetryError } from './errors.ts';
import type { Dial } from './pooled-connection.ts';
import { encode } from './source.ts';
import type { Open, Transport } from './transport.ts';

/** Makes a secure transport over a tunnel to `origin`: TLS, which an adapter has. The signal aborts when it is no longer wanted. */
export type Secure = (transport: Transport, origin: URL, signal: AbortSignal) => Promise<Transport>;

/** The proxy opened no tunnel. Nothing of the call has been sent; it is not repeated. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  readonly code = 'ERR_PROXY';
  /** What the proxy answered to CONNECT, such as 407 or 502; null if it ended without an answer, which is then the `cause`. */
  readonly status: number | null;

  constructor(origin: URL, answer: { readonly status: number; readonly reason: string } | { readonly cause: unknown }) {
    const said = 'cause' in answer ? 'gave no answer' : `answered ${answer.status} ${answer.reason}`.trimEnd();
    super(
      `Cannot open a tunnel to ${origin.host}: the proxy ${said}`,
      'cause' in answer ? { cause: answer.cause } : undefined,
    );
    this.status = 'cause' in answer ? null : answer.status;
  }
}

export class ProxyServer {
  /** Where it is: scheme, host and port. */
  readonly url: URL;
  /** What authenticates its user; null if its URL names none. */
  readonly authorization: readonly [name: string, value: string] | null;

  /** @throws {TypeError} It is no URL, or neither `http:` nor `https:`, or its userinfo cannot be sent. */
  constructor(url: string | URL) {
    const { protocol, host, username, password } = new URL(url);
    if (protocol !== 'http:' && protocol !== 'https:') {
      throw new TypeError(`Cannot use a proxy that is not http or https: ${protocol}`);
    }
    this.url = new URL(`${protocol}//${host}`);
    const named = username !== '' || password !== '';
    this.authorization = named ? ['Proxy-Authorization', `Basic ${credentials(username, password)}`] : null;
  }

  /** Dials `origin` through it: connects by `open`, asks for the tunnel, and puts TLS over it by `secure`. */
  tunnel(origin: URL, open: Open, secure: Secure, options: ConnectionOptions): Dial {
    const { authorization } = this;
    return async (signal, carried) => {
      const dial = async (opening: AbortSignal) => {
        const transport = await open(opening);
        carried(transport);
        return transport;
      };
      const connection = Connection.create(dial, options);
      const headers = authorization === null ? [] : [authorization];
      let response: IncomingResponse;
      try {
        response = await connection.call('CONNECT', origin, { headers, signal });
      } catch (error) {
        connection.close();
        throw error instanceof RetryError ? new ProxyError(origin, { cause: error }) : error;
      }
      const { upgrade } = response;
      if (upgrade === null) {
        connection.close();
        throw new ProxyError(origin, response);
      }
      try {
        return await secure(upgrade, origin, signal);
      } catch (error) {
        upgrade.destroy(error);
        throw error;
      }
    };
  }
}

/** RFC 7617 §2, in UTF-8 (§2.1). Of a URL, whose userinfo is encoded. */
function credentials(username: string, password: string): string {
  const user = decodeURIComponent(username);
  if (user.includes(':')) throw new TypeError('Cannot authenticate a user whose name has a colon');
  const text = `${user}:${decodeURIComponent(password)}`;
  return btoa(Array.from(encode(text), (byte) => String.fromCharCode(byte)).join(''));
}
