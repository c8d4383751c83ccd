// What the tests of this folder share. They are run by Deno (test/deno.test.ts has it done), with `--allow-net` and nothing else but for
// UNIX sockets. A test fails too if it leaves a connection, a timer or an operation behind, or a rejection that nobody handles.

import assert from 'node:assert/strict';
import { connect as connectNode, createServer as createNodeServer, type Socket } from 'node:net';
import {
  type Handler,
  type IncomingResponse,
  type Listener,
  type ListenOptions,
  listen,
  RetryError,
} from '../src/index.ts';

export { assert };

/** Ten times what the slowest takes on an idle machine. */
const timeLimit = 30_000;

/** What became of a call. */
export async function outcome(call: Promise<IncomingResponse>): Promise<unknown> {
  try {
    return await (await call).body.text();
  } catch (error) {
    if (error instanceof RetryError) return { retry: error.retry, why: error.why };
    throw error;
  }
}

/** What a test opens and need not close itself. */
export class Scope {
  #ends: (() => unknown)[] = [];

  after(end: () => unknown): void {
    this.#ends.push(end);
  }

  /** Closed behind the test, and waited for. */
  async serve(handler: Handler, options?: ListenOptions): Promise<{ url: string; port: number; listener: Listener }> {
    const listener = await listen(handler, options);
    this.after(() => listener.close());
    const { address } = listener;
    if (!('port' in address)) throw new TypeError('Cannot tell the port');
    const scheme = options?.tls === undefined ? 'http' : 'https';
    return { url: `${scheme}://127.0.0.1:${address.port}`, port: address.port, listener };
  }

  /** A server that is told of each connection. */
  accept(handler: (conn: Peer) => unknown): string {
    const acceptor = Deno.listen({ hostname: '127.0.0.1', port: 0 });
    const handling: unknown[] = [];
    const accepting = (async () => {
      for await (const conn of acceptor) handling.push(Promise.resolve(handler(this.peer(conn))).catch(unlessClosed));
    })();
    this.after(async () => {
      closeQuietly(acceptor);
      await accepting.catch(() => {});
      await Promise.all(handling);
    });
    return `http://127.0.0.1:${acceptor.addr.port}`;
  }

  peer(conn: Deno.Conn): Peer {
    this.after(() => closeQuietly(conn));
    return new Peer(conn);
  }

  async dial(port: number): Promise<Peer> {
    return this.peer(await Deno.connect({ hostname: '127.0.0.1', port }));
  }

  /** Two ends of one connection; the listener is closed already. */
  async pair(): Promise<{ near: Deno.TcpConn; far: Peer }> {
    const acceptor = Deno.listen({ hostname: '127.0.0.1', port: 0 });
    const { port } = acceptor.addr;
    const [near, far] = await Promise.all([Deno.connect({ hostname: '127.0.0.1', port }), acceptor.accept()]);
    acceptor.close();
    this.after(() => closeQuietly(near));
    return { near, far: this.peer(far) };
  }

  /** The same with a socket of node:net at the far end, which can reset what Deno cannot. */
  async pairWithSocket(): Promise<{ near: Deno.TcpConn; far: Socket }> {
    const server = createNodeServer({ allowHalfOpen: true, noDelay: true });
    const port = await listening(server);
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
    const near = await Deno.connect({ hostname: '127.0.0.1', port });
    const far = await accepted;
    far.on('error', () => {});
    server.close();
    this.after(() => closeQuietly(near));
    this.after(() => destroyed(far));
    return { near, far };
  }

  /** Puts something in place of a function of Deno's until the test is over. */
  stub<Name extends 'connect' | 'startTls' | 'listen'>(
    name: Name,
    make: (original: (typeof Deno)[Name]) => unknown,
  ): void {
    const original = Deno[name];
    const put = (value: unknown) => Object.defineProperty(Deno, name, { value, configurable: true, writable: true });
    put(make(original));
    this.after(() => put(original));
  }

  async end(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end();
  }
}

/** A test, which may fail by what it leaves behind. */
export function test(name: string, body: (scope: Scope) => Promise<unknown>): void {
  Deno.test({ name, sanitizeOps: true, sanitizeResources: true, sanitizeExit: true, fn: () => run(body) });
}

