// A Transport over the TCP sockets of Bun, in both roles: `Bun.listen` gives each connection to the server, and `Bun.connect` one to the
// client. For Bun itself: `bun examples/bun-tcp.ts`. Given a port, it serves until it is interrupted; without one, it asks itself and ends.

import { Connection, type Open, serve, type Transport, type TransportSink } from '@halfpipe/driver';

class BunTransport implements Transport {
  // With `allowHalfOpen`, below.
  readonly halfClose = true;
  readonly #socket: Socket;
  #sink: TransportSink | null = null;
  #unsent: Uint8Array[] = [];
  #ended = false;
  #cause: unknown;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.data = this;
    // Nothing is to come before somebody has started the transport.
    socket.pause();
  }

  start(sink: TransportSink): void {
    this.#sink = sink;
    this.#socket.resume();
  }

  /** The system takes what it has room for; the rest goes when it says that it has. */
  write(bytes: Uint8Array): boolean {
    this.#unsent.push(bytes);
    this.#flush();
    return this.#unsent.length === 0;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#ended = true;
    this.#flush();
  }

  destroy(cause?: unknown): void {
    this.#cause = cause;
    // A reset tells the other side that something is missing.
    if (cause !== undefined || this.#unsent.length > 0) this.#socket.terminate();
    else this.#socket.end();
  }

  #flush(): void {
    for (let bytes = this.#unsent[0]; bytes !== undefined; bytes = this.#unsent[0]) {
      const taken = this.#socket.write(bytes);
      if (taken < bytes.length) {
        this.#unsent[0] = bytes.subarray(Math.max(taken, 0));
        return;
      }
      this.#unsent.shift();
    }
    if (this.#ended) this.#socket.shutdown();
  }

  // What the socket tells.

  received(bytes: Uint8Array): void {
    this.#sink?.bytes(bytes);
  }

  peerEnded(): void {
    this.#sink?.end('clean');
  }

  drained(): void {
    if (this.#unsent.length === 0) return;
    this.#flush();
    if (this.#unsent.length === 0) this.#sink?.writable();
  }

  closed(error: Error | undefined): void {
    this.#sink?.closed(this.#cause ?? error);
  }
}

const handlers: SocketHandlers = {
  data: ({ data }, bytes) => data?.received(bytes),
  end: ({ data }) => data?.peerEnded(),
  drain: ({ data }) => data?.drained(),
  close: ({ data }, error) => data?.closed(error),
};

/** Dials. */
const openTo =
  (port: number): Open =>
  async () =>
    new BunTransport(await Bun.connect({ hostname: '127.0.0.1', port, allowHalfOpen: true, socket: handlers }));

const port = process.argv[2];
const listener = Bun.listen({
  hostname: '127.0.0.1',
  port: Number(port ?? 0),
  allowHalfOpen: true,
  socket: {
    ...handlers,
    open(socket) {
      serve(new BunTransport(socket), async ({ method, target, body }) => {
        let size = 0;
        for await (const bytes of body) size += bytes.length;
        return { headers: [['Content-Type', 'text/plain']], body: `${method} ${target}, ${size} bytes\n` };
      });
    },
  },
});

if (port !== undefined) {
  console.log(`Listening, port: ${listener.port}`);
} else {
  const connection = Connection.create(openTo(listener.port), { persistent: true });
  const url = `http://127.0.0.1:${listener.port}`;
  const calls = [
    connection.call('GET', `${url}/a`),
    connection.call('PUT', `${url}/b`, { body: new Uint8Array(2 ** 20) }),
    connection.call('GET', `${url}/c`),
  ];
  for (const call of calls) console.log((await (await call).body.text()).trim());
  connection.shutdown();
  await connection[Symbol.asyncDispose]();
  listener.stop();
  console.log('Closed');
}

// As much of Bun's face as is used here.

interface Socket {
  /** What belongs to the socket. */
  data: BunTransport | undefined;
  /** How many bytes were taken; less than there are where the system has no room, below zero where it is closed. */
  write(bytes: Uint8Array): number;
  /** A FIN. */
  shutdown(): void;
  end(): void;
  /** A reset. */
  terminate(): void;
  pause(): void;
  resume(): void;
}
interface SocketHandlers {
  open?(socket: Socket): void;
  data(socket: Socket, bytes: Uint8Array): void;
  end(socket: Socket): void;
  drain(socket: Socket): void;
  close(socket: Socket, error?: Error): void;
}
interface SocketOptions {
  hostname: string;
  port: number;
  allowHalfOpen: boolean;
  socket: SocketHandlers;
}
declare const Bun: {
  listen(options: SocketOptions): { readonly port: number; stop(closesAll?: boolean): void };
  connect(options: SocketOptions): Promise<Socket>;
};
