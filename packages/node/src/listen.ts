// The server's door: accepts connections, over TCP, TLS or a UNIX socket, and has the driver serve each of them.
// Keeps count of them, so that all can be ended; what is said on them is none of its business.

import {
  createServer as createPlainServer,
  type ListenOptions as NodeListenOptions,
  type Server,
  type Socket,
} from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { type Handler, type ServeOptions, type Serving, serve } from '@halfpipe/driver';
import { transport } from './transport.ts';

/**
 * Where and how to listen, beside everything that `serve` takes. `onError` is told of failed TLS handshakes and failures to accept too,
 * with `null` for the request.
 */
export interface ListenOptions extends ServeOptions {
  /** The address to listen on: `127.0.0.1`, which other machines cannot reach. `0.0.0.0` is every IPv4 address, `::` every address. */
  host?: string;
  /** 0, the default, takes a free one; the listener's `address` says which. */
  port?: number;
  /** A UNIX socket, or a named pipe on Windows, in place of host and port. The socket's file is removed when the listener closes. */
  path?: string;
  /** TLS, with the options of `tls.createServer()`: `cert`, `key`, `handshakeTimeout`… ALPN offers `http/1.1` unless they say otherwise. */
  tls?: TlsOptions;
  /** Connections at one time; those beyond are closed as they come. Infinity. */
  maxConnections?: number;
  /** How many connections the system holds before they are accepted. 511. */
  backlog?: number;
}

/** A listening server. Disposing of it shuts it down. */
export interface Listener {
  readonly address: { readonly host: string; readonly port: number } | { readonly path: string };
  /**
   * Accepts no more, closes idle connections, lets the others finish the exchange that is open, and resolves when all are closed. What is
   * still open `grace` milliseconds later is closed at once: 10_000; Infinity waits as long as it takes.
   */
  shutdown(options?: { grace?: number }): Promise<void>;
  /** Accepts no more and closes every connection at once; resolves when all are closed. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Listens, and answers each request with what `handler` returns. Resolves when it listens; rejects with Node's error, such as
 * `EADDRINUSE`, if it cannot.
 *
 * @example
 * const listener = await listen((request) => ({ body: `You asked for ${request.target}\n` }), { port: 8080 });
 */
export async function listen(handler: Handler, options: ListenOptions = {}): Promise<Listener> {
  const { host = '127.0.0.1', port = 0, path, tls, maxConnections, backlog = 511, ...serveOptions } = options;
  const server =
    tls === undefined
      ? createPlainServer({ allowHalfOpen: true })
      : createTlsServer({ ALPNProtocols: ['http/1.1'], ...tls, allowHalfOpen: true });
  if (maxConnections !== undefined) server.maxConnections = maxConnections;
  const listener = new NodeListener(server, tls !== undefined, handler, serveOptions);
  const where: NodeListenOptions = path === undefined ? { host, port, backlog } : { path, backlog };

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      listener.listening();
      resolve();
    });
  });
  return listener;
}

/** Node takes a longer delay for none. */
const longestTimer = 2 ** 31 - 1;

class NodeListener implements Listener {
  address: Listener['address'] = { path: '' };
  readonly #server: Server;
  readonly #onError: NonNullable<ServeOptions['onError']>;
  /** All that were accepted; with null those that nothing is served on, such as the one below TLS. */
  readonly #sockets = new Map<Socket, Serving | null>();
  #closed: Promise<void> | null = null;

  constructor(server: Server, tls: boolean, handler: Handler, options: ServeOptions) {
    this.#server = server;
    this.#onError = options.onError ?? (() => {});
    const sockets = this.#sockets;
    const forget = function (this: Socket) {
      sockets.delete(this);
    };
    server.on('connection', (socket: Socket) => {
      sockets.set(socket, null);
      socket.on('close', forget);
    });
    server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
      // A handshake that was under way when the listener stopped.
      if (this.#closed !== null) {
        socket.destroy();
        return;
      }
      sockets.set(socket, serve(transport(socket), handler, options));
      if (tls) socket.on('close', forget);
    });
    server.on('tlsClientError', (error: Error) => this.#onError(error, null));
  }

  /** To be called once, when the server listens. */
  listening(): void {
    const address = this.#server.address();
    if (typeof address === 'string') this.address = { path: address };
    else if (address !== null) this.address = { host: address.address, port: address.port };
    this.#server.on('error', (error) => this.#onError(error, null));
  }

  async shutdown({ grace = 10_000 }: { grace?: number } = {}): Promise<void> {
    const closed = this.#stop();
    for (const [socket, serving] of this.#sockets) {
      if (serving !== null) serving.shutdown();
      // One that has not said a word of its TLS handshake, such as a browser's spare connection, would last until it times out.
      else if (socket.bytesRead === 0) socket.destroy();
    }
    if (grace === Infinity) return await closed;
    const timer = setTimeout(() => this.#closeAll(), Math.min(grace, longestTimer));
    try {
      await closed;
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    const closed = this.#stop();
    this.#closeAll();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  /** Resolves when the last connection has closed. */
  #stop(): Promise<void> {
    this.#closed ??= new Promise((resolve) => this.#server.close(() => resolve()));
    return this.#closed;
  }

  #closeAll(): void {
    for (const [socket, serving] of this.#sockets) {
      serving?.close();
      socket.destroy();
    }
  }
}
