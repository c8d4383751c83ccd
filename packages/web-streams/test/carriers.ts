// Pairs of transports, one for each kind of carrier: what one side writes arrives at the other. Servers listen on 127.0.0.1 and on a port
// that the system picks.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Transport } from '@halfpipe/driver';
import { WebSocket, WebSocketServer } from 'ws';
import { messagePort, type StreamPair, transport, webSocket } from '../src/index.ts';
import { FakeWebSocket } from './fake-web-socket.ts';

export interface Carried {
  readonly near: Transport;
  readonly far: Transport;
  /** Destroys what is under them, where letting go of the transports may leave it open. */
  letGo?(): void;
}

export interface Kind {
  readonly name: string;
  make(): Promise<Carried>;
  /** Whether a side that has paused holds up the other. */
  readonly holdsUp: boolean;
  /** Whether one side sees that the other has ended while it has not itself. */
  readonly ends: boolean;
  /** Whether one side can tell that the other has let go with a cause from an end. */
  readonly resets: boolean;
}

/** Two pairs of streams, each the other's other side, over two streams of any kind. */
export function crossed(one: StreamPair, other: StreamPair): [StreamPair, StreamPair] {
  return [
    { readable: other.readable, writable: one.writable },
    { readable: one.readable, writable: other.writable },
  ];
}

export function transformPairs(): [StreamPair, StreamPair] {
  return crossed(new TransformStream(), new TransformStream());
}

/** A byte stream, and a writable that fills it as a reader asks, or transfers chunks to it: whoever wrote them has them no more. */
export function byteStream(): StreamPair {
  let controller!: ReadableByteStreamController; // Set by start(), at once.
  let wanted = () => {};
  const readable = new ReadableStream({
    type: 'bytes',
    start(created) {
      controller = created;
    },
    pull: () => wanted(),
    cancel: (cause) => failing.error(cause),
  });
  let failing!: WritableStreamDefaultController;
  const writable = new WritableStream<Uint8Array<ArrayBuffer>>({
    start(created) {
      failing = created;
    },
    async write(chunk) {
      controller.enqueue(chunk);
      if (controller.desiredSize !== null && controller.desiredSize <= 0) {
        await new Promise<void>((resolve) => {
          wanted = resolve;
        });
      }
    },
    close() {
      controller.close();
      controller.byobRequest?.respond(0);
    },
    abort: (cause) => controller.error(cause),
  });
  return { readable, writable };
}

/** Two ends of one TCP connection. The listening socket is closed already. */
export async function socketPair(): Promise<[Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  const [[far]] = (await Promise.all([once(server, 'connection'), once(near, 'connect')])) as [[Socket], unknown];
  server.close();
  near.setNoDelay(true);
  return [near, far];
}

/** Two ends of one WebSocket connection, of the package `ws`. The listening socket is closed already. */
export async function webSocketPair(): Promise<[WebSocket, WebSocket]> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const near = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [[far]] = (await Promise.all([once(server, 'connection'), once(near, 'open')])) as [[WebSocket], unknown];
  server.close();
  return [near, far];
}

function overStreams([near, far]: [StreamPair, StreamPair]): Carried {
  return { near: transport(near), far: transport(far) };
}

export const kinds: readonly Kind[] = [
  {
    name: 'TransformStreams',
    make: async () => overStreams(transformPairs()),
    holdsUp: true,
    ends: true,
    resets: true,
  },
  {
    name: 'byte streams',
    make: async () => overStreams(crossed(byteStream(), byteStream())),
    holdsUp: true,
    ends: true,
    resets: true,
  },
  {
    name: 'sockets by Duplex.toWeb()',
    async make() {
      const [near, far] = await socketPair();
      const letGo = () => {
        near.destroy();
        far.destroy();
      };
      return { ...overStreams([Duplex.toWeb(near) as StreamPair, Duplex.toWeb(far) as StreamPair]), letGo };
    },
    holdsUp: true,
    // Node 20 and 22 tell the end of one direction when both have come to theirs. A Duplex is destroyed by a FIN.
    ends: Number(process.versions.node.split('.')[0]) >= 24,
    resets: false,
  },
  {
    name: 'a MessageChannel',
    async make() {
      const { port1, port2 } = new MessageChannel();
      return { near: messagePort(port1), far: messagePort(port2) };
    },
    holdsUp: true,
    ends: true,
    resets: true,
  },
  {
    name: 'WebSockets in memory',
    async make() {
      const [near, far] = FakeWebSocket.pair();
      return { near: webSocket(near), far: webSocket(far) };
    },
    holdsUp: false,
    ends: true,
    resets: true,
  },
  {
    name: 'WebSockets of ws',
    async make() {
      const [near, far] = await webSocketPair();
      return { near: webSocket(near), far: webSocket(far) };
    },
    holdsUp: true,
    ends: true,
    resets: true,
  },
];
