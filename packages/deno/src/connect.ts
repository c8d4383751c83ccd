// The client's two doors: the driver's Connection, dialled by Deno.

import { Connection, type ConnectionOptions } from '@halfpipe/driver';
import type { Endpoint } from './endpoint.ts';
import { open } from './open.ts';

/**
 * A client connection to `endpoint` that takes calls at once, while it is still being dialled. If dialling fails, they reject with the cause.
 *
 * @example
 * const connection = create('https://example.com');
 * const response = await connection.call('GET', 'https://example.com/');
 * console.log(response.status, await response.body.text());
 * connection.shutdown();
 */
export function create(endpoint: Endpoint, options?: ConnectionOptions): Connection {
  return Connection.create(open(endpoint), options);
}

/** The same, but resolves once the connection is established, and rejects if that fails or `options.signal` aborts. */
export function connect(endpoint: Endpoint, options?: ConnectionOptions): Promise<Connection> {
  return Connection.connect(open(endpoint), options);
}