async function run(body: (scope: Scope) => Promise<unknown>): Promise<void> {
  const scope = new Scope();
  const unhandled: unknown[] = [];
  const note = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    unhandled.push(event.reason);
  };
  globalThis.addEventListener('unhandledrejection', note);
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`Cannot wait for the test: over ${timeLimit} ms`)), timeLimit);
  try {
    await Promise.race([body(scope), late]);
  } finally {
    clearTimeout(timer);
    await scope.end();
    await turns(2);
    globalThis.removeEventListener('unhandledrejection', note);
  }
  assert.deepEqual(unhandled, [], 'rejections that nobody handles');
}

/** A row of a table for each test; `%s` in the name is the row's first item. */
export function each<Row extends readonly [string, ...unknown[]]>(
  rows: readonly Row[],
  name: string,
  body: (scope: Scope, ...row: Row) => Promise<unknown>,
): void {
  for (const row of rows) test(name.replace('%s', row[0]), (scope) => body(scope, ...row));
}

export const ascii = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(text, (char) => char.charCodeAt(0));
export const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** Resolves in the turn in which the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turns(1);
}

/** Turns of the event loop, for what is under way to arrive. By setImmediate() it would go round without asking the system. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

/** A connection without a transport, as the one who is talked to. */
export class Peer {
  readonly conn: Deno.Conn;
  /** All that has been read. */
  text = '';

  constructor(conn: Deno.Conn) {
    this.conn = conn;
  }

  async write(text: string | Uint8Array): Promise<void> {
    let rest = typeof text === 'string' ? ascii(text) : text;
    while (rest.length > 0) rest = rest.subarray(await this.conn.write(rest));
  }

  end(): Promise<void> {
    return this.conn.closeWrite();
  }

  close(): void {
    closeQuietly(this.conn);
  }

  /** What the next read brings, or null at the end. */
  async read(): Promise<string | null> {
    const buffer = new Uint8Array(65_536);
    const size = await this.conn.read(buffer);
    if (size === null) return null;
    const piece = latin1(buffer.subarray(0, size));
    this.text += piece;
    return piece;
  }

  /** Reads until it has read this. */
  async until(pattern: string | RegExp): Promise<void> {
    const found = () => (typeof pattern === 'string' ? this.text.includes(pattern) : pattern.test(this.text));
    while (!found()) if ((await this.read()) === null) throw new Error(`Cannot find ${pattern}: it ended`);
  }

  /** Reads to the end; gives everything that has been read. */
  async all(): Promise<string> {
    while ((await this.read()) !== null);
    return this.text;
  }

  /** Reads to the end, or this much, and keeps nothing but the size. */
  async size(enough = Infinity): Promise<number> {
    const buffer = new Uint8Array(65_536);
    let size = 0;
    while (size < enough) {
      const more = await this.conn.read(buffer);
      if (more === null) break;
      size += more;
    }
    return size;
  }

  /** The first line of each request that comes, until the end. Their bodies must be empty. */
  async *heads(): AsyncGenerator<string> {
    for (;;) {
      for (let end = this.text.indexOf('\r\n\r\n'); end >= 0; end = this.text.indexOf('\r\n\r\n')) {
        const line = this.text.slice(0, this.text.indexOf('\r\n'));
        this.text = this.text.slice(end + 4);
        yield line;
      }
      if ((await this.read()) === null) return;
    }
  }
}

export function closeQuietly(closable: { close(): void }): void {
  try {
    closable.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

/** What waited for the peer when the test was over. */
function unlessClosed(error: unknown): void {
  if (!(error instanceof Deno.errors.Interrupted || error instanceof Deno.errors.BadResource)) throw error;
}

/** Where a server of node:net listens. */
export function listening(server: ReturnType<typeof createNodeServer>): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

export function destroyed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) return resolve();
    socket.once('close', () => resolve());
    socket.destroy();
  });
}

/** A socket of node:net. */
export async function dialNode(scope: Scope, port: number): Promise<Socket> {
  const socket = connectNode({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
  socket.on('error', () => {});
  scope.after(() => destroyed(socket));
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  return socket;
}

/** A certificate for localhost and 127.0.0.1, which test/deno.test.ts makes. */
export function certificate(): { cert: string; key: string } {
  const [json] = Deno.args;
  if (json === undefined) throw new Error('Cannot test TLS: no certificate among the arguments');
  return JSON.parse(json);
}

/** A promise, and who settles it. */
export function gate<Value = void>(): { promise: Promise<Value>; open: (value: Value) => void } {
  const { promise, resolve } = Promise.withResolvers<Value>();
  return { promise, open: resolve };
}
