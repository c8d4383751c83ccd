// The pool's door: the driver's Pool, dialled by Deno. A tunnel through a proxy cannot be secured: TLS of Deno begins on a connection that
// nobody else has read from.

import { Pool, type PoolOptions } from '@halfpipe/driver';
import { fromUrl } from './endpoint.ts';
import { open } from './open.ts';
import type { ClientTls } from './tls.ts';

/** The options of the driver's Pool, of which none must be given, and those of TLS. */
export interface CreatePoolOptions extends Omit<PoolOptions, 'open'> {
  /** What dials an origin or a proxy. Default: its host and port, with TLS for `https:`. */
  open?: PoolOptions['open'];
  /** The options of TLS for every `https:` origin, and for an `https:` proxy: `caCerts`, `cert`, `key`… */
  tls?: ClientTls;
}

/**
 * Calls to any number of `http:` and `https:` origins, over connections that are kept and shared. Close it when it is done: what is idle
 * keeps the process alive for `keep` milliseconds. Calls to `https:` through a proxy reject with a TypeError unless `secure` is given.
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
  const { tls = true, ...poolOptions } = options;
  return new Pool({
    open(origin) {
      const endpoint = fromUrl(origin);
      return open(endpoint.tls === true ? { ...endpoint, tls } : endpoint);
    },
    ...poolOptions,
  });
}
