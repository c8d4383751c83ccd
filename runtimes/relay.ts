// Joins two connections, so that both ends of a transport can be in one runtime that can dial but not listen: the first that comes with the
// second, the third with the fourth. Over TCP, and over WebSockets. What one side does (bytes, end, reset, waiting) the other sees.

import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

export interface Relay {
  readonly port: number;
  /** Answers any request with the number of connections that are open. */
  readonly countPort: number;
  close(): Promise<void>;
}

/** Over TCP. */
export async function relayTcp(): Promise<Relay> {
  const sockets = new Set<Socket>();
  let waiting: Socket | null = null;
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => {
      sockets.delete(socket);
      if (waiting === socket) waiting = null;
    });
    socket.on('error', () => {});
    if (waiting === null) {
      waiting = socket;
      return;
    }
    const other = waiting;
    waiting = null;
    pass(socket, other);
    pass(other, socket);
  });
  const count = counting(() => sockets.size);
  return {
    port: await listening(server),
    countPort: await listening(count),
    async close() {
      for (const socket of sockets) socket.destroy();
      await Promise.all([closed(server), closed(count)]);
    },
  };
}

function pass(from: Socket, to: Socket): void {
  from.on('data', (bytes) => {
    if (!to.write(bytes)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.on('end', () => to.end());
  // In order, 'end' has come before; what has not been passed on by then will not be.
  from.on('close', (hadError) => {
    if (hadError || !from.readableEnded) to.resetAndDestroy();
  });
  from.resume();
}

/** Over WebSockets, at any path. `close` passes on its code. */
export async function relayWebSockets(): Promise<Relay> {
  const server = createHttpServer();
  const sockets = new WebSocketServer({ server, maxPayload: 2 ** 28 });
  let waiting: WebSocket | null = null;
  sockets.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('close', () => {
      if (waiting === socket) waiting = null;
    });
    if (waiting === null) {
      waiting = socket;
      socket.pause();
      return;
    }
    const other = waiting;
    waiting = null;
    forward(socket, other);
    forward(other, socket);
    other.resume();
  });
  const count = counting(() => sockets.clients.size);
  return {
    port: await listening(server),
    countPort: await listening(count),
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await Promise.all([closed(server), closed(count)]);
    },
  };
}

/** More than this on its way to one side holds the other up, in bytes. */
const highWater = 1024 * 1024;

function forward(from: WebSocket, to: WebSocket): void {
  from.on('message', (bytes, isBinary) => {
    // Whoever has closed gets no more; the rest is read, so that the closing of the other is seen behind it.
    if (to.readyState !== to.OPEN) return;
    to.send(bytes, { binary: isBinary }, () => {
      if (to.bufferedAmount < highWater) from.resume();
    });
    if (to.bufferedAmount >= highWater) from.pause();
  });
  from.on('close', (code, reason) => {
    to.resume();
    // 1005 and 1006 stand for no code, and cannot be sent.
    if (code === 1006) to.terminate();
    else if (code === 1005) to.close();
    else to.close(code, reason);
  });
}

function counting(count: () => number): Server {
  return createHttpServer((_, response) => {
    response.setHeader('Access-Control-Allow-Origin', '*').end(String(count()));
  });
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port; // not a path
}

function closed(server: Server): Promise<unknown> {
  return new Promise((resolve) => server.close(resolve));
}
