// The pool's door: the driver's Pool, dialled by Node, with TLS through tunnels, and no process that waits for what is idle.

import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { Pool, type PoolOptions } from '@halfpipe/driver';
import { fromUrl, resolveEndpoint, tlsOptions } from './endpoint.ts';
import { dialler, hold, secured } from './open.ts';
import { TransportCiphertext } from './transport-ciphertext.ts';

/** The options of the driver's Pool, of which none must be given, and those of TLS. */
export interface CreatePoolOptions extends Omit<PoolOptions, 'open'> {
  /** What dials an origin or a proxy. Default: its host and port, with TLS for `https:`. */
  open?: PoolOptions['open'];
  /**
   * The options of `tls.connect()` for everything that is dialled by `https:`, through a tunnel or not, and for an `https:` proxy too:
   * `ca`, `cert`, `key`, `rejectUnauthorized`…
   */
  tls?: TlsOptions;
}

/**
 * Calls to any number of `http:` and `https:` origins, over connections that are kept and shared. While nothing is under way on them they do
 * not keep the process alive.
 *
 * @throws {TypeError} `proxy` or `noProxy` cannot be read.
 * @throws {RangeError} A number makes no sense.
 *
 * @example
 * const pool = createPool();
 * const response = await pool.call('GET', 'https://example.com/');
 * console.log(response.status, await response.body.text());
 * await pool.close();
 */
export function createPool(options: CreatePoolOptions = {}): Pool {
  const { tls = true, onIdle, ...poolOptions } = options;
  return new Pool({
    open(origin) {
      const endpoint = fromUrl(origin);
      return dialler(resolveEndpoint(endpoint.tls === true ? { ...endpoint, tls } : endpoint));
    },
    async secure(transport, origin, signal) {
      const secureOptions = tlsOptions(tls, fromUrl(origin).host) ?? {};
      return await secured(new TransportCiphertext(transport), secureOptions, signal);
    },
    onIdle(transport, idle) {
      hold(transport, !idle);
      onIdle?.(transport, idle);
    },
    ...poolOptions,
  });
}
