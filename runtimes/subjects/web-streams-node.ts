// What @halfpipe/web-streams has to prove itself on where there is `node:net`: sockets as Web Streams, and WebSockets. Near dials, far
// accepts; everything is on 127.0.0.1.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { ContractSubject } from '@halfpipe/testing';
import { type StreamPair, type Transport, transport, webSocket } from '@halfpipe/web-streams';
import { WebSocket, WebSocketServer } from 'ws';

type Pair = readonly [near: Transport, far: Transport];

async function toWebPair(): Promise<Pair> {
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // It listens on TCP.
  const accepted = once(server, 'connection') as Promise<[Socket]>; // What the event comes with.
  const near = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const [[far]] = await Promise.all([accepted, once(near, 'connect')]);
  server.close();
  return [transport(Duplex.toWeb(near) as StreamPair), transport(Duplex.toWeb(far) as StreamPair)]; // Streams of bytes.
}

async function webSocketPair(): Promise<Pair> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // It listens on TCP.
  const accepted = once(server, 'connection') as Promise<[WebSocket]>; // What the event comes with.
  const far = accepted.then(([socket]) => webSocket(socket));
  const near = webSocket(new WebSocket(`ws://127.0.0.1:${port}`));
  await near.opened;
  try {
    return [near, await far];
  } finally {
    server.close();
  }
}

export const nodeStreamSubjects: readonly ContractSubject[] = [
  {
    name: 'web-streams: Duplex.toWeb()',
    pair: toWebPair,
    cannot: { reset: 'the streams of Duplex.toWeb() destroy a socket in one way only, by a FIN' },
  },
  {
    name: 'web-streams: WebSocket of ws',
    pair: webSocketPair,
    cannot: { 'half-close': 'a WebSocket closes both directions at once' },
  },
];
