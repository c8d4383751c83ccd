// A handler that can be dialled, with no network in between. Knows how a pair and a server are put together, and nothing else.

import { type Handler, type ServeOptions, type Serving, serve } from '@halfpipe/driver';
import { type MemoryTransport, type PairOptions, pair } from './memory.ts';

/** How to serve, and how the bytes travel. `timers` is the `clock`, if there is one. */
export interface OpenToOptions extends ServeOptions, PairOptions {}

/** An `Open` that dials the handler, each time over a new pair. */
export interface OpenTo {
  (signal: AbortSignal): Promise<MemoryTransport>;
  /** The connections that are being served. */
  readonly servings: ReadonlySet<Serving>;
}

/**
 * Makes of a handler what `Connection` dials: `near` is the client's side, `far` the server's, and the protocol between them is real.
 *
 * @example
 * const connection = Connection.create(openTo((request) => ({ body: `You asked for ${request.target}` })));
 * const response = await connection.call('GET', 'http://example.com/here');
 * console.log(await response.body.text()); // You asked for /here
 */
export function openTo(handler: Handler, options: OpenToOptions = {}): OpenTo {
  const servings = new Set<Serving>();
  const serveOptions = options.clock === undefined ? options : { timers: options.clock, ...options };
  const open = async (signal: AbortSignal) => {
    signal.throwIfAborted();
    const [near, far] = pair(options);
    const serving = serve(far, handler, serveOptions);
    servings.add(serving);
    void serving.done.then(() => servings.delete(serving));
    return near;
  };
  return Object.assign(open, { servings });
}
