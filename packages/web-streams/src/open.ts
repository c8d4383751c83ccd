// The doors of both roles: what carries bytes, in whichever form it is given, becomes a transport, and the driver does the rest.
// Knows nothing of how each kind of transport works.

import {
  Connection,
  type ConnectionOptions,
  type Handler,
  type Open,
  type ServeOptions,
  type Serving,
  serve as serveTransport,
  type Transport,
} from '@halfpipe/driver';
import { type StreamPair, type TransportOptions, transport } from './transport.ts';

/**
 * What carries bytes: a pair of streams, or a transport, such as `messagePort()` and `webSocket()` make. Where it has a promise `opened`,
 * as the sockets of Workers and `webSocket()` have, that is when it is established.
 */
export type Carrier = (StreamPair | Transport) & { readonly opened?: PromiseLike<unknown> };

/** One that is already there, for one connection; or how to come by one. The signal aborts when it is no longer wanted. */
export type CarrierSource = Carrier | ((signal: AbortSignal) => Carrier | PromiseLike<Carrier>);

/**
 * Makes the function that `Connection` dials with. What is thrown, and what `opened` rejects with, is why connecting failed.
 */
export function open(source: CarrierSource, options?: TransportOptions): Open {
  return async (signal) => {
    signal.throwIfAborted();
    const carrier = typeof source === 'function' ? await source(signal) : source;
    const made = transportOver(carrier, options);
    try {
      if (carrier.opened !== undefined) await unlessAborted(carrier.opened, signal);
    } catch (cause) {
      made.destroy(cause);
      throw cause;
    }
    return made;
  };
}

/**
 * A client connection over a pair of streams or a transport, that takes calls at once, while it is still being opened. If opening fails,
 * they reject with the cause.
 *
 * @example
 * const connection = create(() => connect({ hostname: 'example.com', port: 80 }, { allowHalfOpen: true })); // in a Worker
 * const response = await connection.call('GET', 'http://example.com/');
 * console.log(response.status, await response.body.text());
 * connection.shutdown();
 */
export function create(source: CarrierSource, options?: ConnectionOptions & TransportOptions): Connection {
  return Connection.create(open(source, options), options);
}

/** The same, but resolves once the connection is established, and rejects if that fails or `options.signal` aborts. */
export function connect(source: CarrierSource, options?: ConnectionOptions & TransportOptions): Promise<Connection> {
  return Connection.connect(open(source, options), options);
}

/** Serves HTTP/1.1 over a pair of streams or a transport: each request to the handler, one at a time, in order. */
export function serve(carrier: Carrier, handler: Handler, options?: ServeOptions & TransportOptions): Serving {
  return serveTransport(transportOver(carrier, options), handler, options);
}

function transportOver(carrier: Carrier, options: TransportOptions | undefined): Transport {
  return 'readable' in carrier ? transport(carrier, options) : carrier;
}

/** Settles as the promise does, but rejects with the signal's reason if that comes first. */
function unlessAborted(promise: PromiseLike<unknown>, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    const settle = () => signal.removeEventListener('abort', onAbort);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    promise.then(resolve, reject).then(settle, settle);
  });
}
