// The little of Deno that this package uses, written down by itself: the compiler that builds it for npm knows nothing of Deno, and
// nobody who imports it gets globals by it. A test has Deno compare it with what is there.

/**
 * A connection of Deno's, as far as it is used: a `Deno.TcpConn`, `Deno.TlsConn` or `Deno.UnixConn`. Its `readable` and `writable` are not
 * touched: the end of the one closes the other.
 */
export interface Conn {
  read(bytes: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
}

export interface TcpConn extends Conn {
  setNoDelay(noDelay?: boolean): void;
}

export interface TlsConn extends Conn {
  handshake(): Promise<{ alpnProtocol: string | null }>;
}

/** A listener of Deno's. */
export interface Acceptor {
  readonly addr: { hostname: string; port: number } | { path: string };
  accept(): Promise<Conn>;
  close(): void;
}

/** Of a TLS client, whoever connects. */
export interface ClientSettings {
  caCerts: string[];
  alpnProtocols: string[];
  unsafelyDisableHostnameVerification: boolean;
}

export interface KeyPair {
  cert: string;
  key: string;
}

/** The namespace `Deno`. */
export interface Platform {
  connect(options: { hostname: string; port: number; signal: AbortSignal }): Promise<TcpConn>;
  connect(options: { transport: 'unix'; path: string }): Promise<Conn>;
  connectTls(options: { hostname: string; port: number } & ClientSettings & KeyPair): Promise<TlsConn>;
  startTls(conn: TcpConn, options: { hostname: string } & ClientSettings): Promise<TlsConn>;
  listen(options: { hostname: string; port: number; tcpBacklog: number }): Acceptor;
  listen(options: { transport: 'unix'; path: string }): Acceptor;
  listenTls(
    options: { hostname: string; port: number; tcpBacklog: number; alpnProtocols: string[] } & KeyPair,
  ): Acceptor & { accept(): Promise<TlsConn> };
}

interface Globals {
  Deno?: Platform;
  process?: { nextTick?(callback: () => void): void };
}

const globals: Globals = globalThis as Globals; // every member is optional and checked before use

/** @throws {TypeError} Something else than Deno runs this. */
export function platform(): Platform {
  if (globals.Deno === undefined) throw new TypeError('Cannot open a connection: this is not Deno');
  return globals.Deno;
}

/** Calls back behind all promise jobs that are due, and before anything else happens. */
export function atEndOfTurn(callback: () => void): void {
  const { process } = globals;
  if (process?.nextTick === undefined) queueMicrotask(callback);
  else process.nextTick(callback);
}

/** The name of an error of Deno's says what it is; some have no code. */
export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

/** Closes, whether it is closed already, which Deno takes for a mistake, or not. */
export function close(closable: { close(): void }): void {
  try {
    closable.close();
  } catch (error) {
    if (nameOf(error) !== 'BadResource') throw error;
  }
}
