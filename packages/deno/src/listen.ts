// The server's door: accepts connections, over TCP, TLS or a UNIX socket, and has the driver serve each of them.
// Keeps count of them, so that all can be ended; what is said on them is none of its business.

import { type Handler, type ServeOptions, type Serving, serve } from '@halfpipe/driver';
import { Accepting, longestTimer } from './accepting.ts';
import { type Acceptor, type Conn, platform } from './platform.ts';
import { refuseUnknown, type ServerTls } from './tls.ts';
import { ConnTransport } from './transport.ts';

/**
 * Where and how to listen, beside everything that `serve` takes. `onError` is told of failed TLS handshakes and failures to accept too,
 * with `null` for the request.
 */
export interface ListenOptions extends ServeOptions {
  /** The address to listen on: `127.0.0.1`, which other machines cannot reach. `0.0.0.0` is every IPv4 address, `::` every address. */
  host?: string;
  /** 0, the default, takes a free one; the listener's `address` says which. */
  port?: number;
  /** A UNIX socket in place of host and port. The socket's file is removed when the listener closes. */
  path?: string;
  /** TLS, with a certificate and its key. ALPN offers `http/1.1` unless told otherwise. Not over a UNIX socket. */
  tls?: ServerTls;
  /** Connections at one time; those beyond are closed as they come. Infinity. */
  maxConnections?: number;
  /** How many connections the system holds before they are accepted. 511. Not for a UNIX socket. */
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
 * Listens, and answers each request with what `handler` returns. Resolves when it listens; rejects with Deno's error, such as
 * `AddrInUse` with the code `EADDRINUSE`, if it cannot.
 *
 * @example
 * const listener = await listen((request) => ({ body: `You asked for ${request.target}\n` }), { port: 8080 });
 */
export async function listen(handler: Handler, options: ListenOptions = {}): Promise<Listener> {
  const {
    host = '127.0.0.1',
    port = 0,
    path,
    tls,
    backlog = 511,
    maxConnections = Infinity,
    ...serveOptions
  } = options;
  const acceptor = path === undefined ? listenAt(host, port, backlog, tls) : listenAtPath(path, tls);
  const { handshakeTimeout = 120_000 } = tls ?? {};
  return new DenoListener(acceptor, handler, serveOptions, { handshakeTimeout, maxConnections });
}

function listenAt(hostname: string, port: number, tcpBacklog: number, tls: ServerTls | undefined): Acceptor {
  if (tls === undefined) return platform().listen({ hostname, port, tcpBacklog });
  refuseUnknown('server', tls);
  const { cert, key, alpnProtocols = ['http/1.1'] } = tls;
  return platform().listenTls({ hostname, port, tcpBacklog, cert, key, alpnProtocols: [...alpnProtocols] });
}

function listenAtPath(path: string, tls: ServerTls | undefined): Acceptor {
  if (tls !== undefined) throw new TypeError('Cannot use TLS over a UNIX socket: Deno has none');
  return platform().listen({ transport: 'unix', path });
}

interface ListenerLimits {
  readonly handshakeTimeout: number;
  readonly maxConnections: number;
}

class DenoListener implements Listener {
  readonly address: Listener['address'];
  readonly #handler: Handler;
  readonly #options: ServeOptions;
  readonly #accepting: Accepting;
  readonly #transports = new Set<ConnTransport>();
  readonly #servings = new Set<Serving>();
  /** Told when the last connection has closed. */
  #onEmpty = () => {};
  #closed: Promise<void> | null = null;

  constructor(acceptor: Acceptor, handler: Handler, options: ServeOptions, limits: ListenerLimits) {
    const { addr } = acceptor;
    this.address = 'path' in addr ? { path: addr.path } : { host: addr.hostname, port: addr.port };
    this.#handler = handler;
    this.#options = options;
    this.#accepting = new Accepting(acceptor, limits.handshakeTimeout, {
      hasRoom: () => this.#accepting.handshakes + this.#transports.size < limits.maxConnections,
      accepted: (conn) => this.#serve(conn),
      failed: (error) => this.#report(error),
    });
  }

  async shutdown({ grace = 10_000 }: { grace?: number } = {}): Promise<void> {
    const closed = this.#stop();
    for (const serving of this.#servings) serving.shutdown();
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

  #serve(conn: Conn): void {
    const carried = new ConnTransport(conn, () => {
      this.#transports.delete(carried);
      if (this.#transports.size === 0) this.#onEmpty();
    });
    this.#transports.add(carried);
    const serving = serve(carried, this.#handler, this.#options);
    this.#servings.add(serving);
    void serving.done.then(() => this.#servings.delete(serving));
  }

  #report(error: unknown): void {
    try {
      this.#options.onError?.(error, null);
    } catch (thrown) {
      // Theirs, and to be seen; but others are to be accepted still.
      queueMicrotask(() => {
        throw thrown;
      });
    }
  }

  /** Resolves when the last connection has closed. */
  #stop(): Promise<void> {
    this.#accepting.stop();
    this.#closed ??= this.#emptied();
    return this.#closed;
  }

  async #emptied(): Promise<void> {
    await this.#accepting.done;
    if (this.#transports.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  #closeAll(): void {
    for (const serving of this.#servings) serving.close();
    // Those that were handed over.
    for (const carried of this.#transports) carried.destroy();
  }
}
